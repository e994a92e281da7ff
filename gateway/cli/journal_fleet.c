/* Bikes, fences, episodes and mutes in `bowei journal dump`: what the journal holds, as it is. */
#include "gateway/cli/journal_fleet.h"

/* Left out where there is none. */
static void write_place(struct json_writer *w, const char *name, space_key key)
{
    if (key != 0) {
        json_kv_place(w, name, key);
    }
}

static void write_position(struct json_writer *w, struct position_e7 at)
{
    json_key(w, "lat");
    json_decimal(w, at.lat, 7);
    json_key(w, "lon");
    json_decimal(w, at.lon, 7);
}

void journal_fleet_report(struct json_writer *w, const struct bike_report *report)
{
    static const char *const sources[REPORT_SOURCE_COUNT] = {"operator", "lock", "scan",
                                                             "listener"};

    json_kv_str(w, "source",
                report->source < REPORT_SOURCE_COUNT ? sources[report->source] : "none");
    if (report->vehicle[0] != '\0') {
        json_kv_str(w, "vehicle", report->vehicle);
        json_kv_str(w, "lock", lock_state_name((enum lock_state)report->lock));
    }
    write_place(w, "fence", report->fence);
    if ((report->has & REPORT_HAS_TIME) != 0) {
        json_kv_time(w, "net_time", report->time_ms);
    }
    if ((report->has & REPORT_HAS_POSITION) != 0) {
        write_position(w, report->at);
        json_kv_u64(w, "accuracy_mm", report->accuracy_mm);
    }
    if (report->source == REPORT_SCAN) {
        json_kv_i64(w, "rssi", report->rssi_dbm);
    }
    json_kv_u64(w, "beacons", report->beacon_count);
}

static void write_bike(struct json_writer *w, const struct bike_image *bike)
{
    struct position_e7 at;

    json_kv_str(w, "vehicle", bike->ref);
    json_kv_str(w, "lock", lock_state_name((enum lock_state)bike->lock));
    json_kv_bool(w, "gone", (bike->flags & BIKE_GONE) != 0);
    json_kv_str(w, "verdict", verdict_name((enum verdict)bike->verdict));
    json_kv_str(w, "rule", verdict_rule_code((enum verdict_rule)bike->rule));
    write_place(w, "fence", bike->fence);
    if (bike_position(bike, &at)) {
        write_position(w, at);
    }
}

static void write_alert(struct json_writer *w, const struct alert_image *alert)
{
    char id[ALERT_ID_LEN + 1];

    alert_id_format(alert->id, id);
    json_kv_str(w, "id", id);
    json_kv_str(w, "alert", alert_kind_code((enum alert_kind)alert->kind));
    json_kv_str(w, "state", alert_state_code((enum alert_state)alert->state));
    json_kv_str(w, "cause", alert_cause_code((enum alert_cause)alert->cause));
    json_kv_str(w, "operator", alert->operator_code);
    json_kv_str(w, "vehicle", alert->vehicle);
    write_place(w, "fence", alert->fence);
    json_kv_u64(w, "version", alert->version);
    json_kv_u64(w, "event", alert->event);
    json_kv_time(w, "opened", alert->opened_ms);
    json_kv_time(w, "closed", alert->closed_ms > 0 ? alert->closed_ms : -1);
    json_kv_str(w, "actor", alert->actor);
}

void journal_fleet_image(struct json_writer *w, const struct image *image)
{
    switch ((int)image->kind) {
    case IMAGE_FENCE:
        write_place(w, "id", image->fence.key);
        json_kv_u64(w, "listeners", image->fence.listener_count);
        break;
    case IMAGE_BIKE: write_bike(w, &image->bike); break;
    case IMAGE_ALERT: write_alert(w, &image->alert); break;
    case IMAGE_MUTE:
        write_place(w, "fence", image->mute.fence);
        json_kv_bool(w, "set", image->mute.set);
        json_kv_time(w, "until", image->mute.until_ms > 0 ? image->mute.until_ms : -1);
        json_kv_str(w, "actor", image->mute.actor);
        break;
    default: break;
    }
}
