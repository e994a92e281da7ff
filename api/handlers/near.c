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

static bool space_fits(void *ctx, uint32_t slot)
{
    const struct near *near = ctx;
    const struct query *q = near->q;
    const struct request *rq = near->rq;
    const struct inv_space *space = &rq->inv->spaces[slot]; /* read only where a filter asks */
    struct space_view view;

    if (!(q->states >> SPACE_UNKNOWN & 1) &&
        !(q->states >> view_space_state(rq->api->p.view, slot, &rq->now) & 1)) {
        return false;
    }
    if ((q->attributes != 0 && (space->attributes & q->attributes) != q->attributes) ||
        (q->kinds != 0 && !(q->kinds >> space_key_kind(space->key) & 1))) {
        return false;
    }
    /* the quick look above may be a moment ahead of the core's timers: judge what will be shown */
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

/* Checks the cursor's kind, fills the defaults, searches. Returns the hits, UINT32_MAX when
 * answered already. */
static uint32_t search(struct near *near, bool lots, uint32_t *limit)
{
    struct request *rq = near->rq;
    struct query *q = &rq->query;
    const struct spatial *index = lots ? rq->inv->lots_index : rq->inv->spaces_index;

    near->q = q;
    near->resumed = (q->has & P(CURSOR)) != 0;
    if (near->resumed && q->cursor.kind != 'n') {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return UINT32_MAX;
    }
    if (q->states == 0) {
        q->states = 1u << SPACE_FREE;
    }
    *limit = q->limit == 0 ? DEFAULT_LIMIT : q->limit;
    if (index == NULL) {
        return 0;
    }
    return spatial_near(rq->inv, index, q->at, (int64_t)q->radius_m * 1000,
                        lots ? lot_fits : space_fits, near, rq->api->hits, *limit + 1);
}

static void answer(struct near *near, bool lots, uint32_t found, uint32_t limit)
{
    struct request *rq = near->rq;
    const struct spatial *index = lots ? rq->inv->lots_index : rq->inv->spaces_index;
    const struct spatial_hit *hits = rq->api->hits;
    uint32_t shown = found > limit ? limit : found;
    struct page page = {.near = true};
    struct cursor next;

    page.coverage = shown > 0 || (index != NULL && spatial_any(rq->inv, index, rq->query.at,
                                                               (int64_t)rq->query.radius_m * 1000));
    if (!page_open(&page, rq, shown, lots)) {
        return;
    }
    for (uint32_t i = 0; i < shown; i++) {
        if (lots) {
            struct lot_view view;

            view_lot(rq->api->p.view, hits[i].slot, &rq->now, &view);
            page_lot(&page, hits[i].slot, &view, hits[i].distance_mm);
        } else {
            struct space_view view;

            view_space(rq->api->p.view, rq->inv, hits[i].slot, &rq->now, &view);
            page_space(&page, hits[i].slot, &view, hits[i].distance_mm);
        }
    }
    if (found > limit) {
        next = (struct cursor){
            .kind = 'n',
            .distance_mm = hits[shown - 1].distance_mm,
            .key = lots ? rq->inv->lots[hits[shown - 1].slot].key
                        : rq->inv->spaces[hits[shown - 1].slot].key,
        };
    }
    page_close(&page, found > limit ? &next : NULL, NULL);
}

static void near_get(struct request *rq, bool lots)
{
    struct near near = {.rq = rq};
    uint32_t limit;
    uint32_t found = search(&near, lots, &limit);

    if (found != UINT32_MAX) {
        answer(&near, lots, found, limit);
    }
}

void spaces_near(struct request *rq)
{
    near_get(rq, false);
}

void lots_near(struct request *rq)
{
    near_get(rq, true);
}
