/* From the draft's fences to the snapshot's: indices that last, corners ready for measuring. The
 * only floating point of the geometry is here: a cosine per fence and a unit vector per edge, both
 * rounded to whole numbers. */
#include "gateway/inventory/fences/fence_build.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/hilbert.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RAD_PER_E7 1.7453292519943295e-9

static void *rows_alloc(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

/* What a tombstone keeps: key, place, district; nothing it could be found by. */
static void fences_keep(struct build *b)
{
    for (uint32_t i = 0; b->previous != NULL && i < b->previous->fence_count; i++) {
        const struct inv_fence *old = &b->previous->fences[i];

        b->inv->fences[i] = (struct inv_fence){.key = old->key,
                                               .centre = old->centre,
                                               .south_west = old->south_west,
                                               .north_east = old->north_east,
                                               .use = old->use,
                                               .removed = 1};
    }
}

static enum err fence_fill(struct build *b, const struct draft_fence *from, struct inv_fence *to)
{
    enum err e;

    *to = (struct inv_fence){.key = from->key,
                             .centre = from->outline.centre,
                             .from_ms = from->from_ms,
                             .until_ms = from->until_ms,
                             .ring = from->outline.ring,
                             .ring_count = from->outline.ring_count,
                             .capacity = from->capacity,
                             .area_m2 = from->outline.area_m2,
                             .use = space_key_kind(from->key) == PLACE_NO_PARKING ? FENCE_NO_PARK
                                                                                  : FENCE_PARK};
    e = build_text(b, from->name_zh, &to->name_zh);
    return e != ERR_OK ? e : build_text(b, from->name_en, &to->name_en);
}

/* --- corners --- */

static struct fence_edge edge_of(struct position_e7 from, struct position_e7 to, int32_t lon_mm_24)
{
    double x = ((double)to.lon - from.lon) * lon_mm_24 / (1 << 24);
    double y = ((double)to.lat - from.lat) * (double)FENCE_MM_24 / (1 << 24);
    double len = sqrt(x * x + y * y);
    double unit = 1 << FENCE_UNIT;

    if (len == 0) {
        return (struct fence_edge){.ux = 1 << FENCE_UNIT};
    }
    return (struct fence_edge){(int32_t)lround(x / len * unit), (int32_t)lround(y / len * unit),
                               (int32_t)lround(len)};
}

/* Copies a ring, its first corner once more behind the last. */
static void ring_fill(struct fence_map *map, const struct draft *d, const struct draft_ring *from,
                      struct fence_ring *to)
{
    struct position_e7 *corners = map->corners + to->corner;

    memcpy(corners, d->corners + from->corner, from->count * sizeof *corners);
    corners[from->count] = corners[0];
}

static void box_of(const struct fence_map *map, struct inv_fence *f)
{
    f->south_west = (struct position_e7){INT32_MAX, INT32_MAX};
    f->north_east = (struct position_e7){INT32_MIN, INT32_MIN};
    for (uint32_t r = f->ring; r < f->ring + f->ring_count; r++) {
        const struct position_e7 *c = map->corners + map->rings[r].corner;

        for (uint32_t i = 0; i < map->rings[r].count; i++) {
            f->south_west.lat = c[i].lat < f->south_west.lat ? c[i].lat : f->south_west.lat;
            f->south_west.lon = c[i].lon < f->south_west.lon ? c[i].lon : f->south_west.lon;
            f->north_east.lat = c[i].lat > f->north_east.lat ? c[i].lat : f->north_east.lat;
            f->north_east.lon = c[i].lon > f->north_east.lon ? c[i].lon : f->north_east.lon;
        }
    }
}

static void plane_fill(struct fence_map *map, uint32_t fence, struct inv_fence *f)
{
    struct fence_plane *plane = &map->planes[fence];
    double middle;

    box_of(map, f);
    middle = ((double)f->south_west.lat + f->north_east.lat) / 2 * RAD_PER_E7;
    plane->lon_mm_24 = (int32_t)lround((double)FENCE_MM_24 * cos(middle));
    plane->first_ring = f->ring;
    plane->last_ring = f->ring + f->ring_count;
    for (uint32_t r = plane->first_ring; r < plane->last_ring; r++) {
        uint32_t first = map->rings[r].corner;

        for (uint32_t i = first; i < first + map->rings[r].count; i++) {
            map->edges[i] = edge_of(map->corners[i], map->corners[i + 1], plane->lon_mm_24);
        }
    }
}

enum err fence_map_corners(struct fence_map *map, const struct draft *d, struct inv_fence *fences,
                           uint32_t count)
{
    size_t rings = 0;
    size_t corners = 0;

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t r = 0; r < fences[i].ring_count; r++) {
            corners += d->rings[fences[i].ring + r].count + (size_t)1;
            rings++;
        }
    }
    map->rings = rows_alloc(rings, sizeof *map->rings);
    map->corners = rows_alloc(corners, sizeof *map->corners);
    map->edges = rows_alloc(corners, sizeof *map->edges);
    map->planes = rows_alloc(count, sizeof *map->planes);
    if (map->rings == NULL || map->corners == NULL || map->edges == NULL || map->planes == NULL ||
        corners > UINT32_MAX) {
        return ERR_NO_MEMORY;
    }
    rings = 0;
    corners = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_ring *from = d->rings + fences[i].ring;

        fences[i].ring = (uint32_t)rings;
        for (uint32_t r = 0; r < fences[i].ring_count; r++) {
            struct fence_ring *to = &map->rings[rings++];

            *to = (struct fence_ring){(uint32_t)corners, from[r].count, from[r].hole};
            ring_fill(map, d, &from[r], to);
            corners += from[r].count + (size_t)1;
        }
        if (!fences[i].removed) {
            plane_fill(map, i, &fences[i]);
        }
    }
    return ERR_OK;
}

/* --- the whole --- */

static enum err keys_map(struct build *b)
{
    struct slot_map *keys = &b->inv->fence_map->keys;
    enum err e = slot_map_init(keys, b->inv->fence_count);

    for (uint32_t i = 0; e == ERR_OK && i < b->inv->fence_count; i++) {
        slot_map_put(keys, slot_hash_key(b->inv->fences[i].key), i);
    }
    return e;
}

/* New fences get their numbers in Hilbert order, so that neighbours in the city are neighbours in
 * memory; known ones keep theirs. */
static enum err numbers_give(struct build *b, uint32_t *numbers)
{
    const struct draft_fence *rows = DRAFT_FENCES(b->draft);
    uint32_t count = b->draft->tables[TABLE_FENCE].count;
    struct hilbert_item *items = rows_alloc(count, sizeof *items);
    uint32_t fresh = 0;
    enum err e;

    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = b->previous == NULL ? NO_FENCE : fences_find(b->previous, rows[i].key);
        if (numbers[i] == NO_FENCE) {
            items[fresh++] = (struct hilbert_item){hilbert_place(rows[i].outline.centre), i};
        }
    }
    e = hilbert_sort(items, fresh);
    for (uint32_t i = 0; e == ERR_OK && i < fresh; i++) {
        numbers[items[i].row] = b->inv->fence_count++;
    }
    free(items);
    return e;
}

enum err fence_build(struct build *b)
{
    const struct draft_fence *rows = DRAFT_FENCES(b->draft);
    uint32_t count = b->draft->tables[TABLE_FENCE].count;
    uint32_t old = b->previous == NULL ? 0 : b->previous->fence_count;
    uint32_t *numbers = rows_alloc(count, sizeof *numbers);
    enum err e = ERR_NO_MEMORY;

    b->inv->fences = rows_alloc((size_t)old + count, sizeof *b->inv->fences);
    b->inv->fence_map = calloc(1, sizeof *b->inv->fence_map);
    if (numbers != NULL && b->inv->fences != NULL && b->inv->fence_map != NULL) {
        b->inv->fence_count = old;
        fences_keep(b);
        e = numbers_give(b, numbers);
    }
    for (uint32_t i = 0; e == ERR_OK && i < count; i++) {
        e = fence_fill(b, &rows[i], &b->inv->fences[numbers[i]]);
    }
    free(numbers);
    if (e == ERR_OK) {
        e = fence_map_corners(b->inv->fence_map, b->draft, b->inv->fences, b->inv->fence_count);
    }
    return e != ERR_OK ? e : keys_map(b);
}
