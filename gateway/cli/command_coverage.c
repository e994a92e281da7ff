/* `bowei coverage`: what the city has by street, who is responsible for a place, and where nobody
 * is; over the REST interface. */
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include "gateway/cli/verbs.h"

static const char *const street_columns[REST_COLUMNS_MAX] = {
    "street", "lots", "spaces", "fences", "devices", "beacons", "listeners", "grids", NULL};
static const char *const gap_columns[REST_COLUMNS_MAX] = {"kind", "trade",  "site", "grid",
                                                          "unit", "places", "text", NULL};
static const char *const place_columns[REST_COLUMNS_MAX] = {
    "id", "grid", "owner_unit", "manage_unit", "permit", "wardens", "component_code", NULL};
static const char *const trade_columns[REST_COLUMNS_MAX] = {"trade", "rule", "unit", "person",
                                                            NULL};

static int streets_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"format", NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/coverage", NULL, street_columns},
                          queries, ARRAY_LEN(queries));
}

static int gaps_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"kind",   NULL},
        {"limit",  NULL},
        {"cursor", NULL},
        {"format", NULL},
    };

    return rest_list_verb(argc, argv,
                          &(struct rest_listing){"/v1/coverage/gaps", NULL, gap_columns}, queries,
                          ARRAY_LEN(queries));
}

/* A place: one row of it, or (--trades) a row a trade. */
static int show_verb(int argc, char **argv)
{
    bool trades = false;
    struct option rows[1 + REST_OPTIONS] = {
        {"trades", OPTION_FLAG, &trades},
    };
    struct rest_call call = {0};
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "takes one ID here");
    }
    call.list = trades ? "trades" : NULL;
    return rest_get(&call, "/v1/coverage/", call.words.items[0], NULL, 0,
                    trades ? trade_columns : place_columns);
}

int command_coverage(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"gaps",    gaps_verb   },
        {"show",    show_verb   },
        {"streets", streets_verb},
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
