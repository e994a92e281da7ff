/* The end of a snapshot's fences; their beginning is fence_build.c. */
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/fences/fence_index.h"
#include <stdlib.h>

void fence_map_destroy(struct fence_map *map)
{
    if (map == NULL) {
        return;
    }
    free(map->corners);
    free(map->edges);
    free(map->rings);
    free(map->planes);
    fence_index_destroy(map->index);
    free(map->vehicles);
    free(map->prefixes);
    free(map->uuids);
    slot_map_finish(&map->keys);
    slot_map_finish(&map->beacon_names);
    slot_map_finish(&map->listener_ids);
    slot_map_finish(&map->macs);
    slot_map_finish(&map->imeis);
    slot_map_finish(&map->vehicle_beacons);
    free(map);
}
