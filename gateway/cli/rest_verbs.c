/* The verbs that the commands of the REST interface have in common: lists with filters, one object,
 * and the parts the others are made of. */
#include "gateway/cli/rest_verbs.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "gateway/cli/commands.h"
#include <assert.h>
#include <string.h>

int rest_options(int argc, char **argv, struct option *more, size_t count, struct rest_call *call)
{
    call->url = REST_URL_DEFAULT;
    more[count] = (struct option){"json", OPTION_FLAG, &call->json};
    more[count + 1] = (struct option){"key-file", OPTION_TEXT, &call->key_file};
    more[count + 2] = (struct option){"url", OPTION_TEXT, &call->url};
    return options_read(argc, argv, more, count + REST_OPTIONS, &call->words) ? rest_key(call)
                                                                              : CLI_USAGE;
}

void rest_query_options(struct option *rows, struct rest_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
}

int rest_list_verb(int argc, char **argv, const struct rest_listing *what,
                   struct rest_query *queries, size_t count)
{
    struct option rows[REST_QUERIES_MAX + REST_OPTIONS];
    struct rest_call call = {.list = what->list};
    int code;

    assert(count <= REST_QUERIES_MAX);
    rest_query_options(rows, queries, count);
    if (count > 0 && strcmp(queries[count - 1].name, "format") == 0) {
        rows[count - 1] = (struct option){"csv", OPTION_FLAG, &call.csv};
    }
    code = rest_options(argc, argv, rows, count, &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments here");
    }
    if (call.csv) {
        queries[count - 1].value = "csv";
    }
    return rest_get(&call, what->path, NULL, queries, count, what->columns);
}

int rest_object_verb(int argc, char **argv, const struct rest_object *what)
{
    struct rest_query crs = {"crs", NULL};
    struct option rows[1 + REST_OPTIONS] = {
        {"crs", OPTION_TEXT, &crs.value}
    };
    struct rest_call call = {0};
    struct strbuf path = {0};
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], what->usage);
    }
    rest_path(&path, what->base, call.words.items[0], what->tail);
    code = path.failed ? CLI_FAILURE : rest_get(&call, path.data, NULL, &crs, 1, what->columns);
    strbuf_finish(&path);
    return code;
}

void rest_path(struct strbuf *out, const char *base, const char *id, const char *tail)
{
    strbuf_puts(out, base);
    http_get_escape(id, out);
    strbuf_puts(out, tail);
    strbuf_putc(out, '\0');
}

void rest_until_body(struct strbuf *out, long minutes, const char *note)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_time(&w, "until", host_wall_ms() + minutes * 60000);
    if (note != NULL) {
        json_kv_str(&w, "note", note);
    }
    json_object_end(&w);
    strbuf_putc(out, '\0');
}
