/* Alerts for those who must act: an operator sees its own, staff see all, and what one may not see
 * answers like what is not there. Moves go through the transition table of the core. */
#include "api/handlers/asking.h"
#include "api/handlers/fleet.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT 100u
#define BULK_NODES 2048u

static request_answer alerts_answer, alert_move_answer, mute_answer;

static void due_write(const struct request *rq, struct json_writer *w,
                      const struct alert_image *alert)
{
    json_key(w, "due");
    json_object(w);
    fleet_time(rq, w, "ack", alert->due_ack_ms);
    fleet_time(rq, w, "onsite", alert->due_onsite_ms);
    fleet_time(rq, w, "clear", alert->due_clear_ms);
    json_object_end(w);
}

static void evidence_write(const struct request *rq, struct json_writer *w,
                           const struct alert_image *alert)
{
    json_key(w, "evidence");
    json_array(w);
    for (unsigned i = 0; i < alert->evidence_count; i++) {
        const struct alert_evidence *e = &alert->evidence[i];
        const enum evidence_kind kind = (enum evidence_kind)e->kind;

        json_object(w);
        json_kv_str(w, "kind", evidence_kind_name(kind));
        fleet_time(rq, w, "time", e->time_ms);
        switch (kind) {
        case EVIDENCE_GNSS: json_kv_u64(w, "accuracy_m", (e->value + 500) / 1000); break;
        case EVIDENCE_LISTENER:
        case EVIDENCE_BEACON: json_kv_i64(w, "rssi", -(int64_t)e->value); break;
        case EVIDENCE_COUNT_OF: json_kv_u64(w, "bikes", e->value); break;
        case EVIDENCE_FEED: json_kv_u64(w, "shifted_pct", e->value); break;
        }
        json_object_end(w);
    }
    json_array_end(w);
}

/* A crowd: how many are to go, and whose they are. An operator sees its own part. */
static void shares_write(const struct request *rq, struct json_writer *w,
                         const struct alert_image *alert)
{
    json_kv_u64(w, "capacity", alert->capacity);
    json_kv_u64(w, "bikes", alert->bikes);
    json_kv_u64(w, "remove", alert->bikes > alert->capacity ? alert->bikes - alert->capacity : 0);
    json_key(w, "by_operator");
    json_object(w);
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];

        if (rq->operator_code[0] != '\0' && strcmp(share->operator_code, rq->operator_code) != 0) {
            continue;
        }
        json_key(w, share->operator_code);
        json_object(w);
        json_kv_u64(w, "count", share->count);
        json_kv_u64(w, "remove", share->surplus);
        json_object_end(w);
    }
    json_object_end(w);
}

static void ending_write(const struct request *rq, struct json_writer *w,
                         const struct alert_image *alert)
{
    fleet_time(rq, w, "acked_at", alert->acked_ms);
    fleet_time(rq, w, "dispatched_at", alert->dispatched_ms);
    fleet_time(rq, w, "closed_at", alert->closed_ms);
    if (alert->cause != CAUSE_NONE) {
        json_kv_str(w, "cause", alert_cause_code((enum alert_cause)alert->cause));
    }
    fleet_time(rq, w, "changed_at", alert->changed_ms);
    if (alert->note[0] != '\0') {
        json_kv_str(w, "note", alert->note);
    }
    if (rq->operator_code[0] == '\0' && alert->actor[0] != '\0') {
        json_kv_str(w, "actor", alert->actor);
    }
}

void alert_write(const struct request *rq, struct json_writer *w, const struct alert_image *alert)
{
    const enum alert_kind kind = (enum alert_kind)alert->kind;
    char id[ALERT_ID_LEN + 1];

    alert_id_format(alert->id, id);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_str(w, "kind", alert_kind_code(kind));
    json_kv_str(w, "state", alert_state_code((enum alert_state)alert->state));
    if (alert->vehicle[0] != '\0') {
        json_kv_str(w, "vehicle", alert->vehicle);
        json_kv_str(w, "rule", verdict_rule_code((enum verdict_rule)alert->rule));
    }
    fleet_place(w, "fence", alert->fence);
    if (alert->operator_code[0] != '\0') {
        json_kv_str(w, "operator", alert->operator_code);
    }
    fleet_time(rq, w, "opened_at", alert->opened_ms);
    if (alert_kind_subject(kind) != SUBJECT_OPERATOR) {
        json_key(w, "location");
        fleet_location(rq, w, alert->at);
    }
    if (alert_kind_subject(kind) == SUBJECT_VEHICLE) {
        fleet_metres(w, "distance_m", alert->distance_mm);
    }
    due_write(rq, w, alert);
    json_kv_u64(w, "severity", alert->severity);
    json_kv_u64(w, "escalated", alert->escalated);
    evidence_write(rq, w, alert);
    if (alert_kind_subject(kind) == SUBJECT_FENCE) {
        shares_write(rq, w, alert);
    }
    json_kv_u64(w, "count", alert->count);
    json_kv_u64(w, "version", alert->version);
    ending_write(rq, w, alert);
    json_object_end(w);
}

/* --- lists --- */

void alerts_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    struct fleet_request *request;

    if ((rq->query.has & P(CURSOR)) != 0 && rq->query.cursor.kind != 'a') {
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
    if ((rq->query.has & P(CURSOR)) != 0) {
        request->from = (struct alert_cursor){rq->query.cursor.distance_mm, rq->query.cursor.key};
    }
    asking_submit(rq);
}

/* Spreadsheets of this country open CSV as UTF-8 only with a byte order mark. */
static void csv_write(struct request *rq, const struct fleet_request *request)
{
    struct strbuf out = {0};

    strbuf_puts(&out, "\xef\xbb\xbf"
                      "id,kind,state,cause,severity,escalated,operator,vehicle,fence,opened_at,"
                      "acked_at,dispatched_at,closed_at,due_clear,distance_m,lat,lon,count,"
                      "version\r\n");
    for (uint32_t i = 0; i < request->alert_count; i++) {
        const struct alert_image *a = &request->alerts[i];
        const int64_t times[] = {a->opened_ms, a->acked_ms, a->dispatched_ms, a->closed_ms,
                                 a->due_clear_ms};
        char id[ALERT_ID_LEN + 1];
        char fence[SPACE_ID_LEN + 1] = "";
        char text[RFC3339_LEN + 1];

        alert_id_format(a->id, id);
        if (a->fence != 0) {
            space_id_format(a->fence, fence);
        }
        strbuf_printf(&out, "%s,%s,%s,%s,%u,%u,%s,%s,%s", id,
                      alert_kind_code((enum alert_kind)a->kind),
                      alert_state_code((enum alert_state)a->state),
                      alert_cause_code((enum alert_cause)a->cause), a->severity, a->escalated,
                      a->operator_code, a->vehicle, fence);
        for (size_t k = 0; k < ARRAY_LEN(times); k++) {
            text[0] = '\0';
            if (times[k] != 0) {
                rfc3339_format(times[k] + rq->now.shift_ms, text);
            }
            strbuf_printf(&out, ",%s", text);
        }
        if (a->distance_mm != INT32_MAX) {
            strbuf_printf(&out, ",%d", a->distance_mm / 1000);
        } else {
            strbuf_putc(&out, ',');
        }
        strbuf_printf(&out, ",%.7f,%.7f,%u,%u\r\n", a->at.lat / 1e7, a->at.lon / 1e7, a->count,
                      a->version);
    }
    respond_text(rq, 200, type_csv, &out);
}

static void alerts_page(struct request *rq, const struct fleet_request *request)
{
    struct strbuf out = {0};
    struct json_writer w;
    char text[CURSOR_TEXT_MAX];

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "crs", crs_name(rq->query.crs));
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < request->alert_count; i++) {
        alert_write(rq, &w, &request->alerts[i]);
    }
    json_array_end(&w);
    if (request->more) {
        const struct alert_image *last = &request->alerts[request->alert_count - 1];
        const struct cursor next = {.kind = 'a', .distance_mm = last->opened_ms, .key = last->id};

        (void)cursor_write(&next, text);
        json_kv_str(&w, "next", text);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
    if (request->more) {
        respond_next(rq, text);
    }
}

static void alerts_answer(struct request *rq)
{
    const struct fleet_request *request = rq->pending->command.fleet;
    struct strbuf out = {0};
    struct json_writer w;
    char etag[32];

    if (request->id == 0) {
        if (rq->query.csv) {
            csv_write(rq, request);
        } else {
            alerts_page(rq, request);
        }
        return;
    }
    (void)snprintf(etag, sizeof etag, "\"v%u\"", request->alerts[0].version);
    if (respond_not_modified(rq, etag)) {
        return;
    }
    json_writer_init(&w, &out);
    alert_write(rq, &w, &request->alerts[0]);
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

static bool note_read(struct request *rq, const struct json_doc *doc, struct command *command)
{
    const struct json_node *note = json_member(doc, &doc->nodes[0], "note");

    if (note == NULL || note->kind == JSON_NULL) {
        return true;
    }
    if (json_text(doc, note, command->note, sizeof command->note) < 0) {
        faults_add(&rq->faults, "/note", "must be a text of at most 119 bytes");
        return false;
    }
    return true;
}

static bool body_parse(struct request *rq, struct json_doc *doc, struct json_node *nodes,
                       uint32_t cap)
{
    enum json_fault fault = json_parse(doc, rq->body.len > 0 ? rq->body.data : "{}",
                                       rq->body.len > 0 ? rq->body.len : 2, nodes, cap);

    rq->faults = (struct faults){.pointer = true};
    if (fault != JSON_OK || nodes[0].kind != JSON_OBJECT) {
        respond_problem(rq, ERR_BAD_JSON,
                        fault != JSON_OK ? json_fault_text(fault) : "the body must be an object");
        return false;
    }
    return true;
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
    if (!body_parse(rq, &doc, nodes, ARRAY_LEN(nodes))) {
        return;
    }
    move = move_open(rq, event);
    if (move == NULL) {
        return;
    }
    if (!note_read(rq, &doc, &rq->pending->command)) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    const struct json_node *version = json_member(&doc, &nodes[0], "version");
    int64_t wanted = 0;
    if (version != NULL &&
        (!json_int(&doc, version, &wanted) || wanted < 1 || wanted > UINT32_MAX)) {
        faults_add(&rq->faults, "/version", "must be the version that was read, 1 or more");
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    move->request.version = (uint32_t)wanted;
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
        faults_add(&rq->faults, "/ids", "is required: 1 to %d alerts", FLEET_BULK_MAX);
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

    if (!body_parse(rq, &doc, nodes, BULK_NODES)) {
        return;
    }
    if (!bulk_event(&doc, &event)) {
        faults_add(&rq->faults, "/event",
                   "is required: ack, dispatch, resolve, dispute, uphold or dismiss");
    }
    move = move_open(rq, event);
    if (move == NULL) {
        return;
    }
    move->bulk = true;
    bulk_ids(rq, &doc, move);
    if (!note_read(rq, &doc, &rq->pending->command) || rq->faults.count > 0) {
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
        respond_problem(rq, e, "its state does not allow that, or it has ended");
        break;
    case ERR_FORBIDDEN: respond_problem(rq, e, "that is for the other side to do"); break;
    case ERR_PRECONDITION:
        respond_problem(rq, ERR_CONFLICT, "it has changed meanwhile: read it again");
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
    fleet_place(&w, "fence", request->fence);
    json_kv_bool(&w, "muted", request->until_ms != 0);
    fleet_time(rq, &w, "until", request->until_ms);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static bool mute_fence(struct request *rq, space_key *key)
{
    const char *text = rq->match.argument;

    if (space_id_parse(text, strlen(text), key) != ID_OK) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such fence");
        return false;
    }
    return true;
}

void fence_mute_post(struct request *rq)
{
    struct json_node nodes[32];
    struct json_doc doc;
    struct fleet_request *request;
    const struct json_node *until;
    char text[48];
    int64_t wall_ms = 0;
    space_key key;
    int len;

    if (!mute_fence(rq, &key) || !body_parse(rq, &doc, nodes, ARRAY_LEN(nodes)) ||
        !fleet_open(rq, COMMAND_MUTE, 0, 0, mute_answer)) {
        return;
    }
    request = rq->pending->command.fleet;
    request->fence = key;
    until = json_member(&doc, &nodes[0], "until");
    len = until == NULL ? -1 : json_text(&doc, until, text, sizeof text);
    if (len < 0 || rfc3339_parse(text, (uint32_t)len, &wall_ms) != 0) {
        faults_add(&rq->faults, "/until", "is required: an RFC 3339 time at which it ends");
    }
    if (!note_read(rq, &doc, &rq->pending->command) || rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    request->until_ms = wall_ms - rq->now.shift_ms;
    asking_submit(rq);
}

void fence_mute_delete(struct request *rq)
{
    space_key key;

    if (mute_fence(rq, &key) && fleet_open(rq, COMMAND_MUTE, 0, 0, mute_answer)) {
        rq->pending->command.fleet->fence = key;
        asking_submit(rq);
    }
}
