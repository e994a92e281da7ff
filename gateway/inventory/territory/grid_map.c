/* Unit-grid cells (单元网格): which one a point is in. Cells are outlines as fences are, so the one
 * geometry routine and the one index of fences serve them. */
#include "gateway/inventory/territory/grid_map.h"
#include "gateway/inventory/fences/fence_index.h"
#include <stdlib.h>
#include <string.h>

static void *rows_alloc(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

enum err grid_map_build(struct grid_map *map, const struct draft *draft)
{
    const struct draft_grid *rows = DRAFT_GRIDS(draft);
    uint32_t count = draft->tables[TABLE_GRID].count;
    enum err e;

    map->ids = rows_alloc(count, sizeof *map->ids);
    map->cells = rows_alloc(count, sizeof *map->cells);
    map->shapes = calloc(1, sizeof *map->shapes);
    if (map->ids == NULL || map->cells == NULL || map->shapes == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        map->ids[i] = rows[i].id;
        map->cells[i] = (struct inv_fence){.centre = rows[i].outline.centre,
                                           .ring = rows[i].outline.ring,
                                           .ring_count = rows[i].outline.ring_count,
                                           .area_m2 = rows[i].outline.area_m2};
    }
    map->count = count;
    e = fence_map_corners(map->shapes, draft, map->cells, count);
    return e != ERR_OK ? e : fence_map_index(map->shapes, map->cells, count);
}

void grid_map_finish(struct grid_map *map)
{
    free(map->ids);
    free(map->cells);
    fence_map_destroy(map->shapes);
    memset(map, 0, sizeof *map);
}

/* --- the cell at a point --- */

struct looking {
    const struct grid_map *map;
    struct position_e7 at;
    uint32_t cell;
};

static bool cell_judge(void *ctx, uint32_t cell)
{
    struct looking *l = ctx;

    if (cell < l->cell && fence_map_distance_mm(l->map->shapes, l->map->cells, cell, l->at) <= 0) {
        l->cell = cell;
    }
    return true;
}

uint32_t grid_map_at(const struct grid_map *map, struct position_e7 at)
{
    struct looking l = {.map = map, .at = at, .cell = NO_CELL};
    const struct fence_window point = {at.lat, at.lon, at.lat, at.lon};

    if (map->count > 0) {
        fence_index_walk(map->shapes->index, &point, cell_judge, &l);
    }
    return l.cell;
}

/* --- overlaps --- */

#define SAMPLE_MM        10000
#define SAMPLES_EDGE_MAX 64

static bool box_has(const struct inv_fence *cell, struct position_e7 at)
{
    return at.lat > cell->south_west.lat && at.lat < cell->north_east.lat &&
           at.lon > cell->south_west.lon && at.lon < cell->north_east.lon;
}

static bool is_deep(const struct grid_map *map, uint32_t cell, struct position_e7 at)
{
    return box_has(&map->cells[cell], at) &&
           fence_map_distance_mm(map->shapes, map->cells, cell, at) < -GRID_OVERLAP_MM;
}

/* Lies any sampled point of ring r deep inside the other cell? */
static bool ring_enters(const struct grid_map *map, uint32_t r, uint32_t other)
{
    const struct fence_ring *ring = &map->shapes->rings[r];
    const struct position_e7 *c = map->shapes->corners + ring->corner;
    const struct fence_edge *edges = map->shapes->edges + ring->corner;

    for (uint32_t i = 0; i < ring->count; i++) {
        int64_t steps = edges[i].len_mm / SAMPLE_MM + 2;

        steps = steps > SAMPLES_EDGE_MAX ? SAMPLES_EDGE_MAX : steps;
        for (int64_t k = 0; k < steps; k++) {
            const struct position_e7 at = {
                (int32_t)(c[i].lat + ((int64_t)c[i + 1].lat - c[i].lat) * k / steps),
                (int32_t)(c[i].lon + ((int64_t)c[i + 1].lon - c[i].lon) * k / steps)};

            if (is_deep(map, other, at)) {
                return true;
            }
        }
    }
    return false;
}

static bool cell_enters(const struct grid_map *map, uint32_t cell, uint32_t other)
{
    const struct inv_fence *c = &map->cells[cell];
    bool enters = is_deep(map, other, c->centre);

    for (uint32_t r = c->ring; !enters && r < c->ring + c->ring_count; r++) {
        enters = ring_enters(map, r, other);
    }
    return enters;
}

struct pairing {
    const struct grid_map *map;
    uint32_t cell;
    void (*found)(void *ctx, uint32_t a, uint32_t b);
    void *ctx;
};

static bool pair_judge(void *ctx, uint32_t other)
{
    const struct pairing *p = ctx;

    if (other > p->cell &&
        (cell_enters(p->map, p->cell, other) || cell_enters(p->map, other, p->cell))) {
        p->found(p->ctx, p->cell, other);
    }
    return true;
}

void grid_map_overlaps(const struct grid_map *map, void (*found)(void *ctx, uint32_t a, uint32_t b),
                       void *ctx)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct inv_fence *c = &map->cells[i];
        const struct fence_window box = {c->south_west.lat, c->south_west.lon, c->north_east.lat,
                                         c->north_east.lon};
        struct pairing p = {.map = map, .cell = i, .found = found, .ctx = ctx};

        fence_index_walk(map->shapes->index, &box, pair_judge, &p);
    }
}
