/* Fences for residents and operators: where a bike may be left, and how full it is. From memory
 * only; bikes are counts here, never identities. */
#include "api/handlers/fleet.h"
#include "api/handlers/places.h"
#include <stdlib.h>
#include <string.h>

#define NEAR_LIMIT   20u
#define LIST_LIMIT   100u
#define LIST_CORNERS 200u /* a list leaves larger areas out; the fence itself has them */

static void area_write(const struct request *rq, struct json_writer *w, uint32_t fence)
{
    const struct inv_fence *is = &rq->inv->fences[fence];
    bool open = false;

    json_object(w);
    json_kv_str(w, "type", "MultiPolygon");
    json_key(w, "coordinates");
    json_array(w);
    for (uint32_t r = is->ring; r < is->ring + is->ring_count; r++) {
        uint32_t corners;
        bool hole;
        const struct position_e7 *at = fences_ring(rq->inv, r, &corners, &hole);

        if (!hole) {
            if (open) {
                json_array_end(w);
            }
            json_array(w);
            open = true;
        }
        json_array(w);
        for (uint32_t i = 0; i <= corners; i++) { /* closed, as GeoJSON wants it */
            const struct position_e7 shown = fleet_position(rq->query.crs, at[i % corners]);

            json_array(w);
            json_decimal(w, shown.lon, 7);
            json_decimal(w, shown.lat, 7);
            json_array_end(w);
        }
        json_array_end(w);
    }
    if (open) {
        json_array_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

static uint32_t corners_of(const struct inventory *inv, const struct inv_fence *is)
{
    uint32_t all = 0;

    for (uint32_t r = is->ring; r < is->ring + is->ring_count; r++) {
        uint32_t corners;
        bool hole;

        (void)fences_ring(inv, r, &corners, &hole);
        all += corners;
    }
    return all;
}

/* Shares by operator: an operator sees its own, staff see all, the public none. */
static void shares_write(const struct request *rq, struct json_writer *w,
                         const struct fence_view *view)
{
    if (rq->role == ROLE_PUBLIC) {
        return;
    }
    json_key(w, "by_operator");
    json_object(w);
    for (uint32_t i = 0; i < rq->inv->operator_count && i < OPERATORS_MAX; i++) {
        const char *code = rq->inv->operators[i].code;

        if (rq->operator_code[0] == '\0' || strcmp(code, rq->operator_code) == 0) {
            json_kv_u64(w, code, view->by_operator[i]);
        }
    }
    json_object_end(w);
}

static void names_write(const struct request *rq, struct json_writer *w, const struct inv_fence *is)
{
    json_key(w, "name");
    json_object(w);
    if (is->name_zh != 0) {
        json_kv_str(w, "zh-CN", inventory_text(rq->inv, is->name_zh));
    }
    if (is->name_en != 0) {
        json_kv_str(w, "en", inventory_text(rq->inv, is->name_en));
    }
    json_object_end(w);
}

/* count, room and fill; null where its listeners are silent: unknown is not empty. */
static void figures_write(const struct request *rq, struct json_writer *w,
                          const struct inv_fence *is, const struct fence_view *view)
{
    const uint32_t count = view->brief.count;

    if (is->use == FENCE_PARK) {
        json_kv_u64(w, "capacity", is->capacity);
    }
    if (view->brief.silent || rq->now.lagging) {
        json_kv_null(w, "count");
        if (is->use == FENCE_PARK) {
            json_kv_null(w, "room");
            json_kv_null(w, "fill");
        }
        json_kv_str(w, "reason", rq->now.lagging ? "gateway_lag" : "listener_silent");
        return;
    }
    json_kv_u64(w, "count", count);
    if (is->use == FENCE_PARK) {
        json_kv_u64(w, "room", count < is->capacity ? is->capacity - count : 0);
        json_key(w, "fill");
        json_decimal(w, is->capacity == 0 ? 0 : (int64_t)count * 1000 / is->capacity, 3);
    }
    json_kv_str(w, "reason", "fresh");
    shares_write(rq, w, view);
}

static void fence_members(const struct request *rq, struct json_writer *w, uint32_t fence,
                          int64_t distance_mm)
{
    const struct inv_fence *is = &rq->inv->fences[fence];
    const int64_t wall_ms = rq->now.at_ms + rq->now.shift_ms;
    struct fence_view view;
    char display[SPACE_ID_DISPLAY_LEN + 1];

    view_fence(rq->api->p.view, fence, &view);
    space_id_display(is->key, display);
    json_kv_place(w, "id", is->key);
    json_kv_str(w, "display", display);
    names_write(rq, w, is);
    json_kv_str(w, "use", fence_use_name((enum fence_use)is->use));
    figures_write(rq, w, is, &view);
    json_key(w, "valid");
    json_object(w);
    json_kv_time(w, "from", is->from_ms != 0 ? is->from_ms : -1);
    json_kv_time(w, "until", is->until_ms != 0 ? is->until_ms : -1);
    json_object_end(w);
    json_kv_bool(w, "in_force", fence_in_force(is, wall_ms));
    json_key(w, "location");
    fleet_location(rq->query.crs, w, is->centre);
    if (distance_mm >= 0) {
        json_kv_i64(w, "distance_m", (distance_mm + 500) / 1000);
    }
    json_kv_time(w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
}

static void fence_write(const struct request *rq, struct json_writer *w, uint32_t fence,
                        int64_t distance_mm, bool single)
{
    const bool area = single || corners_of(rq->inv, &rq->inv->fences[fence]) <= LIST_CORNERS;
    const bool geo = rq->accept == ACCEPT_GEO;

    json_object(w);
    if (geo) {
        char id[SPACE_ID_LEN + 1];

        space_id_format(rq->inv->fences[fence].key, id);
        json_kv_str(w, "type", "Feature");
        json_kv_str(w, "id", id);
        json_key(w, "properties");
        json_object(w);
    }
    fence_members(rq, w, fence, distance_mm);
    if (geo) {
        json_object_end(w);
    }
    json_key(w, geo ? "geometry" : "area");
    if (area) {
        area_write(rq, w, fence);
    } else {
        json_null(w);
    }
    json_object_end(w);
}

void fence_event_write(struct strbuf *out, const struct inventory *inv, uint32_t fence,
                       const struct fence_brief *brief, int64_t at_ms)
{
    const struct inv_fence *is = &inv->fences[fence];
    struct json_writer w;

    strbuf_puts(out, "event: fence\ndata: ");
    json_writer_init(&w, out);
    json_object(&w);
    json_kv_place(&w, "id", is->key);
    json_kv_str(&w, "use", fence_use_name((enum fence_use)is->use));
    if (is->use == FENCE_PARK) {
        json_kv_u64(&w, "capacity", is->capacity);
    }
    if (brief->silent) {
        json_kv_null(&w, "count");
    } else {
        json_kv_u64(&w, "count", brief->count);
    }
    if (is->use == FENCE_PARK && brief->silent) {
        json_kv_null(&w, "room");
    } else if (is->use == FENCE_PARK) {
        json_kv_u64(&w, "room", brief->count < is->capacity ? is->capacity - brief->count : 0);
    }
    json_kv_time(&w, "as_of", at_ms);
    json_object_end(&w);
    strbuf_puts(out, "\n\n");
}

/* What a key's owner sees of shares is nobody else's: no shared cache may keep it. */
static void kind_pick(struct request *rq)
{
    if (rq->role != ROLE_PUBLIC) {
        rq->kind = REPLY_PRIVATE;
    }
}

uint32_t fence_find(struct request *rq)
{
    const char *text = rq->match.argument;
    space_key key;
    space_key replaced_by = 0;
    const enum id_fault fault = space_id_parse(text, strlen(text), &key);
    uint32_t fence;
    bool removed;

    if (fault != ID_OK) {
        respond_problem(rq, ERR_BAD_ID, id_fault_text(fault));
        return NO_FENCE;
    }
    fence = fences_find(rq->inv, key);
    removed = fence != NO_FENCE && rq->inv->fences[fence].removed;
    if (fence != NO_FENCE && !removed) {
        return fence;
    }
    if (inventory_tombstone(rq->inv, key, &replaced_by) || removed) {
        place_gone(rq, replaced_by);
    } else {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such fence");
    }
    return NO_FENCE;
}

void fence_get(struct request *rq)
{
    const uint32_t fence = fence_find(rq);
    struct strbuf out = {0};
    struct json_writer w;

    if (fence == NO_FENCE) {
        return;
    }
    kind_pick(rq);
    json_writer_init(&w, &out);
    fence_write(rq, &w, fence, -1, true);
    respond_text(rq, 200, rq->accept == ACCEPT_GEO ? type_geo : type_json, &out);
}

/* --- lists --- */

static bool use_fits(const struct request *rq, uint32_t fence)
{
    const struct inv_fence *is = &rq->inv->fences[fence];

    return is->removed == 0 && (rq->query.uses == 0 || (rq->query.uses >> is->use & 1) != 0);
}

static void list_open(struct request *rq, struct json_writer *w)
{
    kind_pick(rq);
    json_object(w);
    if (rq->accept == ACCEPT_GEO) { /* where "crs" was another thing (RFC 7946 appendix B.1) */
        json_kv_str(w, "type", "FeatureCollection");
    } else {
        json_kv_str(w, "crs", crs_name(rq->query.crs));
    }
    json_kv_time(w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(w, rq->accept == ACCEPT_GEO ? "features" : "items");
    json_array(w);
}

static void list_close(struct request *rq, struct json_writer *w, struct strbuf *out,
                       const struct cursor *next)
{
    char text[CURSOR_TEXT_MAX];

    json_array_end(w);
    if (next != NULL) {
        (void)cursor_write(next, text);
        json_kv_str(w, "next", text);
    }
    json_object_end(w);
    respond_text(rq, 200, rq->accept == ACCEPT_GEO ? type_geo : type_json, out);
    if (next != NULL) {
        respond_next(rq, text);
    }
}

static bool cursor_fits(struct request *rq, char kind)
{
    if (query_has(&rq->query, PARAM_CURSOR) && rq->query.cursor.kind != kind) {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    return true;
}

struct fence_row {
    space_key key;
    uint32_t fence;
};

static int by_key(const void *a, const void *b)
{
    const struct fence_row *x = a;
    const struct fence_row *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

struct fence_page {
    struct request *rq;
    struct fence_row *rows; /**< room for limit + 1, or for all of a box */
    uint32_t count, limit;
    space_key after;
};

static bool row_take(void *ctx, uint32_t fence)
{
    struct fence_page *page = ctx;
    const space_key key = page->rq->inv->fences[fence].key;

    if (key > page->after && use_fits(page->rq, fence)) {
        page->rows[page->count++] = (struct fence_row){key, fence};
    }
    return true;
}

/* Inside a box, in no order: sorted afterwards. */
static void box_gather(struct fence_page *page)
{
    const struct request *rq = page->rq;
    const struct query *q = &rq->query;
    struct geo_box box = {.crs = q->crs,
                          .west_e9 = q->west_e9,
                          .south_e9 = q->south_e9,
                          .east_e9 = q->east_e9,
                          .north_e9 = q->north_e9};

    geo_box_make(&box);
    fences_box(rq->inv, box.south_west, box.north_east, row_take, page);
    qsort(page->rows, page->count, sizeof page->rows[0], by_key);
}

/* Along the order of IDs, one more than the page holds: it says that there is more. */
static void order_gather(struct fence_page *page)
{
    const struct request *rq = page->rq;
    const struct place_order *order = &rq->api->order;
    uint32_t all;
    const uint32_t *rows = place_order_rows(order, PLACE_FENCES, &all);

    for (uint32_t i = place_order_after(order, rq->inv, PLACE_FENCES, page->after);
         i < all && page->count <= page->limit; i++) {
        (void)row_take(page, rows[i]);
    }
}

void fences_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    const bool boxed = query_has(&rq->query, PARAM_BBOX);
    struct fence_page page = {.rq = rq, .limit = limit};
    struct strbuf out = {0};
    struct json_writer w;

    if (!cursor_fits(rq, 'k')) {
        return;
    }
    page.after = query_has(&rq->query, PARAM_CURSOR) ? rq->query.cursor.key : 0;
    page.rows = malloc((boxed ? (size_t)rq->inv->fence_count + 1 : (size_t)limit + 1) *
                       sizeof page.rows[0]);
    if (page.rows == NULL || place_order_refresh(&rq->api->order, rq->inv) != ERR_OK) {
        free(page.rows);
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    if (boxed) {
        box_gather(&page);
    } else {
        order_gather(&page);
    }
    json_writer_init(&w, &out);
    list_open(rq, &w);
    const uint32_t shown = page.count > limit ? limit : page.count;
    for (uint32_t i = 0; i < shown; i++) {
        fence_write(rq, &w, page.rows[i].fence, -1, false);
    }
    const struct cursor next = {.kind = 'k', .key = shown > 0 ? page.rows[shown - 1].key : 0};
    free(page.rows);
    list_close(rq, &w, &out, page.count > shown ? &next : NULL);
}

struct near_filter {
    const struct request *rq;
    bool resumed;
};

/* A zone that is not in force is no place to go to; a no-parking zone never is one. */
static bool near_fits(void *ctx, uint32_t fence)
{
    const struct near_filter *filter = ctx;
    const struct request *rq = filter->rq;
    const struct cursor *cursor = &rq->query.cursor;
    const struct inv_fence *is = &rq->inv->fences[fence];

    if (!use_fits(rq, fence) || !fence_in_force(is, rq->now.at_ms + rq->now.shift_ms)) {
        return false;
    }
    if (filter->resumed) {
        int64_t mm = fence_distance_mm(rq->inv, fence, rq->query.at);

        mm = mm < 0 ? 0 : mm;
        return mm > cursor->distance_mm || (mm == cursor->distance_mm && is->key > cursor->key);
    }
    return true;
}

void fences_near_get(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? NEAR_LIMIT : rq->query.limit;
    struct near_filter filter = {rq, query_has(&rq->query, PARAM_CURSOR)};
    struct fence_hit *hits;
    struct strbuf out = {0};
    struct json_writer w;
    struct cursor next;
    uint32_t found;

    if (!cursor_fits(rq, 'n')) {
        return;
    }
    if (rq->query.uses == 0) {
        rq->query.uses = 1u << FENCE_PARK;
    }
    hits = malloc((limit + 1) * sizeof hits[0]);
    if (hits == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    found = fences_near(rq->inv, rq->query.at, (int64_t)rq->query.radius_m * 1000, near_fits,
                        &filter, hits, limit + 1 > 1024 ? 1024 : limit + 1);
    json_writer_init(&w, &out);
    list_open(rq, &w);
    const uint32_t shown = found > limit ? limit : found;
    for (uint32_t i = 0; i < shown; i++) {
        fence_write(rq, &w, hits[i].fence, hits[i].distance_mm < 0 ? 0 : hits[i].distance_mm,
                    false);
    }
    if (shown > 0) {
        next = (struct cursor){.kind = 'n',
                               .distance_mm = hits[shown - 1].distance_mm,
                               .key = rq->inv->fences[hits[shown - 1].fence].key};
    }
    free(hits);
    list_close(rq, &w, &out, found > shown ? &next : NULL);
}
