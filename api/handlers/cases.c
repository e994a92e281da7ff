/* Cases for the duty desk: lists, what is due next, one case with its history, the figures that
 * must balance. Every read is audited by the core before it is answered. */
#include "api/handlers/asking.h"
#include "api/handlers/desk.h"
#include "api/handlers/fleet.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT 100u

static request_answer cases_answer, case_answer, figures_answer;

struct desk *desk_open(struct request *rq, enum command_kind kind, uint32_t cases, bool rows,
                       request_answer *answer)
{
    const size_t row_bytes = rows ? CASE_ROWS_MAX * sizeof(struct case_row_image) : 0;
    struct desk *desk;

    if (!asking_open_kept(rq, kind, answer)) {
        return NULL;
    }
    desk = calloc(1, sizeof *desk + cases * sizeof(struct case_image) + row_bytes);
    if (desk == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    rq->pending->own = desk;
    rq->pending->command.cases = &desk->request;
    desk->request.cases = (struct case_image *)(desk + 1);
    desk->request.limit = cases;
    desk->request.rows = rows ? (struct case_row_image *)(desk->request.cases + cases) : NULL;
    return desk;
}

struct desk *desk_of(const struct request *rq)
{
    return rq->pending->own;
}

bool desk_covers(struct request *rq, space_key place)
{
    char id[SPACE_ID_LEN + 1] = "";

    if (rq->key == NULL || rq->key->district_count == 0) {
        return true;
    }
    if (place != 0) {
        space_id_format(place, id);
    }
    if (!key_row_covers(rq->key, id)) {
        respond_problem(rq, ERR_FORBIDDEN,
                        "this key may change only what is in its districts: name a place there");
        return false;
    }
    return true;
}

/* --- lists --- */

static int64_t city_ms(const struct request *rq, int64_t wall_ms)
{
    return wall_ms == 0 ? 0 : wall_ms - rq->now.shift_ms;
}

static void filter_fill(const struct request *rq, struct case_filter *filter)
{
    const struct query *q = &rq->query;

    filter->statuses = q->case_statuses;
    filter->kinds = q->case_kinds;
    filter->stages = q->case_stages;
    filter->sources = q->case_sources;
    filter->place = q->case_place;
    filter->open = q->case_open;
    filter->overdue = q->case_overdue;
    filter->orphan = q->case_orphan;
    filter->recurring = q->case_recurring;
    filter->from_ms = city_ms(rq, q->from_wall_ms);
    filter->until_ms = city_ms(rq, q->until_wall_ms);
    (void)snprintf(filter->unit, sizeof filter->unit, "%s",
                   q->case_unit == NULL ? "" : q->case_unit);
    (void)snprintf(filter->person, sizeof filter->person, "%s",
                   q->case_person == NULL ? "" : q->case_person);
    (void)snprintf(filter->vehicle, sizeof filter->vehicle, "%s",
                   q->vehicle == NULL ? "" : q->vehicle);
}

static char cursor_kind(enum case_order order)
{
    return order == CASES_DUE_NEXT ? 'u' : 'c';
}

static void list(struct request *rq, enum case_order order)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    struct desk *desk;

    if (query_has(&rq->query, PARAM_CURSOR) && rq->query.cursor.kind != cursor_kind(order)) {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return;
    }
    desk = desk_open(rq, COMMAND_CASES, limit, false, cases_answer);
    if (desk == NULL) {
        return;
    }
    filter_fill(rq, &desk->request.filter);
    desk->request.order = order;
    desk->request.filter.open = desk->request.filter.open || order == CASES_DUE_NEXT;
    desk->request.audited = true;
    if (query_has(&rq->query, PARAM_CURSOR)) {
        desk->request.from_key = rq->query.cursor.distance_mm;
        desk->request.from_id = rq->query.cursor.key;
    }
    asking_submit(rq);
}

void cases_list(struct request *rq)
{
    list(rq, rq->query.case_due_next ? CASES_DUE_NEXT : CASES_NEWEST);
}

void cases_due(struct request *rq)
{
    list(rq, CASES_DUE_NEXT);
}

/* Where the next page goes on: behind the last one's key in this order. */
static bool next_write(const struct case_request *request, char text[CURSOR_TEXT_MAX])
{
    const struct case_image *last;
    struct cursor next;

    if (!request->more || request->case_count == 0) {
        return false;
    }
    last = &request->cases[request->case_count - 1];
    next = (struct cursor){.kind = cursor_kind(request->order),
                           .distance_mm = request->order == CASES_DUE_NEXT ? case_due_next(last)
                                                                           : last->reported_ms,
                           .key = last->id};
    (void)cursor_write(&next, text);
    return true;
}

static void cases_answer(struct request *rq)
{
    const struct case_request *request = &desk_of(rq)->request;
    const struct case_reader reader = case_reader_of(rq);
    char next[CURSOR_TEXT_MAX];
    const bool more = next_write(request, next);
    struct strbuf out = {0};
    struct json_writer w;

    if (rq->query.csv) {
        case_csv_write(&reader, &out, request->cases, request->case_count);
        respond_text(rq, 200, type_csv, &out);
    } else {
        json_writer_init(&w, &out);
        json_object(&w);
        json_kv_str(&w, "crs", crs_name(reader.crs));
        json_kv_time(&w, "as_of", rq->now.as_of_ms + reader.shift_ms);
        json_key(&w, "items");
        json_array(&w);
        for (uint32_t i = 0; i < request->case_count; i++) {
            case_write(&reader, &w, &request->cases[i], NULL, 0);
        }
        json_array_end(&w);
        if (more) {
            json_kv_str(&w, "next", next);
        }
        json_object_end(&w);
        respond_text(rq, 200, type_json, &out);
    }
    if (more) {
        respond_next(rq, next);
    }
}

/* --- one case --- */

void desk_read_one(struct request *rq, request_answer *answer)
{
    struct desk *desk;
    case_id id;

    if (!case_id_parse(rq->match.argument, strlen(rq->match.argument), &id)) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such case");
        return;
    }
    desk = desk_open(rq, COMMAND_CASES, 1, true, answer);
    if (desk != NULL) {
        desk->request.id = id;
        desk->request.audited = true;
        asking_submit(rq);
    }
}

void case_get(struct request *rq)
{
    desk_read_one(rq, case_answer);
}

static void case_answer(struct request *rq)
{
    const struct case_request *request = &desk_of(rq)->request;
    const struct case_reader reader = case_reader_of(rq);
    struct strbuf out = {0};
    struct json_writer w;
    char etag[32];

    (void)snprintf(etag, sizeof etag, "\"v%u\"", request->cases[0].version);
    if (respond_not_modified(rq, etag)) {
        return;
    }
    json_writer_init(&w, &out);
    case_write(&reader, &w, &request->cases[0], request->rows, request->row_count);
    respond_text(rq, 200, type_json, &out);
    respond_header(rq, "ETag", etag);
}

/* --- the books --- */

void cases_figures(struct request *rq)
{
    struct desk *desk = desk_open(rq, COMMAND_CASES, 1, false, figures_answer);

    if (desk != NULL) {
        desk->request.figures = &desk->figures;
        asking_submit(rq);
    }
}

static void figures_answer(struct request *rq)
{
    const struct case_figures *f = &desk_of(rq)->figures;
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_kv_u64(&w, "opened", f->opened);
    json_kv_u64(&w, "closed", f->closed);
    json_kv_u64(&w, "voided", f->voided);
    json_kv_u64(&w, "outstanding", f->outstanding);
    json_kv_bool(&w, "balanced", f->opened - f->closed - f->voided == f->outstanding);
    json_kv_u64(&w, "overdue", f->overdue);
    json_kv_u64(&w, "orphans", f->orphans);
    json_key(&w, "by_source");
    json_object(&w);
    for (unsigned i = 0; i < CASE_SOURCE_COUNT; i++) {
        json_kv_u64(&w, case_source_word((enum case_source)i)->code, f->by_source[i]);
    }
    json_object_end(&w);
    json_key(&w, "by_kind");
    json_object(&w);
    for (unsigned i = 0; i < CASE_KIND_COUNT; i++) {
        json_kv_u64(&w, case_kind_word((enum case_kind)i)->code, f->by_kind[i]);
    }
    json_object_end(&w);
    json_key(&w, "by_status");
    json_object(&w);
    for (unsigned i = 0; i < CASE_STATUS_COUNT; i++) {
        json_kv_u64(&w, case_status_word((enum case_status)i)->code, f->by_status[i]);
    }
    json_object_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}
