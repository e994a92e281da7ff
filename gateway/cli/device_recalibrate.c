/* `bowei devices recalibrate`: tells a polled sensor that its space is empty now. */
#include "bowei/base/json_write.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/rest_verbs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const columns[REST_COLUMNS_MAX] = {"id", "channels", "outcome", NULL};

struct wish {
    const char *channel, *reason;
    bool force;
};

/* False: the channel is no number. */
static bool body_write(const struct wish *wish, struct strbuf *out)
{
    struct json_writer w;
    char *end = NULL;
    unsigned long channel = 0;

    if (wish->channel != NULL) {
        errno = 0;
        channel = strtoul(wish->channel, &end, 10);
        if (errno != 0 || end == wish->channel || *end != '\0' || channel > UINT16_MAX) {
            return false;
        }
    }
    json_writer_init(&w, out);
    json_object(&w);
    if (wish->channel != NULL) {
        json_kv_u64(&w, "channel", channel);
    }
    if (wish->force) {
        json_kv_bool(&w, "force", true);
    }
    if (wish->reason != NULL) {
        json_kv_str(&w, "reason", wish->reason);
    }
    json_object_end(&w);
    strbuf_putc(out, '\0');
    return true;
}

int device_verb_recalibrate(int argc, char **argv)
{
    struct wish wish = {0};
    struct option rows[3 + REST_OPTIONS] = {
        {"channel", OPTION_TEXT, &wish.channel},
        {"reason",  OPTION_TEXT, &wish.reason },
        {"force",   OPTION_FLAG, &wish.force  },
    };
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct strbuf body = {0};
    int code = rest_options(argc, argv, rows, 3, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "recalibrate takes one device");
    }
    if (wish.force && wish.reason == NULL) {
        return commands_usage(argv[0], "--force needs a --reason");
    }
    if (!body_write(&wish, &body)) {
        strbuf_finish(&body);
        return commands_usage(argv[0], "--channel is a number from 0 to 65535");
    }
    device_path(&path, call.words.items[0], "/recalibrate");
    code = path.failed || body.failed ? CLI_FAILURE
                                      : rest_send(&call, "POST", path.data, body.data, columns);
    strbuf_finish(&path);
    strbuf_finish(&body);
    return code;
}
