/* `bowei zombies`: the pick-list of vehicles suspected to be abandoned, over the REST interface; a
 * row a vehicle in the order of the round. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/verbs.h"

static const char *const columns[REST_COLUMNS_MAX] = {
    "group", "rank", "case", "kind", "stage", "display", "vehicle", "dwell_days", "reasons", NULL};

static int list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"kind",   NULL},
        {"stage",  NULL},
        {"street", NULL},
        {"lat",    NULL},
        {"lon",    NULL},
        {"radius", NULL},
        {"crs",    NULL},
        {"limit",  NULL},
        {"format", NULL},
    };
    struct option rows[ARRAY_LEN(queries) + DEVICE_OPTIONS];
    struct rest_call call = {.list = "groups"};
    int code;

    for (size_t i = 0; i + 1 < ARRAY_LEN(queries); i++) {
        rows[i] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
    rows[ARRAY_LEN(queries) - 1] = (struct option){"csv", OPTION_FLAG, &call.csv};
    code = device_options(argc, argv, rows, ARRAY_LEN(queries), &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments here");
    }
    queries[ARRAY_LEN(queries) - 1].value = call.csv ? "csv" : NULL;
    return rest_get(&call, "/v1/vehicles/zombies", NULL, queries, ARRAY_LEN(queries), columns);
}

int command_zombies(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list", list_verb},
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
