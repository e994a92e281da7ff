/* GET /v1/events: what happened to an operator's alerts, from any place of the last 30 days on. The
 * feed is read by the event desk; here is who may ask for what, and how it is shown. */
#include "api/event_desk.h"
#include "api/handlers/asking.h"
#include "api/handlers/fleet.h"
#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT 100u

static request_answer events_answer;

static void refuse(struct request *rq, const char *why)
{
    faults_add(&rq->faults, "operator", "%s", why);
    respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
}

/* Whose events: its key's for an operator, a named one's for staff. NULL: answered already. */
static const char *whose(struct request *rq)
{
    const char *named = rq->query.operator_code;

    if (rq->operator_code[0] != '\0') {
        if (named[0] != '\0' && strcmp(named, rq->operator_code) != 0) {
            respond_problem(rq, ERR_FORBIDDEN, "an operator reads its own events");
            return NULL;
        }
        return rq->operator_code;
    }
    if (named[0] == '\0') {
        refuse(rq, "must be named: events are kept by operator");
        return NULL;
    }
    if (fences_operator(rq->inv, named, strlen(named)) >= OPERATORS_MAX) {
        refuse(rq, "is not in the inventory");
        return NULL;
    }
    return named;
}

void events_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    const char *code = whose(rq);
    struct event_asking *asking;

    if (code == NULL) {
        return;
    }
    if (rq->api->desk == NULL) {
        respond_problem(rq, ERR_UNAVAILABLE, "this gateway keeps no events");
        return;
    }
    if (!asking_open(rq, COMMAND_ALERTS, 0, events_answer)) {
        return;
    }
    asking = calloc(1, sizeof *asking + limit * sizeof asking->alerts[0]);
    rq->pending->own = asking;
    if (asking == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    memcpy(asking->operator_code, code, strlen(code));
    asking->after = rq->query.after_event;
    asking->room = limit;
    rq->phase = PHASE_WAITING;
    rq->suspended = true;
    pending_submit(rq->pending, rq->mhd, rq->boot_ms + PENDING_WAIT_MS, event_desk_submit,
                   rq->api->desk);
}

static void item_write(const struct alert_reader *reader, struct json_writer *w,
                       const struct alert_image *alert)
{
    char id[EVENT_ID_MAX];
    char type[EVENT_TYPE_MAX];

    event_id_format(alert, id);
    event_type_format(alert, type);
    json_object(w);
    json_kv_str(w, "id", id);
    fleet_time(reader->shift_ms, w, "time", alert->changed_ms);
    json_kv_str(w, "type", type);
    json_key(w, "alert");
    alert_write(reader, w, alert);
    json_object_end(w);
}

static void events_answer(struct request *rq)
{
    const struct event_asking *asking = rq->pending->own;
    const struct alert_reader reader = {rq->operator_code, rq->query.crs, rq->now.shift_ms};
    struct strbuf out = {0};
    struct json_writer w;
    char next[EVENT_CURSOR_MAX];

    event_place_format(asking->reached, next);
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "crs", crs_name(rq->query.crs));
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < asking->count; i++) {
        item_write(&reader, &w, &asking->alerts[i]);
    }
    json_array_end(&w);
    json_kv_str(&w, "next", next);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}
