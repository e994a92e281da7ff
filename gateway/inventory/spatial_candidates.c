/* The nearest of what a search has gathered. Few are ranked by their bounds, and only those that
 * can be among the answer are measured; many are all measured and go through a heap. */
#include "gateway/inventory/spatial_candidates.h"
#include <math.h>
#include <string.h>

/* Who picks, and what IDs it needs for ties. */
struct picker {
    const struct inventory *inv;
    const struct spatial *index;
    struct spatial_hit *hits;
};

/* Not below (stretch b + 2)^2 = stretch^2 b^2 + 4 stretch b + 4, and without its root: b <= (b^2 /
 * k + k) / 2 for every k > 0, here 100 m. That lets in what is less than a millimetre farther. The
 * two millimetres are for the rounding of both distances. */
double candidates_behind(const struct candidates *c, double bound2)
{
    const double k = 1e5;

    return c->stretch * (c->stretch * bound2 + 2.0 * (bound2 / k + k)) + 4.0;
}

/* A little more than a millimetre of slack: bounds are kept as float, beyond 30 km they are rounded
 * by more than that. */
double candidates_beyond(int64_t mm)
{
    return ((double)mm + 1.0) * ((double)mm + 1.0) * (1.0 + 1e-6);
}

static space_key key_of(const struct picker *p, uint32_t place)
{
    uint32_t slot = spatial_slot(p->index, place);

    return p->index == p->inv->lots_index ? p->inv->lots[slot].key : p->inv->spaces[slot].key;
}

/* Does a come behind b in the answer? */
static bool is_behind(const struct picker *p, const struct spatial_hit *a,
                      const struct spatial_hit *b)
{
    if (a->distance_mm != b->distance_mm) {
        return a->distance_mm > b->distance_mm;
    }
    return key_of(p, a->slot) > key_of(p, b->slot);
}

/* --- many --- */

static void hits_sink(const struct picker *p, uint32_t at, uint32_t count)
{
    struct spatial_hit moved = p->hits[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count) {
            break;
        }
        if (child + 1 < count && is_behind(p, &p->hits[child + 1], &p->hits[child])) {
            child++;
        }
        if (!is_behind(p, &p->hits[child], &moved)) {
            break;
        }
        p->hits[at] = p->hits[child];
        at = child;
    }
    p->hits[at] = moved;
}

/* The best `limit` as they come: a max-heap, sorted at the end. */
static uint32_t many_pick(const struct candidates *c, const struct picker *p)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        struct position_e7 at = p->index->places[c->place[i]];
        struct spatial_hit hit = {distance_mm(c->at, at), c->place[i]};

        if (hit.distance_mm > c->radius_mm) {
            continue;
        }
        if (count < c->limit) {
            p->hits[count++] = hit;
            for (uint32_t k = count == c->limit ? count / 2 : 0; k-- > 0;) {
                hits_sink(p, k, count);
            }
        } else if (is_behind(p, &p->hits[0], &hit)) {
            p->hits[0] = hit;
            hits_sink(p, 0, count);
        }
    }
    for (uint32_t k = count < c->limit ? count / 2 : 0; k-- > 0;) {
        hits_sink(p, k, count);
    }
    for (uint32_t i = count; i > 1; i--) {
        struct spatial_hit last = p->hits[0];

        p->hits[0] = p->hits[i - 1];
        p->hits[i - 1] = last;
        hits_sink(p, 0, i - 1);
    }
    return count;
}

/* --- few --- */

#define NONE UINT16_MAX

/* Puts the candidates into the order of their bounds, equal ones in any. Counted instead of sorted:
 * the processor guesses every other comparison of a sort wrongly, a count has none to guess. */
static void few_order(const struct candidates *c, uint16_t order[CANDIDATES_FEW])
{
    const uint32_t n = c->count; /* the compiler cannot know that it stays */

    memset(order, 0xff, CANDIDATES_FEW * sizeof *order); /* NONE */
    for (uint32_t i = 0; i < n; i++) {
        const float bound2 = c->bound2[i];
        uint32_t rank = 0;

        for (uint32_t k = 0; k < n; k++) {
            rank += c->bound2[k] < bound2;
        }
        while (order[rank] != NONE) {
            rank++;
        }
        order[rank] = (uint16_t)i;
    }
}

/* Few are put into the order of their bounds, which is nearly that of their distances. */
static uint32_t few_pick(const struct candidates *c, const struct picker *p, double *reach2)
{
    struct spatial_hit all[CANDIDATES_FEW];
    struct position_e7 at[CANDIDATES_FEW];
    int64_t mm[CANDIDATES_FEW];
    uint16_t order[CANDIDATES_FEW];
    uint32_t last = c->count; /* in order: who is behind is no hit */
    uint32_t n;

    few_order(c, order);
    if (c->count >= c->limit) {
        *reach2 = candidates_behind(c, (double)c->bound2[order[c->limit - 1]]);
        last = c->limit;
        while (last < c->count && (double)c->bound2[order[last]] <= *reach2) {
            last++;
        }
    }
    for (uint32_t i = 0; i < last; i++) {
        at[i] = p->index->places[c->place[order[i]]];
    }
    distances_mm(c->at, at, last, mm);
    for (uint32_t i = 0; i < last; i++) {
        struct spatial_hit hit = {mm[i], c->place[order[i]]};
        uint32_t k = i;

        for (; k > 0 && is_behind(p, &all[k - 1], &hit); k--) {
            all[k] = all[k - 1];
        }
        all[k] = hit;
    }
    n = last < c->limit ? last : c->limit;
    while (n > 0 && all[n - 1].distance_mm > c->radius_mm) {
        n--;
    }
    memcpy(p->hits, all, n * sizeof *all);
    return n;
}

uint32_t candidates_pick(const struct candidates *c, const struct inventory *inv,
                         const struct spatial *index, struct spatial_hit *hits, double *reach2)
{
    const struct picker p = {inv, index, hits};
    uint32_t n;

    *reach2 = candidates_beyond(c->radius_mm);
    if (c->count <= CANDIDATES_FEW) {
        return few_pick(c, &p, reach2);
    }
    n = many_pick(c, &p);
    if (n == c->limit) {
        *reach2 = candidates_beyond(hits[n - 1].distance_mm);
    }
    return n;
}
