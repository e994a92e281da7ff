/* `bowei spaces` and `bowei lots`: what the REST API says, as a table for people or as it came.
 * `bowei doctor`: is the gateway well? They speak the public API only. */
#include "bowei/base/json_read.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/http_get.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_DEFAULT    "http://127.0.0.1:8080" /* http.host and http.port of settings.def */
#define ANSWER_WAIT_MS 10000
#define QUICK_WAIT_MS  2000
#define NODES_MAX      200000 /* 1 000 spaces of about 60 nodes, and some */
#define TEXT_MAX       256
#define COLUMNS_MAX    10

struct rest_call {
    const char *url;
    bool json;
    struct words words;
};

static int exit_of_status(int status)
{
    static const struct {
        int status, code;
    } rows[] = {
        {200, CLI_OK       },
        {401, CLI_AUTH     },
        {403, CLI_AUTH     },
        {404, CLI_NOT_FOUND},
        {409, CLI_CONFLICT },
        {410, CLI_NOT_FOUND},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].code;
        }
    }
    return status >= 400 && status < 500 ? CLI_USAGE : CLI_FAILURE;
}

/* A member's value as text; "-" for none. */
static void cell(const struct json_doc *doc, const struct json_node *object, const char *name,
                 char out[TEXT_MAX])
{
    const struct json_node *value = json_member(doc, object, name);

    if (value == NULL || value->kind == JSON_NULL) {
        snprintf(out, TEXT_MAX, "-");
    } else if (value->kind == JSON_OBJECT && json_member(doc, value, "zh-CN") != NULL) {
        (void)json_text(doc, json_member(doc, value, "zh-CN"), out, TEXT_MAX);
    } else if (json_text(doc, value, out, TEXT_MAX) < 0) {
        snprintf(out, TEXT_MAX, "%.*s",
                 (int)(value->len < TEXT_MAX - 1 ? value->len : TEXT_MAX - 1),
                 doc->text + value->start);
    }
}

static void print_row(const struct json_doc *doc, const struct json_node *object,
                      const char *const *columns, struct strbuf *out)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < COLUMNS_MAX && columns[i] != NULL; i++) {
        cell(doc, object, columns[i], text);
        strbuf_printf(out, "%-20s ", text);
    }
    strbuf_putc(out, '\n');
}

/* A list's items or one object, a row each. */
static int print_table(const struct http_answer *answer, const char *const *columns)
{
    struct json_node *nodes = calloc(NODES_MAX, sizeof *nodes);
    struct json_doc doc;
    struct strbuf out = {0};
    const struct json_node *items = NULL;

    if (nodes == NULL ||
        json_parse(&doc, answer->body.data, answer->body.len, nodes, NODES_MAX) != JSON_OK) {
        free(nodes);
        fprintf(stderr, "bowei: the answer cannot be read\n");
        return CLI_FAILURE;
    }
    for (size_t i = 0; i < COLUMNS_MAX && columns[i] != NULL; i++) {
        strbuf_printf(&out, "%-20s ", columns[i]);
    }
    strbuf_putc(&out, '\n');
    items = json_member(&doc, nodes, "items");
    if (items == NULL) {
        print_row(&doc, nodes, columns, &out);
    } else {
        const struct json_node *item = json_first(&doc, items);

        for (uint32_t i = 0; i < items->count && item != NULL; i++) {
            print_row(&doc, item, columns, &out);
            item = json_after(&doc, item);
        }
    }
    free(nodes);
    return commands_print(&out);
}

static int ask(const struct rest_call *call, const char *path, const char *const *columns)
{
    struct http_answer answer = {.status = 0};
    int code = CLI_OK;

    if (!http_get(call->url, path, ANSWER_WAIT_MS, &answer)) {
        fprintf(stderr, "bowei: %s\n", answer.why);
        strbuf_finish(&answer.body);
        return CLI_UNREACHABLE;
    }
    code = exit_of_status(answer.status);
    if (code != CLI_OK) {
        fprintf(stderr, "bowei: %s%s: %d\n%s\n", call->url, path, answer.status, answer.body.data);
    } else if (call->json) {
        strbuf_putc(&answer.body, '\n');
        code = commands_print(&answer.body);
    } else {
        code = print_table(&answer, columns);
    }
    strbuf_finish(&answer.body);
    return code;
}

/* name=value behind the path, escaped; without one nothing. */
static void add_query(struct strbuf *path, const char *name, const char *value)
{
    if (value != NULL) {
        strbuf_putc(path, memchr(path->data, '?', path->len) == NULL ? '?' : '&');
        strbuf_printf(path, "%s=", name);
        http_get_escape(value, path);
    }
}

struct query {
    const char *name, *value;
};

static int ask_path(const struct rest_call *call, const char *base, const char *id,
                    const struct query *queries, size_t count, const char *const *columns)
{
    struct strbuf path = {0};
    int code = CLI_FAILURE;

    strbuf_puts(&path, base);
    if (id != NULL) {
        http_get_escape(id, &path);
    }
    for (size_t i = 0; i < count && !path.failed; i++) {
        add_query(&path, queries[i].name, queries[i].value);
    }
    strbuf_putc(&path, '\0');
    if (!path.failed) {
        code = ask(call, path.data, columns);
    }
    strbuf_finish(&path);
    return code;
}

static const char *const space_columns[COLUMNS_MAX] = {"id",    "state", "reason", "confidence",
                                                       "since", "seen",  NULL};
static const char *const near_columns[COLUMNS_MAX] = {"id",         "distance_m", "state", "reason",
                                                      "confidence", "since",      NULL};
static const char *const lot_columns[COLUMNS_MAX] = {
    "id", "capacity", "free", "occupied", "unknown", "out_of_service", "reason", "name", NULL};

int command_spaces(int argc, char **argv)
{
    struct rest_call call = {.url = URL_DEFAULT};
    struct query queries[] = {
        {"lat",    NULL},
        {"lon",    NULL},
        {"radius", NULL},
        {"limit",  NULL},
        {"state",  NULL},
        {"lot",    NULL},
        {"crs",    NULL},
        {"cursor", NULL},
    };
    struct option rows[ARRAY_LEN(queries) + 2] = {
        {"json", OPTION_FLAG, &call.json},
        {"url",  OPTION_TEXT, &call.url },
    };
    const char *action = NULL;

    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        rows[i + 2] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    action = call.words.count > 0 ? call.words.items[0] : "";
    if (strcmp(action, "get") == 0 && call.words.count == 2) {
        return ask_path(&call, "/v1/spaces/", call.words.items[1], queries, ARRAY_LEN(queries),
                        space_columns);
    }
    if (strcmp(action, "list") == 0 && call.words.count == 1) {
        return ask_path(&call, "/v1/spaces", NULL, queries, ARRAY_LEN(queries), space_columns);
    }
    if (strcmp(action, "near") == 0 && call.words.count == 1) {
        return ask_path(&call, "/v1/spaces/near", NULL, queries, ARRAY_LEN(queries), near_columns);
    }
    return commands_usage(argv[0], "get ID, list or near --lat LAT --lon LON");
}

int command_lots(int argc, char **argv)
{
    struct rest_call call = {.url = URL_DEFAULT};
    const struct option rows[] = {
        {"json", OPTION_FLAG, &call.json},
        {"url",  OPTION_TEXT, &call.url },
    };

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    if (call.words.count > 1) {
        return commands_usage(argv[0], "takes one ID or none");
    }
    return call.words.count == 1
               ? ask_path(&call, "/v1/lots/", call.words.items[0], NULL, 0, lot_columns)
               : ask_path(&call, "/v1/lots", NULL, NULL, 0, lot_columns);
}

/* One question of the doctor: prints what it found, returns CLI_OK when all is well. */
static int examine(const struct rest_call *call, const char *path, int wait_ms)
{
    struct http_answer answer = {.status = 0};
    int code = CLI_UNREACHABLE;

    if (http_get(call->url, path, wait_ms, &answer)) {
        code = answer.status == 200 ? CLI_OK : CLI_FAILURE;
        printf("%-9s %s %d\n", path, code == CLI_OK ? "ok" : "not well", answer.status);
        if (code != CLI_OK || strcmp(path, "/v1/city") == 0) {
            printf("%s\n", answer.body.data);
        }
    } else {
        printf("%-9s not reached\n", path);
        fprintf(stderr, "bowei doctor: %s\n", answer.why);
    }
    strbuf_finish(&answer.body);
    return code;
}

/* The address of a configuration's server, as seen from this host. */
static int url_of_config(const char *path, char *argv0, char url[80])
{
    char option[] = "--config";
    char *file = strdup(path);
    char *argv[] = {argv0, option, file, NULL};
    struct config *config = NULL;
    const int code = file == NULL ? CLI_FAILURE : cli_load_config(3, argv, &config);

    if (code == CLI_OK) {
        const bool any =
            strcmp(config->http.host, "0.0.0.0") == 0 || strcmp(config->http.host, "::") == 0;
        const bool six = !any && strchr(config->http.host, ':') != NULL;

        snprintf(url, 80, "http://%s%s%s:%u", six ? "[" : "", any ? "127.0.0.1" : config->http.host,
                 six ? "]" : "", config->http.port);
    }
    config_destroy(config);
    free(file);
    return code;
}

int command_doctor(int argc, char **argv)
{
    struct rest_call call = {.url = URL_DEFAULT};
    const char *config = NULL;
    bool quick = false;
    const struct option rows[] = {
        {"config", OPTION_TEXT, &config  },
        {"quick",  OPTION_FLAG, &quick   },
        {"url",    OPTION_TEXT, &call.url},
    };
    static const char *const questions[] = {"/livez", "/readyz", "/v1/city"};
    char url[80];
    int worst = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments");
    }
    if (config != NULL) {
        const int code = url_of_config(config, argv[0], url);

        if (code != CLI_OK) {
            return code;
        }
        call.url = url;
    }
    for (size_t i = 0; i < (quick ? 1 : ARRAY_LEN(questions)) && worst != CLI_UNREACHABLE; i++) {
        const int code = examine(&call, questions[i], quick ? QUICK_WAIT_MS : ANSWER_WAIT_MS);

        worst = code > worst ? code : worst;
    }
    return worst;
}
