/* The nearest places of the spatial index; near queries of the API run here.
 *
 * Exactness: distances that decide are distance_mm, whole millimetres on the sphere. Pruning uses a
 * planar lower bound: with h = sin^2(dlat/2) + cos(lat0) cos(lat) sin^2(dlon/2) the distance is
 * 2 R asin(sqrt h) >= 2 R sqrt h, sin^2 y >= y^2 (1 - y^2/3), sqrt(1 - q) >= 1 - q, and both
 * cosines are >= the smaller one of the two parallels at the radius. So for every place inside the
 * radius distance >= bound = R (1 - y^2/3) sqrt(dlat^2 + cos_min^2 dlon^2),   y = dlon_max / 2, and
 * a place outside the radius may be pruned by whatever number.
 *
 * The other way round, with sin y <= y, asin x <= x (1 + x^2/5) for x <= 0.1, the larger cosine and
 * sqrt(cos(lat0) cos_max) <= their mean, distance <= stretch * bound. So when all places up to some
 * bound have been gathered, `limit` of them at least, a place whose bound is above stretch times
 * the limit-th smallest (and two millimetres for the rounding of both) is behind all of those, and
 * only what is left is measured.
 *
 * The search guesses from the places round the point how far it has to reach, gathers all that is
 * there, and goes on from what it found when that was too near. So it needs no order among boxes or
 * candidates on its way: order is what a processor guesses wrongly.
 *
 * Near the poles and the antimeridian the planar form does not hold: there a candidate's bound is
 * its exact distance, boxes use the latitude alone, and the reach is the radius at once. */
#include "gateway/inventory/spatial_candidates.h"
#include <math.h>

#define FANOUT       SPATIAL_FANOUT
#define GROUP_PLACES (FANOUT * FANOUT) /* of 16 leaves */
#define SIEVED       64u               /* places a word of the sieve */

#define RAD_PER_E7   1.7453292519943295e-9

struct search {
    const struct spatial *index;
    const struct spatial_query *q;
    bool planar;
    double lat_mm, lon_mm; /* mm of the lower bound per 1e-7 degree */
    double cap2;           /* squared: what is farther can not enter, whatever else comes */
    const struct inventory *inv;
    struct spatial_hit *hits;
    struct box window; /* what is in reach is in it */
    struct candidates found;
};

static double square(double v)
{
    return v * v;
}

static void bounds_plan(struct search *s)
{
    const double earth_mm = EARTH_RADIUS_M * 1000.0;
    double lat = fabs((double)s->q->at.lat) * RAD_PER_E7;
    double span = ((double)s->q->radius_mm + 1.0) * (1.0 / earth_mm); /* radius as an angle */
    double cos_lat = cos(lat);
    double cos_min = cos_lat - span; /* a cosine changes by less than its angle does */
    double lon_span = cos_min > 0.1 ? span / cos_min * 1.05 : 4.0; /* > the true one: sphere */
    double half_turn = 1800000000.0 * RAD_PER_E7;
    double shrink;

    s->lat_mm = earth_mm * RAD_PER_E7;
    s->lon_mm = 0;
    s->found.stretch = 1.0;
    s->planar = span < 0.1 && lat + span < 1.4 && lon_span < 0.5 &&
                fabs((double)s->q->at.lon) * RAD_PER_E7 + lon_span < half_turn;
    if (s->planar) {
        shrink = (1.0 - lon_span * lon_span / 12.0) * (1.0 - 1e-12);
        s->lat_mm *= shrink;
        s->lon_mm = s->lat_mm * cos_min;
        s->found.stretch = (cos_lat + span / 2.0) / (cos_min * shrink) * (1.0 + span * span / 10.0);
    } else if (span < 1.0) {
        s->lat_mm *= (1.0 - span * span / 12.0) * (1.0 - 1e-12);
    } else {
        s->lat_mm = 0;
    }
    s->found.stretch *= 1.0 + 1e-6; /* bounds of candidates are kept as float: 6e-8 */
    s->cap2 = candidates_beyond(s->q->radius_mm);
}

/* How many steps of the axis are so far, and one more; more than there are where the axis is not
 * looked at. */
static int64_t steps_within(double mm, double step_mm)
{
    const double all = 4e9;
    double steps = mm / step_mm;

    return (int64_t)(steps < all ? steps : all) + 1;
}

static int32_t on_globe(int64_t e7)
{
    const int64_t half_turn = INT64_C(1800000000);

    return (int32_t)(e7 < -half_turn ? -half_turn : e7 > half_turn ? half_turn : e7);
}

/* --- gathering --- */

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

/* Bit i = place first + i may be an answer; of up to 64. */
static uint64_t places_sieve(const struct search *s, uint32_t first)
{
    const struct spatial_query *q = s->q;
    const uint32_t left = s->index->count - first;
    const uint32_t n = left < SIEVED ? left : SIEVED;
    uint64_t bits = 0;

    if (q->sieve == NULL) {
        return ~UINT64_C(0) >> (SIEVED - n);
    }
    if (s->index->slots == NULL) {
        return q->sieve(q->ctx, first, n);
    }
    for (uint32_t i = 0; i < n; i++) {
        bits |= (q->sieve(q->ctx, s->index->slots[first + i], 1) & 1) << i;
    }
    return bits;
}

/* No room: thousands of places whose bounds are as good as equal. The best `limit` of them stay. */
static void found_settle(struct search *s)
{
    struct candidates *c = &s->found;
    double behind2;
    uint32_t n = candidates_pick(c, s->inv, s->index, s->hits, &behind2);

    if (n == c->limit && behind2 < s->cap2) {
        s->cap2 = behind2;
        s->found.reach2 = behind2 < s->found.reach2 ? behind2 : s->found.reach2;
    }
    for (c->count = 0; c->count < n; c->count++) {
        c->place[c->count] = s->hits[c->count].slot;
        c->bound2[c->count] = (float)place_bound2(s, s->hits[c->count].slot);
    }
}

/* Four bits, one a leaf -> 16 bits each. */
static uint64_t leaves_spread(uint32_t leaves)
{
    static const uint32_t two[] = {0, 0xffff, 0xffff0000, 0xffffffff};

    return two[leaves & 3] | (uint64_t)two[leaves >> 2] << 32;
}

/* Of the places first .. first + 63 those in these leaves. */
static void leaves_gather(struct search *s, uint32_t first, uint32_t leaves)
{
    const struct spatial_query *q = s->q;
    struct candidates *c = &s->found;
    uint64_t bits = places_sieve(s, first) & leaves_spread(leaves);
    double reach2;
    uint32_t n;

    if (c->count + SIEVED > CANDIDATES_MAX) {
        found_settle(s);
    }
    reach2 = s->found.reach2;
    n = c->count;
    for (; bits != 0; bits &= bits - 1) {
        uint32_t place = first + (uint32_t)__builtin_ctzll(bits);
        double bound2 = place_bound2(s, place);
        bool reached = bound2 <= reach2;

        if (q->filter != NULL) {
            reached = reached && q->filter(q->ctx, spatial_slot(s->index, place));
        }
        c->bound2[n] = (float)bound2;
        c->place[n] = place;
        n += reached; /* no branch: it would be guessed wrongly as often as not */
    }
    c->count = n;
}

/* Where a search begins: a level whose first group has all its boxes. The last level has but one.
 */
static uint32_t top_level(const struct spatial *index)
{
    return index->level_count > 2 ? index->level_count - 2 : index->level_count - 1;
}

/* A leaf's places are seldom in the cache. */
static void leaves_prefetch(const struct search *s, uint32_t first, uint32_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        size_t box = first + (uint32_t)__builtin_ctz(bits);

        __builtin_prefetch(&s->index->places[box * FANOUT]);
        __builtin_prefetch(&s->index->places[box * FANOUT + FANOUT / 2]);
    }
}

/* Depth of the recursion: the levels of the tree. */
static void group_gather(struct search *s, uint32_t level, uint32_t group)
{
    uint32_t bits =
        box_group_touched(&s->index->boxes[s->index->level_start[level] + group], s->window);

    if (level > 0) {
        for (; bits != 0; bits &= bits - 1) {
            group_gather(s, level - 1, group * FANOUT + (uint32_t)__builtin_ctz(bits));
        }
        return;
    }
    leaves_prefetch(s, group * FANOUT, bits);
    for (uint32_t first = group * GROUP_PLACES; bits != 0; bits >>= SIEVED / FANOUT) {
        uint32_t leaves = bits & ((1u << SIEVED / FANOUT) - 1);

        if (leaves != 0) {
            leaves_gather(s, first, leaves);
        }
        first += SIEVED;
    }
}

/* --- how far to reach --- */

/* Places that are to be gathered: with fewer than the limit all is done again. Where they lie at
 * random, twice the square root more are enough in 98 of 100 cases. */
static double wanted(uint32_t limit)
{
    return limit + 2.0 * sqrt(limit) + 1.0;
}

/* All positions that are at most so far away, and a little more: where longitudes are not looked at
 * it goes round the globe. */
static struct box box_within(const struct search *s, double mm)
{
    const struct position_e7 at = s->q->at;
    const int64_t dlat = steps_within(mm, s->lat_mm);
    const int64_t dlon = steps_within(mm, s->lon_mm);

    return (struct box){.south = on_globe(at.lat - dlat),
                        .west = on_globe(at.lon - dlon),
                        .north = on_globe(at.lat + dlat),
                        .east = on_globe(at.lon + dlon)};
}

/* A group whose box is touched, the first of them. */
static bool group_find(const struct search *s, struct box window, uint32_t level, uint32_t group,
                       uint32_t *found)
{
    uint32_t bits =
        box_group_touched(&s->index->boxes[s->index->level_start[level] + group], window);

    for (; bits != 0; bits &= bits - 1) {
        uint32_t box = group * FANOUT + (uint32_t)__builtin_ctz(bits);

        if (level == 1) {
            *found = box;
            return true;
        }
        if (group_find(s, window, level - 1, box, found)) {
            return true;
        }
    }
    return false;
}

static double gap(int32_t low, int32_t high, int32_t at)
{
    return at < low ? (double)low - at : at > high ? (double)at - high : 0;
}

/* A group at the point or not far from it, and how far. */
static bool group_nearby(const struct search *s, uint32_t *found, double *gap_mm)
{
    const double first_mm = 10000;
    const struct position_e7 at = s->q->at;
    struct box box;
    double mm = 0;

    while (!group_find(s, box_within(s, mm), top_level(s->index), 0, found)) {
        if (mm > (double)s->q->radius_mm) {
            return false;
        }
        mm = mm < first_mm ? first_mm : mm * 4;
    }
    box = box_get(&s->index->boxes[s->index->level_start[1] + *found / FANOUT], *found % FANOUT);
    *gap_mm = sqrt(square(gap(box.south, box.north, at.lat) * s->lat_mm) +
                   square(gap(box.west, box.east, at.lon) * s->lon_mm));
    return true;
}

/* How many of the group's places pass the sieve. One that has to be asked place by place is asked
 * about the first quarter of them. */
static double group_passing(const struct search *s, uint32_t group)
{
    const uint32_t first = group * GROUP_PLACES;
    const uint32_t left = s->index->count - first;
    const uint32_t all = left < GROUP_PLACES ? left : GROUP_PLACES;
    const uint32_t asked = s->index->slots == NULL || all < SIEVED ? all : SIEVED;
    uint32_t passed = 0;

    for (uint32_t i = 0; i < asked; i += SIEVED) {
        passed += (uint32_t)__builtin_popcountll(places_sieve(s, first + i));
    }
    return passed == 0 ? 1.0 : (double)passed * all / asked;
}

/* The ground that the group's leaves cover. */
static double group_mm2(const struct search *s, uint32_t group)
{
    const double overlap = 1.3; /* of leaves whose places lie at random, measured */

    return (double)s->index->ground[group] * s->lat_mm * s->lon_mm / overlap;
}

/* A guess from a group that is near: how far it is, and how closely they stand in it. */
static double reach2_guess(const struct search *s)
{
    const double least_mm = 1000.0;
    const double pi = 3.14159;
    uint32_t group;
    double mm;

    if (!s->planar || s->index->level_count < 2 || !group_nearby(s, &group, &mm)) {
        return s->cap2;
    }
    mm += sqrt(group_mm2(s, group) * wanted(s->found.limit) / (pi * group_passing(s, group)));
    return square(mm > least_mm ? mm : least_mm);
}

/* From what was found within the reach. */
static double reach2_grown(const struct search *s)
{
    const double least = 1.5;
    const double most = 16.0;
    double times = s->found.count == 0 ? most : wanted(s->found.limit) / s->found.count;

    times = times < least ? least : times;
    return s->found.reach2 * (times < most ? times : most);
}

/* Gathers and picks, farther and farther, until nothing that was not gathered could be among the
 * answer. */
static uint32_t search_run(struct search *s)
{
    struct candidates *c = &s->found;
    double need2 = reach2_guess(s);

    for (;;) {
        c->reach2 = need2 < s->cap2 ? need2 : s->cap2;
        c->count = 0;
        s->window = box_within(s, sqrt(c->reach2));
        group_gather(s, top_level(s->index), 0);
        if (c->count < c->limit && c->reach2 < s->cap2) {
            need2 = reach2_grown(s);
        } else {
            uint32_t n = candidates_pick(c, s->inv, s->index, s->hits, &need2);

            if (need2 <= c->reach2 || c->reach2 >= s->cap2) {
                return n;
            }
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
    s.found.at = query->at;
    s.found.radius_mm = query->radius_mm;
    s.found.limit = limit < SPATIAL_LIMIT_MAX ? limit : SPATIAL_LIMIT_MAX;
    bounds_plan(&s);
    found = search_run(&s);
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
