/* `bowei fences` and `bowei vehicles`: where bikes may stand and where they do, over the REST
 * interface. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/verbs.h"

#define QUERIES_MAX 8

static const char *const fence_columns[REST_COLUMNS_MAX] = {
    "id", "use", "name", "capacity", "count", "room", "fill", "reason", NULL};
static const char *const near_columns[REST_COLUMNS_MAX] = {
    "id", "distance_m", "name", "capacity", "count", "room", "reason", NULL};
static const char *const vehicle_columns[REST_COLUMNS_MAX] = {
    "vehicle", "verdict", "rule", "fence", "distance_m", "since", "seen", NULL};
static const char *const verdict_columns[REST_COLUMNS_MAX] = {
    "vehicle", "verdict", "rule_text", "fence", "distance_m", "since", "outside_since", NULL};

struct listing {
    const char *path;
    const char *const *columns;
};

/* A list with its filters: each query is an option of the same name. */
static int list(int argc, char **argv, struct listing what, struct rest_query *queries,
                size_t count)
{
    struct option rows[QUERIES_MAX + DEVICE_OPTIONS];
    struct rest_call call = {0};
    int code;

    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
    code = device_options(argc, argv, rows, count, &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments here");
    }
    return rest_get(&call, what.path, NULL, queries, count, what.columns);
}

/* One object: base, its ID escaped, tail. */
static int show(int argc, char **argv, const char *base, const char *tail,
                const char *const *columns)
{
    struct option rows[1 + DEVICE_OPTIONS];
    struct rest_query crs = {"crs", NULL};
    struct rest_call call = {0};
    struct strbuf path = {0};
    int code;

    rows[0] = (struct option){"crs", OPTION_TEXT, &crs.value};
    code = device_options(argc, argv, rows, 1, &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "takes one ID here");
    }
    strbuf_puts(&path, base);
    http_get_escape(call.words.items[0], &path);
    strbuf_puts(&path, tail);
    strbuf_putc(&path, '\0');
    code = path.failed ? CLI_FAILURE : rest_get(&call, path.data, NULL, &crs, 1, columns);
    strbuf_finish(&path);
    return code;
}

static int fences_list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"use",    NULL},
        {"bbox",   NULL},
        {"crs",    NULL},
        {"limit",  NULL},
        {"cursor", NULL},
    };

    return list(argc, argv, (struct listing){"/v1/fences", fence_columns}, queries,
                ARRAY_LEN(queries));
}

static int fences_near_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"lat",    NULL},
        {"lon",    NULL},
        {"radius", NULL},
        {"use",    NULL},
        {"crs",    NULL},
        {"limit",  NULL},
        {"cursor", NULL},
    };

    return list(argc, argv, (struct listing){"/v1/fences/near", near_columns}, queries,
                ARRAY_LEN(queries));
}

static int fences_show_verb(int argc, char **argv)
{
    return show(argc, argv, "/v1/fences/", "", fence_columns);
}

int command_fences(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list", fences_list_verb},
        {"near", fences_near_verb},
        {"show", fences_show_verb},
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}

static int vehicles_list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"verdict", NULL},
        {"fence",   NULL},
        {"crs",     NULL},
        {"limit",   NULL},
        {"cursor",  NULL},
    };

    return list(argc, argv, (struct listing){"/v1/vehicles", vehicle_columns}, queries,
                ARRAY_LEN(queries));
}

static int vehicles_show_verb(int argc, char **argv)
{
    return show(argc, argv, "/v1/vehicles/", "", vehicle_columns);
}

static int vehicles_verdict_verb(int argc, char **argv)
{
    return show(argc, argv, "/v1/vehicles/", "/verdict", verdict_columns);
}

int command_vehicles(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list",    vehicles_list_verb   },
        {"show",    vehicles_show_verb   },
        {"verdict", vehicles_verdict_verb},
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
