/* `bowei devices list` and `show`: health as the REST interface tells it. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/rest_verbs.h"

static const char *const columns[REST_COLUMNS_MAX] = {
    "id", "space", "value", "heard", "live", "suspect", "battery_mv", "rssi_dbm", NULL};

void device_path(struct strbuf *out, const char *device, const char *tail)
{
    strbuf_puts(out, "/v1/devices/");
    for (; *device != '\0'; device++) { /* "line1/unit2" stays two segments */
        const char one[2] = {*device, '\0'};

        if (*device == '/') {
            strbuf_putc(out, '/');
        } else {
            http_get_escape(one, out);
        }
    }
    strbuf_puts(out, tail);
    strbuf_putc(out, '\0');
}

int device_verb_list(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"silent",        NULL},
        {"battery-below", NULL},
        {"street",        NULL},
        {"model",         NULL},
        {"source",        NULL},
        {"suspicion",     NULL},
        {"lot",           NULL},
        {"limit",         NULL},
        {"cursor",        NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/devices", NULL, columns}, queries,
                          ARRAY_LEN(queries));
}

/* The channels of a device as a table, or all of it as it came. */
int device_verb_show(int argc, char **argv)
{
    struct option rows[REST_OPTIONS];
    struct rest_call call = {0};
    struct strbuf path = {0};
    int code = rest_options(argc, argv, rows, 0, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "show takes one device");
    }
    device_path(&path, call.words.items[0], "");
    call.list = "channels";
    code = rest_send(&call, "GET", path.data, NULL, columns);
    strbuf_finish(&path);
    return code;
}
