/* POST /v1/vehicles/telemetry: what operators say of their own parked bikes, in batches. Each item
 * is checked by itself and has its own result; those that are taken are in the journal, on the
 * disk, before the 200. Members that are not named here (a rider, a trip) are not looked at and not
 * kept. */
#include "api/event_memory.h"
#include "api/handlers/fleet.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX     REPORTS_MAX
#define NODES_MAX     65536u
#define REPORT_ID_MAX 64
#define BEACONS_MAX   16
#define OLDEST_MS     86400000 /* older reports say nothing of where a bike is */
#define BEACON_ID_MAX 96

enum item_result { ITEM_ACCEPTED, ITEM_DUPLICATE, ITEM_REFUSED };

struct telemetry_item {
    char event_id[REPORT_ID_MAX + 1];
    enum item_result result;
    char detail[96];
};

/** What hangs on the pending request until the journal's sync. */
struct telemetry {
    uint32_t count, taken;
    bool repeated; /**< some were kept before, perhaps not yet on the disk */
    struct telemetry_item items[ITEMS_MAX];
    struct bike_report reports[ITEMS_MAX];
    uint64_t events[ITEMS_MAX]; /**< of those taken */
};

/* A body under way. */
struct telemetry_read {
    struct request *rq;
    struct json_doc doc;
    enum crs crs;
    struct telemetry *telemetry;
};

static bool refuse(struct telemetry_item *item, const char *field, const char *why)
{
    item->result = ITEM_REFUSED;
    (void)snprintf(item->detail, sizeof item->detail, "%s: %s", field, why);
    return false;
}

static bool event_read(const struct telemetry_read *t, const struct json_node *n,
                       struct telemetry_item *item)
{
    const struct json_node *id = json_member(&t->doc, n, "event_id");
    int len = id == NULL ? -1 : json_text(&t->doc, id, item->event_id, sizeof item->event_id);

    for (int i = 0; i < len; i++) {
        if (item->event_id[i] <= ' ' || item->event_id[i] == 0x7f) {
            len = -1;
        }
    }
    if (len < 1) {
        item->event_id[0] = '\0';
        return refuse(item, "event_id", "a text of 1 to 64 characters without spaces is required");
    }
    return true;
}

static bool vehicle_read(const struct telemetry_read *t, const struct json_node *n,
                         struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *vehicle = json_member(&t->doc, n, "vehicle");
    const char *own = t->rq->operator_code;
    int len =
        vehicle == NULL ? -1 : json_text(&t->doc, vehicle, report->vehicle, sizeof report->vehicle);

    if (len < 0 || !vehicle_ref_valid(report->vehicle, (size_t)len)) {
        return refuse(item, "vehicle",
                      "OP-NUMBER is required: 2 to 6 letters, 4 to 20 of [0-9A-Z]");
    }
    if (own[0] != '\0' &&
        (strncmp(report->vehicle, own, strlen(own)) != 0 || report->vehicle[strlen(own)] != '-')) {
        return refuse(item, "vehicle", "is not one of this key's operator");
    }
    if (fences_operator(t->rq->inv, report->vehicle, (size_t)len) == NO_OPERATOR) {
        return refuse(item, "vehicle", "the city has no such operator");
    }
    return true;
}

static bool time_read(const struct telemetry_read *t, const struct json_node *n,
                      struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *time = json_member(&t->doc, n, "time");
    const int64_t wall_ms = t->rq->now.at_ms + t->rq->now.shift_ms;
    char text[48];
    int len = time == NULL ? -1 : json_text(&t->doc, time, text, sizeof text);

    if (len < 0 || rfc3339_parse(text, (uint32_t)len, &report->time_ms) != 0) {
        return refuse(item, "time", "an RFC 3339 time is required");
    }
    if (report->time_ms < wall_ms - OLDEST_MS) {
        return refuse(item, "time", "is older than a day");
    }
    report->has |= REPORT_HAS_TIME;
    return true;
}

static bool lock_read(const struct telemetry_read *t, const struct json_node *n,
                      struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *lock = json_member(&t->doc, n, "lock");

    if (lock == NULL || lock->kind == JSON_NULL || json_is_text(&t->doc, lock, "unknown")) {
        return true;
    }
    if (json_is_text(&t->doc, lock, "locked")) {
        report->lock = LOCK_LOCKED;
    } else if (json_is_text(&t->doc, lock, "unlocked")) {
        report->lock = LOCK_UNLOCKED;
    } else {
        return refuse(item, "lock", "must be locked, unlocked or unknown");
    }
    return true;
}

/* Would the position be right in another coordinate system? The core counts it, without floats. */
static uint8_t shift_of(const struct telemetry_read *t, struct position_deg at)
{
    const struct position_deg tried[] = {at, crs_to_wgs84(CRS_GCJ02, at),
                                         crs_to_wgs84(CRS_BD09, at), crs_from_wgs84(CRS_GCJ02, at)};
    static const uint8_t bits[] = {SHIFT_INSIDE, SHIFT_INSIDE_GCJ02, SHIFT_INSIDE_BD09,
                                   SHIFT_INSIDE_TWICE};
    uint8_t shift = 0;

    for (unsigned i = 0; i < ARRAY_LEN(tried); i++) {
        struct fence_hit hit;

        if (fences_around(t->rq->inv, position_round(tried[i]), 15000, FENCE_PARK, &hit, 1) > 0) {
            shift |= bits[i];
        }
    }
    return shift;
}

static bool location_read(const struct telemetry_read *t, const struct json_node *n,
                          struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *location = json_member(&t->doc, n, "location");
    const struct json_node *lat = json_member(&t->doc, location, "lat");
    const struct json_node *lon = json_member(&t->doc, location, "lon");
    const struct json_node *accuracy = json_member(&t->doc, location, "accuracy_m");
    struct position_deg at;
    int64_t accuracy_mm = 0;

    if (location == NULL || location->kind == JSON_NULL) {
        return true;
    }
    if (location->kind != JSON_OBJECT || lat == NULL || lon == NULL ||
        !json_double(&t->doc, lat, &at.lat) || !json_double(&t->doc, lon, &at.lon) ||
        !(at.lat >= -90 && at.lat <= 90 && at.lon >= -180 && at.lon <= 180)) {
        return refuse(item, "location", "must have lat from -90 to 90 and lon from -180 to 180");
    }
    if (at.lat == 0 && at.lon == 0) {
        return refuse(item, "location", "0, 0 is no position but a lock without a fix");
    }
    if (accuracy != NULL && accuracy->kind != JSON_NULL &&
        (!json_scaled(&t->doc, accuracy, 3, &accuracy_mm) || accuracy_mm < 0 ||
         accuracy_mm > 10000000)) {
        return refuse(item, "location/accuracy_m", "must be metres from 0 to 10000");
    }
    at = crs_to_wgs84(t->crs, at);
    report->at = position_round(at);
    report->accuracy_mm = (uint32_t)accuracy_mm;
    report->has |= REPORT_HAS_POSITION;
    report->shift = shift_of(t, at);
    return true;
}

static bool beacons_read(const struct telemetry_read *t, const struct json_node *n,
                         struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *list = json_member(&t->doc, n, "beacons");
    const struct json_node *beacon;

    if (list == NULL || list->kind == JSON_NULL) {
        return true;
    }
    if (list->kind != JSON_ARRAY || list->count > BEACONS_MAX) {
        return refuse(item, "beacons", "must be a list of at most 16");
    }
    report->has |= REPORT_HAS_RADIO;
    beacon = json_first(&t->doc, list);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json_node *id = json_member(&t->doc, beacon, "id");
        const struct json_node *rssi = json_member(&t->doc, beacon, "rssi");
        char text[BEACON_ID_MAX];
        int64_t dbm;

        if (id == NULL || json_text(&t->doc, id, text, sizeof text) < 1 || rssi == NULL ||
            !json_int(&t->doc, rssi, &dbm) || dbm < -127 || dbm > 20) {
            return refuse(item, "beacons", "each must have an id, and an rssi from -127 to 20");
        }
        report_beacon(report, t->rq->inv, text, (int8_t)dbm);
        beacon = json_after(&t->doc, beacon);
    }
    return true;
}

static bool battery_read(const struct telemetry_read *t, const struct json_node *n,
                         struct telemetry_item *item, struct bike_report *report)
{
    const struct json_node *battery = json_member(&t->doc, n, "battery");
    int64_t percent;

    if (battery == NULL || battery->kind == JSON_NULL) {
        return true;
    }
    if (!json_int(&t->doc, battery, &percent) || percent < 0 || percent > 100) {
        return refuse(item, "battery", "must be a whole number from 0 to 100");
    }
    report->battery_pct = (uint8_t)percent;
    report->has |= REPORT_HAS_BATTERY;
    return true;
}

static uint64_t event_hash(const char *vehicle, const char *event_id)
{
    char text[VEHICLE_REF_MAX + REPORT_ID_MAX + 2];
    const size_t code_len = strcspn(vehicle, "-");

    (void)snprintf(text, sizeof text, "%.*s %s", (int)code_len, vehicle, event_id);
    return report_hash(text, strlen(text));
}

/* Taken lately, or further up in this batch? */
static bool event_taken(const struct telemetry_read *t, uint64_t event)
{
    for (uint32_t i = 0; i < t->telemetry->taken; i++) {
        if (t->telemetry->events[i] == event) {
            return true;
        }
    }
    return event_memory_has(t->rq->api->events, event);
}

static void item_read(struct telemetry_read *t, const struct json_node *n)
{
    struct telemetry *telemetry = t->telemetry;
    struct telemetry_item *item = &telemetry->items[telemetry->count++];
    struct bike_report *report = &telemetry->reports[telemetry->taken];

    *item = (struct telemetry_item){.result = ITEM_ACCEPTED};
    *report = (struct bike_report){.source = REPORT_OPERATOR, .battery_pct = UINT8_MAX};
    if (n->kind != JSON_OBJECT) {
        (void)refuse(item, "item", "must be an object");
        return;
    }
    if (!event_read(t, n, item) || !vehicle_read(t, n, item, report) ||
        !time_read(t, n, item, report) || !lock_read(t, n, item, report) ||
        !location_read(t, n, item, report) || !beacons_read(t, n, item, report) ||
        !battery_read(t, n, item, report)) {
        return;
    }
    report_in_use(report);
    report->event = event_hash(report->vehicle, item->event_id);
    if (event_taken(t, report->event)) {
        item->result = ITEM_DUPLICATE;
        telemetry->repeated = true;
        return;
    }
    telemetry->events[telemetry->taken++] = report->event;
}

/* The envelope of the batch; answers itself when it is wrong. */
static const struct json_node *batch_read(struct telemetry_read *t)
{
    struct request *rq = t->rq;
    const struct json_node *root = &t->doc.nodes[0];
    const struct json_node *crs = json_member(&t->doc, root, "crs");
    const struct json_node *items = json_member(&t->doc, root, "items");
    char text[16];
    int len;

    rq->faults = (struct faults){.pointer = true};
    if (root->kind != JSON_OBJECT) {
        respond_problem(rq, ERR_BAD_JSON, "the body must be an object");
        return NULL;
    }
    len = crs == NULL ? -1 : json_text(&t->doc, crs, text, sizeof text);
    if (len < 0 || !crs_parse(text, (uint32_t)len, &t->crs)) {
        faults_add(&rq->faults, "/crs",
                   "%s wgs84, gcj02 or bd09; read wrongly, a fleet moves by 700 m",
                   FAULT_MUST_BE(crs));
    }
    if (items == NULL || items->kind != JSON_ARRAY || items->count == 0 ||
        items->count > ITEMS_MAX) {
        faults_add(&rq->faults, "/items", "%s a list of 1 to %d reports", FAULT_MUST_BE(items),
                   ITEMS_MAX);
    }
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return NULL;
    }
    return items;
}

static void telemetry_reply(struct request *rq, const struct telemetry *telemetry)
{
    static const char *const names[] = {"accepted", "duplicate", "refused"};
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < telemetry->count; i++) {
        const struct telemetry_item *item = &telemetry->items[i];

        json_object(&w);
        json_kv_str(&w, "event_id", item->event_id);
        json_kv_str(&w, "result", names[item->result]);
        if (item->detail[0] != '\0') {
            json_kv_str(&w, "detail", item->detail);
        }
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void on_synced(void *ctx, enum err result)
{
    struct command *command = ctx;

    command->result = result;
    command->done(command);
}

static enum err sync_submit(void *ctx, struct command *command)
{
    const struct api *api = ctx;

    api->p.intake.synced(api->p.intake.ctx, on_synced, command);
    return ERR_OK;
}

static void telemetry_answer(struct request *rq)
{
    telemetry_reply(rq, rq->pending->own);
}

/* Kept as one, then waits for the group's sync. */
static void batch_keep(struct request *rq, struct telemetry *telemetry)
{
    struct api *api = rq->api;
    enum err e = telemetry->taken == 0
                     ? ERR_OK
                     : api->p.intake.reports(api->p.intake.ctx, rq->inv->version,
                                             telemetry->reports, telemetry->taken);

    if (e != ERR_OK) {
        free(telemetry);
        respond_problem(rq, e, "none of the items was kept, send them again");
        return;
    }
    for (uint32_t i = 0; i < telemetry->taken; i++) {
        event_memory_put(api->events, telemetry->events[i]);
    }
    rq->pending = pending_create(api->pending, 0);
    if (rq->pending == NULL) {
        free(telemetry);
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->pending->command.kind = COMMAND_TELEMETRY;
    rq->pending->own = telemetry;
    rq->answer = telemetry_answer;
    rq->phase = PHASE_WAITING;
    rq->suspended = true;
    pending_submit(rq->pending, rq->mhd, rq->boot_ms + PENDING_WAIT_MS, sync_submit, api);
}

/* Reads the batch into t->telemetry; answers itself and returns false when it is none. */
static bool batch_take(struct telemetry_read *t, struct json_node *nodes)
{
    struct request *rq = t->rq;
    const enum json_fault fault =
        json_parse(&t->doc, rq->body.len > 0 ? rq->body.data : "", rq->body.len, nodes, NODES_MAX);
    const struct json_node *items;
    const struct json_node *item;

    if (fault != JSON_OK) {
        respond_problem(rq, ERR_BAD_JSON, json_fault_text(fault));
        return false;
    }
    items = batch_read(t);
    if (items == NULL) {
        return false;
    }
    item = json_first(&t->doc, items);
    for (uint32_t i = 0; i < items->count; i++) {
        item_read(t, item);
        item = json_after(&t->doc, item);
    }
    return true;
}

void vehicles_telemetry_post(struct request *rq)
{
    struct telemetry_read t = {.rq = rq, .telemetry = calloc(1, sizeof *t.telemetry)};
    struct json_node *nodes = malloc(NODES_MAX * sizeof nodes[0]);
    bool taken = false;

    if (nodes == NULL || t.telemetry == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
    } else {
        taken = batch_take(&t, nodes);
    }
    free(nodes);
    if (taken && (t.telemetry->taken > 0 || t.telemetry->repeated)) {
        batch_keep(rq, t.telemetry);
        return;
    }
    if (taken) {
        telemetry_reply(rq, t.telemetry);
    }
    free(t.telemetry);
}
