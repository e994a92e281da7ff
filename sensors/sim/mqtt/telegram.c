/* Bodies and topics of the simulated MQTT devices; see telegram.h.
 * ChirpStack v4: chirpstack/chirpstack-docs src/chirpstack/integrations/events.md; zero fields are
 * left out there. Frames: sensors/models/bosch_tps110.c and nwave_nps405.c draw the layouts. */
#include "sensors/sim/mqtt/telegram.h"
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include <stdio.h>
#include <string.h>

#define APPLICATION  "5c1a2a7e-2f5b-4c1f-8d3e-0d1b0c2f6a11"
#define TENANT       "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
#define PORT_STATUS  1
#define PORT_BEAT    2
#define WINTER_DC    12   /* degC a sensor in the road reports */
#define BATTERY_CODE 0xd3 /* 2500 + 4 * 211 = 3344 mV */

static size_t frame_write(const struct telegram *t, uint8_t frame[8], uint8_t *port)
{
    const bool nwave = t->device->tech == TECH_NWAVE;

    *port = t->kind == TELEGRAM_HEARTBEAT ? PORT_BEAT : PORT_STATUS;
    frame[0] = t->occupied ? 1 : 0;
    if (t->kind != TELEGRAM_HEARTBEAT) {
        /* Nwave: minutes of the state before in bits 7..1 */
        frame[0] |= (uint8_t)(nwave ? (t->counter * 7 % 90) << 1 : 0);
        return 1;
    }
    frame[1] = nwave ? BATTERY_CODE : WINTER_DC;
    if (!nwave) {
        return 2;
    }
    frame[2] = (uint8_t)((WINTER_DC - 10) * 2);
    memset(frame + 3, 0, 3);
    return 6;
}

static void time_put(struct json_writer *w, const char *key, int64_t ms)
{
    char base[RFC3339_LEN + 1];
    char text[40];

    rfc3339_format(ms, base);
    (void)snprintf(text, sizeof text, "%.19s.%03d+00:00", base, (int)(ms % 1000));
    json_kv_str(w, key, text);
}

static void rx_info(struct json_writer *w, const struct telegram *t)
{
    json_key(w, "rxInfo");
    json_array(w);
    json_object(w);
    json_kv_str(w, "gatewayId", "a84041ffff1e9c20");
    json_kv_u64(w, "uplinkId", t->counter + 1);
    json_kv_i64(w, "rssi", t->rssi_dbm);
    json_key(w, "snr");
    json_fixed(w, 85, 1);
    json_kv_str(w, "crcStatus", "CRC_OK");
    json_object_end(w);
    json_array_end(w);
    json_key(w, "txInfo");
    json_object(w);
    json_kv_u64(w, "frequency", 470300000); /* CN470 */
    json_object_end(w);
}

static void uplink_put(struct json_writer *w, const struct telegram *t)
{
    uint8_t frame[8];
    uint8_t port = 0;
    char data[16];

    base64_encode(frame, frame_write(t, frame, &port), data, sizeof data);
    json_kv_bool(w, "adr", true);
    json_kv_u64(w, "dr", 5);
    if (t->counter > 0) {
        json_kv_u64(w, "fCnt", t->counter);
    }
    json_kv_u64(w, "fPort", port);
    json_kv_str(w, "data", data);
    rx_info(w, t);
}

static void chirpstack_write(const struct telegram *t, char *topic, struct strbuf *body)
{
    const bool nwave = t->device->tech == TECH_NWAVE;
    struct json_writer w;
    char text[40];

    (void)snprintf(topic, TELEGRAM_TOPIC_CAP, "application/" APPLICATION "/device/%s/event/%s",
                   t->device->id, t->kind == TELEGRAM_JOIN ? "join" : "up");
    json_writer_init(&w, body);
    json_object(&w);
    (void)snprintf(text, sizeof text, "%.8s-%.4s-4%03x-8000-%012x", t->device->id,
                   t->device->id + 8, (unsigned)(t->time_ms & 0xfff), (unsigned)t->counter);
    json_kv_str(&w, "deduplicationId", text);
    time_put(&w, "time", t->time_ms);
    json_key(&w, "deviceInfo");
    json_object(&w);
    json_kv_str(&w, "tenantId", TENANT);
    json_kv_str(&w, "tenantName", "city");
    json_kv_str(&w, "applicationId", APPLICATION);
    json_kv_str(&w, "applicationName", "parking");
    json_kv_str(&w, "deviceProfileName", nwave ? "nps405" : "tps110");
    json_kv_str(&w, "deviceName", t->device->id);
    json_kv_str(&w, "devEui", t->device->id);
    json_object_end(&w);
    (void)snprintf(text, sizeof text, "%.8s", t->device->id + 8);
    json_kv_str(&w, "devAddr", text);
    if (t->kind != TELEGRAM_JOIN) {
        uplink_put(&w, t);
    }
    json_object_end(&w);
}

static void native_write(const struct telegram *t, char *topic, struct strbuf *body)
{
    struct json_writer w;

    (void)snprintf(topic, TELEGRAM_TOPIC_CAP, "bowei/up/%s", t->device->id);
    json_writer_init(&w, body);
    json_object(&w);
    json_kv_str(&w, "device", t->device->id);
    json_kv_i64(&w, "time", t->time_ms);
    if (t->kind == TELEGRAM_JOIN) {
        json_kv_str(&w, "status", "join");
    } else {
        json_kv_u64(&w, "counter", t->counter);
        if (t->kind == TELEGRAM_LINK_LOST) {
            json_kv_str(&w, "status", "link_lost");
        } else if (t->device->tech == TECH_GATE) {
            json_key(&w, "gate");
            json_object(&w);
            json_kv_u64(&w, "in", t->in);
            json_kv_u64(&w, "out", t->out);
            json_object_end(&w);
        } else {
            json_kv_bool(&w, "occupied", t->occupied);
        }
        json_kv_i64(&w, "rssi", t->rssi_dbm);
        json_key(&w, "battery_v");
        json_fixed(&w, 3600, 3);
    }
    json_object_end(&w);
}

void telegram_write(const struct telegram *t, char topic[TELEGRAM_TOPIC_CAP], struct strbuf *body)
{
    switch (t->device->tech) {
    case TECH_BOSCH:
    case TECH_NWAVE: chirpstack_write(t, topic, body); break;
    case TECH_NATIVE:
    case TECH_GATE:
    case TECH_BITS:
    case TECH_DX80:
    case TECH_DX80_SERIAL:
    case TECH_COUNT: native_write(t, topic, body); break;
    }
}
