/* The pick-list for a van round: vehicles suspected to be abandoned, ranked, with the evidence and
 * the clock of each, neighbours together. Staff only; the core audits each reading. */
#include "api/handlers/asking.h"
#include "api/handlers/desk.h"
#include "api/handlers/fleet.h"
#include "bowei/csv_text.h"
#include "bowei/zombie.h"
#include <stdio.h>
#include <stdlib.h>

#define LIST_LIMIT     100u
#define GROUP_RADIUS_M 300u

static request_answer zombies_answer;

void zombies_get(struct request *rq)
{
    const uint32_t limit = rq->query.limit == 0 ? LIST_LIMIT : rq->query.limit;
    const bool has_from = query_has(&rq->query, PARAM_START_LAT);
    struct zombie_request *request;

    if (has_from != query_has(&rq->query, PARAM_START_LON) ||
        (!has_from && query_has(&rq->query, PARAM_RADIUS))) {
        faults_add(&rq->faults, has_from ? "lon" : "lat",
                   "lat and lon say together where the round begins; radius is around it");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return;
    }
    if (!asking_open_kept(rq, COMMAND_ZOMBIES, zombies_answer)) {
        return;
    }
    request = calloc(1, sizeof *request + limit * sizeof(struct zombie_item));
    if (request == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->pending->own = request;
    rq->pending->command.zombies = request;
    request->items = (struct zombie_item *)(request + 1);
    request->limit = limit;
    request->kinds = rq->query.case_kinds;
    request->stages = rq->query.case_stages;
    request->group_radius_m = GROUP_RADIUS_M;
    if (query_has(&rq->query, PARAM_STREET)) {
        const uint32_t street = (uint32_t)strtoul(rq->query.street, NULL, 10);

        request->adcode = street / 1000;
        request->street = street % 1000;
    }
    if (has_from) {
        request->has_from = true;
        request->from = rq->query.at;
        request->radius_m = query_has(&rq->query, PARAM_RADIUS) ? rq->query.radius_m : 0;
    }
    asking_submit(rq);
}

/* --- JSON --- */

static void reasons_write(struct json_writer *w, uint8_t reasons)
{
    json_key(w, "reasons");
    json_array(w);
    for (unsigned r = 0; r < ZOMBIE_REASON_COUNT; r++) {
        if ((reasons >> r & 1) != 0) {
            json_str(w, zombie_reason_word((enum zombie_reason)r)->code);
        }
    }
    json_array_end(w);
}

static void place_write(struct json_writer *w, space_key place)
{
    char display[SPACE_ID_DISPLAY_LEN + 1];

    json_kv_place(w, "place", place);
    if (place == 0) {
        json_kv_null(w, "display");
    } else {
        space_id_display(place, display);
        json_kv_str(w, "display", display);
    }
}

static void item_write(const struct request *rq, struct json_writer *w,
                       const struct zombie_item *item, bool has_from)
{
    const struct case_image *c = &item->case_;
    char number[CASE_NUMBER_LEN + 1];

    case_id_format(c->id, number);
    json_object(w);
    json_kv_str(w, "case", number);
    json_kv_u64(w, "group", item->group);
    json_kv_u64(w, "rank", item->rank);
    json_kv_str(w, "kind", case_kind_word((enum case_kind)c->kind)->code);
    json_kv_str(w, "stage", case_stage_word((enum case_stage)c->stage)->code);
    json_kv_u64(w, "severity", c->severity);
    json_kv_bool(w, "recurring", (c->flags & CASE_IS_RECURRING) != 0);
    place_write(w, c->place);
    if (c->vehicle[0] == '\0') {
        json_kv_null(w, "vehicle");
    } else {
        json_kv_str(w, "vehicle", c->vehicle);
    }
    json_key(w, "location");
    fleet_location(rq->query.crs, w, c->at);
    if (has_from) {
        json_kv_u64(w, "distance_m", item->distance_m);
    }
    reasons_write(w, c->reasons);
    fleet_time(rq->now.shift_ms, w, "since", c->since_ms);
    json_kv_u64(w, "dwell_days", item->dwell_days);
    json_key(w, "healthy_pct");
    json_decimal(w, item->healthy_hundredths, 2);
    fleet_time(rq->now.shift_ms, w, "suspected_at", c->reported_ms);
    fleet_time(rq->now.shift_ms, w, "stage_due", c->stage_due_ms);
    json_kv_u64(w, "evidence_count", c->evidence_count);
    json_kv_u64(w, "version", c->version);
    json_object_end(w);
}

/* The middle of the stops that one group has. */
static struct position_e7 centre(const struct zombie_item *items, uint32_t count)
{
    int64_t lat = 0;
    int64_t lon = 0;

    for (uint32_t i = 0; i < count; i++) {
        lat += items[i].case_.at.lat;
        lon += items[i].case_.at.lon;
    }
    return (struct position_e7){(int32_t)(lat / count), (int32_t)(lon / count)};
}

static void group_write(const struct request *rq, struct json_writer *w,
                        const struct zombie_item *items, uint32_t count, bool has_from)
{
    json_object(w);
    json_kv_u64(w, "group", items[0].group);
    json_key(w, "center");
    fleet_location(rq->query.crs, w, centre(items, count));
    json_kv_u64(w, "count", count);
    json_key(w, "items");
    json_array(w);
    for (uint32_t i = 0; i < count; i++) {
        item_write(rq, w, &items[i], has_from);
    }
    json_array_end(w);
    json_object_end(w);
}

static void list_write(struct request *rq, const struct zombie_request *request)
{
    struct strbuf out = {0};
    struct json_writer w;
    uint32_t end;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "crs", crs_name(rq->query.crs));
    json_kv_time(&w, "as_of", request->as_of_ms + rq->now.shift_ms);
    json_kv_u64(&w, "matches", request->matches);
    json_key(&w, "groups");
    json_array(&w);
    for (uint32_t i = 0; i < request->count; i = end) {
        for (end = i + 1;
             end < request->count && request->items[end].group == request->items[i].group;) {
            end++;
        }
        group_write(rq, &w, &request->items[i], end - i, request->has_from);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

/* --- CSV --- */

static const char csv_heading[] =
    "group,rank,case,kind,stage,severity,recurring,place,vehicle,lat,lon,distance_m,reasons,since,"
    "dwell_days,healthy_pct,suspected_at,stage_due";

static void csv_reasons(struct csv_text *csv, uint8_t reasons)
{
    struct strbuf text = {0};

    for (unsigned r = 0; r < ZOMBIE_REASON_COUNT; r++) {
        if ((reasons >> r & 1) != 0) {
            strbuf_printf(&text, "%s%s", text.len > 0 ? " " : "",
                          zombie_reason_word((enum zombie_reason)r)->code);
        }
    }
    csv_text_str(csv, text.len > 0 ? text.data : "");
    strbuf_finish(&text);
}

static void csv_item(const struct request *rq, struct csv_text *csv, const struct zombie_item *item,
                     bool has_from)
{
    const struct case_image *c = &item->case_;
    char number[CASE_NUMBER_LEN + 1];
    char place[SPACE_ID_LEN + 1] = "";
    char healthy[16];

    case_id_format(c->id, number);
    if (c->place != 0) {
        space_id_format(c->place, place);
    }
    (void)snprintf(healthy, sizeof healthy, "%u.%02u", item->healthy_hundredths / 100,
                   item->healthy_hundredths % 100);
    csv_text_i64(csv, item->group);
    csv_text_i64(csv, item->rank);
    csv_text_str(csv, number);
    csv_text_str(csv, case_kind_word((enum case_kind)c->kind)->code);
    csv_text_str(csv, case_stage_word((enum case_stage)c->stage)->code);
    csv_text_i64(csv, c->severity);
    csv_text_bool(csv, (c->flags & CASE_IS_RECURRING) != 0);
    csv_text_str(csv, place);
    csv_text_str(csv, c->vehicle);
    csv_text_position(csv, fleet_position(rq->query.crs, c->at));
    if (has_from) {
        csv_text_i64(csv, item->distance_m);
    } else {
        csv_text_empty(csv, 1);
    }
    csv_reasons(csv, c->reasons);
    csv_text_time(csv, c->since_ms);
    csv_text_i64(csv, item->dwell_days);
    csv_text_str(csv, healthy);
    csv_text_time(csv, c->reported_ms);
    csv_text_time(csv, c->stage_due_ms);
    csv_text_row_end(csv);
}

static void zombies_answer(struct request *rq)
{
    const struct zombie_request *request = rq->pending->command.zombies;
    struct strbuf out = {0};
    struct csv_text csv;

    if (!rq->query.csv) {
        list_write(rq, request);
        return;
    }
    csv_text_begin(&csv, &out, rq->now.shift_ms, csv_heading);
    for (uint32_t i = 0; i < request->count; i++) {
        csv_item(rq, &csv, &request->items[i], request->has_from);
    }
    respond_text(rq, 200, type_csv, &out);
}
