/* `bowei devices test`: a device in test says what it says and counts for nothing, so that a magnet
 * can be waved over it. It ends by itself. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/rest_verbs.h"
#include <stdlib.h>

#define MINUTES_DEFAULT 30
#define MINUTES_MAX     1440 /* COMMAND_TEST_MAX_MS */

static const char *const columns[REST_COLUMNS_MAX] = {"id", "in_test", "test_until", NULL};

int device_verb_test(int argc, char **argv)
{
    const char *minutes_text = NULL;
    const char *note = NULL;
    bool end = false;
    struct option rows[3 + REST_OPTIONS] = {
        {"minutes", OPTION_TEXT, &minutes_text},
        {"note",    OPTION_TEXT, &note        },
        {"end",     OPTION_FLAG, &end         },
    };
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct strbuf body = {0};
    long minutes = MINUTES_DEFAULT;
    int code = rest_options(argc, argv, rows, 3, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (minutes_text != NULL) {
        char *rest = NULL;

        minutes = strtol(minutes_text, &rest, 10);
        if (*rest != '\0' || minutes < 1 || minutes > MINUTES_MAX) {
            return commands_usage(argv[0], "--minutes must be 1-1440");
        }
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "test takes one device");
    }
    device_path(&path, call.words.items[0], "/test");
    rest_until_body(&body, minutes, note);
    code = rest_send(&call, end ? "DELETE" : "POST", path.data, end ? NULL : body.data, columns);
    strbuf_finish(&path);
    strbuf_finish(&body);
    return code;
}
