/* Which fences are at a point, near it, or in a box: candidates from the index, judged by
 * fence_distance_mm. */
#include "gateway/inventory/fences/fence_index.h"
#include "gateway/inventory/fences/fence_map.h"
#include <string.h>

/* The first ring of a nearest search; each further one is three times as wide. In a city of one
 * fence per hectare it holds about 20. */
#define FIRST_REACH_MM INT64_C(250000)
#define REACH_GROWTH   3

struct gathering {
    const struct inventory *inv;
    struct position_e7 at;
    int64_t within_mm;
    enum fence_use use;
    bool (*filter)(void *ctx, uint32_t fence); /* NULL = all */
    void *ctx;
    bool (*before)(const struct inventory *inv, const struct fence_hit *a,
                   const struct fence_hit *b);
    struct fence_hit *hits; /* sorted */
    uint32_t cap;
    uint32_t found;
    bool flat; /* inside counts as 0 */
};

/* Containing ones first by precedence, then by distance, then ID. */
static bool around_before(const struct inventory *inv, const struct fence_hit *a,
                          const struct fence_hit *b)
{
    bool a_in = a->distance_mm <= 0;
    bool b_in = b->distance_mm <= 0;

    if (a_in != b_in) {
        return a_in;
    }
    if (a_in) {
        return fence_precedes(&inv->fences[a->fence], &inv->fences[b->fence]);
    }
    return a->distance_mm != b->distance_mm ? a->distance_mm < b->distance_mm
                                            : inv->fences[a->fence].key < inv->fences[b->fence].key;
}

static bool near_before(const struct inventory *inv, const struct fence_hit *a,
                        const struct fence_hit *b)
{
    return a->distance_mm != b->distance_mm ? a->distance_mm < b->distance_mm
                                            : inv->fences[a->fence].key < inv->fences[b->fence].key;
}

/* Keeps the best `cap`, sorted. */
static void hit_insert(struct gathering *g, struct fence_hit hit)
{
    uint32_t held = g->found < g->cap ? g->found : g->cap;
    uint32_t low = 0;
    uint32_t high = held;

    g->found++;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (g->before(g->inv, &g->hits[mid], &hit)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == g->cap) {
        return;
    }
    held = held == g->cap ? held - 1 : held;
    memmove(&g->hits[low + 1], &g->hits[low], (held - low) * sizeof hit);
    g->hits[low] = hit;
}

static bool gather(void *ctx, uint32_t fence)
{
    struct gathering *g = ctx;
    struct fence_hit hit = {.fence = fence};

    if (g->use != FENCE_USE_COUNT && g->inv->fences[fence].use != g->use) {
        return true;
    }
    hit.distance_mm = fence_distance_mm(g->inv, fence, g->at);
    if (hit.distance_mm > g->within_mm || (g->filter != NULL && !g->filter(g->ctx, fence))) {
        return true;
    }
    if (g->flat && hit.distance_mm < 0) {
        hit.distance_mm = 0;
    }
    hit_insert(g, hit);
    return true;
}

static void gather_all(struct gathering *g)
{
    if (g->inv->fence_count > 0) {
        const struct fence_index *index = g->inv->fence_map->index;
        const struct fence_window window = fence_index_window(index, g->at, g->within_mm);

        fence_index_walk(index, &window, gather, g);
    }
}

uint32_t fences_around(const struct inventory *inv, struct position_e7 at, int64_t within_mm,
                       enum fence_use use, struct fence_hit *hits, uint32_t cap)
{
    struct gathering g = {.inv = inv,
                          .at = at,
                          .within_mm = within_mm < 0 ? 0 : within_mm,
                          .use = use,
                          .before = around_before,
                          .hits = hits,
                          .cap = cap};

    gather_all(&g);
    return g.found;
}

bool fences_deciding(const struct inventory *inv, struct position_e7 at,
                     bool (*filter)(void *ctx, uint32_t fence), void *ctx, struct fence_hit *hit)
{
    struct gathering g = {.inv = inv,
                          .at = at,
                          .use = FENCE_USE_COUNT,
                          .filter = filter,
                          .ctx = ctx,
                          .before = around_before,
                          .hits = hit,
                          .cap = 1};

    gather_all(&g);
    return g.found > 0;
}

uint32_t fences_near(const struct inventory *inv, struct position_e7 at, int64_t radius_mm,
                     bool (*filter)(void *ctx, uint32_t fence), void *ctx, struct fence_hit *hits,
                     uint32_t limit)
{
    struct gathering g = {.inv = inv,
                          .at = at,
                          .use = FENCE_USE_COUNT,
                          .filter = filter,
                          .ctx = ctx,
                          .before = near_before,
                          .hits = hits,
                          .cap = limit,
                          .flat = true};
    int64_t reach = FIRST_REACH_MM;

    /* all within a reach are known: once they are enough, nothing beyond it can come before them */
    for (;;) {
        g.within_mm = reach < radius_mm ? reach : radius_mm;
        g.found = 0;
        gather_all(&g);
        if (g.found >= limit || reach >= radius_mm) {
            return g.found < limit ? g.found : limit;
        }
        reach = reach > INT64_MAX / REACH_GROWTH ? INT64_MAX : reach * REACH_GROWTH;
    }
}

void fences_box(const struct inventory *inv, struct position_e7 south_west,
                struct position_e7 north_east, bool (*visit)(void *ctx, uint32_t fence), void *ctx)
{
    const struct fence_window window = {south_west.lat, south_west.lon, north_east.lat,
                                        north_east.lon};

    if (inv->fence_count > 0) {
        fence_index_walk(inv->fence_map->index, &window, visit, ctx);
    }
}

const struct position_e7 *fences_ring(const struct inventory *inv, uint32_t ring, uint32_t *corners,
                                      bool *hole)
{
    const struct fence_ring *r = &inv->fence_map->rings[ring];

    *corners = r->count;
    *hole = r->hole;
    return inv->fence_map->corners + r->corner;
}

bool fences_same_outline(const struct inventory *a, const struct inventory *b, uint32_t fence)
{
    const struct inv_fence *in_a = &a->fences[fence];
    const struct inv_fence *in_b = &b->fences[fence];

    if (in_a->ring_count != in_b->ring_count) {
        return false;
    }
    for (uint32_t i = 0; i < in_a->ring_count; i++) {
        uint32_t count_a;
        uint32_t count_b;
        bool hole_a;
        bool hole_b;
        const struct position_e7 *x = fences_ring(a, in_a->ring + i, &count_a, &hole_a);
        const struct position_e7 *y = fences_ring(b, in_b->ring + i, &count_b, &hole_b);

        if (count_a != count_b || hole_a != hole_b || memcmp(x, y, count_a * sizeof *x) != 0) {
            return false;
        }
    }
    return true;
}
