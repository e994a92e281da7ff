/* `bowei-sim make`: lays a city out and writes its inventory and the gateway's lines and links. A
 * second call with the same numbers keeps the files and ports there are, so that a second start is
 * quick. */
#include "bowei/base/log.h"
#include "sensors/sim/field_file.h"
#include "sensors/sim/run.h"
#include "sensors/sim/territory_plan.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_NAME "mqtt" /* of field.yaml */

static bool same(const struct field_file *file, const struct city_params *b,
                 const struct world_plan_params *fleet)
{
    const struct city_params *a = &file->params;

    return a->spaces == b->spaces && a->seed == b->seed && a->lines == b->lines &&
           a->heartbeat_s == b->heartbeat_s && file->fleet.bikes == fleet->bikes &&
           file->fleet.fences == fleet->fences;
}

/* Creates the folder and those above it. */
static bool folder_make(const char *path)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        return false;
    }
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(part, 0755) != 0 && errno != EEXIST) {
                return false;
            }
            *p = '/';
        }
    }
    return mkdir(part, 0755) == 0 || errno == EEXIST;
}

/* Keeps the ports there are as long as nobody else took them. */
static bool ports_choose(struct field_file *file, uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++) {
        bool again = i >= file->lines || !field_port_is_free(file->ports[i]) ||
                     file->ports[i] == file->broker_port;

        for (int tries = 0; again && tries < 100; tries++) {
            file->ports[i] = field_port_free();
            again = file->ports[i] == 0 || file->ports[i] == file->broker_port;
            for (uint32_t k = 0; k < i; k++) {
                again = again || file->ports[k] == file->ports[i];
            }
        }
        if (again) {
            return false;
        }
    }
    file->lines = lines;
    return true;
}

/* The inventory of a new city; its devices never spoke. */
static enum err files_make(const char *folder, const struct city *city)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/counters.bin", folder) >= (int)sizeof path) {
        return ERR_IO;
    }
    (void)unlink(path);
    if (snprintf(path, sizeof path, "%s/city", folder) >= (int)sizeof path || !folder_make(path)) {
        return ERR_IO;
    }
    return city_write(city, path);
}

static enum err territory_make(const char *folder, const struct city *city,
                               const struct world_plan *plan)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/territory", folder) >= (int)sizeof path ||
        !folder_make(path)) {
        return ERR_IO;
    }
    return territory_plan_write(city, plan, path);
}

/* The inventory of the bikes, another city's goes; and who is responsible. */
static enum err world_make(const char *folder, const struct city *city,
                           const struct world_plan_params *params)
{
    static const char *const names[] = {"fences.geojson", "beacons.csv", "listeners.csv",
                                        "operators.csv", "vehicles.csv"};
    struct world_plan *plan = NULL;
    char path[PATH_MAX];
    char file[PATH_MAX];
    enum err e;

    if (snprintf(path, sizeof path, "%s/fleet", folder) >= (int)sizeof path) {
        return ERR_IO;
    }
    if (params->bikes == 0) {
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (snprintf(file, sizeof file, "%s/%s", path, names[i]) < (int)sizeof file) {
                (void)unlink(file);
            }
        }
        return territory_make(folder, city, NULL);
    }
    if (!folder_make(path)) {
        return ERR_IO;
    }
    e = world_plan_create(params, &plan);
    if (e == ERR_OK) {
        e = world_plan_write(plan, path, LINK_NAME);
    }
    if (e == ERR_OK) {
        e = territory_make(folder, city, plan);
    }
    world_plan_destroy(plan);
    return e;
}

static enum err make_in(const char *folder, const struct make_options *o)
{
    const struct city_params wanted = {
        .spaces = o->spaces, .seed = o->seed, .lines = o->lines, .heartbeat_s = o->heartbeat_s};
    const struct world_plan_params fleet = {
        .bikes = o->bikes, .fences = o->fences, .seed = o->seed};
    struct field_file file;
    struct city *city = NULL;
    const bool kept = field_file_read(folder, &file) == ERR_OK && same(&file, &wanted, &fleet);
    enum err e = city_create(&wanted, &city);

    if (e != ERR_OK) {
        return e;
    }
    file.lines = kept ? file.lines : 0;
    file.params = wanted;
    file.fleet = fleet;
    file.broker_port = o->broker_port;
    if (!kept) {
        e = files_make(folder, city);
    }
    if (e == ERR_OK && !kept) {
        e = world_make(folder, city, &fleet);
    }
    if (e == ERR_OK) {
        e = ports_choose(&file, city->lines) ? field_file_write(folder, &file, city) : ERR_IO;
    }
    city_destroy(city);
    return e;
}

int make_command(const struct make_options *options)
{
    char folder[PATH_MAX];
    enum err e;

    if (!folder_make(options->dir) || realpath(options->dir, folder) == NULL) {
        (void)fprintf(stderr, "bowei-sim: %s: %s\n", options->dir, strerror(errno));
        return 1;
    }
    e = make_in(folder, options);
    if (e == ERR_BAD_PARAMETER) {
        (void)fprintf(stderr,
                      "bowei-sim: --spaces must be 1 to %u and --lines enough for their units, "
                      "--bikes at most %u, --fences 0 or 20 to %u\n",
                      (unsigned)CITY_SPACES_MAX, (unsigned)WORLD_BIKES_MAX,
                      (unsigned)WORLD_FENCES_MAX);
    } else if (e != ERR_OK) {
        (void)fprintf(stderr, "bowei-sim: %s: %s\n", folder, err_text(e, 0));
    }
    return e == ERR_OK ? 0 : 1;
}
