/* The spatial index: a packed R-tree over places in Hilbert order, 16 children a node. Built once
 * with a snapshot, then only read; near queries of the API run here.
 *
 * Exactness: distances that decide are distance_mm, whole millimetres on the sphere. Pruning uses a
 * planar lower bound: with h = sin^2(dlat/2) + cos(lat0) cos(lat) sin^2(dlon/2) the distance is
 * 2 R asin(sqrt h) >= 2 R sqrt h, sin^2 y >= y^2 (1 - y^2/3), and cos(lat) >= the smaller cosine of
 * the two parallels at the radius. So for every place inside the radius distance >= R sqrt(1 -
 * y^2/3) sqrt(dlat^2 + cos(lat0) cos_min dlon^2),   y = dlon_max / 2, and a place outside the
 * radius may be pruned by whatever number. One millimetre is added for the rounding. Near the poles
 * and the antimeridian the bound uses the latitude alone. */
#include "gateway/inventory/spatial.h"
#include "gateway/inventory/hilbert.h"
#include <math.h>
#include <stdlib.h>

#define FANOUT     16
#define LEVELS_MAX 9 /* 16^8 = 2^32 places */
#define QUEUE_MAX                                                                                  \
    512 /* nodes waiting; beyond it a node is searched at once, exact all the same                 \
         */

#define RAD_PER_E7 1.7453292519943295e-9

struct box {
    int32_t south, west, north, east;
};

struct spatial {
    uint32_t count;
    uint32_t level_count;             /* level 0: boxes of 16 places each; the last has one box */
    uint32_t level_start[LEVELS_MAX]; /* in boxes */
    uint32_t level_boxes[LEVELS_MAX];
    struct position_e7 *places;
    uint32_t *slots; /* NULL when place i has slot i (right after start) */
    struct box *boxes;
};

/* --- building --- */

static struct box box_of_places(const struct position_e7 *p, uint32_t n)
{
    struct box b = {p[0].lat, p[0].lon, p[0].lat, p[0].lon};

    for (uint32_t i = 1; i < n; i++) {
        b.south = p[i].lat < b.south ? p[i].lat : b.south;
        b.north = p[i].lat > b.north ? p[i].lat : b.north;
        b.west = p[i].lon < b.west ? p[i].lon : b.west;
        b.east = p[i].lon > b.east ? p[i].lon : b.east;
    }
    return b;
}

static struct box box_of_boxes(const struct box *c, uint32_t n)
{
    struct box b = c[0];

    for (uint32_t i = 1; i < n; i++) {
        b.south = c[i].south < b.south ? c[i].south : b.south;
        b.north = c[i].north > b.north ? c[i].north : b.north;
        b.west = c[i].west < b.west ? c[i].west : b.west;
        b.east = c[i].east > b.east ? c[i].east : b.east;
    }
    return b;
}

static uint32_t groups(uint32_t n)
{
    return n / FANOUT + (n % FANOUT != 0);
}

static uint32_t group_size(uint32_t n, uint32_t group)
{
    return n - group * FANOUT < FANOUT ? n - group * FANOUT : FANOUT;
}

static void levels_plan(struct spatial *index)
{
    uint32_t total = 0;
    uint32_t n = index->count;

    do {
        n = groups(n);
        index->level_start[index->level_count] = total;
        index->level_boxes[index->level_count++] = n;
        total += n;
    } while (n > 1);
}

static void boxes_fill(struct spatial *index)
{
    for (uint32_t i = 0; i < index->level_boxes[0]; i++) {
        index->boxes[i] =
            box_of_places(index->places + (size_t)i * FANOUT, group_size(index->count, i));
    }
    for (uint32_t level = 1; level < index->level_count; level++) {
        const struct box *below = index->boxes + index->level_start[level - 1];
        struct box *here = index->boxes + index->level_start[level];

        for (uint32_t i = 0; i < index->level_boxes[level]; i++) {
            here[i] = box_of_boxes(below + (size_t)i * FANOUT,
                                   group_size(index->level_boxes[level - 1], i));
        }
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
    uint32_t last;
    enum err e;

    if (index == NULL) {
        return ERR_NO_MEMORY;
    }
    *out = index;
    index->count = count;
    if (count == 0) {
        return ERR_OK;
    }
    levels_plan(index);
    last = index->level_count - 1;
    index->places = malloc((size_t)count * sizeof *index->places);
    index->slots = malloc((size_t)count * sizeof *index->slots);
    index->boxes = malloc(((size_t)index->level_start[last] + index->level_boxes[last]) *
                          sizeof *index->boxes);
    e = index->places == NULL || index->slots == NULL || index->boxes == NULL
            ? ERR_NO_MEMORY
            : places_fill(index, places);
    if (e != ERR_OK) {
        spatial_destroy(index);
        *out = NULL;
        return e;
    }
    boxes_fill(index);
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
    free(index);
}

/* --- nearest places --- */

struct waiting {
    double bound2; /* squared lower bound, mm^2 */
    uint32_t level;
    uint32_t box; /* within its level */
};

struct search {
    const struct inventory *inv;
    const struct spatial *index;
    struct position_e7 at;
    double lat_mm, lon_mm; /* mm of the lower bound per 1e-7 degree */
    double reach2;         /* nothing whose bound2 is above can enter */
    int64_t reach_mm;      /* radius, or the worst of a full answer */
    spatial_filter filter;
    void *ctx;
    struct spatial_hit *hits; /* max-heap by (distance, ID) */
    uint32_t hit_count;
    uint32_t limit;
    uint32_t queued;
    struct waiting queue[QUEUE_MAX]; /* min-heap by bound2 */
};

static void reach_set(struct search *s, int64_t mm)
{
    double reach = (double)mm + 1.0;

    s->reach_mm = mm;
    s->reach2 = reach * reach;
}

static void bounds_plan(struct search *s, int64_t radius_mm)
{
    const double earth_mm = EARTH_RADIUS_M * 1000.0;
    double lat = fabs((double)s->at.lat) * RAD_PER_E7;
    double span = ((double)radius_mm + 1.0) / earth_mm; /* radius as an angle */
    double cos_min = cos(lat + span);
    double lon_span = cos_min > 0.1 ? span / cos_min * 1.05 : 4.0; /* > the true one: sphere */
    double half_turn = 1800000000.0 * RAD_PER_E7;

    s->lat_mm = earth_mm * RAD_PER_E7;
    s->lon_mm = 0;
    if (span < 0.1 && lat + span < 1.4 && lon_span < 0.5 &&
        fabs((double)s->at.lon) * RAD_PER_E7 + lon_span < half_turn) {
        s->lat_mm *= sqrt(1.0 - lon_span * lon_span / 12.0) * (1.0 - 1e-12);
        s->lon_mm = s->lat_mm * sqrt(cos(lat) * cos_min);
    } else if (span < 1.0) {
        s->lat_mm *= sqrt(1.0 - span * span / 12.0) * (1.0 - 1e-12);
    } else {
        s->lat_mm = 0;
    }
}

static double gap(int32_t low, int32_t high, int32_t at)
{
    double below = (double)low - at;
    double above = (double)at - high;
    double g = below > above ? below : above;

    return g > 0 ? g : 0;
}

static double box_bound2(const struct search *s, const struct box *b)
{
    double y = gap(b->south, b->north, s->at.lat) * s->lat_mm;
    double x = gap(b->west, b->east, s->at.lon) * s->lon_mm;

    return x * x + y * y;
}

static space_key key_of(const struct search *s, uint32_t slot)
{
    return s->index == s->inv->lots_index ? s->inv->lots[slot].key : s->inv->spaces[slot].key;
}

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

static void hits_add(struct search *s, struct spatial_hit hit)
{
    uint32_t at = s->hit_count;

    if (s->hit_count == s->limit) {
        if (!is_behind(s, &s->hits[0], &hit)) {
            return;
        }
        s->hits[0] = hit;
        hits_sink(s, 0, s->limit);
        reach_set(s, s->hits[0].distance_mm);
        return;
    }
    s->hit_count++;
    while (at > 0 && is_behind(s, &hit, &s->hits[(at - 1) / 2])) {
        s->hits[at] = s->hits[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->hits[at] = hit;
    if (s->hit_count == s->limit) {
        reach_set(s, s->hits[0].distance_mm);
    }
}

static void hits_sort(struct search *s)
{
    for (uint32_t n = s->hit_count; n > 1; n--) {
        struct spatial_hit last = s->hits[0];

        s->hits[0] = s->hits[n - 1];
        s->hits[n - 1] = last;
        hits_sink(s, 0, n - 1);
    }
}

static void place_judge(struct search *s, uint32_t place)
{
    struct spatial_hit hit = {.slot = s->index->slots == NULL ? place : s->index->slots[place]};

    if (s->filter != NULL && !s->filter(s->ctx, hit.slot)) {
        return;
    }
    hit.distance_mm = distance_mm(s->at, s->index->places[place]);
    if (hit.distance_mm <= s->reach_mm) {
        hits_add(s, hit);
    }
}

static void leaf_search(struct search *s, uint32_t box)
{
    const struct position_e7 *p = s->index->places + (size_t)box * FANOUT;
    uint32_t n = group_size(s->index->count, box);
    double bound2[FANOUT];

    for (uint32_t i = 0; i < n; i++) {
        double y = ((double)p[i].lat - s->at.lat) * s->lat_mm;
        double x = ((double)p[i].lon - s->at.lon) * s->lon_mm;

        bound2[i] = x * x + y * y;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (bound2[i] <= s->reach2) {
            place_judge(s, box * FANOUT + i);
        }
    }
}

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
    if (s->queued > 0) {
        s->queue[at] = last;
    }
    return first;
}

/* Depth of the recursion: the levels of the tree, and only with a full queue. */
static void node_search(struct search *s, const struct waiting *node)
{
    uint32_t below;
    uint32_t first = node->box * FANOUT;
    uint32_t n;
    const struct box *boxes;

    if (node->level == 0) {
        leaf_search(s, node->box);
        return;
    }
    below = node->level - 1;
    n = group_size(s->index->level_boxes[below], node->box);
    boxes = s->index->boxes + s->index->level_start[below] + first;
    for (uint32_t i = 0; i < n; i++) {
        struct waiting w = {box_bound2(s, &boxes[i]), below, first + i};

        if (w.bound2 > s->reach2) {
            continue;
        }
        if (s->queued < QUEUE_MAX) {
            queue_push(s, w);
        } else {
            node_search(s, &w);
        }
    }
}

uint32_t spatial_near(const struct inventory *inv, const struct spatial *index,
                      struct position_e7 at, int64_t radius_mm, spatial_filter filter, void *ctx,
                      struct spatial_hit *hits, uint32_t limit)
{
    struct search s;

    if (index == NULL || index->count == 0 || limit == 0 || radius_mm < 0) {
        return 0;
    }
    s.inv = inv;
    s.index = index;
    s.at = at;
    s.filter = filter;
    s.ctx = ctx;
    s.hits = hits;
    s.hit_count = 0;
    s.limit = limit;
    s.queued = 0;
    bounds_plan(&s, radius_mm);
    reach_set(&s, radius_mm);
    queue_push(&s, (struct waiting){0, index->level_count - 1, 0});
    while (s.queued > 0) {
        struct waiting node = queue_pop(&s);

        if (node.bound2 > s.reach2) {
            break; /* the nearest that waits is too far: so are all */
        }
        node_search(&s, &node);
    }
    hits_sort(&s);
    return s.hit_count;
}

bool spatial_any(const struct inventory *inv, const struct spatial *index, struct position_e7 at,
                 int64_t radius_mm)
{
    struct spatial_hit hit;

    return spatial_near(inv, index, at, radius_mm, NULL, NULL, &hit, 1) > 0;
}

/* --- places in a box --- */

static bool box_leaf(const struct spatial *index, uint32_t leaf, const struct box *want,
                     bool (*visit)(void *ctx, uint32_t slot), void *ctx)
{
    uint32_t first = leaf * FANOUT;
    uint32_t n = group_size(index->count, leaf);

    for (uint32_t i = first; i < first + n; i++) {
        const struct position_e7 p = index->places[i];

        if (p.lat >= want->south && p.lat <= want->north && p.lon >= want->west &&
            p.lon <= want->east && !visit(ctx, index->slots == NULL ? i : index->slots[i])) {
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
    } stack[LEVELS_MAX * FANOUT]; /* at most 15 siblings wait on each level */

    uint32_t depth = 0;

    if (index == NULL || index->count == 0) {
        return;
    }
    stack[depth].level = index->level_count - 1;
    stack[depth++].box = 0;
    while (depth > 0) {
        uint32_t level = stack[--depth].level;
        uint32_t box = stack[depth].box;
        const struct box *b = &index->boxes[index->level_start[level] + box];

        if (b->south > want.north || b->north < want.south || b->west > want.east ||
            b->east < want.west) {
            continue;
        }
        if (level == 0) {
            if (!box_leaf(index, box, &want, visit, ctx)) {
                return;
            }
            continue;
        }
        for (uint32_t i = group_size(index->level_boxes[level - 1], box); i-- > 0;) {
            stack[depth].level = level - 1;
            stack[depth++].box = box * FANOUT + i;
        }
    }
}
