/* The nearest places of the spatial index; near queries of the API run here.
 *
 * Exactness: distances that decide are distance_mm, whole millimetres on the sphere. Pruning uses a
 * planar lower bound: with h = sin^2(dlat/2) + cos(lat0) cos(lat) sin^2(dlon/2) the distance is
 * 2 R asin(sqrt h) >= 2 R sqrt h, sin^2 y >= y^2 (1 - y^2/3), and cos(lat) >= the smaller cosine of
 * the two parallels at the radius. So for every place inside the radius distance >= bound = R
 * sqrt(1 - y^2/3) sqrt(dlat^2 + cos(lat0) cos_min dlon^2),   y = dlon_max / 2, and a place outside
 * the radius may be pruned by whatever number.
 *
 * The other way round, with sin y <= y, asin x <= x (1 + x^2/5) for x <= 0.1 and the larger cosine,
 * distance <= stretch * bound. So the search collects candidates by their bound alone: once there
 * are `limit` of them, a place whose bound is above stretch times the limit-th smallest bound (and
 * two millimetres for the rounding of both) is behind all of those. Only what is left at the end,
 * hardly more than `limit`, is measured exactly.
 *
 * Near the poles and the antimeridian the planar form does not hold: there a candidate's bound is
 * its exact distance and boxes use the latitude alone. */
#include "gateway/inventory/spatial_tree.h"
#include <math.h>
#include <string.h>

#define FANOUT SPATIAL_FANOUT
#define QUEUE_MAX                                                                                  \
    512 /* nodes waiting; beyond it a node is searched at once, exact all the same                 \
         */
#define CANDIDATES_MAX 2048 /* twice SPATIAL_LIMIT_MAX */
#define FEW            64   /* finalists that are sorted by insertion */

#define RAD_PER_E7     1.7453292519943295e-9

struct waiting {
    float bound2;  /* squared lower bound, mm^2 */
    uint32_t node; /* level and box */
};

#define LEVEL_AT 28 /* of waiting.node: above 28 bits of box (16^7 boxes of the lowest level) */

struct candidate {
    float bound2;
    uint32_t place;
};

struct search {
    const struct inventory *inv;
    const struct spatial *index;
    const struct spatial_query *q;
    bool planar;
    double lat_mm, lon_mm;    /* mm of the lower bound per 1e-7 degree */
    float lat_mm_2, lon_mm_2; /* per 2e-7 degree, a little less */
    double stretch;           /* distance <= stretch * bound */
    double cap2;              /* squared: what is farther can not enter, whatever else comes */
    double reach2;            /* nothing whose bound2 is above can enter */
    uint32_t limit;
    uint32_t queued;
    uint32_t count;
    struct spatial_hit *hits;
    struct waiting queue[QUEUE_MAX];             /* min-heap by bound2 */
    struct candidate candidates[CANDIDATES_MAX]; /* sorted by bound2 */
};

static double square(double v)
{
    return v * v;
}

/* What is farther is behind all at this distance. A little more than a millimetre of slack: bounds
 * of candidates are rounded to float, beyond 30 km by more than that. */
static double cap2_of(int64_t mm)
{
    return square((double)mm + 1.0) * (1.0 + 1e-6);
}

static void bounds_plan(struct search *s)
{
    const double earth_mm = EARTH_RADIUS_M * 1000.0;
    double lat = fabs((double)s->q->at.lat) * RAD_PER_E7;
    double span = ((double)s->q->radius_mm + 1.0) / earth_mm; /* radius as an angle */
    double cos_lat = cos(lat);
    double cos_min = cos_lat - span; /* a cosine changes by less than its angle does */
    double cos_max = cos_lat + span;
    double lon_span = cos_min > 0.1 ? span / cos_min * 1.05 : 4.0; /* > the true one: sphere */
    double half_turn = 1800000000.0 * RAD_PER_E7;
    double shrink;

    s->lat_mm = earth_mm * RAD_PER_E7;
    s->lon_mm = 0;
    s->stretch = 1.0;
    s->planar = span < 0.1 && lat + span < 1.4 && lon_span < 0.5 &&
                fabs((double)s->q->at.lon) * RAD_PER_E7 + lon_span < half_turn;
    if (s->planar) {
        shrink = sqrt(1.0 - lon_span * lon_span / 12.0) * (1.0 - 1e-12);
        s->lat_mm *= shrink;
        s->lon_mm = s->lat_mm * sqrt(cos_lat * cos_min);
        s->stretch = sqrt(cos_max / cos_min) / shrink * (1.0 + span * span / 10.0);
    } else if (span < 1.0) {
        s->lat_mm *= sqrt(1.0 - span * span / 12.0) * (1.0 - 1e-12);
    } else {
        s->lat_mm = 0;
    }
    s->stretch *= 1.0 + 1e-6; /* bounds of candidates are kept as float: 6e-8 */
    s->lat_mm_2 = (float)(s->lat_mm * 2.0 * (1.0 - 1e-6));
    s->lon_mm_2 = (float)(s->lon_mm * 2.0 * (1.0 - 1e-6));
    s->cap2 = cap2_of(s->q->radius_mm);
    s->reach2 = s->cap2;
}

static space_key key_of(const struct search *s, uint32_t place)
{
    uint32_t slot = spatial_slot(s->index, place);

    return s->index == s->inv->lots_index ? s->inv->lots[slot].key : s->inv->spaces[slot].key;
}

/* --- the answer: exact distances; while it is made a hit's slot is its place --- */

/* Does a come behind b in the answer? */
static bool is_behind(const struct search *s, const struct spatial_hit *a,
                      const struct spatial_hit *b)
{
    if (a->distance_mm != b->distance_mm) {
        return a->distance_mm > b->distance_mm;
    }
    return key_of(s, a->slot) > key_of(s, b->slot);
}

static void hits_sink(const struct search *s, uint32_t at, uint32_t count)
{
    struct spatial_hit moved = s->hits[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count) {
            break;
        }
        if (child + 1 < count && is_behind(s, &s->hits[child + 1], &s->hits[child])) {
            child++;
        }
        if (!is_behind(s, &s->hits[child], &moved)) {
            break;
        }
        s->hits[at] = s->hits[child];
        at = child;
    }
    s->hits[at] = moved;
}

/* The best `limit` of many: a max-heap, then sorted. Returns how many. */
static uint32_t many_pick(const struct search *s, const struct spatial_hit *all, uint32_t n)
{
    uint32_t count = n < s->limit ? n : s->limit;

    memcpy(s->hits, all, count * sizeof *all);
    for (uint32_t i = count / 2; i-- > 0;) {
        hits_sink(s, i, count);
    }
    for (uint32_t i = count; i < n; i++) {
        if (is_behind(s, &s->hits[0], &all[i])) {
            s->hits[0] = all[i];
            hits_sink(s, 0, count);
        }
    }
    for (uint32_t i = count; i > 1; i--) {
        struct spatial_hit last = s->hits[0];

        s->hits[0] = s->hits[i - 1];
        s->hits[i - 1] = last;
        hits_sink(s, 0, i - 1);
    }
    return count;
}

/* The same for few: they come nearly in order. */
static uint32_t few_pick(const struct search *s, struct spatial_hit *all, uint32_t n)
{
    uint32_t count = n < s->limit ? n : s->limit;

    for (uint32_t i = 1; i < n; i++) {
        struct spatial_hit moved = all[i];
        uint32_t at = i;

        for (; at > 0 && is_behind(s, &all[at - 1], &moved); at--) {
            all[at] = all[at - 1];
        }
        all[at] = moved;
    }
    memcpy(s->hits, all, count * sizeof *all);
    return count;
}

/* Measures the candidates into all; returns how many are within the radius. */
static uint32_t candidates_measure(const struct search *s, struct spatial_hit *all)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t place = s->candidates[i].place;
        int64_t mm = distance_mm(s->q->at, s->index->places[place]);

        if (mm <= s->q->radius_mm) {
            all[n++] = (struct spatial_hit){mm, place};
        }
    }
    return n;
}

static uint32_t many_answer(const struct search *s)
{
    struct spatial_hit all[CANDIDATES_MAX];

    return many_pick(s, all, candidates_measure(s, all));
}

static uint32_t few_answer(const struct search *s)
{
    struct spatial_hit all[FEW];

    return few_pick(s, all, candidates_measure(s, all));
}

/* Leaves the best candidates in hits, sorted. Two ways, so that the usual one has a small stack. */
static uint32_t answer(const struct search *s)
{
    return s->count <= FEW ? few_answer(s) : many_answer(s);
}

/* --- candidates --- */

/* No room: thousands of places whose bounds are as good as equal. The best `limit` of them stay. */
static void candidates_settle(struct search *s)
{
    uint32_t n = answer(s);
    struct candidate *c = s->candidates;
    uint32_t kept = 0;

    if (n == s->limit) {
        s->cap2 = cap2_of(s->hits[n - 1].distance_mm);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        bool hit = false;

        for (uint32_t k = 0; k < n && !hit; k++) {
            hit = s->hits[k].slot == c[i].place;
        }
        if (hit) {
            c[kept++] = c[i];
        }
    }
    s->count = kept;
    s->reach2 = s->cap2 < s->reach2 ? s->cap2 : s->reach2;
}

/* Opens a gap for the bound; returns where. Few are shifted on the way, many are searched. */
static uint32_t candidate_gap(struct search *s, float bound2)
{
    struct candidate *c = s->candidates;
    uint32_t low = 0;
    uint32_t high = s->count;

    if (s->count <= FEW) {
        for (; high > 0 && c[high - 1].bound2 > bound2; high--) {
            c[high] = c[high - 1];
        }
        return high;
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (c[middle].bound2 > bound2) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    memmove(&c[low + 1], &c[low], (s->count - low) * sizeof *c);
    return low;
}

/* Not below (stretch b + 2)^2 = stretch^2 b^2 + 4 stretch b + 4, and without its root: b <= (b^2 /
 * k
 * + k) / 2 for every k > 0, here 100 m. That lets in what is less than a millimetre farther. */
static double reach2_of(const struct search *s, double bound2)
{
    const double k = 1e5;

    return s->stretch * (s->stretch * bound2 + 2.0 * (bound2 / k + k)) + 4.0;
}

static void candidate_add(struct search *s, double bound2, uint32_t place)
{
    struct candidate *c = s->candidates;
    uint32_t at;

    if (s->count == CANDIDATES_MAX) {
        candidates_settle(s);
        if (bound2 > s->reach2) {
            return;
        }
    }
    at = candidate_gap(s, (float)bound2);
    c[at] = (struct candidate){(float)bound2, place};
    s->count++;
    if (s->count >= s->limit) {
        double reach2 = reach2_of(s, (double)c[s->limit - 1].bound2);

        s->reach2 = reach2 < s->cap2 ? reach2 : s->cap2;
        while (s->count > s->limit && (double)c[s->count - 1].bound2 > s->reach2) {
            s->count--;
        }
    }
}

static double place_bound2(const struct search *s, uint32_t place)
{
    struct position_e7 p = s->index->places[place];
    double y;
    double x;

    if (!s->planar) {
        return square((double)distance_mm(s->q->at, p));
    }
    /* modulo 2^32: more than half a turn wraps to a wrong number that is still far off, and the
     * planar form is not used where the antimeridian is in reach */
    y = (double)(int32_t)((uint32_t)p.lat - (uint32_t)s->q->at.lat) * s->lat_mm;
    x = (double)(int32_t)((uint32_t)p.lon - (uint32_t)s->q->at.lon) * s->lon_mm;
    return x * x + y * y;
}

/* Bit i = place first + i may be an answer. */
static uint32_t leaf_sieve(const struct search *s, uint32_t first, uint32_t n)
{
    const struct spatial_query *q = s->q;
    uint32_t bits = 0;

    if (q->sieve == NULL) {
        return (1u << n) - 1;
    }
    if (s->index->slots == NULL) {
        return q->sieve(q->ctx, first, n);
    }
    for (uint32_t i = 0; i < n; i++) {
        bits |= (q->sieve(q->ctx, s->index->slots[first + i], 1) & 1) << i;
    }
    return bits;
}

static void leaf_search(struct search *s, uint32_t box)
{
    const struct spatial_query *q = s->q;
    uint32_t first = box * FANOUT;
    uint32_t bits = leaf_sieve(s, first, spatial_group_size(s->index->count, box));

    for (; bits != 0; bits &= bits - 1) {
        uint32_t place = first + (uint32_t)__builtin_ctz(bits);
        double bound2 = place_bound2(s, place);

        if (bound2 <= s->reach2 &&
            (q->filter == NULL || q->filter(q->ctx, spatial_slot(s->index, place)))) {
            candidate_add(s, bound2, place);
        }
    }
}

/* --- nodes: the nearest first --- */

static void queue_push(struct search *s, struct waiting w)
{
    uint32_t at = s->queued++;

    while (at > 0 && s->queue[(at - 1) / 2].bound2 > w.bound2) {
        s->queue[at] = s->queue[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->queue[at] = w;
}

static struct waiting queue_pop(struct search *s)
{
    struct waiting first = s->queue[0];
    struct waiting last = s->queue[--s->queued];
    uint32_t at = 0;

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= s->queued) {
            break;
        }
        child += child + 1 < s->queued && s->queue[child + 1].bound2 < s->queue[child].bound2;
        if (s->queue[child].bound2 >= last.bound2) {
            break;
        }
        s->queue[at] = s->queue[child];
        at = child;
    }
    s->queue[at] = last;
    return first;
}

/* v, or 0 when it is negative; without a branch, so that a loop of it becomes vectors. */
static inline int32_t positive(int32_t v)
{
    return v & ~(v >> 31);
}

/* Distance from `at` to the range, in 2e-7 degree and at most one too small; halves, so that no
 * difference overflows. At most one side is positive. */
static inline float gap_2e7(int32_t low, int32_t high, int32_t at_half)
{
    return (float)(positive((low >> 1) - at_half - 1) + positive(at_half - (high >> 1) - 1));
}

/* 16 boxes at once. */
static void group_bounds(const struct search *s, const struct box_group *restrict g,
                         float *restrict bound2)
{
    const int32_t lat = s->q->at.lat >> 1;
    const int32_t lon = s->q->at.lon >> 1;
    const float lat_mm = s->lat_mm_2;
    const float lon_mm = s->lon_mm_2;

    for (uint32_t i = 0; i < FANOUT; i++) {
        float y = gap_2e7(g->south[i], g->north[i], lat) * lat_mm;
        float x = gap_2e7(g->west[i], g->east[i], lon) * lon_mm;

        bound2[i] = x * x + y * y;
    }
}

/* What waits is read soon, and a leaf's places are seldom in the cache. */
static void node_prefetch(const struct search *s, uint32_t node)
{
    if (node >> LEVEL_AT == 0) {
        const struct position_e7 *p = &s->index->places[(size_t)node * FANOUT];

        __builtin_prefetch(p);
        __builtin_prefetch(p + FANOUT / 2);
    }
}

/* Depth of the recursion: the levels of the tree, and only with a full queue. */
static void node_search(struct search *s, uint32_t node)
{
    uint32_t level = node >> LEVEL_AT;
    uint32_t box = node & ((1u << LEVEL_AT) - 1);
    float bound2[FANOUT];
    uint32_t n;

    if (level == 0) {
        leaf_search(s, box);
        return;
    }
    level--;
    n = spatial_group_size(s->index->level_boxes[level], box);
    group_bounds(s, &s->index->boxes[s->index->level_start[level] + box], bound2);
    for (uint32_t i = 0; i < n; i++) {
        struct waiting w = {bound2[i], level << LEVEL_AT | (box * FANOUT + i)};

        if ((double)w.bound2 > s->reach2) {
            continue;
        }
        if (s->queued < QUEUE_MAX) {
            node_prefetch(s, w.node);
            queue_push(s, w);
        } else {
            node_search(s, w.node);
        }
    }
}

uint32_t spatial_search(const struct inventory *inv, const struct spatial *index,
                        const struct spatial_query *query, struct spatial_hit *hits, uint32_t limit)
{
    struct search s;
    uint32_t found;

    if (index == NULL || index->count == 0 || limit == 0 || query->radius_mm < 0) {
        return 0;
    }
    s.inv = inv;
    s.index = index;
    s.q = query;
    s.hits = hits;
    s.limit = limit < SPATIAL_LIMIT_MAX ? limit : SPATIAL_LIMIT_MAX;
    s.queued = 0;
    s.count = 0;
    bounds_plan(&s);
    queue_push(&s, (struct waiting){0, (index->level_count - 1) << LEVEL_AT});
    while (s.queued > 0) {
        struct waiting next = queue_pop(&s);

        if ((double)next.bound2 > s.reach2) {
            break; /* the nearest that waits is too far: so are all */
        }
        node_search(&s, next.node);
    }
    found = answer(&s);
    for (uint32_t i = 0; i < found; i++) {
        hits[i].slot = spatial_slot(index, hits[i].slot);
    }
    return found;
}

uint32_t spatial_near(const struct inventory *inv, const struct spatial *index,
                      struct position_e7 at, int64_t radius_mm, spatial_filter filter, void *ctx,
                      struct spatial_hit *hits, uint32_t limit)
{
    const struct spatial_query query = {
        .at = at, .radius_mm = radius_mm, .filter = filter, .ctx = ctx};

    return spatial_search(inv, index, &query, hits, limit);
}

bool spatial_any(const struct inventory *inv, const struct spatial *index, struct position_e7 at,
                 int64_t radius_mm)
{
    struct spatial_hit hit;

    return spatial_near(inv, index, at, radius_mm, NULL, NULL, &hit, 1) > 0;
}
