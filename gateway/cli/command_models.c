/* `bowei models` and `bowei envelopes`: what the field side understands, from its tables. */
#include "bowei/base/json_write.h"
#include "bowei/envelope_names.h"
#include "bowei/sensor_model.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <string.h>

struct known {
    const char *name, *kind, *doc; /* kind: NULL = has none */
};

static int print_known(int argc, char **argv, const struct known *rows, size_t count)
{
    bool json = false;
    const struct option options[] = {
        {"json", OPTION_FLAG, &json}
    };
    struct words words;
    struct strbuf out = {0};
    struct json_writer w;

    if (!options_read(argc, argv, options, ARRAY_LEN(options), &words)) {
        return CLI_USAGE;
    }
    if (words.count > 0) {
        return commands_usage(argv[0], "takes no more than --json");
    }
    json_writer_init(&w, &out);
    if (json) {
        json_array(&w);
    }
    for (size_t i = 0; i < count; i++) {
        if (!json) {
            strbuf_printf(&out, "%-16s ", rows[i].name);
            if (rows[i].kind != NULL) {
                strbuf_printf(&out, "%-8s ", rows[i].kind);
            }
            strbuf_printf(&out, "%s\n", rows[i].doc);
            continue;
        }
        json_object(&w);
        json_kv_str(&w, "name", rows[i].name);
        if (rows[i].kind != NULL) {
            json_kv_str(&w, "kind", rows[i].kind);
        }
        json_kv_str(&w, "doc", rows[i].doc);
        json_object_end(&w);
    }
    if (json) {
        json_array_end(&w);
        strbuf_putc(&out, '\n');
    }
    return commands_print(&out);
}

#define KNOWN_MAX 128

int command_models(int argc, char **argv)
{
    struct known rows[KNOWN_MAX];
    size_t count = 0;
    const struct sensor_model *const *models = sensor_models(&count);

    count = count < KNOWN_MAX ? count : KNOWN_MAX;
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct known){models[i]->name, model_kind_name(models[i]->kind), models[i]->doc};
    }
    return print_known(argc, argv, rows, count);
}

int command_envelopes(int argc, char **argv)
{
    struct known rows[KNOWN_MAX] = {0};
    size_t count = 0;

    while (count < KNOWN_MAX && envelope_name(count, NULL) != NULL) {
        rows[count].name = envelope_name(count, &rows[count].doc);
        count++;
    }
    return print_known(argc, argv, rows, count);
}
