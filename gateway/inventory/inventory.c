/* The snapshot's end; its beginning is build.c. */
#include "bowei/inventory.h"
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/lookup.h"
#include "gateway/inventory/spatial.h"
#include "gateway/inventory/territory/territory_map.h"
#include <stdlib.h>

void inventory_destroy(const struct inventory *inv)
{
    if (inv == NULL) {
        return;
    }
    free(inv->spaces);
    free(inv->lots);
    free(inv->devices);
    free(inv->sensors);
    free(inv->device_sensors);
    free(inv->tombstones);
    free(inv->districts);
    free(inv->entrances);
    free((void *)inv->models);
    free((void *)inv->sources);
    free(inv->text);
    spatial_destroy(inv->spaces_index);
    spatial_destroy(inv->lots_index);
    lookup_destroy(inv->lookup);
    free(inv->fences);
    free(inv->beacons);
    free(inv->listeners);
    free(inv->operators);
    fence_map_destroy(inv->fence_map);
    territory_destroy(inv->territory);
    /* snapshots are handed about as const; here the last owner gives it back */
    free((void *)(uintptr_t)inv);
}
