/* Why a space says what it says: the same questions that judging asks, answered into plain data and
 * changing nothing. Called for one space at a time, on a technician's request. */
#include "gateway/core/space/explain.h"

static unsigned changes_sum(uint64_t changes)
{
    unsigned sum = 0;

    for (unsigned bin = 0; bin < 10; bin++) { /* ten 4-bit counts: struct sensor_image */
        sum += (unsigned)(changes >> (4 * bin) & 15);
    }
    return sum;
}

uint8_t explain_changes(const struct sensor *sensor)
{
    struct sensor_image image;

    sensor_save(sensor, &image);
    return (uint8_t)changes_sum(image.changes);
}

static void explain_one(const struct place *place, unsigned i, int64_t at_ms,
                        struct explain_sensor *out)
{
    const struct sensor *sensor = &place->sensors[i];
    const struct sensor_timing *timing = place_timing(place, i);
    struct sensor_image image;

    sensor_save(sensor, &image);
    *out = (struct explain_sensor){
        .device = place->bound[i].device,
        .channel = place->bound[i].channel,
        .rank = place->bound[i].rank,
        .value = image.value,
        .live = sensor_live(sensor, timing->limit_ms, at_ms, place->clock_suspect),
        .why_not = (uint8_t)space_sensor_reason(sensor, place->clock_suspect),
        .suspect = (sensor->progress & SENSOR_SUSPECT) != 0,
        .flapping = (image.flags & SENSOR_FLAPPING) != 0,
        .battery_low = (image.flags & SENSOR_BATTERY_LOW) != 0,
        .restored = (image.flags & SENSOR_RESTORED) != 0,
        .session_gap = (image.flags & SENSOR_SESSION_GAP) != 0,
        .has_counter = (image.flags & SENSOR_HAS_COUNTER) != 0,
        .pending = image.pending,
        .samples = image.debounce,
        .changes = (uint8_t)changes_sum(image.changes),
        .battery_mv = image.battery_mv,
        .rssi_dbm = image.rssi_dbm,
        .counter = image.counter,
        .limit_ms = timing->limit_ms,
        .period_ms = timing->period_ms,
        .heard_ms = image.heard_ms,
    };
    if (image.pending < VALUE_COUNT_) {
        out->pending_due_ms = image.pending_ms + SENSOR_DEBOUNCE_MS;
    }
    if (out->flapping) {
        out->quiet_due_ms = image.quiet_ms + SENSOR_QUIET_MS;
    }
}

void space_explain(const struct place *place, int64_t at_ms, struct space_explain *out)
{
    const struct space *space = place->space;
    unsigned best = UINT8_MAX + 1U;

    out->at_ms = at_ms;
    out->fused = space->state;
    out->fused_why = space->reason;
    out->fused_since_ms = space_since_ms(space);
    out->known = (uint8_t)space_known(space);
    out->known_since_ms = space_known_since_ms(space);
    out->flag_pct = space->flag_pct;
    out->held_ms = (int64_t)space->held;
    out->held_until_ms = (int64_t)space->held == 0 ? 0 : (int64_t)space->held + SPACE_HELD_MS;
    out->gap_s = space_gap_s(space);
    out->sensor_count = place->count;
    for (unsigned i = 0; i < place->count; i++) {
        explain_one(place, i, at_ms, &out->sensors[i]);
        if (out->sensors[i].live && out->sensors[i].rank < best) {
            best = out->sensors[i].rank;
        }
    }
    for (unsigned i = 0; i < place->count; i++) {
        out->sensors[i].votes = out->sensors[i].live && out->sensors[i].rank == best;
    }
    out->decided_by = space_source(space) < place->count ? space_source(space) : place->count;
}
