/* GET /v1/spaces/{id}/why: the state machine's reasoning for one space. The core answers it, here
 * it is put into words. The watch streams write the same object. */
#include "api/handlers/asking.h"
#include "api/handlers/device_rows.h"
#include "api/handlers/places.h"
#include "api/handlers/staff.h"
#include "bowei/explain.h"
#include "bowei/shown.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static request_answer why_answer;

/* clang-format off: a table is included */
static const char *const reason_texts[REASON_COUNT] = {
#define REASON(name, code, en, zh) [REASON_##name] = (en),
#include "bowei/reasons.def"
#undef REASON
};

/* clang-format on */

void space_why_get(struct request *rq)
{
    const uint32_t slot = place_find(rq, false);

    if (slot == NO_SLOT) {
        return;
    }
    if (!asking_open(rq, COMMAND_SPACE_WHY, 0, why_answer)) {
        return;
    }
    if (!pending_explain(rq->pending)) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->pending->command.key = rq->inv->spaces[slot].key;
    asking_submit(rq);
}

static void pending_write(struct json_writer *w, const struct explain_sensor *s, int64_t shift_ms)
{
    json_key(w, "pending");
    if (s->pending >= VALUE_COUNT_) {
        json_null(w);
        return;
    }
    json_object(w);
    json_kv_str(w, "value", reading_value_name(s->pending));
    json_kv_u64(w, "samples", s->samples);
    json_kv_time(w, "counts_at", s->pending_due_ms + shift_ms);
    json_object_end(w);
}

/* One word why a sensor does not vote, null when it does. */
static const char *why_not(const struct explain_sensor *s)
{
    if (s->in_test && !s->suspect) {
        return "in_test";
    }
    if (!s->live) {
        return reason_code((enum reason)s->why_not);
    }
    return s->votes ? NULL : "outranked";
}

static void sensor_write(struct json_writer *w, const struct inventory *inv,
                         const struct space_explain *why, unsigned i, int64_t shift_ms)
{
    const struct explain_sensor *s = &why->sensors[i];
    const char *not_voting = why_not(s);

    json_object(w);
    json_kv_str(w, "device", inventory_text(inv, inv->devices[s->device].id));
    json_kv_u64(w, "channel", s->channel);
    json_kv_u64(w, "rank", s->rank);
    json_kv_str(w, "value", reading_value_name(s->value));
    time_member(w, "heard", s->heard_ms != 0, s->heard_ms + shift_ms);
    if (s->heard_ms != 0) {
        json_kv_i64(w, "age_s", (why->at_ms - s->heard_ms) / 1000);
    } else {
        json_kv_null(w, "age_s");
    }
    json_kv_u64(w, "limit_s", s->limit_ms / 1000);
    json_kv_bool(w, "live", s->live);
    json_kv_bool(w, "votes", s->votes);
    if (not_voting != NULL) {
        json_kv_str(w, "why_not", not_voting);
    } else {
        json_kv_null(w, "why_not");
    }
    json_kv_bool(w, "decides", i == why->decided_by);
    pending_write(w, s, shift_ms);
    json_kv_bool(w, "suspect", s->suspect);
    time_member(w, "test_until", s->in_test, s->test_until_ms + shift_ms);
    time_member(w, "flapping_until", s->flapping, s->quiet_due_ms + shift_ms);
    if (s->has_counter) {
        json_kv_u64(w, "counter", s->counter);
    } else {
        json_kv_null(w, "counter");
    }
    json_kv_u64(w, "changes", s->changes);
    json_kv_bool(w, "restored", s->restored);
    json_kv_bool(w, "session_gap", s->session_gap);
    json_kv_bool(w, "battery_low", s->battery_low);
    number_member(w, "battery_mv", s->battery_mv);
    number_member(w, "rssi_dbm", s->rssi_dbm);
    json_object_end(w);
}

/* What staff and the lot put on top of the sensors. */
static void top_write(struct json_writer *w, const struct space_explain *why, int64_t shift_ms)
{
    json_kv_bool(w, "lot_closed", why->lot_closed);
    json_key(w, "out_of_service");
    if (!why->out) {
        json_null(w);
        return;
    }
    json_object(w);
    json_kv_str(w, "reason", out_reason_name((enum out_reason)why->out_reason));
    json_kv_time(w, "since", why->out_since_ms + shift_ms);
    time_member(w, "until", why->out_until_ms != 0, why->out_until_ms + shift_ms);
    json_kv_str(w, "by", why->out_actor);
    json_kv_str(w, "note", why->out_note);
    json_object_end(w);
}

/* The whole in one sentence. */
static void sentence_write(struct json_writer *w, const struct inventory *inv,
                           const struct space_explain *why)
{
    const char *decided =
        why->decided_by < why->sensor_count
            ? inventory_text(inv, inv->devices[why->sensors[why->decided_by].device].id)
            : NULL;
    unsigned votes = 0;
    char text[240];

    for (unsigned i = 0; i < why->sensor_count; i++) {
        votes += why->sensors[i].votes;
    }
    if (why->out || why->lot_closed) {
        (void)snprintf(text, sizeof text, "%s lies on top; underneath its sensors say %s",
                       why->out ? "a decision of staff" : "its lot is closed, which",
                       space_state_name((enum space_state)why->fused));
    } else if (decided != NULL) {
        (void)snprintf(text, sizeof text, "%u of %u sensors vote, %s decides: %s", votes,
                       why->sensor_count, decided, space_state_name((enum space_state)why->fused));
    } else {
        (void)snprintf(
            text, sizeof text, "%u of %u sensors vote: %s", votes, why->sensor_count,
            reason_texts[why->fused_why < REASON_COUNT ? why->fused_why : REASON_SILENT]);
    }
    json_kv_str(w, "because", text);
}

void why_write(struct json_writer *w, const struct inventory *inv, const struct space_explain *why,
               int64_t shift_ms)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(why->key, id);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_time(w, "as_of", why->at_ms + shift_ms);
    json_kv_str(w, "state", space_state_name((enum space_state)why->state));
    json_kv_str(w, "reason", reason_code((enum reason)why->reason));
    time_member(w, "since", why->since_ms != 0, why->since_ms + shift_ms);
    json_kv_u64(w, "confidence", why->confidence);
    sentence_write(w, inv, why);
    json_key(w, "fused");
    json_object(w);
    json_kv_str(w, "state", space_state_name((enum space_state)why->fused));
    json_kv_str(w, "reason", reason_code((enum reason)why->fused_why));
    time_member(w, "since", why->fused_since_ms != 0, why->fused_since_ms + shift_ms);
    json_object_end(w);
    json_key(w, "known");
    if (why->known == SPACE_UNKNOWN) {
        json_null(w);
    } else {
        json_object(w);
        json_kv_str(w, "state", space_state_name((enum space_state)why->known));
        json_kv_time(w, "since", why->known_since_ms + shift_ms);
        json_kv_u64(w, "gap_s", why->gap_s);
        json_object_end(w);
    }
    time_member(w, "held_since", why->held_ms != 0, why->held_ms + shift_ms);
    time_member(w, "held_until", why->held_ms != 0, why->held_until_ms + shift_ms);
    json_kv_u64(w, "flag_percent", why->flag_pct);
    top_write(w, why, shift_ms);
    json_key(w, "sensors");
    json_array(w);
    for (unsigned i = 0; i < why->sensor_count; i++) {
        sensor_write(w, inv, why, i, shift_ms);
    }
    json_array_end(w);
    json_object_end(w);
}

static void why_answer(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;

    if (rq->pending->command.inventory_version != rq->inv->version) {
        respond_problem(rq, ERR_UNAVAILABLE, "the inventory has changed meanwhile, ask again");
        return;
    }
    json_writer_init(&w, &out);
    why_write(&w, rq->inv, rq->pending->command.explain, rq->now.shift_ms);
    respond_text(rq, 200, type_json, &out);
}
