/* The index of outlines, and their end; their beginning is fence_build.c. */
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/fences/fence_index.h"
#include <stdlib.h>

enum err fence_map_index(struct fence_map *map, const struct inv_fence *fences, uint32_t count)
{
    int32_t narrowest = INT32_MAX;

    for (uint32_t i = 0; i < count; i++) {
        int32_t lon_mm = map->planes[i].lon_mm_24;

        narrowest = !fences[i].removed && lon_mm < narrowest ? lon_mm : narrowest;
    }
    return fence_index_build(fences, count, narrowest, &map->index);
}

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
