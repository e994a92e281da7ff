/* An alert as those see it who may: JSON for lists, single answers, the stream and webhooks, CSV
 * for spreadsheets. */
#include "bowei/alert_text.h"
#include "bowei/base/city_clock.h"
#include "bowei/csv_text.h"
#include <string.h>

static void due_write(const struct alert_reader *reader, struct json_writer *w,
                      const struct alert_image *alert)
{
    json_key(w, "due");
    json_object(w);
    fleet_time(reader->shift_ms, w, "ack", alert->due_ack_ms);
    fleet_time(reader->shift_ms, w, "onsite", alert->due_onsite_ms);
    fleet_time(reader->shift_ms, w, "clear", alert->due_clear_ms);
    json_object_end(w);
}

static void evidence_write(const struct alert_reader *reader, struct json_writer *w,
                           const struct alert_image *alert)
{
    json_key(w, "evidence");
    json_array(w);
    for (unsigned i = 0; i < alert->evidence_count; i++) {
        const struct alert_evidence *e = &alert->evidence[i];
        const enum evidence_kind kind = (enum evidence_kind)e->kind;

        json_object(w);
        json_kv_str(w, "kind", evidence_kind_name(kind));
        fleet_time(reader->shift_ms, w, "time", e->time_ms);
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
static void shares_write(const struct alert_reader *reader, struct json_writer *w,
                         const struct alert_image *alert)
{
    json_kv_u64(w, "capacity", alert->capacity);
    json_kv_u64(w, "bikes", alert->bikes);
    json_kv_u64(w, "remove", alert->bikes > alert->capacity ? alert->bikes - alert->capacity : 0);
    json_key(w, "by_operator");
    json_object(w);
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];

        if (reader->operator_code[0] != '\0' &&
            strcmp(share->operator_code, reader->operator_code) != 0) {
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

static void ending_write(const struct alert_reader *reader, struct json_writer *w,
                         const struct alert_image *alert)
{
    fleet_time(reader->shift_ms, w, "acked_at", alert->acked_ms);
    fleet_time(reader->shift_ms, w, "dispatched_at", alert->dispatched_ms);
    fleet_time(reader->shift_ms, w, "closed_at", alert->closed_ms);
    if (alert->cause != CAUSE_NONE) {
        json_kv_str(w, "cause", alert_cause_code((enum alert_cause)alert->cause));
    }
    fleet_time(reader->shift_ms, w, "changed_at", alert->changed_ms);
    if (alert->note[0] != '\0') {
        json_kv_str(w, "note", alert->note);
    }
    if (reader->operator_code[0] == '\0' && alert->actor[0] != '\0') {
        json_kv_str(w, "actor", alert->actor);
    }
}

void alert_write(const struct alert_reader *reader, struct json_writer *w,
                 const struct alert_image *alert)
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
    json_kv_place(w, "fence", alert->fence);
    if (alert->operator_code[0] != '\0') {
        json_kv_str(w, "operator", alert->operator_code);
    }
    fleet_time(reader->shift_ms, w, "opened_at", alert->opened_ms);
    if (alert_kind_subject(kind) != SUBJECT_OPERATOR) {
        json_key(w, "location");
        fleet_location(reader->crs, w, alert->at);
    }
    if (alert_kind_subject(kind) == SUBJECT_VEHICLE) {
        fleet_metres(w, "distance_m", alert->distance_mm);
    }
    due_write(reader, w, alert);
    json_kv_u64(w, "severity", alert->severity);
    json_kv_u64(w, "escalated", alert->escalated);
    evidence_write(reader, w, alert);
    if (alert_kind_subject(kind) == SUBJECT_FENCE) {
        shares_write(reader, w, alert);
    }
    json_kv_u64(w, "count", alert->count);
    json_kv_u64(w, "version", alert->version);
    ending_write(reader, w, alert);
    json_object_end(w);
}

static const char csv_heading[] =
    "id,kind,state,cause,severity,escalated,operator,vehicle,fence,opened_at,acked_at,"
    "dispatched_at,closed_at,due_clear,distance_m,lat,lon,count,version";

static void csv_row(const struct alert_reader *reader, struct csv_text *csv,
                    const struct alert_image *a)
{
    const int64_t times[] = {a->opened_ms, a->acked_ms, a->dispatched_ms, a->closed_ms,
                             a->due_clear_ms};
    const enum alert_subject subject = alert_kind_subject((enum alert_kind)a->kind);
    char id[ALERT_ID_LEN + 1];
    char fence[SPACE_ID_LEN + 1] = "";

    alert_id_format(a->id, id);
    if (a->fence != 0) {
        space_id_format(a->fence, fence);
    }
    csv_text_str(csv, id);
    csv_text_str(csv, alert_kind_code((enum alert_kind)a->kind));
    csv_text_str(csv, alert_state_code((enum alert_state)a->state));
    csv_text_str(csv, alert_cause_code((enum alert_cause)a->cause));
    csv_text_i64(csv, a->severity);
    csv_text_i64(csv, a->escalated);
    csv_text_str(csv, a->operator_code);
    csv_text_str(csv, a->vehicle);
    csv_text_str(csv, fence);
    for (size_t k = 0; k < ARRAY_LEN(times); k++) {
        csv_text_time(csv, times[k]);
    }
    if (subject == SUBJECT_VEHICLE && a->distance_mm != INT32_MAX) {
        csv_text_i64(csv, (a->distance_mm + (a->distance_mm < 0 ? -500 : 500)) / 1000);
    } else {
        csv_text_empty(csv, 1);
    }
    if (subject != SUBJECT_OPERATOR) {
        csv_text_position(csv, fleet_position(reader->crs, a->at));
    } else {
        csv_text_empty(csv, 2);
    }
    csv_text_i64(csv, a->count);
    csv_text_i64(csv, a->version);
    csv_text_row_end(csv);
}

void alert_csv_write(const struct alert_reader *reader, struct strbuf *out,
                     const struct alert_image *alerts, uint32_t count)
{
    struct csv_text csv;

    csv_text_begin(&csv, out, reader->shift_ms, csv_heading);
    for (uint32_t i = 0; i < count; i++) {
        csv_row(reader, &csv, &alerts[i]);
    }
}
