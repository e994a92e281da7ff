/* From a message of the field to readings in the intake: checks of size and topic, JSON, envelope,
 * the device's row in the inventory, its model's decoder, its bindings. Called inside the message
 * callback, so when it returns ERR_OK the reading is in the journal and the PUBACK may leave. */
#include "sensors/hearing.h"
#include "bowei/base/bytes.h"
#include "bowei/base/log.h"
#include "sensors/field_health.h"
#include "sensors/heard_frame.h"
#include <string.h>

#define RETAINED_AHEAD_MS 120000 /* as the core: what is further ahead is no time (STATES 2) */

static const enum counter refusal[DOOR_COUNT][DECODE_FAULT_COUNT] = {
    [DOOR_MQTT] =
        {
                     [DECODE_OK] = COUNT_MQTT_IGNORED,
                     [DECODE_LENGTH] = COUNT_MQTT_REFUSED_LENGTH,
                     [DECODE_RANGE] = COUNT_MQTT_REFUSED_RANGE,
                     [DECODE_UNKNOWN] = COUNT_MQTT_REFUSED_UNKNOWN,
                     [DECODE_CHECKSUM] = COUNT_MQTT_REFUSED_CHECKSUM,
                     [DECODE_JSON] = COUNT_MQTT_REFUSED_JSON,
                     [DECODE_FIELD] = COUNT_MQTT_REFUSED_FIELD,
                     [DECODE_TOPIC] = COUNT_MQTT_REFUSED_TOPIC,
                     [DECODE_SIZE] = COUNT_MQTT_REFUSED_SIZE,
                     },
    [DOOR_PUSH] =
        {
                     [DECODE_OK] = COUNT_PUSH_IGNORED,
                     [DECODE_LENGTH] = COUNT_PUSH_REFUSED_LENGTH,
                     [DECODE_RANGE] = COUNT_PUSH_REFUSED_RANGE,
                     [DECODE_UNKNOWN] = COUNT_PUSH_REFUSED_UNKNOWN,
                     [DECODE_CHECKSUM] = COUNT_PUSH_REFUSED_CHECKSUM,
                     [DECODE_JSON] = COUNT_PUSH_REFUSED_JSON,
                     [DECODE_FIELD] = COUNT_PUSH_REFUSED_FIELD,
                     [DECODE_TOPIC] = COUNT_PUSH_REFUSED_TOPIC,
                     [DECODE_SIZE] = COUNT_PUSH_REFUSED_SIZE,
                     },
};

void hearing_init(struct hearing *h, const struct field_params *ports, const char *link)
{
    h->ports = ports;
    h->link = link;
    h->door = DOOR_MQTT;
    h->reader = inventory_reader(ports->board);
}

void hearing_finish(struct hearing *h)
{
    inventory_reader_return(h->ports->board, h->reader);
}

void hearing_refuse(struct hearing *h, enum decode_fault fault)
{
    count_add(h->ports->counters, refusal[h->door][fault], 1);
    h->heard.refused++;
    h->heard.fault = fault;
}

static void ignored_count(struct hearing *h)
{
    count_add(h->ports->counters, refusal[h->door][DECODE_OK], 1);
    h->heard.ignored++;
}

/* Topics hold what people typed: length, UTF-8 and no control characters, before anything compares
 * them. */
static bool topic_fine(const char *topic)
{
    size_t len = strnlen(topic, TOPIC_MAX + 1);

    if (len == 0 || len > TOPIC_MAX || !utf8_valid(topic, len)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)topic[i] < 0x20 || topic[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void note_unknown(struct hearing *h, const struct reading *r, int64_t wall_ms)
{
    count_add(h->ports->counters, COUNT_DEVICES_UNKNOWN, 1);
    h->heard.unknown++;
    unknown_devices_note(h->ports->unknown, h->link, r, wall_ms);
}

/* The device's row, or NO_SLOT-like UINT32_MAX: not known, or known on another link (which may not
 * speak for it). */
static const struct inv_device *device_find(const struct hearing *h, const struct inventory *inv,
                                            const struct reading *r, uint32_t *index)
{
    const struct inv_device *device;

    *index = inventory_device(inv, r->device, r->device_len);
    if (*index == UINT32_MAX) {
        return NULL;
    }
    device = &inv->devices[*index];
    return strcmp(inv->sources[device->source], h->link) == 0 ? device : NULL;
}

/* The broker hands out a retained message whenever we subscribe, however old: only one that says it
 * is fresh counts. One of a clock that is ahead would be fresh for ever: how old it is, nobody
 * knows. */
static bool retained_fresh(const struct inventory *inv, const struct inv_device *device,
                           const struct reading *r, int64_t wall_ms)
{
    return (r->has & HAS_NET_TIME) != 0 && r->net_time_ms <= wall_ms + RETAINED_AHEAD_MS &&
           wall_ms - r->net_time_ms <= (int64_t)inv->timings[device->timing].limit_ms;
}

/* Fills h->readings for the channels the uplink speaks of; 0 = none of them is bound. */
static size_t readings_bind(struct hearing *h, const struct inventory *inv,
                            const struct inv_device *device, uint32_t index)
{
    const struct reading *base = &h->uplink.decoded.reading;
    size_t n = 0;

    if (h->uplink.kind != UPLINK_DEVICE) {
        uint32_t sensor = inventory_sensor(inv, index, base->channel);

        if (sensor == NO_SENSOR) {
            return 0;
        }
        h->readings[0] = *base;
        h->readings[0].sensor = sensor;
        h->readings[0].root = field_root(inv, sensor);
        return 1;
    }
    for (uint32_t i = 0; i < device->sensor_count && n < HEARING_READINGS; i++) {
        uint32_t sensor = inventory_device_sensors(inv, index)[i];

        h->readings[n] = *base;
        h->readings[n].sensor = sensor;
        h->readings[n].channel = inv->sensors[sensor].channel;
        h->readings[n].root = field_root(inv, sensor);
        n++;
    }
    return n;
}

static enum decode_fault frame_decode(struct hearing *h, const struct inventory *inv,
                                      const struct inv_device *device)
{
    struct frame frame = {.bytes = h->uplink.bytes, .len = h->uplink.len, .fport = h->uplink.fport};
    const char *name = inv->models[device->model];
    const struct sensor_model *model = sensor_model_find(name, strlen(name));

    return model == NULL ? DECODE_UNKNOWN : model->decode(&frame, &h->uplink.decoded);
}

/* The device's ledger gets the frame as it came, with what was made of it. */
static void note_frame(const struct hearing *h, const struct inventory *inv, uint32_t device,
                       const struct heard_message *message, enum frame_fate fate)
{
    const struct heard_frame frame = {.uplink = &h->uplink,
                                      .text = message->payload,
                                      .text_len = message->len,
                                      .wall_ms = message->wall_ms,
                                      .fault = h->fault,
                                      .fate = fate};

    heard_frame_note(h->ports->ledger, inv, device, &frame);
}

/* The uplink in h->uplink against one snapshot of the inventory. */
static enum err uplink_keep(struct hearing *h, const struct inventory *inv,
                            const struct heard_message *message)
{
    const struct reading *r = &h->uplink.decoded.reading;
    uint32_t index;
    const struct inv_device *device = device_find(h, inv, r, &index);
    enum err err;
    size_t n;

    h->fault = DECODE_OK;
    if (device == NULL) {
        note_unknown(h, r, message->wall_ms);
        return ERR_OK;
    }
    if (message->retained && !retained_fresh(inv, device, r, message->wall_ms)) {
        count_add(h->ports->counters, COUNT_MQTT_REFUSED_RETAINED, 1);
        h->heard.refused++;
        note_frame(h, inv, index, message, FRAME_RETAINED);
        return ERR_OK;
    }
    if (h->uplink.kind == UPLINK_FRAME) {
        h->fault = frame_decode(h, inv, device);
        if (h->fault != DECODE_OK) {
            hearing_refuse(h, h->fault);
            note_frame(h, inv, index, message, FRAME_REFUSED);
            return ERR_OK;
        }
    }
    n = readings_bind(h, inv, device, index);
    if (n == 0) {
        note_unknown(h, r, message->wall_ms);
        note_frame(h, inv, index, message, FRAME_UNBOUND);
        return ERR_OK;
    }
    err = h->ports->intake.readings(h->ports->intake.ctx, inv->version, h->readings, n);
    h->heard.kept += err == ERR_OK ? (uint32_t)n : 0;
    note_frame(h, inv, index, message, err == ERR_OK ? FRAME_TAKEN : FRAME_LOST);
    return err;
}

enum decode_fault hearing_parse(struct hearing *h, const struct heard_message *message,
                                struct json_doc *doc)
{
    h->heard = (struct heard){0};
    if (message->len > PAYLOAD_MAX) {
        return DECODE_SIZE;
    }
    if (!topic_fine(message->topic) && (h->door == DOOR_MQTT || message->topic[0] != '\0')) {
        return DECODE_TOPIC;
    }
    if (json_parse(doc, message->payload, message->len, h->nodes, HEARING_NODES) != JSON_OK) {
        return DECODE_JSON;
    }
    return DECODE_OK;
}

/* What is heard of bikes is gathered until the message ends. */
static void bike_take(struct hearing *h, const struct inventory *inv,
                      const struct heard_message *message)
{
    const struct reading *r = &h->uplink.decoded.reading;

    if (inv == NULL || message->retained) {
        ignored_count(h); /* however old a retained word is, the bike may be elsewhere */
        return;
    }
    if (h->uplink.kind == UPLINK_LOCK) {
        if (!bike_hearing_lock(&h->bikes, inv, &h->uplink.lock)) {
            note_unknown(h, r, message->wall_ms);
        }
    } else if (!bike_hearing_sighting(&h->bikes, inv, &h->uplink, h->link)) {
        ignored_count(h);
    }
}

/* All bikes of the message and the listener that heard them, as one. */
static enum err bikes_keep(struct hearing *h, const struct heard_message *message)
{
    const struct inventory *inv = inventory_get(h->ports->board, h->reader);
    uint32_t count = 0;
    enum err err = ERR_OK;

    if (inv != NULL) {
        count = bike_hearing_end(&h->bikes, inv, message->wall_ms);
    }
    if (count > 0) {
        err = h->ports->intake.reports(h->ports->intake.ctx, inv->version, h->bikes.reports, count);
        h->heard.kept += err == ERR_OK ? count : 0;
    }
    inventory_put(h->ports->board, h->reader);
    return err;
}

/* One item of the message, opened into h->uplink. */
static enum err item_take(struct hearing *h, const struct heard_message *message,
                          enum decode_fault fault)
{
    const struct inventory *inv;
    enum err err = ERR_OK;

    if (fault != DECODE_OK) {
        hearing_refuse(h, fault);
        return ERR_OK;
    }
    inv = inventory_get(h->ports->board, h->reader);
    if (h->uplink.kind == UPLINK_NOTHING || h->uplink.kind == UPLINK_SIGHTING ||
        h->uplink.kind == UPLINK_LOCK) {
        bike_take(h, inv, message);
    } else if (inv == NULL) {
        note_unknown(h, &h->uplink.decoded.reading, message->wall_ms);
    } else {
        err = uplink_keep(h, inv, message);
    }
    inventory_put(h->ports->board, h->reader);
    return err;
}

enum err hearing_take_parsed(struct hearing *h, const struct envelope *envelope,
                             const struct heard_message *message, const struct json_doc *doc)
{
    enum err err = ERR_OK;

    bike_hearing_begin(&h->bikes);
    /* several readings in one message: each is kept or counted; a repeat after an error is a
     * duplicate for those that were kept */
    for (uint32_t item = 0; err == ERR_OK; item++) {
        enum decode_fault fault = envelope_open(envelope, message->topic, doc, item, &h->uplink);

        err = item_take(h, message, fault);
        if (!h->uplink.more) {
            break;
        }
    }
    if (err == ERR_OK && (h->bikes.count > 0 || h->bikes.listener[0] != '\0')) {
        err = bikes_keep(h, message);
    }
    return err;
}

enum err hearing_take(struct hearing *h, const struct envelope *envelope,
                      const struct heard_message *message)
{
    struct json_doc doc;
    enum decode_fault fault = hearing_parse(h, message, &doc);

    if (fault != DECODE_OK) {
        hearing_refuse(h, fault);
        return ERR_OK;
    }
    return hearing_take_parsed(h, envelope, message, &doc);
}
