/* Spaces and lots page by page in the order of their IDs. A page stands for what was true while it
 * was made; the cursor is the last ID, so that every place comes exactly once however the city
 * changes meanwhile. */
#include "api/handlers/places.h"
#include <stdlib.h>

#define DEFAULT_LIMIT 100u
/* What a page may cost, in candidates looked at: one that nothing passes must not hold up the
 * others, for there is one HTTP thread. The page is then short and goes on behind. A position
 * turned into another crs costs as much as ten candidates (0.3 us; 0.02 to 0.06 us, on the machine
 * of docs/PERFORMANCE.md). */
#define COST_MAX     200000u
#define CONVERT_COST 10u
/* A box is looked through as a whole, in no order. One with more in it than this is looked for
 * along the order of IDs instead, where a page can end anywhere. */
#define BOX_COST_MAX 100000u

struct list {
    struct request *rq;
    const struct query *q;
    const struct place_order *order;
    bool lots;
    struct geo_box box;
    uint32_t cost; /* of what was looked at so far */
    bool wide;     /* the box has more in it than may be looked through */
    /* the page: slots in the order of their keys, at most limit + 1 */
    uint32_t limit;
    uint32_t count;
    bool cut; /* COST_MAX reached: more behind scanned_to */
    space_key scanned_to;
};

static space_key key_of(const struct list *list, uint32_t slot)
{
    return list->lots ? list->rq->inv->lots[slot].key : list->rq->inv->spaces[slot].key;
}

static struct position_e7 at_of(const struct list *list, uint32_t slot)
{
    return list->lots ? list->rq->inv->lots[slot].at : list->rq->inv->spaces[slot].at;
}

/* The WGS-84 box round it first: converting a position costs far more than the rest. */
static bool box_has(struct list *list, struct position_e7 at)
{
    const struct geo_box *box = &list->box;

    if (at.lat < box->south_west.lat || at.lat > box->north_east.lat ||
        at.lon < box->south_west.lon || at.lon > box->north_east.lon) {
        return false;
    }
    list->cost += box->crs == CRS_WGS84 ? 0 : CONVERT_COST;
    return geo_box_has(box, at);
}

static bool fits(struct list *list, uint32_t slot)
{
    const struct query *q = list->q;
    const struct request *rq = list->rq;
    space_key key = key_of(list, slot);

    list->cost++;
    if (q->kinds != 0 && !(q->kinds >> space_key_kind(key) & 1)) {
        return false;
    }
    if (query_has(q, PARAM_BBOX) && !box_has(list, at_of(list, slot))) {
        return false;
    }
    if (list->lots) {
        struct lot_view view;

        if (q->min_free == 0) {
            return true;
        }
        view_lot(rq->api->p.view, slot, &rq->now, &view);
        return view.counts.free >= q->min_free && !view.closed;
    }
    if (query_has(q, PARAM_LOT) && rq->inv->lots[rq->inv->spaces[slot].lot].key != q->lot) {
        return false;
    }
    return (rq->inv->spaces[slot].attributes & q->attributes) == q->attributes &&
           (q->states == 0 || (q->states >> view_space_state(rq->api->p.view, slot, &rq->now) & 1));
}

/* Along the order of IDs; a lot's spaces share its site, so they stand together. */
static void gather_in_order(struct list *list, space_key after)
{
    const struct request *rq = list->rq;
    const uint32_t *slots = list->lots ? list->order->lots : list->order->spaces;
    uint32_t all = list->lots ? list->order->lot_count : list->order->space_count;
    space_key last = UINT64_MAX;

    if (query_has(list->q, PARAM_LOT)) {
        space_key site = space_key_site(list->q->lot);

        after = after < site ? site : after;
        last = site + 9999; /* NNNN */
    }
    for (uint32_t i =
             place_order_after(list->order, rq->inv, list->lots ? PLACE_LOTS : PLACE_SPACES, after);
         i < all; i++) {
        space_key key = key_of(list, slots[i]);

        if (key > last || list->count > list->limit) {
            return;
        }
        if (list->cost >= COST_MAX) {
            list->cut = true;
            return;
        }
        list->scanned_to = key;
        if (fits(list, slots[i])) {
            rq->api->hits[list->count++].slot = slots[i];
        }
    }
}

struct box_visit {
    struct list *list;
    space_key after;
};

/* Keeps the limit + 1 smallest keys as a heap, the largest on top. */
static bool box_take(void *ctx, uint32_t slot)
{
    struct box_visit *visit = ctx;
    struct list *list = visit->list;
    struct spatial_hit *heap = list->rq->api->hits;
    space_key key = key_of(list, slot);
    uint32_t i;

    if (list->cost >= BOX_COST_MAX) {
        list->wide = true;
        return false;
    }
    if (key <= visit->after) {
        list->cost++;
        return true;
    }
    if (!fits(list, slot)) {
        return true;
    }
    if (list->count <= list->limit) {
        i = list->count++;
        while (i > 0 && key_of(list, heap[(i - 1) / 2].slot) < key) {
            heap[i] = heap[(i - 1) / 2];
            i = (i - 1) / 2;
        }
        heap[i].slot = slot;
        return true;
    }
    if (key > key_of(list, heap[0].slot)) {
        return true;
    }
    i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= list->count) {
            break;
        }
        if (child + 1 < list->count &&
            key_of(list, heap[child + 1].slot) > key_of(list, heap[child].slot)) {
            child++;
        }
        if (key_of(list, heap[child].slot) <= key) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i].slot = slot;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct spatial_hit *x = a;
    const struct spatial_hit *y = b;

    return x->distance_mm < y->distance_mm ? -1 : x->distance_mm > y->distance_mm;
}

static void gather_in_box(struct list *list, space_key after)
{
    struct box_visit visit = {.list = list, .after = after};
    const struct inventory *inv = list->rq->inv;
    const struct spatial *index = list->lots ? inv->lots_index : inv->spaces_index;
    struct spatial_hit *hits = list->rq->api->hits;

    if (index != NULL) {
        spatial_box(index, list->box.south_west, list->box.north_east, box_take, &visit);
    }
    if (list->wide) {
        list->count = 0;
        list->cost = 0;
        gather_in_order(list, after);
        return;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        hits[i].distance_mm = (int64_t)key_of(list, hits[i].slot); /* keys are below 2^56 */
    }
    qsort(hits, list->count, sizeof *hits, by_key);
}

static void list_answer(struct list *list, const char *etag)
{
    struct request *rq = list->rq;
    uint32_t shown = list->count > list->limit ? list->limit : list->count;
    struct cursor next = {.kind = 'k'};
    bool more = list->count > list->limit || list->cut;
    struct page page = {0};

    if (!page_open(&page, rq, shown, list->lots)) {
        return;
    }
    for (uint32_t i = 0; i < shown; i++) {
        uint32_t slot = rq->api->hits[i].slot;

        if (list->lots) {
            struct lot_view view;

            view_lot(rq->api->p.view, slot, &rq->now, &view);
            page_lot(&page, slot, &view, -1);
        } else {
            struct space_view view;

            view_space(rq->api->p.view, rq->inv, slot, &rq->now, &view);
            page_space(&page, slot, &view, -1);
        }
    }
    if (more) {
        next.key = list->count > list->limit ? key_of(list, rq->api->hits[shown - 1].slot)
                                             : list->scanned_to;
    }
    page_close(&page, more ? &next : NULL, etag);
}

static bool list_open(struct list *list)
{
    struct request *rq = list->rq;
    struct query *q = &rq->query;

    list->q = q;
    list->limit = q->limit == 0 ? DEFAULT_LIMIT : q->limit;
    if (query_has(q, PARAM_CURSOR) && q->cursor.kind != 'k') {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    if (place_order_refresh(&rq->api->order, rq->inv) != ERR_OK) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return false;
    }
    list->order = &rq->api->order;
    if (query_has(q, PARAM_BBOX)) {
        list->box =
            (struct geo_box){q->crs, q->west_e9, q->south_e9, q->east_e9, q->north_e9, {0}, {0}};
        geo_box_make(&list->box);
    }
    return true;
}

static void list_get(struct request *rq, bool lots)
{
    struct list list = {.rq = rq, .lots = lots};
    /* taken before the first item is read: a change meanwhile makes the next look a new page */
    struct answer_version version = {rq->inv->version, change_ring_newest(rq->api->p.changes),
                                     NO_SLOT, rq->now.lagging};
    char etag[ETAG_MAX];

    answer_etag(&version, change_ring_epoch(rq->api->p.changes), rq->accept, etag);
    if (!list_open(&list) || respond_not_modified(rq, etag)) {
        return;
    }
    if (query_has(&rq->query, PARAM_BBOX)) {
        gather_in_box(&list, rq->query.cursor.key);
    } else {
        gather_in_order(&list, rq->query.cursor.key);
    }
    list_answer(&list, etag);
    if (rq->heads.authorizations == 0) {
        answer_keep(&rq->api->cache, rq, &version, etag);
    }
}

void spaces_list(struct request *rq)
{
    list_get(rq, false);
}

void lots_list(struct request *rq)
{
    list_get(rq, true);
}
