/* Do any two edges of an outline touch? A line sweeps from west to east over the edges and keeps
 * those it cuts in their order from south to north, in a treap and a list; only neighbours in that
 * order can be the first to meet (Shamos and Hoey 1976). All in whole 1e-7 degrees: exact.
 *
 * "West" means by (lon, lat), so that an upright edge has a west end too: its lower one. */
#include "gateway/inventory/fences/outline.h"
#include <stdlib.h>

#define NONE UINT32_MAX

struct edge {
    struct position_e7 west, east;
    uint32_t from, to;            /* corners, as given */
    uint32_t lower, upper;        /* neighbours in the order */
    uint32_t left, right, parent; /* treap */
    uint32_t rank;                /* heap order of the treap */
};

struct event {
    struct position_e7 at;
    uint32_t edge;
    bool begins;
};

struct sweep {
    struct edge *edges;
    uint32_t root;
    uint32_t hit[2];
    bool found;
};

static int place_order(struct position_e7 a, struct position_e7 b)
{
    if (a.lon != b.lon) {
        return a.lon < b.lon ? -1 : 1;
    }
    return (a.lat > b.lat) - (a.lat < b.lat);
}

/* > 0: p lies to the left of the way from a to b. Boxes of at most a degree: no overflow. */
static int64_t side_of(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return ((int64_t)b.lon - a.lon) * ((int64_t)p.lat - a.lat) -
           ((int64_t)b.lat - a.lat) * ((int64_t)p.lon - a.lon);
}

static void meet(struct sweep *s, uint32_t a, uint32_t b)
{
    if (!s->found) {
        s->found = true;
        s->hit[0] = a;
        s->hit[1] = b;
    }
}

static bool are_joined(const struct edge *a, const struct edge *b)
{
    return a->from == b->to || a->to == b->from;
}

static bool is_sign_split(int64_t a, int64_t b)
{
    return (a >= 0 && b <= 0) || (a <= 0 && b >= 0);
}

/* Do two edges have a point in common that they may not have? */
static void pair_check(struct sweep *s, uint32_t a, uint32_t b)
{
    const struct edge *x;
    const struct edge *y;

    if (a == NONE || b == NONE) {
        return;
    }
    x = &s->edges[a];
    y = &s->edges[b];
    if (are_joined(x, y)) {
        return; /* at one corner; lying on each other was seen when the second began or ends there
                 */
    }
    if (is_sign_split(side_of(x->west, x->east, y->west), side_of(x->west, x->east, y->east)) &&
        is_sign_split(side_of(y->west, y->east, x->west), side_of(y->west, y->east, x->east)) &&
        place_order(x->west, y->east) <= 0 && place_order(y->west, x->east) <= 0) {
        meet(s, a, b);
    }
}

/* Does edge a, which begins now, lie above edge t, which is under way? */
static bool is_above(struct sweep *s, uint32_t a, uint32_t t)
{
    const struct edge *x = &s->edges[a];
    const struct edge *y = &s->edges[t];
    int64_t side = side_of(y->west, y->east, x->west);

    if (side == 0) {
        /* begins on it: allowed only from the same corner, and then in another direction */
        side = side_of(y->west, y->east, x->east);
        if (side == 0 || place_order(x->west, y->west) != 0) {
            meet(s, a, t);
        }
    }
    return side > 0;
}

/* --- the treap --- */

static void child_put(struct sweep *s, uint32_t parent, uint32_t old, uint32_t child)
{
    if (parent == NONE) {
        s->root = child;
    } else if (s->edges[parent].left == old) {
        s->edges[parent].left = child;
    } else {
        s->edges[parent].right = child;
    }
    if (child != NONE) {
        s->edges[child].parent = parent;
    }
}

/* Lifts an edge above its parent. */
static void lift(struct sweep *s, uint32_t e)
{
    struct edge *up = &s->edges[e];
    uint32_t p = up->parent;
    struct edge *down = &s->edges[p];

    child_put(s, down->parent, p, e);
    if (down->left == e) {
        down->left = up->right;
        if (up->right != NONE) {
            s->edges[up->right].parent = p;
        }
        up->right = p;
    } else {
        down->right = up->left;
        if (up->left != NONE) {
            s->edges[up->left].parent = p;
        }
        up->left = p;
    }
    down->parent = e;
}

static void edge_begin(struct sweep *s, uint32_t e)
{
    struct edge *x = &s->edges[e];
    uint32_t at = s->root;
    uint32_t parent = NONE;
    bool above = false;

    x->lower = x->upper = x->left = x->right = NONE;
    while (at != NONE) {
        parent = at;
        above = is_above(s, e, at);
        if (above) {
            x->lower = at;
            at = s->edges[at].right;
        } else {
            x->upper = at;
            at = s->edges[at].left;
        }
    }
    x->parent = parent;
    if (parent == NONE) {
        s->root = e;
    } else if (above) {
        s->edges[parent].right = e;
    } else {
        s->edges[parent].left = e;
    }
    if (x->lower != NONE) {
        s->edges[x->lower].upper = e;
    }
    if (x->upper != NONE) {
        s->edges[x->upper].lower = e;
    }
    while (x->parent != NONE && s->edges[x->parent].rank > x->rank) {
        lift(s, e);
    }
    pair_check(s, x->lower, e);
    pair_check(s, e, x->upper);
}

static void edge_end(struct sweep *s, uint32_t e)
{
    struct edge *x = &s->edges[e];

    while (x->left != NONE && x->right != NONE) {
        lift(s, s->edges[x->left].rank < s->edges[x->right].rank ? x->left : x->right);
    }
    child_put(s, x->parent, e, x->left != NONE ? x->left : x->right);
    if (x->lower != NONE) {
        s->edges[x->lower].upper = x->upper;
    }
    if (x->upper != NONE) {
        s->edges[x->upper].lower = x->lower;
    }
    pair_check(s, x->lower, x->upper);
}

/* --- the sweep --- */

/* At one place what ends comes before what begins: neighbours of a ring never stand in the order
 * together with a point in common, but for the two that begin there. */
static int event_order(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    int order = place_order(x->at, y->at);

    if (order != 0) {
        return order;
    }
    if (x->begins != y->begins) {
        return x->begins ? 1 : -1;
    }
    return (x->edge > y->edge) - (x->edge < y->edge);
}

/* splitmix32: ranks that no outline can be made against by chance. */
static uint32_t rank_of(uint32_t v)
{
    v = (v + 1) * UINT32_C(0x9e3779b9);
    v = (v ^ v >> 16) * UINT32_C(0x85ebca6b);
    v = (v ^ v >> 13) * UINT32_C(0xc2b2ae35);
    return v ^ v >> 16;
}

static void edges_fill(struct edge *edges, struct event *events,
                       const struct outline_corner *corners, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct position_e7 a = corners[i].at;
        struct position_e7 b = corners[corners[i].next].at;
        bool eastward = place_order(a, b) < 0;

        edges[i] = (struct edge){.west = eastward ? a : b,
                                 .east = eastward ? b : a,
                                 .from = i,
                                 .to = corners[i].next,
                                 .rank = rank_of(i)};
        events[2 * (size_t)i] = (struct event){edges[i].west, i, true};
        events[2 * (size_t)i + 1] = (struct event){edges[i].east, i, false};
    }
}

/* Two neighbours that end at the same place and lie on each other are met by no other rule. */
static void spikes_check(struct sweep *s, const struct outline_corner *corners, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = corners[i].next;
        struct position_e7 a = corners[i].at;
        struct position_e7 b = corners[j].at;
        struct position_e7 c = corners[corners[j].next].at;

        if (side_of(a, b, c) == 0 && ((place_order(a, b) < 0) != (place_order(b, c) < 0))) {
            meet(s, i, j);
        }
    }
}

enum err outline_crossing(const struct outline_corner *corners, uint32_t count, bool *found,
                          uint32_t *a, uint32_t *b)
{
    struct sweep s = {.root = NONE};
    struct event *events = malloc(2 * (size_t)count * sizeof *events);

    s.edges = malloc((size_t)count * sizeof *s.edges);
    if (events == NULL || s.edges == NULL) {
        free(events);
        free(s.edges);
        return ERR_NO_MEMORY;
    }
    edges_fill(s.edges, events, corners, count);
    spikes_check(&s, corners, count);
    qsort(events, 2 * (size_t)count, sizeof *events, event_order);
    for (size_t i = 0; !s.found && i < 2 * (size_t)count; i++) {
        if (events[i].begins) {
            edge_begin(&s, events[i].edge);
        } else {
            edge_end(&s, events[i].edge);
        }
    }
    *found = s.found;
    *a = s.hit[0];
    *b = s.hit[1];
    free(events);
    free(s.edges);
    return ERR_OK;
}
