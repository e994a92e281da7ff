/* Query parameters of fences, alerts, vehicles and coverage. */
#include "api/params_value.h"
#include "bowei/alert.h"
#include "bowei/territory.h"
#include <sodium.h>
#include <string.h>

static bool use_set(struct query *query, const char *word, size_t len)
{
    for (unsigned i = 0; i < FENCE_USE_COUNT; i++) {
        const char *name = fence_use_name((enum fence_use)i);

        if (strlen(name) == len && memcmp(name, word, len) == 0) {
            query->uses |= (uint8_t)(1u << i);
            return true;
        }
    }
    return false;
}

void parse_uses(const struct value *v)
{
    value_words(v, use_set, "park, no_park");
}

static bool alert_state_set(struct query *query, const char *word, size_t len)
{
    enum alert_state state;

    if (!alert_state_find(word, len, &state)) {
        return false;
    }
    query->alert_states |= 1u << state;
    return true;
}

void parse_alert_states(const struct value *v)
{
    value_words(v, alert_state_set, "open, acknowledged, dispatched, disputed, resolved, expired");
}

static bool alert_kind_set(struct query *query, const char *word, size_t len)
{
    enum alert_kind kind;

    if (!alert_kind_find(word, len, &kind)) {
        return false;
    }
    query->alert_kinds |= 1u << kind;
    return true;
}

void parse_alert_kinds(const struct value *v)
{
    value_words(v, alert_kind_set,
                "out_of_fence, no_parking_zone, pile_up, fence_filling, fence_silent, "
                "feed_suspect");
}

static bool gap_kind_set(struct query *query, const char *word, size_t len)
{
    for (unsigned i = 0; i < GAP_KIND_COUNT; i++) {
        const char *code = gap_kind_code((enum gap_kind)i);

        if (strlen(code) == len && memcmp(code, word, len) == 0) {
            query->gap_kinds |= 1u << i;
            return true;
        }
    }
    return false;
}

void parse_gap_kinds(const struct value *v)
{
    value_words(v, gap_kind_set,
                "no_unit, no_person, no_grid, other_street, no_area_warden, no_street_warden, "
                "no_road_warden, unit_without_person, grid_without_unit");
}

static bool verdict_set(struct query *query, const char *word, size_t len)
{
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        const char *name = verdict_name((enum verdict)i);

        if (strlen(name) == len && memcmp(name, word, len) == 0) {
            query->verdicts |= (uint8_t)(1u << i);
            return true;
        }
    }
    return false;
}

void parse_verdicts(const struct value *v)
{
    value_words(v, verdict_set, "inside, outside, uncertain");
}

void parse_fence_id(const struct value *v)
{
    value_id(v, &v->query->fence);
}

void parse_vehicle(const struct value *v)
{
    if (!vehicle_ref_valid(v->text, v->len)) {
        faults_add(v->faults, v->row->name,
                   "must be OP-NUMBER: 2 to 6 letters, 4 to 20 of [0-9A-Z]");
        return;
    }
    v->query->vehicle = v->text;
}

void vehicle_cursor_write(const char *ref, char out[VEHICLE_CURSOR_MAX])
{
    sodium_bin2base64(out, VEHICLE_CURSOR_MAX, (const unsigned char *)ref, strlen(ref),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void parse_vehicle_cursor(const struct value *v)
{
    unsigned char ref[VEHICLE_REF_MAX + 1];
    size_t len = 0;

    if (sodium_base642bin(ref, VEHICLE_REF_MAX, v->text, v->len, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        !vehicle_ref_valid((const char *)ref, len)) {
        faults_add(v->faults, v->row->name, "is not a cursor of this list");
        return;
    }
    memcpy(v->query->after, ref, len);
    v->query->after[len] = '\0';
}

void parse_event_cursor(const struct value *v)
{
    if (!event_place_parse(v->text, v->len, &v->query->after_event)) {
        faults_add(v->faults, v->row->name, "is not a cursor of events");
    }
}

void parse_operator(const struct value *v)
{
    if (v->len < 2 || v->len > OPERATOR_CODE ||
        strspn(v->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != v->len) {
        faults_add(v->faults, v->row->name, "must be 2 to %d capital letters", OPERATOR_CODE);
        return;
    }
    memcpy(v->query->operator_code, v->text, v->len + 1);
}
