/* What bikes, their locks and Bluetooth gateways send; see bike_telegram.h.
 * Minew and OpenMQTTGateway: the forms that sensors/mqtt/envelopes/minew.c and openmqttgateway.c
 * name the sources of. Locks: a bridge hands the maker's own frame on, text as `line`, bytes as
 * `hex`; sensors/models/omni.c and concox_bl10.c draw the layouts. */
#include "sensors/sim/fleet/bike_telegram.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include <stdio.h>

#define TX_POWER_DBM (-59)
#define LINE_CAP     160
#define BL10_LEN     16
#define MINUTE_UNITS 10000 /* an Omni lock says 1e-4 minutes */

static void time_put(struct json_writer *w, const char *key, int64_t ms)
{
    char base[RFC3339_LEN + 1];
    char text[40];

    rfc3339_format(ms, base);
    (void)snprintf(text, sizeof text, "%.19s.%03dZ", base, (int)(ms % 1000));
    json_kv_str(w, key, text);
}

static void upper(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
    }
}

/* --- telemetry --- */

static void location_put(struct json_writer *w, const struct world_report *r)
{
    json_key(w, "location");
    json_object(w);
    json_key(w, "lat");
    json_fixed(w, r->at.lat, 7);
    json_key(w, "lon");
    json_fixed(w, r->at.lon, 7);
    json_kv_u64(w, "accuracy_m", r->accuracy_m);
    json_object_end(w);
}

void bike_telegram_item(const struct world_plan *plan, const struct world_report *r,
                        struct strbuf *out)
{
    struct json_writer w;
    char text[WORLD_ID_CAP];
    char event[WORLD_ID_CAP + 24];

    world_bike_ref(plan, r->bike, text);
    (void)snprintf(event, sizeof event, "%s-%lld", text, (long long)r->time_ms);
    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "event_id", event);
    json_kv_str(&w, "vehicle", text);
    time_put(&w, "time", r->time_ms);
    json_kv_str(&w, "lock", r->locked ? "locked" : "unlocked");
    if (r->has_position) {
        location_put(&w, r);
    }
    if (r->listened) {
        json_key(&w, "beacons");
        json_array(&w);
        for (uint32_t i = 0; i < r->heard_count; i++) {
            world_stud_id(plan, r->heard[i].stud, text);
            json_object(&w);
            json_kv_str(&w, "id", text);
            json_kv_i64(&w, "rssi", r->heard[i].rssi_dbm);
            json_object_end(&w);
        }
        json_array_end(&w);
    }
    json_kv_u64(&w, "battery", r->battery_pct);
    json_object_end(&w);
}

/* --- scans --- */

/* MAC of an advertiser, and whether it sends an iBeacon: major and minor then. */
static bool advert_read(const struct world_plan *plan, const struct world_advert *a, char mac[13],
                        uint32_t beacon[2])
{
    const bool bike = a->bike != WORLD_NONE;

    if (bike && !world_operator_beacons(world_operator(plan, a->bike))) {
        world_bike_mac(plan, a->bike, mac);
        return false;
    }
    (void)snprintf(mac, 13, "%012llx", (unsigned long long)a->mac);
    if (bike) {
        world_bike_triple(a->bike, beacon);
    }
    return bike;
}

static void minew_item(const struct world_plan *plan, const struct world_advert *a, int64_t at_ms,
                       struct json_writer *w)
{
    uint32_t beacon[2] = {0};
    char uuid[40];
    char mac[13];
    const bool is_beacon = advert_read(plan, a, mac, beacon);

    upper(mac);
    json_object(w);
    time_put(w, "timestamp", at_ms);
    json_kv_str(w, "type", is_beacon ? "iBeacon" : "Unknown");
    json_kv_str(w, "mac", mac);
    json_kv_str(w, "bleName", "");
    if (is_beacon) {
        (void)snprintf(uuid, sizeof uuid, "%s", world_bike_uuid());
        upper(uuid);
        json_kv_str(w, "ibeaconUuid", uuid);
        json_kv_u64(w, "ibeaconMajor", beacon[0]);
        json_kv_u64(w, "ibeaconMinor", beacon[1]);
    }
    json_kv_i64(w, "rssi", a->rssi_dbm);
    if (is_beacon) {
        json_kv_i64(w, "ibeaconTxPower", TX_POWER_DBM);
        json_kv_u64(w, "battery", 0);
    } else {
        json_kv_str(w, "rawData", a->bike != WORLD_NONE ? "0201060303E7FE" : "02011A");
    }
    json_object_end(w);
}

static void minew_write(const struct world_plan *plan, const struct world_event *e, char *topic,
                        struct strbuf *body)
{
    struct json_writer w;
    char id[WORLD_ID_CAP];

    world_listener_id(plan, e->scan.listener, id);
    upper(id);
    (void)snprintf(topic, BIKE_TOPIC_CAP, "gw/%s/status", id);
    json_writer_init(&w, body);
    json_array(&w);
    json_object(&w);
    time_put(&w, "timestamp", e->at_ms);
    json_kv_str(&w, "type", "Gateway");
    json_kv_str(&w, "mac", id);
    json_kv_u64(&w, "gatewayFree", 42);
    json_key(&w, "gatewayLoad");
    json_fixed(&w, 115, 2);
    json_object_end(&w);
    for (uint32_t i = 0; i < e->scan.count; i++) {
        minew_item(plan, &e->scan.adverts[i], e->at_ms, &w);
    }
    json_array_end(&w);
}

/* "AA:BB:..." */
static void colons(const char mac[13], char out[18])
{
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(out + 3 * i, 4, "%.2s%s", mac + 2 * i, i < 5 ? ":" : "");
    }
    upper(out);
}

static void omg_write(const struct world_plan *plan, const struct world_event *e, char *topic,
                      struct strbuf *body)
{
    const struct world_advert *a = e->scan.adverts;
    struct json_writer w;
    uint32_t beacon[2] = {0};
    char listener[WORLD_ID_CAP];
    char mac[13];
    char shown[18];
    const bool is_beacon = advert_read(plan, a, mac, beacon);
    const bool random = a->bike == WORLD_NONE || is_beacon;

    world_listener_id(plan, e->scan.listener, listener);
    colons(mac, shown);
    upper(mac);
    (void)snprintf(topic, BIKE_TOPIC_CAP, "home/%s/BTtoMQTT/%s", listener, mac);
    json_writer_init(&w, body);
    json_object(&w);
    json_kv_str(&w, "id", shown);
    json_kv_u64(&w, "mac_type", random ? 1 : 0);
    json_kv_i64(&w, "rssi", a->rssi_dbm);
    if (is_beacon) {
        json_kv_str(&w, "brand", "GENERIC");
        json_kv_str(&w, "model", "iBeacon");
        json_kv_str(&w, "model_id", "IBEACON");
        json_kv_str(&w, "mfid", "4c00");
        json_kv_str(&w, "uuid", world_bike_uuid());
        json_kv_u64(&w, "major", beacon[0]);
        json_kv_u64(&w, "minor", beacon[1]);
        json_kv_i64(&w, "txpower", TX_POWER_DBM);
    }
    json_object_end(&w);
}

/* --- locks --- */

/* Degrees as [d]ddmm.mmmm and the letter. */
static void minutes_write(int32_t e7, int width, const char letters[2], char *out, size_t cap)
{
    const int64_t units =
        ((int64_t)(e7 < 0 ? -(int64_t)e7 : e7) * 60 * MINUTE_UNITS + 5000000) / INT64_C(10000000);
    const int64_t degree = units / (60 * MINUTE_UNITS);
    const int64_t rest = units % (60 * MINUTE_UNITS);

    (void)snprintf(out, cap, "%0*d%02d.%04d,%c", width, (int)degree, (int)(rest / MINUTE_UNITS),
                   (int)(rest % MINUTE_UNITS), letters[e7 < 0]);
}

static void omni_position(const struct world_lock *l, const char *imei, char line[LINE_CAP])
{
    char t[RFC3339_LEN + 1];
    char lat[16];
    char lon[16];

    rfc3339_format(l->time_ms, t);
    minutes_write(l->at.lat, 2, "NS", lat, sizeof lat);
    minutes_write(l->at.lon, 3, "EW", lon, sizeof lon);
    (void)snprintf(line, LINE_CAP,
                   "*BGCR,OM,%s,D0,0,%.2s%.2s%.2s.00,A,%s,%s,9,1.1,%.2s%.2s%.2s,560,M,A#", imei,
                   t + 11, t + 14, t + 17, lat, lon, t + 8, t + 5, t + 2);
}

static void omni_line(const struct world_lock *l, const char *imei, char line[LINE_CAP])
{
    switch (l->word) {
    case WORD_POSITION: omni_position(l, imei, line); break;
    case WORD_LOCKED: /* user 0 and one minute: who rode and how long is nobody's business */
    case WORD_UNLOCKED:
        (void)snprintf(line, LINE_CAP, "*BGCR,OM,%s,L%c,0,0,%lld%s#", imei,
                       l->word == WORD_LOCKED ? '1' : '0', (long long)(l->time_ms / 1000),
                       l->word == WORD_LOCKED ? ",1" : "");
        break;
    case WORD_HEARTBEAT:
    case WORD_COUNT:
        (void)snprintf(line, LINE_CAP, "*BGCR,OM,%s,H0,%d,%u,16,0,3,0,0,1#", imei, l->locked,
                       (unsigned)l->battery_mv);
        break;
    }
}

/* CRC-16/X.25 */
static uint16_t crc_x25(const uint8_t *b, size_t len)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= b[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1u) != 0 ? (crc >> 1) ^ 0x8408u : crc >> 1);
        }
    }
    return crc ^ 0xffffu;
}

static void bl10_hex(const struct world_lock *l, char out[2 * BL10_LEN + 1])
{
    uint8_t b[BL10_LEN] = {0x78, 0x78, 0x0b, 0x23, 0x40, 0, 0, 0x04, 0, 0x01};
    const uint16_t volts = (uint16_t)(l->battery_mv / 10);
    uint16_t crc;

    b[4] |= l->locked ? 1 : 0;
    b[5] = (uint8_t)(volts >> 8);
    b[6] = (uint8_t)volts;
    b[10] = (uint8_t)(l->serial >> 8);
    b[11] = (uint8_t)l->serial;
    crc = crc_x25(b + 2, 10);
    b[12] = (uint8_t)(crc >> 8);
    b[13] = (uint8_t)crc;
    b[14] = 0x0d;
    b[15] = 0x0a;
    for (size_t i = 0; i < sizeof b; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", b[i]);
    }
}

static void lock_write(const struct world_plan *plan, const struct world_event *e, char *topic,
                       struct strbuf *body)
{
    static const char *const words[WORD_COUNT] = {"h0", "d0", "l1", "l0"};
    const bool bl10 = world_bike_voice(plan, e->lock.bike) == VOICE_BL10;
    struct json_writer w;
    char imei[16];
    char text[LINE_CAP];

    world_bike_imei(e->lock.bike, imei);
    (void)snprintf(topic, BIKE_TOPIC_CAP, "bike/%s/%s", imei, words[e->lock.word]);
    json_writer_init(&w, body);
    json_object(&w);
    json_kv_str(&w, "imei", imei);
    json_kv_str(&w, "model", bl10 ? "concox_bl10" : "omni");
    time_put(&w, "time", e->lock.time_ms);
    if (bl10) {
        bl10_hex(&e->lock, text);
        json_kv_str(&w, "hex", text);
    } else {
        omni_line(&e->lock, imei, text);
        json_kv_str(&w, "line", text);
    }
    json_object_end(&w);
}

void bike_telegram_publish(const struct world_plan *plan, const struct world_event *event,
                           char topic[BIKE_TOPIC_CAP], struct strbuf *body)
{
    topic[0] = '\0';
    switch (event->kind) {
    case WORLD_SCAN: minew_write(plan, event, topic, body); break;
    case WORLD_SIGHTING: omg_write(plan, event, topic, body); break;
    case WORLD_LOCK: lock_write(plan, event, topic, body); break;
    case WORLD_REPORT:
    case WORLD_STOP:
    case WORLD_LEAVE:
    case WORLD_EPISODE:
    case WORLD_EVENT_COUNT: break;
    }
}
