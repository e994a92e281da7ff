/* Bike locks through a bridge: bike/<imei>/{h0,d0,l0,l1,...}, JSON with the maker's frame as it
 * came
 * (`model` with `line` or `hex`), or with its meaning (`lock`, `lat`, `lon`, `accuracy_m`,
 * `battery`, `beacons`), or both. Positions are WGS-84: locks report what their GNSS says. Layout:
 * docs/DATA_FORMAT.md, "Bike locks". What frames say of users and rides is not looked at. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"
#include "sensors/mqtt/uplink.h"
#include <string.h>

#define IMEI_LEN  15
#define FRAME_MAX 256

static bool imei_put(const char *text, size_t len, struct lock_heard *lock)
{
    if (len != IMEI_LEN || strspn(text, "0123456789") < IMEI_LEN) {
        return false;
    }
    memcpy(lock->imei, text, IMEI_LEN);
    lock->imei[IMEI_LEN] = '\0';
    return true;
}

/* The level of the topic behind "bike/"; it binds what the body says. */
static enum decode_fault imei_read(const char *topic, const struct json_doc *doc,
                                   struct lock_heard *lock)
{
    const struct json_node *imei = json_member(doc, doc->nodes, "imei");
    char text[IMEI_LEN + 2];
    const char *level;

    if (imei != NULL &&
        (json_text(doc, imei, text, sizeof text) != IMEI_LEN || !imei_put(text, IMEI_LEN, lock))) {
        return DECODE_FIELD;
    }
    if (topic[0] == '\0') {
        return lock->imei[0] != '\0' ? DECODE_OK : DECODE_FIELD;
    }
    level = strstr(topic, "bike/");
    if (level == NULL || strcspn(level + 5, "/") != IMEI_LEN ||
        (lock->imei[0] != '\0' && strncmp(level + 5, lock->imei, IMEI_LEN) != 0)) {
        return DECODE_TOPIC;
    }
    return imei_put(level + 5, IMEI_LEN, lock) ? DECODE_OK : DECODE_TOPIC;
}

static void frame_position(const struct decoded *decoded, struct lock_heard *lock)
{
    const struct extra *valid = decoded_extra(decoded, "valid");
    const struct extra *lat = decoded_extra(decoded, "lat");
    const struct extra *lon = decoded_extra(decoded, "lon");

    if (valid == NULL || valid->kind != EXTRA_BOOL || valid->number == 0 || lat == NULL ||
        lon == NULL || lat->digits != 7 || lon->digits != 7 ||
        (lat->number == 0 && lon->number == 0)) {
        return;
    }
    lock->at = (struct position_e7){(int32_t)lat->number, (int32_t)lon->number};
    lock->has |= REPORT_HAS_POSITION;
}

/* Does the frame, where it names a lock, name the one of the topic? */
static bool frame_is_of(const struct decoded *decoded, const struct lock_heard *lock)
{
    const struct extra *imei = decoded_extra(decoded, "imei");

    return imei == NULL || strcmp(imei->text, lock->imei) == 0;
}

/* What a frame says of the bike: locked or not, where, how much battery, moved by itself. */
static void frame_meaning(const struct decoded *decoded, struct lock_heard *lock)
{
    const struct extra *locked = decoded_extra(decoded, "locked");
    const struct extra *battery = decoded_extra(decoded, "battery_pct");
    const struct extra *alarm = decoded_extra(decoded, "alarm");
    const char *type = decoded_type_name(decoded);

    if (locked != NULL && locked->kind == EXTRA_BOOL) {
        lock->lock = locked->number != 0 ? LOCK_LOCKED : LOCK_UNLOCKED;
    } else if (strcmp(type, "locked") == 0) {
        lock->lock = LOCK_LOCKED;
    } else if (strcmp(type, "unlocked") == 0) {
        lock->lock = LOCK_UNLOCKED;
    }
    if (battery != NULL && battery->number >= 0 && battery->number <= 100) {
        lock->battery_pct = (uint8_t)battery->number;
        lock->has |= REPORT_HAS_BATTERY;
    }
    if (alarm != NULL && (strcmp(alarm->text, "moved") == 0 || strcmp(alarm->text, "fell") == 0)) {
        lock->has |= REPORT_MOVED_ALONE;
    }
    frame_position(decoded, lock);
}

static enum decode_fault frame_read(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *name = json_member(doc, doc->nodes, "model");
    const struct json_node *line = json_member(doc, doc->nodes, "line");
    const struct json_node *hex = json_member(doc, doc->nodes, "hex");
    const struct sensor_model *model;
    uint8_t bytes[FRAME_MAX];
    struct frame frame = {.bytes = bytes};
    enum decode_fault fault;
    int len;

    if (name == NULL || name->kind != JSON_STRING || (line == NULL && hex == NULL)) {
        return line == NULL && hex == NULL ? DECODE_OK : DECODE_FIELD;
    }
    model = sensor_model_find(json_raw_text(doc, name), name->len);
    if (model == NULL || model->kind != MODEL_LOCK) {
        return DECODE_UNKNOWN;
    }
    if (line != NULL) {
        len = line->kind != JSON_STRING ? -1 : (int)json_text(doc, line, (char *)bytes, FRAME_MAX);
    } else {
        len = hex->kind != JSON_STRING
                  ? -1
                  : hex_decode(json_raw_text(doc, hex), hex->len, bytes, FRAME_MAX);
    }
    if (len <= 0) {
        return DECODE_LENGTH;
    }
    frame.len = (size_t)len;
    fault = model->decode(&frame, &out->decoded);
    if (fault != DECODE_OK) {
        return fault;
    }
    if (!frame_is_of(&out->decoded, &out->lock)) {
        return DECODE_FIELD;
    }
    frame_meaning(&out->decoded, &out->lock);
    return DECODE_OK;
}

static enum decode_fault lock_read(const struct json_doc *doc, struct lock_heard *lock)
{
    const struct json_node *n = json_member(doc, doc->nodes, "lock");

    if (n == NULL) {
        return DECODE_OK;
    }
    if (json_is_text(doc, n, "locked")) {
        lock->lock = LOCK_LOCKED;
    } else if (json_is_text(doc, n, "unlocked")) {
        lock->lock = LOCK_UNLOCKED;
    } else {
        return DECODE_FIELD;
    }
    return DECODE_OK;
}

static enum decode_fault position_read(const struct json_doc *doc, struct lock_heard *lock)
{
    const struct json_node *lat = json_member(doc, doc->nodes, "lat");
    const struct json_node *lon = json_member(doc, doc->nodes, "lon");
    const struct json_node *accuracy = json_member(doc, doc->nodes, "accuracy_m");
    struct position_deg at;
    double metres;

    if (lat == NULL && lon == NULL) {
        return DECODE_OK;
    }
    if (lat == NULL || lon == NULL || !json_double(doc, lat, &at.lat) ||
        !json_double(doc, lon, &at.lon)) {
        return DECODE_FIELD;
    }
    if (!(at.lat >= -90 && at.lat <= 90 && at.lon >= -180 && at.lon <= 180)) {
        return DECODE_RANGE;
    }
    if (accuracy != NULL) {
        if (!json_double(doc, accuracy, &metres) || !(metres >= 0 && metres <= 10000)) {
            return DECODE_RANGE;
        }
        lock->accuracy_mm = (uint32_t)(metres * 1000);
    }
    if (at.lat == 0 && at.lon == 0) {
        return DECODE_OK; /* a lock without a fix; the rest of what it says is true */
    }
    lock->at = position_round(at);
    lock->has |= REPORT_HAS_POSITION;
    return DECODE_OK;
}

/* What the bike heard: the strongest come first or not, all are taken up to the limit. */
static enum decode_fault beacons_read(const struct json_doc *doc, struct lock_heard *lock)
{
    const struct json_node *list = json_member(doc, doc->nodes, "beacons");
    const struct json_node *item;

    if (list == NULL) {
        return DECODE_OK;
    }
    if (list->kind != JSON_ARRAY) {
        return DECODE_FIELD;
    }
    lock->has |= REPORT_HAS_RADIO;
    item = json_first(doc, list);
    for (uint32_t i = 0; i < list->count && lock->beacon_count < LOCK_BEACONS_MAX; i++) {
        const struct json_node *id = json_member(doc, item, "id");
        const struct json_node *rssi = json_member(doc, item, "rssi");
        int64_t dbm;

        if (id == NULL ||
            json_text(doc, id, lock->beacons[lock->beacon_count].id, BEACON_TEXT) <= 0 ||
            rssi == NULL || !json_int(doc, rssi, &dbm) || dbm < INT8_MIN + 1 || dbm > 20) {
            return DECODE_FIELD;
        }
        lock->beacons[lock->beacon_count++].rssi_dbm = (int8_t)dbm;
        item = json_after(doc, item);
    }
    return DECODE_OK;
}

static enum decode_fault meaning_read(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *battery = json_member(doc, doc->nodes, "battery");
    enum decode_fault fault = lock_read(doc, &out->lock);
    int64_t percent;

    fault = fault == DECODE_OK ? position_read(doc, &out->lock) : fault;
    fault = fault == DECODE_OK ? beacons_read(doc, &out->lock) : fault;
    if (fault != DECODE_OK || battery == NULL) {
        return fault;
    }
    if (!json_int(doc, battery, &percent) || percent < 0 || percent > 100) {
        return DECODE_RANGE;
    }
    out->lock.battery_pct = (uint8_t)percent;
    out->lock.has |= REPORT_HAS_BATTERY;
    return DECODE_OK;
}

static enum decode_fault open_lock_bridge(const struct envelope *self, const char *topic,
                                          const struct json_doc *doc, struct uplink *out)
{
    enum decode_fault fault;

    (void)self;
    out->kind = UPLINK_NOTHING;
    out->lock = (struct lock_heard){.battery_pct = UINT8_MAX};
    if (doc->nodes[0].kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    fault = imei_read(topic, doc, &out->lock);
    fault = fault == DECODE_OK ? frame_read(doc, out) : fault;
    fault = fault == DECODE_OK ? meaning_read(doc, out) : fault;
    fault =
        fault == DECODE_OK ? uplink_time(doc, json_member(doc, doc->nodes, "time"), out) : fault;
    if (fault != DECODE_OK) {
        return fault;
    }
    if (!decoded_device(&out->decoded, out->lock.imei, IMEI_LEN)) {
        return DECODE_FIELD;
    }
    if ((out->decoded.reading.has & HAS_NET_TIME) != 0) {
        out->lock.time_ms = out->decoded.reading.net_time_ms;
        out->lock.has |= REPORT_HAS_TIME;
    }
    out->kind = UPLINK_LOCK;
    return DECODE_OK;
}

const struct envelope envelope_lock_bridge = {
    .name = "lock_bridge",
    .doc = "bike locks (Omni, Concox BL10, or their meaning) through a bridge, bike/<imei>/...",
    .open = open_lock_bridge,
};
