/* The nearest spaces and lots: exact, sorted by distance in millimetres and then ID, from memory
 * only. */
#include "api/handlers/places.h"

#define DEFAULT_LIMIT 20u

struct near {
    struct request *rq;
    const struct query *q;
    bool resumed;
};

/* On a following page only what comes behind the cursor's (distance, ID) counts. */
static bool behind_cursor(const struct near *near, struct position_e7 at, space_key key)
{
    int64_t mm;

    if (!near->resumed) {
        return true;
    }
    mm = distance_mm(near->q->at, at);
    return mm > near->q->cursor.distance_mm ||
           (mm == near->q->cursor.distance_mm && key > near->q->cursor.key);
}

/* Bit i: slot first + i may have a wanted state. */
static uint64_t spaces_sieve(void *ctx, uint32_t first, uint32_t count)
{
    const struct near *near = ctx;

    return view_space_sieve(near->rq->api->p.view, first, count, near->q->states, &near->rq->now);
}

static bool space_fits(void *ctx, uint32_t slot)
{
    const struct near *near = ctx;
    const struct query *q = near->q;
    const struct request *rq = near->rq;
    const struct inv_space *space = &rq->inv->spaces[slot];
    struct space_view view;

    if ((q->attributes != 0 && (space->attributes & q->attributes) != q->attributes) ||
        (q->kinds != 0 && !(q->kinds >> space_key_kind(space->key) & 1))) {
        return false;
    }
    /* the sieve may be a moment ahead of the core's timers: judge what will be shown */
    view_space(rq->api->p.view, rq->inv, slot, &rq->now, &view);
    return q->states >> view.state & 1 && view.confidence >= q->min_confidence &&
           (!near->resumed || behind_cursor(near, space->at, space->key));
}

static bool lot_fits(void *ctx, uint32_t lot)
{
    const struct near *near = ctx;
    const struct query *q = near->q;
    const struct request *rq = near->rq;
    const struct inv_lot *row = &rq->inv->lots[lot];

    if (q->kinds != 0 && !(q->kinds >> space_key_kind(row->key) & 1)) {
        return false;
    }
    if (q->min_free > 0) {
        struct lot_view view;

        view_lot(rq->api->p.view, lot, &rq->now, &view);
        if (view.counts.free < q->min_free || view.closed) {
            return false;
        }
    }
    return behind_cursor(near, row->at, row->key);
}

/* Fills what the query left open; false when answered already. */
static bool query_check(struct near *near)
{
    struct request *rq = near->rq;
    struct query *q = &rq->query;

    near->q = q;
    near->resumed = query_has(q, PARAM_CURSOR);
    if (near->resumed && q->cursor.kind != 'n') {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    if (q->states == 0) {
        q->states = 1u << SPACE_FREE;
    }
    q->limit = q->limit == 0 ? DEFAULT_LIMIT : q->limit;
    return true;
}

static bool covered(const struct request *rq, const struct spatial *index)
{
    return index != NULL &&
           spatial_any(rq->inv, index, rq->query.at, (int64_t)rq->query.radius_m * 1000);
}

/* The views of all hits, read once: what is judged is what is shown. False when one of them does
 * not have a wanted state (any more). */
static bool views_take(const struct near *near, uint32_t found)
{
    const struct request *rq = near->rq;
    const struct spatial_hit *hits = rq->api->hits;
    unsigned states = near->q->states;
    bool fit = true;

    for (uint32_t i = 0; i < found; i++) {
        const struct inv_space *space = &rq->inv->spaces[hits[i].slot];

        view_space_soon(rq->api->p.view, hits[i].slot);
        __builtin_prefetch(space);
        __builtin_prefetch(&space->attributes); /* two rows in five are in two lines */
    }
    for (uint32_t i = 0; i < found; i++) {
        struct space_view *view = &rq->api->views[i];

        view_space(rq->api->p.view, rq->inv, hits[i].slot, &rq->now, view);
        scene_memo_soon(&rq->api->memo, rq->inv->spaces[hits[i].slot].lot);
        fit = fit && (states >> view->state & 1);
    }
    return fit;
}

/* limit + 1 hits: the last one only says that there is more. When nothing but states is asked the
 * sieve suffices as a rule: the hits are judged afterwards, and only when one is not what the sieve
 * took it for every candidate is. */
static uint32_t spaces_search(struct near *near)
{
    const struct request *rq = near->rq;
    const struct query *q = near->q;
    struct spatial_query sq = {
        .at = q->at, .radius_mm = (int64_t)q->radius_m * 1000, .sieve = spaces_sieve, .ctx = near};
    uint32_t found;

    if (q->attributes == 0 && q->kinds == 0 && q->min_confidence == 0 && !near->resumed &&
        !(q->states >> SPACE_UNKNOWN & 1)) {
        found = spatial_search(rq->inv, rq->inv->spaces_index, &sq, rq->api->hits, q->limit + 1);
        if (views_take(near, found)) {
            return found;
        }
    }
    sq.filter = space_fits;
    found = spatial_search(rq->inv, rq->inv->spaces_index, &sq, rq->api->hits, q->limit + 1);
    (void)views_take(near, found);
    return found;
}

void spaces_near(struct request *rq)
{
    struct near near = {.rq = rq};
    struct page page = {.near = true};
    const struct spatial_hit *hits = rq->api->hits;
    uint32_t found;
    uint32_t shown;
    struct cursor next;

    if (!query_check(&near)) {
        return;
    }
    found = spaces_search(&near);
    shown = found > rq->query.limit ? rq->query.limit : found;
    page.coverage = shown > 0 || covered(rq, rq->inv->spaces_index);
    if (!page_open(&page, rq, shown, false)) {
        return;
    }
    for (uint32_t i = 0; i < shown; i++) {
        page_space(&page, hits[i].slot, &rq->api->views[i], hits[i].distance_mm);
    }
    if (found > shown) {
        next = (struct cursor){.kind = 'n',
                               .distance_mm = hits[shown - 1].distance_mm,
                               .key = rq->inv->spaces[hits[shown - 1].slot].key};
    }
    page_close(&page, found > shown ? &next : NULL, NULL);
}

void lots_near(struct request *rq)
{
    struct near near = {.rq = rq};
    struct page page = {.near = true};
    const struct spatial_hit *hits = rq->api->hits;
    uint32_t found;
    uint32_t shown;
    struct cursor next;

    if (!query_check(&near)) {
        return;
    }
    found =
        spatial_near(rq->inv, rq->inv->lots_index, rq->query.at, (int64_t)rq->query.radius_m * 1000,
                     lot_fits, &near, rq->api->hits, rq->query.limit + 1);
    shown = found > rq->query.limit ? rq->query.limit : found;
    page.coverage = shown > 0 || covered(rq, rq->inv->lots_index);
    if (!page_open(&page, rq, shown, true)) {
        return;
    }
    for (uint32_t i = 0; i < shown; i++) {
        struct lot_view view;

        view_lot(rq->api->p.view, hits[i].slot, &rq->now, &view);
        page_lot(&page, hits[i].slot, &view, hits[i].distance_mm);
    }
    if (found > shown) {
        next = (struct cursor){.kind = 'n',
                               .distance_mm = hits[shown - 1].distance_mm,
                               .key = rq->inv->lots[hits[shown - 1].slot].key};
    }
    page_close(&page, found > shown ? &next : NULL, NULL);
}
