/* Alerts for those who must act: an operator sees its own, staff see all, and what one may not see
 * answers like what is not there. Moves go through the transition table of the core. */
#include "api/body_fields.h"
#include "api/handlers/asking.h"
#include "api/handlers/fleet.h"
#include "api/handlers/staff.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT 100u
#define BULK_NODES 2048u

static request_answer alerts_answer, alert_move_answer, mute_answer;

/* --- lists --- */

void alerts_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    struct fleet_request *request;

    if (query_has(&rq->query, PARAM_CURSOR) && rq->query.cursor.kind != 'a') {
        faults_add(&rq->faults, "cursor", "is not a cursor of this list");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return;
    }
    if (!fleet_open(rq, COMMAND_ALERTS, limit, 0, alerts_answer)) {
        return;
    }
    request = rq->pending->command.fleet;
    request->limit = limit;
    request->states = rq->query.alert_states;
    request->kinds = rq->query.alert_kinds;
    request->fence = rq->query.fence;
    (void)snprintf(request->vehicle, sizeof request->vehicle, "%s",
                   rq->query.vehicle != NULL ? rq->query.vehicle : "");
    if (query_has(&rq->query, PARAM_CURSOR)) {
        request->from = (struct alert_cursor){rq->query.cursor.distance_mm, rq->query.cursor.key};
    }
    asking_submit(rq);
}

static struct alert_reader reader_of(const struct request *rq)
{
    return (struct alert_reader){rq->operator_code, rq->query.crs, rq->now.shift_ms};
}

/* Where the next page goes on, as text; false on the last one. */
static bool next_write(const struct fleet_request *request, char text[CURSOR_TEXT_MAX])
{
    const struct alert_image *last;
    struct cursor next;

    if (!request->more || request->alert_count == 0) {
        return false;
    }
    last = &request->alerts[request->alert_count - 1];
    next = (struct cursor){.kind = 'a', .distance_mm = last->opened_ms, .key = last->id};
    (void)cursor_write(&next, text);
    return true;
}

static void page_write(const struct request *rq, const struct fleet_request *request,
                       const char *next, struct strbuf *out)
{
    const struct alert_reader reader = reader_of(rq);
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "crs", crs_name(rq->query.crs));
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < request->alert_count; i++) {
        alert_write(&reader, &w, &request->alerts[i]);
    }
    json_array_end(&w);
    if (next != NULL) {
        json_kv_str(&w, "next", next);
    }
    json_object_end(&w);
}

/* A spreadsheet has no place for the cursor: there it stands in the Link only. */
static void alerts_page(struct request *rq, const struct fleet_request *request)
{
    const struct alert_reader reader = reader_of(rq);
    char next[CURSOR_TEXT_MAX];
    const bool more = next_write(request, next);
    struct strbuf out = {0};

    if (rq->query.csv) {
        alert_csv_write(&reader, &out, request->alerts, request->alert_count);
    } else {
        page_write(rq, request, more ? next : NULL, &out);
    }
    respond_text(rq, 200, rq->query.csv ? type_csv : type_json, &out);
    if (more) {
        respond_next(rq, next);
    }
}

static void alerts_answer(struct request *rq)
{
    const struct fleet_request *request = rq->pending->command.fleet;
    const struct alert_reader reader = reader_of(rq);
    struct strbuf out = {0};
    struct json_writer w;
    char etag[32];

    if (request->id == 0) {
        alerts_page(rq, request);
        return;
    }
    (void)snprintf(etag, sizeof etag, "\"v%u\"", request->alerts[0].version);
    if (respond_not_modified(rq, etag)) {
        return;
    }
    json_writer_init(&w, &out);
    alert_write(&reader, &w, &request->alerts[0]);
    respond_text(rq, 200, type_json, &out);
    respond_header(rq, "ETag", etag);
}

void alert_get(struct request *rq)
{
    uint64_t id;

    if (!alert_id_parse(rq->match.argument, strlen(rq->match.argument), &id)) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such alert");
        return;
    }
    if (fleet_open(rq, COMMAND_ALERTS, 1, 0, alerts_answer)) {
        rq->pending->command.fleet->id = id;
        rq->pending->command.fleet->limit = 1;
        asking_submit(rq);
    }
}

/* --- moves --- */

/* What hangs on a pending move. */
struct move {
    struct fleet_request request;
    uint64_t ids[FLEET_BULK_MAX];
    enum err results[FLEET_BULK_MAX];
    bool bulk;
};

static struct move *move_open(struct request *rq, enum alert_event event)
{
    struct move *move;

    if (!asking_open_kept(rq, COMMAND_ALERT_MOVE, alert_move_answer)) {
        return NULL;
    }
    move = calloc(1, sizeof *move);
    if (move == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    rq->pending->own = move;
    rq->pending->command.fleet = &move->request;
    memcpy(move->request.operator_code, rq->operator_code, sizeof move->request.operator_code);
    move->request.event = event;
    move->request.ids = move->ids;
    move->request.results = move->results;
    return move;
}

static void note_read(struct request *rq, const struct json_doc *doc, struct command *command)
{
    const struct json_node *note = json_member(doc, &doc->nodes[0], "note");

    if (note != NULL && note->kind != JSON_NULL &&
        body_text(doc, note, command->note, sizeof command->note) < 0) {
        faults_add(&rq->faults, "/note",
                   "must be a text of at most 119 bytes without control characters");
    }
}

/* One alert, at the version that If-Match names when it does. */
static void alert_move_one(struct request *rq, enum alert_event event)
{
    struct json_node nodes[32];
    struct json_doc doc;
    struct move *move;
    uint64_t id;

    if (!alert_id_parse(rq->match.argument, strlen(rq->match.argument), &id)) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such alert");
        return;
    }
    if (!body_open(rq, &doc, nodes, ARRAY_LEN(nodes))) {
        return;
    }
    move = move_open(rq, event);
    if (move == NULL) {
        return;
    }
    note_read(rq, &doc, &rq->pending->command);
    const struct json_node *version = json_member(&doc, &nodes[0], "version");
    int64_t wanted = 0;
    if (version != NULL &&
        (!json_int(&doc, version, &wanted) || wanted < 1 || wanted > UINT32_MAX)) {
        faults_add(&rq->faults, "/version", "must be the version that was read, 1 or more");
    }
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    move->request.version = (uint32_t)wanted;
    if (!asking_version(rq, &move->request.version)) {
        return;
    }
    move->ids[0] = id;
    move->request.id_count = 1;
    asking_submit(rq);
}

void alert_ack_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_ACK);
}

void alert_dispatch_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_DISPATCH);
}

void alert_resolve_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_RESOLVE);
}

void alert_dispute_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_DISPUTE);
}

void alert_uphold_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_UPHOLD);
}

void alert_dismiss_post(struct request *rq)
{
    alert_move_one(rq, ALERT_EVENT_DISMISS);
}

static bool bulk_event(const struct json_doc *doc, enum alert_event *event)
{
    static const enum alert_event allowed[] = {ALERT_EVENT_ACK,     ALERT_EVENT_DISPATCH,
                                               ALERT_EVENT_RESOLVE, ALERT_EVENT_DISPUTE,
                                               ALERT_EVENT_UPHOLD,  ALERT_EVENT_DISMISS};
    const struct json_node *n = json_member(doc, &doc->nodes[0], "event");

    for (size_t i = 0; n != NULL && i < ARRAY_LEN(allowed); i++) {
        if (json_is_text(doc, n, alert_event_code(allowed[i]))) {
            *event = allowed[i];
            return true;
        }
    }
    return false;
}

static void bulk_ids(struct request *rq, const struct json_doc *doc, struct move *move)
{
    const struct json_node *ids = json_member(doc, &doc->nodes[0], "ids");
    const struct json_node *n;

    if (ids == NULL || ids->kind != JSON_ARRAY || ids->count == 0 || ids->count > FLEET_BULK_MAX) {
        faults_add(&rq->faults, "/ids", "%s a list of 1 to %d IDs of alerts", FAULT_MUST_BE(ids),
                   FLEET_BULK_MAX);
        return;
    }
    n = json_first(doc, ids);
    for (uint32_t i = 0; i < ids->count; i++) {
        char text[ALERT_ID_LEN + 2];
        const int len = json_text(doc, n, text, sizeof text);

        if (len < 0 || !alert_id_parse(text, (size_t)len, &move->ids[i])) {
            faults_add(&rq->faults, "/ids", "item %u is no ID of an alert", i);
            return;
        }
        n = json_after(doc, n);
    }
    move->request.id_count = ids->count;
}

void alerts_bulk_post(struct request *rq)
{
    struct json_node nodes[BULK_NODES];
    struct json_doc doc;
    enum alert_event event = ALERT_EVENT_ACK;
    struct move *move;

    if (!body_open(rq, &doc, nodes, BULK_NODES)) {
        return;
    }
    if (!bulk_event(&doc, &event)) {
        faults_add(&rq->faults, "/event", "%s ack, dispatch, resolve, dispute, uphold or dismiss",
                   FAULT_MUST_BE(json_member(&doc, &nodes[0], "event")));
    }
    move = move_open(rq, event);
    if (move == NULL) {
        return;
    }
    move->bulk = true;
    bulk_ids(rq, &doc, move);
    note_read(rq, &doc, &rq->pending->command);
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    asking_submit(rq);
}

static void move_refused(struct request *rq, enum err e)
{
    switch ((int)e) {
    case ERR_NOT_FOUND: respond_problem(rq, e, "there is no such alert"); break;
    case ERR_CONFLICT:
        respond_problem(rq, e, "the alert's state does not allow that, or it has ended: read it");
        break;
    case ERR_FORBIDDEN: respond_problem(rq, e, "that is for the other side to do"); break;
    case ERR_PRECONDITION: /* by the header it is one, by the body's version a conflict */
        respond_problem(rq, rq->heads.if_match != NULL ? ERR_PRECONDITION : ERR_CONFLICT,
                        "it has changed meanwhile: read it again");
        break;
    default: respond_problem(rq, e, NULL); break;
    }
}

static void alert_move_answer(struct request *rq)
{
    const struct move *move = rq->pending->own;
    struct strbuf out = {0};
    struct json_writer w;

    if (!move->bulk && move->results[0] != ERR_OK) {
        move_refused(rq, move->results[0]);
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < move->request.id_count; i++) {
        char id[ALERT_ID_LEN + 1];

        alert_id_format(move->ids[i], id);
        json_object(&w);
        json_kv_str(&w, "id", id);
        json_kv_str(&w, "result", move->results[i] == ERR_OK ? "done" : err_code(move->results[i]));
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

/* --- planned events --- */

static void mute_answer(struct request *rq)
{
    const struct fleet_request *request = rq->pending->command.fleet;
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_place(&w, "fence", request->fence);
    json_kv_bool(&w, "muted", request->until_ms != 0);
    fleet_time(rq->now.shift_ms, &w, "until", request->until_ms);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

void fence_mute_post(struct request *rq)
{
    struct json_node nodes[32];
    struct json_doc doc;
    struct fleet_request *request;
    const struct json_node *until;
    char text[48];
    int64_t wall_ms = 0;
    const uint32_t fence = fence_find(rq);
    int len;

    if (fence == NO_FENCE || !body_open(rq, &doc, nodes, ARRAY_LEN(nodes)) ||
        !fleet_open(rq, COMMAND_MUTE, 0, 0, mute_answer)) {
        return;
    }
    request = rq->pending->command.fleet;
    request->fence = rq->inv->fences[fence].key;
    until = json_member(&doc, &nodes[0], "until");
    len = until == NULL ? -1 : json_text(&doc, until, text, sizeof text);
    if (len < 0 || rfc3339_parse(text, (uint32_t)len, &wall_ms) != 0) {
        faults_add(&rq->faults, "/until", "%s an RFC 3339 time at which it ends",
                   FAULT_MUST_BE(until));
    } else if (wall_ms - rq->now.shift_ms <= rq->now.at_ms) {
        faults_add(&rq->faults, "/until", "must be in the future");
    }
    note_read(rq, &doc, &rq->pending->command);
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    request->until_ms = wall_ms - rq->now.shift_ms;
    asking_submit(rq);
}

void fence_mute_delete(struct request *rq)
{
    const uint32_t fence = fence_find(rq);

    if (fence != NO_FENCE && fleet_open(rq, COMMAND_MUTE, 0, 0, mute_answer)) {
        rq->pending->command.fleet->fence = rq->inv->fences[fence].key;
        asking_submit(rq);
    }
}
