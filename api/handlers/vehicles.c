/* Bikes for those who run them and for staff: where each stands, and why the verdict is what it is.
 * A bike in use is not shown; a foreign one answers like one that does not exist. */
#include "api/handlers/asking.h"
#include "api/handlers/fleet.h"
#include <stdio.h>
#include <string.h>

#define LIST_LIMIT 100u

static request_answer vehicles_page_answer, vehicle_answer, verdict_answer;

static void verdict_members(const struct request *rq, struct json_writer *w,
                            const struct bike_image *bike)
{
    json_kv_str(w, "verdict", verdict_name((enum verdict)bike->verdict));
    json_kv_str(w, "rule", verdict_rule_code((enum verdict_rule)bike->rule));
    json_kv_place(w, "fence", bike->fence);
    fleet_metres(w, "distance_m", bike->distance_mm);
    fleet_time(rq->now.shift_ms, w, "since", bike->since_ms);
}

static void bike_write(const struct request *rq, struct json_writer *w,
                       const struct bike_image *bike)
{
    struct position_e7 at;

    json_object(w);
    json_kv_str(w, "vehicle", bike->ref);
    json_kv_str(w, "lock", lock_state_name((enum lock_state)bike->lock));
    if (bike_position(bike, &at)) {
        json_key(w, "location");
        fleet_location(rq->query.crs, w, at);
    } else {
        json_kv_null(w, "location");
    }
    verdict_members(rq, w, bike);
    fleet_time(rq->now.shift_ms, w, "parked_at", bike->parked_ms);
    fleet_time(rq->now.shift_ms, w, "seen", bike->heard_ms);
    if (bike->battery_pct <= 100) {
        json_kv_u64(w, "battery", bike->battery_pct);
    } else {
        json_kv_null(w, "battery");
    }
    json_object_end(w);
}

void vehicles_list(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    struct fleet_request *request;

    if (!fleet_open(rq, COMMAND_BIKES, 0, limit, vehicles_page_answer)) {
        return;
    }
    request = rq->pending->command.fleet;
    request->limit = limit;
    request->verdicts = rq->query.verdicts;
    request->fence = rq->query.fence;
    (void)snprintf(request->after, sizeof request->after, "%s", rq->query.after);
    asking_submit(rq);
}

static void vehicle_open(struct request *rq, request_answer *answer)
{
    const char *ref = rq->match.argument;

    if (!vehicle_ref_valid(ref, strlen(ref))) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such vehicle");
        return;
    }
    if (fleet_open(rq, COMMAND_BIKES, 0, 1, answer)) {
        struct fleet_request *request = rq->pending->command.fleet;

        request->limit = 1;
        memcpy(request->vehicle, ref, strlen(ref) + 1); /* valid, so it fits */
        asking_submit(rq);
    }
}

void vehicle_get(struct request *rq)
{
    vehicle_open(rq, vehicle_answer);
}

void vehicle_verdict_get(struct request *rq)
{
    vehicle_open(rq, verdict_answer);
}

/* --- why --- */

static void radio_write(const struct request *rq, struct json_writer *w, const char *name,
                        const struct bike_radio *radio)
{
    if (radio->fence == 0) {
        return;
    }
    json_key(w, name);
    json_object(w);
    json_kv_str(w, "by", radio->listener != 0 ? "listener" : "beacon");
    json_kv_place(w, "fence", radio->fence);
    json_kv_bool(w, "entered", radio->entered != 0);
    fleet_time(rq->now.shift_ms, w, "heard", radio->heard_ms);
    json_key(w, "rssi");
    json_array(w);
    for (unsigned i = 0; i < BIKE_RSSI_KEPT && radio->rssi[i] != RSSI_NONE; i++) {
        json_i64(w, radio->rssi[i]);
    }
    json_array_end(w);
    json_object_end(w);
}

static void gnss_write(const struct request *rq, struct json_writer *w,
                       const struct bike_image *bike)
{
    struct position_e7 mean;

    if (bike->fixed_ms == 0) {
        return;
    }
    json_key(w, "gnss");
    json_object(w);
    fleet_time(rq->now.shift_ms, w, "time", bike->fixed_ms);
    json_kv_u64(w, "accuracy_m", (bike->accuracy_mm + 500) / 1000);
    json_key(w, "newest");
    fleet_location(rq->query.crs, w, bike->newest);
    if (bike_position(bike, &mean)) {
        json_key(w, "mean");
        fleet_location(rq->query.crs, w, mean);
    }
    json_kv_u64(w, "fixes", bike->fixes);
    json_object_end(w);
}

/* The rules as they stand, so that the verdict can be worked out again by hand. */
static void rules_write(const struct request *rq, struct json_writer *w)
{
    const struct fleet_rules *rules = rq->api->p.rules;

    json_key(w, "thresholds");
    json_object(w);
    json_kv_u64(w, "buffer_m", rules->buffer_mm / 1000);
    json_kv_u64(w, "hold_m", rules->hold_mm / 1000);
    json_kv_u64(w, "dwell_s", rules->dwell_ms / 1000);
    json_kv_u64(w, "coarse_m", rules->coarse_mm / 1000);
    json_kv_u64(w, "position_age_s", rules->position_age_ms / 1000);
    json_kv_u64(w, "moved_m", rules->moved_mm / 1000);
    json_kv_i64(w, "enter_dbm", rules->enter_dbm);
    json_kv_i64(w, "leave_dbm", rules->leave_dbm);
    json_object_end(w);
}

static void verdict_write(struct request *rq, const struct bike_image *bike)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "vehicle", bike->ref);
    verdict_members(rq, &w, bike);
    json_kv_str(&w, "rule_text", verdict_rule_text((enum verdict_rule)bike->rule));
    if (bike->outside_ms != 0) {
        fleet_time(rq->now.shift_ms, &w, "outside_since", bike->outside_ms);
    }
    json_key(&w, "evidence");
    json_object(&w);
    radio_write(rq, &w, "radio", &bike->radio);
    radio_write(rq, &w, "rival", &bike->rival);
    gnss_write(rq, &w, bike);
    json_object_end(&w);
    rules_write(rq, &w);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void vehicles_page(struct request *rq, const struct fleet_request *request)
{
    struct strbuf out = {0};
    struct json_writer w;
    char text[VEHICLE_CURSOR_MAX];

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "crs", crs_name(rq->query.crs));
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < request->bike_count; i++) {
        bike_write(rq, &w, &request->bikes[i]);
    }
    json_array_end(&w);
    if (request->more) {
        vehicle_cursor_write(request->bikes[request->bike_count - 1].ref, text);
        json_kv_str(&w, "next", text);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
    if (request->more) {
        respond_next(rq, text);
    }
}

static void vehicles_page_answer(struct request *rq)
{
    vehicles_page(rq, rq->pending->command.fleet);
}

static void verdict_answer(struct request *rq)
{
    verdict_write(rq, &rq->pending->command.fleet->bikes[0]);
}

static void vehicle_answer(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    bike_write(rq, &w, &rq->pending->command.fleet->bikes[0]);
    respond_text(rq, 200, type_json, &out);
}
