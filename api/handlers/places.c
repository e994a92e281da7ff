/* What the space and lot handlers share: finding the place that a path names, and the envelope of
 * lists. */
#include "api/handlers/places.h"
#include <string.h>

#define HEAD_ROOM 512u /* envelope and cursor */

void place_gone(struct request *rq, space_key replaced_by)
{
    char id[SPACE_ID_LEN + 1];

    if (replaced_by == 0) {
        respond_problem(rq, ERR_GONE, NULL);
        return;
    }
    space_id_format(replaced_by, id);
    respond_problem_with(rq, ERR_GONE, NULL, "replaced_by", id);
}

uint32_t place_find(struct request *rq, bool lot)
{
    const char *text = rq->match.argument;
    space_key key;
    space_key replaced_by = 0;
    enum id_fault fault = space_id_parse(text, strlen(text), &key);
    uint32_t index;
    bool removed;

    if (fault != ID_OK) {
        respond_problem(rq, ERR_BAD_ID, id_fault_text(fault));
        return NO_SLOT;
    }
    index = lot ? inventory_lot(rq->inv, key) : inventory_space(rq->inv, key);
    removed = index != NO_SLOT &&
              (lot ? rq->inv->lots[index].removed : rq->inv->spaces[index].removed) != 0;
    if (index != NO_SLOT && !removed) {
        return index;
    }
    if (inventory_tombstone(rq->inv, key, &replaced_by) || removed) {
        place_gone(rq, replaced_by);
    } else {
        respond_problem(rq, ERR_NOT_FOUND, lot ? "there is no such lot" : "there is no such space");
    }
    return NO_SLOT;
}

void place_scene(struct request *rq, struct scene *scene)
{
    scene_init(scene, &rq->api->memo, rq->inv, rq->now, rq->query.crs);
    scene->geo = rq->accept == ACCEPT_GEO;
    scene->members = rq->query.members == 0 ? ALL_MEMBERS : rq->query.members;
}

/* {"crs":..,"as_of":..,"coverage":..,"items":[ or the GeoJSON form of it. */
static void head_write(const struct page *page, struct strbuf *out)
{
    struct json_writer w;
    bool geo = page->scene.geo;

    json_writer_init(&w, out);
    json_object(&w);
    if (geo) {
        json_kv_str(&w, "type", "FeatureCollection");
    } else {
        json_kv_str(&w, "crs", crs_name(page->scene.crs));
    }
    json_kv_time(&w, "as_of", page->scene.now.as_of_ms + page->scene.now.shift_ms);
    if (page->near) {
        json_kv_bool(&w, "coverage", page->coverage);
    }
    json_key(&w, geo ? "features" : "items");
    strbuf_putc(out, '[');
}

/* The head of the page before, as long as it is the same: it changes once a second. */
static void head_add(struct page *page, struct strbuf *out)
{
    struct page_head *kept = &page->rq->api->page_head;
    int64_t as_of_s = (page->scene.now.as_of_ms + page->scene.now.shift_ms) / 1000;
    unsigned form = (unsigned)page->scene.crs << 3 | (unsigned)page->scene.geo << 2 |
                    (unsigned)page->near << 1 | (unsigned)page->coverage;

    if (kept->len == 0 || kept->as_of_s != as_of_s || kept->form != form) {
        struct strbuf text = {
            .data = kept->text, .cap = sizeof kept->text, .limit = sizeof kept->text};

        head_write(page, &text);
        kept->len = text.failed ? 0 : text.len;
        kept->as_of_s = as_of_s;
        kept->form = form;
    }
    strbuf_add(out, kept->text, kept->len);
}

bool page_open(struct page *page, struct request *rq, uint32_t items, bool lots)
{
    size_t cap;

    page->rq = rq;
    place_scene(rq, &page->scene);
    page->text = (struct strbuf){0};
    page->body = NULL;
    page->staged = false;
    page->has_item = false;
    if (lots) {
        head_add(page, &page->text);
        return true;
    }
    cap = (size_t)items * SPACE_JSON_MAX + HEAD_ROOM;
    page->body = page->near ? stage_take(&rq->api->stage, rq, cap) : NULL;
    page->staged = page->body != NULL;
    if (page->body == NULL) {
        page->body = body_take(&rq->api->bodies, cap);
    }
    if (page->body == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return false;
    }
    /* the head goes straight into the body: a buffer of fixed size is a strbuf that never grows */
    page->text =
        (struct strbuf){.data = page->body->data, .cap = page->body->cap, .limit = page->body->cap};
    head_add(page, &page->text);
    page->p = page->body->data + page->text.len;
    page->text = (struct strbuf){0};
    return true;
}

void page_space(struct page *page, uint32_t slot, const struct space_view *view,
                int64_t distance_mm)
{
    if (page->has_item) {
        *page->p++ = ',';
    }
    page->has_item = true;
    page->p = scene_space(&page->scene, page->p, slot, view, distance_mm);
}

void page_lot(struct page *page, uint32_t lot, const struct lot_view *view, int64_t distance_mm)
{
    struct json_writer w;

    if (page->has_item) {
        strbuf_putc(&page->text, ',');
    }
    page->has_item = true;
    json_writer_init(&w, &page->text);
    scene_lot(&page->scene, &w, lot, view, distance_mm);
}

static size_t bytes_put(char *out, size_t n, const char *bytes, size_t len)
{
    memcpy(out + n, bytes, len);
    return n + len;
}

/* Link: <same target with the cursor replaced>; rel="next". The raw target is plain ASCII without
 * <, > and ". */
static void link_write(const struct request *rq, const char *cursor, char link[STAGE_LINK_MAX])
{
    static const char end[] = ">; rel=\"next\"";
    const char *mark = memchr(rq->target, '?', rq->target_len);
    size_t path_len = mark == NULL ? rq->target_len : (size_t)(mark - rq->target);
    const char *pair = rq->raw_query == NULL ? "" : rq->raw_query;
    size_t n = bytes_put(link, 0, "<", 1);

    n = bytes_put(link, n, rq->target, path_len);
    n = bytes_put(link, n, "?", 1);
    while (*pair != '\0') {
        const char *next = strchr(pair, '&');
        size_t len = next == NULL ? strlen(pair) : (size_t)(next - pair);

        if (len > 0 && strncmp(pair, "cursor=", 7) != 0) {
            n = bytes_put(link, n, pair, len);
            n = bytes_put(link, n, "&", 1);
        }
        pair += len + (pair[len] == '&');
    }
    n = bytes_put(link, n, "cursor=", 7);
    n = bytes_put(link, n, cursor, strlen(cursor));
    (void)bytes_put(link, n, end, sizeof end);
}

void respond_next(struct request *rq, const char *cursor)
{
    char link[STAGE_LINK_MAX];

    link_write(rq, cursor, link);
    respond_header(rq, "Link", link);
}

bool page_cursor_stands(struct request *rq, char kind)
{
    const struct cursor *cursor = &rq->query.cursor;

    if (!query_has(&rq->query, PARAM_CURSOR)) {
        return true;
    }
    if (cursor->kind != kind) {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    if (cursor->version != rq->inv->version) {
        respond_problem(rq, ERR_EXPIRED,
                        "cursor: the inventory has changed since; begin without it");
        return false;
    }
    return true;
}

static void tail_write(struct strbuf *out, const char *cursor)
{
    strbuf_putc(out, ']');
    if (cursor != NULL) {
        strbuf_puts(out, ",\"next\":\"");
        strbuf_puts(out, cursor);
        strbuf_putc(out, '"');
    }
    strbuf_putc(out, '}');
}

void page_close(struct page *page, const struct cursor *next, const char *etag)
{
    struct request *rq = page->rq;
    const char *type = page->scene.geo ? type_geo : type_json;
    char text[CURSOR_TEXT_MAX];
    char link[STAGE_LINK_MAX];
    const char *cursor = NULL;

    if (next != NULL) {
        (void)cursor_write(next, text);
        cursor = text;
        link_write(rq, cursor, link);
    }
    if (page->body != NULL && rq->query.csv) { /* a spreadsheet is in no hurry */
        strbuf_add(&page->text, page->body->data, (size_t)(page->p - page->body->data));
        body_give(page->body);
        page->body = NULL;
    }
    if (page->body != NULL) {
        size_t used = (size_t)(page->p - page->body->data);
        struct strbuf tail = {
            .data = page->p, .cap = page->body->cap - used, .limit = page->body->cap - used};

        tail_write(&tail, cursor);
        page->body->len = used + tail.len;
        if (page->staged) {
            stage_reply(&rq->api->stage, rq, type, cursor == NULL ? NULL : link);
            return;
        }
        respond_body(rq, 200, type, page->body);
    } else {
        tail_write(&page->text, cursor);
        respond_text(rq, 200, type, &page->text);
    }
    if (etag != NULL) {
        respond_header(rq, "ETag", etag);
    }
    if (cursor != NULL) {
        respond_header(rq, "Link", link);
    }
}
