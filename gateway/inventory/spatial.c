/* The spatial index: a packed R-tree over places in Hilbert order, 16 children a node. Built once
 * with a snapshot, then only read: boxes here, nearest places in spatial_near.c. */
#include "gateway/inventory/hilbert.h"
#include "gateway/inventory/spatial_tree.h"
#include <stdlib.h>

#define FANOUT SPATIAL_FANOUT

/* --- building --- */

static void box_put(struct box_group *g, uint32_t at, struct box b)
{
    g->south[at] = b.south;
    g->west[at] = b.west;
    g->north[at] = b.north;
    g->east[at] = b.east;
}

static struct box box_join(struct box a, struct box b)
{
    a.south = b.south < a.south ? b.south : a.south;
    a.north = b.north > a.north ? b.north : a.north;
    a.west = b.west < a.west ? b.west : a.west;
    a.east = b.east > a.east ? b.east : a.east;
    return a;
}

static struct box box_of_places(const struct position_e7 *p, uint32_t n)
{
    struct box b = {p[0].lat, p[0].lon, p[0].lat, p[0].lon};

    for (uint32_t i = 1; i < n; i++) {
        b = box_join(b, (struct box){p[i].lat, p[i].lon, p[i].lat, p[i].lon});
    }
    return b;
}

static struct box box_of_boxes(const struct box_group *children, uint32_t n)
{
    struct box b = box_get(children, 0);

    for (uint32_t i = 1; i < n; i++) {
        b = box_join(b, box_get(children, i));
    }
    return b;
}

static uint32_t groups(uint32_t n)
{
    return n / FANOUT + (n % FANOUT != 0);
}

static uint32_t levels_plan(struct spatial *index)
{
    uint32_t total = 0; /* groups */
    uint32_t n = index->count;

    do {
        n = groups(n);
        index->level_start[index->level_count] = total;
        index->level_boxes[index->level_count++] = n;
        total += groups(n);
    } while (n > 1);
    return total;
}

static void boxes_fill(struct spatial *index)
{
    static const struct box nothing = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

    for (uint32_t level = 0; level < index->level_count; level++) {
        struct box_group *here = index->boxes + index->level_start[level];
        uint32_t n = index->level_boxes[level];

        for (uint32_t i = 0; i < groups(n) * FANOUT; i++) {
            struct box b = nothing;

            if (i < n && level == 0) {
                b = box_of_places(index->places + (size_t)i * FANOUT,
                                  spatial_group_size(index->count, i));
            } else if (i < n) {
                b = box_of_boxes(index->boxes + index->level_start[level - 1] + i,
                                 spatial_group_size(index->level_boxes[level - 1], i));
            }
            box_put(&here[i / FANOUT], i % FANOUT, b);
        }
    }
}

static float group_ground(const struct box_group *leaves, uint32_t n)
{
    float area = 0;

    for (uint32_t i = 0; i < n; i++) {
        area += ((float)leaves->north[i] - (float)leaves->south[i]) *
                ((float)leaves->east[i] - (float)leaves->west[i]);
    }
    return area;
}

static void ground_fill(struct spatial *index)
{
    for (uint32_t group = 0; group < groups(index->level_boxes[0]); group++) {
        index->ground[group] = group_ground(index->boxes + index->level_start[0] + group,
                                            spatial_group_size(index->level_boxes[0], group));
    }
}

static enum err places_fill(struct spatial *index, const struct spatial_place *places)
{
    struct hilbert_item *items = malloc((size_t)index->count * sizeof *items);
    bool same = true;
    enum err e;

    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < index->count; i++) {
        items[i] = (struct hilbert_item){.place = hilbert_place(places[i].at), .row = i};
    }
    e = hilbert_sort(items, index->count);
    for (uint32_t i = 0; e == ERR_OK && i < index->count; i++) {
        index->places[i] = places[items[i].row].at;
        index->slots[i] = places[items[i].row].slot;
        same = same && index->slots[i] == i;
    }
    if (same) {
        free(index->slots);
        index->slots = NULL;
    }
    free(items);
    return e;
}

enum err spatial_build(const struct spatial_place *places, uint32_t count, struct spatial **out)
{
    struct spatial *index = calloc(1, sizeof *index);
    uint32_t group_count;
    enum err e;

    if (index == NULL) {
        return ERR_NO_MEMORY;
    }
    *out = index;
    index->count = count;
    if (count == 0) {
        return ERR_OK;
    }
    group_count = levels_plan(index);
    index->places = malloc((size_t)count * sizeof *index->places);
    index->slots = malloc((size_t)count * sizeof *index->slots);
    index->boxes = calloc(group_count, sizeof *index->boxes);
    index->ground = malloc((size_t)groups(index->level_boxes[0]) * sizeof *index->ground);
    e = index->places == NULL || index->slots == NULL || index->boxes == NULL ||
                index->ground == NULL
            ? ERR_NO_MEMORY
            : places_fill(index, places);
    if (e != ERR_OK) {
        spatial_destroy(index);
        *out = NULL;
        return e;
    }
    boxes_fill(index);
    ground_fill(index);
    return ERR_OK;
}

void spatial_destroy(struct spatial *index)
{
    if (index == NULL) {
        return;
    }
    free(index->places);
    free(index->slots);
    free(index->boxes);
    free(index->ground);
    free(index);
}

/* --- places in a box --- */

static bool box_leaf(const struct spatial *index, uint32_t leaf, const struct box *want,
                     bool (*visit)(void *ctx, uint32_t slot), void *ctx)
{
    uint32_t first = leaf * FANOUT;
    uint32_t n = spatial_group_size(index->count, leaf);

    for (uint32_t i = first; i < first + n; i++) {
        const struct position_e7 p = index->places[i];

        if (p.lat >= want->south && p.lat <= want->north && p.lon >= want->west &&
            p.lon <= want->east && !visit(ctx, spatial_slot(index, i))) {
            return false;
        }
    }
    return true;
}

void spatial_box(const struct spatial *index, struct position_e7 south_west,
                 struct position_e7 north_east, bool (*visit)(void *ctx, uint32_t slot), void *ctx)
{
    const struct box want = {south_west.lat, south_west.lon, north_east.lat, north_east.lon};

    struct {
        uint32_t level, box;
    } stack[SPATIAL_LEVELS * FANOUT]; /* at most 15 siblings wait on each level */

    uint32_t depth = 0;

    if (index == NULL || index->count == 0) {
        return;
    }
    stack[depth].level = index->level_count - 1;
    stack[depth++].box = 0;
    while (depth > 0) {
        uint32_t level = stack[--depth].level;
        uint32_t box = stack[depth].box;
        struct box b =
            box_get(&index->boxes[index->level_start[level] + box / FANOUT], box % FANOUT);

        if (b.south > want.north || b.north < want.south || b.west > want.east ||
            b.east < want.west) {
            continue;
        }
        if (level == 0) {
            if (!box_leaf(index, box, &want, visit, ctx)) {
                return;
            }
            continue;
        }
        for (uint32_t i = spatial_group_size(index->level_boxes[level - 1], box); i-- > 0;) {
            stack[depth].level = level - 1;
            stack[depth++].box = box * FANOUT + i;
        }
    }
}
