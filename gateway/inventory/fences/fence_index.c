/* The spatial index over fences: a packed R-tree of their boxes in Hilbert order of their centres,
 * 16 children a node, as the one over spaces. fence_search.c asks it for candidates. */
#include "gateway/inventory/fences/fence_index.h"
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/hilbert.h"
#include <stdlib.h>

#define FANOUT     16u
#define LEVELS_MAX 8 /* 16^8 = 2^32 fences */
/* Nothing is farther (half the equator is 2.0e10 mm). */
#define REACH_MAX_MM INT64_C(20100000000)

/** The boxes of 16 neighbours, a row each side: what one step of a walk compares at once. A group
 * that is not full ends with boxes that meet nothing. */
struct fence_boxes {
    int32_t south[FANOUT], west[FANOUT], north[FANOUT], east[FANOUT];
};

struct fence_index {
    uint32_t count;
    uint32_t level_count;             /**< level 0: boxes of fences; the last has one group */
    uint32_t level_start[LEVELS_MAX]; /**< in groups */
    uint64_t lon_e7_per_mm_20;        /**< times 2^20, rounded up */
    uint32_t *fences;                 /**< by place in level 0 */
    struct fence_boxes *boxes;
};

static const struct fence_window nothing = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};

static void box_put(struct fence_boxes *g, uint32_t at, const struct fence_window *b)
{
    g->south[at] = b->south;
    g->west[at] = b->west;
    g->north[at] = b->north;
    g->east[at] = b->east;
}

static struct fence_window group_box(const struct fence_boxes *g)
{
    struct fence_window b = nothing;

    for (uint32_t i = 0; i < FANOUT; i++) {
        b.south = g->south[i] < b.south ? g->south[i] : b.south;
        b.west = g->west[i] < b.west ? g->west[i] : b.west;
        b.north = g->north[i] > b.north ? g->north[i] : b.north;
        b.east = g->east[i] > b.east ? g->east[i] : b.east;
    }
    return b;
}

static uint32_t groups_of(uint32_t n)
{
    return n / FANOUT + (n % FANOUT != 0);
}

static uint32_t levels_plan(struct fence_index *index)
{
    uint32_t total = 0;
    uint32_t n = index->count;

    do {
        n = groups_of(n);
        index->level_start[index->level_count++] = total;
        total += n;
    } while (n > 1);
    return total;
}

static void boxes_fill(struct fence_index *index, const struct inv_fence *fences)
{
    uint32_t n = index->count;

    for (uint32_t level = 0; level < index->level_count; level++) {
        struct fence_boxes *here = index->boxes + index->level_start[level];

        for (uint32_t i = 0; i < groups_of(n) * FANOUT; i++) {
            struct fence_window b = nothing;

            if (i < n && level == 0) {
                const struct inv_fence *f = &fences[index->fences[i]];

                b = (struct fence_window){f->south_west.lat, f->south_west.lon, f->north_east.lat,
                                          f->north_east.lon};
            } else if (i < n) {
                b = group_box(index->boxes + index->level_start[level - 1] + i);
            }
            box_put(&here[i / FANOUT], i % FANOUT, &b);
        }
        n = groups_of(n);
    }
}

static enum err fences_order(struct fence_index *index, const struct inv_fence *fences,
                             uint32_t count)
{
    struct hilbert_item *items = malloc((size_t)index->count * sizeof *items);
    uint32_t n = 0;
    enum err e;

    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!fences[i].removed) {
            items[n++] = (struct hilbert_item){hilbert_place(fences[i].centre), i};
        }
    }
    e = hilbert_sort(items, n);
    for (uint32_t i = 0; e == ERR_OK && i < n; i++) {
        index->fences[i] = items[i].row;
    }
    free(items);
    return e;
}

enum err fence_index_build(const struct inv_fence *fences, uint32_t count, int32_t lon_mm_24,
                           struct fence_index **out)
{
    struct fence_index *index = calloc(1, sizeof *index);
    enum err e = ERR_NO_MEMORY;

    if (index == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        index->count += !fences[i].removed;
    }
    if (index->count > 0) {
        uint32_t total = levels_plan(index);

        index->lon_e7_per_mm_20 = (UINT64_C(1) << 44) / (uint32_t)lon_mm_24 + 1;
        index->fences = malloc((size_t)index->count * sizeof *index->fences);
        index->boxes = malloc((size_t)total * sizeof *index->boxes);
        if (index->fences == NULL || index->boxes == NULL ||
            (e = fences_order(index, fences, count)) != ERR_OK) {
            fence_index_destroy(index);
            return e;
        }
        boxes_fill(index, fences);
    }
    *out = index;
    return ERR_OK;
}

void fence_index_destroy(struct fence_index *index)
{
    if (index == NULL) {
        return;
    }
    free(index->fences);
    free(index->boxes);
    free(index);
}

static int32_t clamped(int64_t v)
{
    return (int32_t)(v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v);
}

/* Two units more than the figures say: distances are rounded to the millimetre. */
struct fence_window fence_index_window(const struct fence_index *index, struct position_e7 at,
                                       int64_t within_mm)
{
    int64_t reach = within_mm < 0 ? 0 : within_mm > REACH_MAX_MM ? REACH_MAX_MM : within_mm;
    int64_t lat = reach / 11 + 2;
    int64_t lon = (int64_t)((uint64_t)reach * index->lon_e7_per_mm_20 >> 20) + 2;

    return (struct fence_window){clamped(at.lat - lat), clamped(at.lon - lon),
                                 clamped(at.lat + lat), clamped(at.lon + lon)};
}

/* A bit for each of the 16 that meets the window, whose north is below INT32_MAX. */
static uint32_t boxes_meet(const struct fence_boxes *g, const struct fence_window *w)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < FANOUT; i++) {
        uint32_t meets = (uint32_t)(g->south[i] <= w->north) & (uint32_t)(g->north[i] >= w->south) &
                         (uint32_t)(g->west[i] <= w->east) & (uint32_t)(g->east[i] >= w->west);

        bits |= meets << i;
    }
    return bits;
}

void fence_index_walk(const struct fence_index *index, const struct fence_window *window,
                      bool (*visit)(void *ctx, uint32_t fence), void *ctx)
{
    struct {
        uint32_t level, group;
    } stack[LEVELS_MAX * FANOUT]; /* at most 15 siblings wait on each level */

    uint32_t depth = 0;
    struct fence_window within = *window;

    if (index == NULL || index->count == 0) {
        return;
    }
    /* the boxes that end a group begin at INT32_MAX; no fence lies there */
    within.north = within.north < INT32_MAX ? within.north : INT32_MAX - 1;
    stack[depth].level = index->level_count - 1;
    stack[depth++].group = 0;
    while (depth > 0) {
        uint32_t level = stack[--depth].level;
        uint32_t group = stack[depth].group;
        uint32_t bits = boxes_meet(&index->boxes[index->level_start[level] + group], &within);

        for (uint32_t i = 0; bits != 0; i++, bits >>= 1) {
            if ((bits & 1) == 0) {
                continue;
            }
            if (level > 0) {
                stack[depth].level = level - 1;
                stack[depth++].group = group * FANOUT + i;
            } else if (!visit(ctx, index->fences[group * FANOUT + i])) {
                return;
            }
        }
    }
}
