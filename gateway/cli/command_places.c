/* `bowei spaces` and `bowei lots`: what the REST API says, as a table for people or as it came.
 * `bowei doctor`: is the gateway well? They speak the public API only. */
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include <stdio.h>
#include <string.h>

#define QUICK_WAIT_MS 2000

static const char *const space_columns[REST_COLUMNS_MAX] = {
    "id", "state", "reason", "confidence", "since", "seen", NULL};
static const char *const near_columns[REST_COLUMNS_MAX] = {
    "id", "distance_m", "state", "reason", "confidence", "since", NULL};
static const char *const lot_columns[REST_COLUMNS_MAX] = {
    "id", "capacity", "free", "occupied", "unknown", "out_of_service", "reason", "name", NULL};

int command_spaces(int argc, char **argv)
{
    struct rest_call call = {.url = REST_URL_DEFAULT};
    struct rest_query queries[] = {
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

    rest_query_options(rows + 2, queries, ARRAY_LEN(queries));
    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    action = call.words.count > 0 ? call.words.items[0] : "";
    if (strcmp(action, "get") == 0 && call.words.count == 2) {
        return rest_get(&call, "/v1/spaces/", call.words.items[1], queries, ARRAY_LEN(queries),
                        space_columns);
    }
    if (strcmp(action, "list") == 0 && call.words.count == 1) {
        return rest_get(&call, "/v1/spaces", NULL, queries, ARRAY_LEN(queries), space_columns);
    }
    if (strcmp(action, "near") == 0 && call.words.count == 1) {
        return rest_get(&call, "/v1/spaces/near", NULL, queries, ARRAY_LEN(queries), near_columns);
    }
    return commands_usage(argv[0], "get ID, list or near --lat LAT --lon LON");
}

int command_lots(int argc, char **argv)
{
    struct rest_call call = {.url = REST_URL_DEFAULT};
    struct rest_query queries[] = {
        {"crs",      NULL},
        {"kind",     NULL},
        {"min-free", NULL},
        {"limit",    NULL},
        {"cursor",   NULL},
    };
    struct option rows[ARRAY_LEN(queries) + 2] = {
        {"json", OPTION_FLAG, &call.json},
        {"url",  OPTION_TEXT, &call.url },
    };

    rest_query_options(rows + 2, queries, ARRAY_LEN(queries));
    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    if (call.words.count > 1) {
        return commands_usage(argv[0], "takes one ID or none");
    }
    return call.words.count == 1
               ? rest_get(&call, "/v1/lots/", call.words.items[0], queries, ARRAY_LEN(queries),
                          lot_columns)
               : rest_get(&call, "/v1/lots", NULL, queries, ARRAY_LEN(queries), lot_columns);
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

int command_doctor(int argc, char **argv)
{
    struct rest_call call = {.url = REST_URL_DEFAULT};
    const char *config = NULL;
    bool quick = false;
    const struct option rows[] = {
        {"config", OPTION_TEXT, &config  },
        {"quick",  OPTION_FLAG, &quick   },
        {"url",    OPTION_TEXT, &call.url},
    };
    static const char *const questions[] = {"/livez", "/readyz", "/v1/city"};
    char url[REST_URL_MAX];
    int worst = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments");
    }
    if (config != NULL) {
        const int code = rest_url_of_config(config, argv[0], url);

        if (code != CLI_OK) {
            return code;
        }
        call.url = url;
    }
    for (size_t i = 0; i < (quick ? 1 : ARRAY_LEN(questions)) && worst != CLI_UNREACHABLE; i++) {
        const int code = examine(&call, questions[i], quick ? QUICK_WAIT_MS : REST_WAIT_MS);

        worst = code > worst ? code : worst;
    }
    return worst;
}
