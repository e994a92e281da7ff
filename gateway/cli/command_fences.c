/* `bowei fences` and `bowei vehicles`: where bikes may stand and where they do, over the REST
 * interface. */
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include "gateway/cli/verbs.h"

static const char *const fence_columns[REST_COLUMNS_MAX] = {
    "id", "use", "name", "capacity", "count", "room", "fill", "reason", NULL};
static const char *const near_columns[REST_COLUMNS_MAX] = {
    "id", "distance_m", "name", "capacity", "count", "room", "reason", NULL};
static const char *const vehicle_columns[REST_COLUMNS_MAX] = {
    "vehicle", "verdict", "rule", "fence", "distance_m", "since", "seen", NULL};
static const char *const verdict_columns[REST_COLUMNS_MAX] = {
    "vehicle", "verdict", "rule_text", "fence", "distance_m", "since", "outside_since", NULL};

static const char one_id[] = "takes one ID here";

static int fences_list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"use",    NULL},
        {"bbox",   NULL},
        {"crs",    NULL},
        {"limit",  NULL},
        {"cursor", NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/fences", NULL, fence_columns},
                          queries, ARRAY_LEN(queries));
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

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/fences/near", NULL, near_columns},
                          queries, ARRAY_LEN(queries));
}

static int fences_show_verb(int argc, char **argv)
{
    return rest_object_verb(argc, argv,
                            &(struct rest_object){"/v1/fences/", "", one_id, fence_columns});
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

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/vehicles", NULL, vehicle_columns},
                          queries, ARRAY_LEN(queries));
}

static int vehicles_show_verb(int argc, char **argv)
{
    return rest_object_verb(argc, argv,
                            &(struct rest_object){"/v1/vehicles/", "", one_id, vehicle_columns});
}

static int vehicles_verdict_verb(int argc, char **argv)
{
    return rest_object_verb(
        argc, argv, &(struct rest_object){"/v1/vehicles/", "/verdict", one_id, verdict_columns});
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
