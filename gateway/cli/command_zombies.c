/* `bowei zombies`: the pick-list of vehicles suspected to be abandoned, over the REST interface; a
 * row a vehicle in the order of the round. */
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
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

    return rest_list_verb(argc, argv,
                          &(struct rest_listing){"/v1/vehicles/zombies", "groups", columns},
                          queries, ARRAY_LEN(queries));
}

int command_zombies(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list", list_verb},
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
