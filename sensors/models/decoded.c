/* What decoders write into: the small setters of struct decoded, and the names of refusals. Called
 * by every model and envelope, on the link's thread, per message. */
#include "bowei/base/err.h"
#include "bowei/sensor_model.h"
#include <stdio.h>
#include <string.h>

/* What a sensor under a car can meet; outside it the sensor element is broken (Dingtek's own test
 * frame says -117 degC), the state beside it is not. */
#define TEMPERATURE_MIN_DC (-600)
#define TEMPERATURE_MAX_DC 1000

/* An event sensor is given up after two missed heartbeats and five minutes of network delay
 * (STATES 4). */
#define EVENT_SLACK_MS  300000u
#define SAMPLED_MIN_MS  15000u
#define SAMPLED_PERIODS 3u
#define EVENT_PERIODS   2u

static const char *const fault_names[DECODE_FAULT_COUNT] = {
    [DECODE_OK] = "ok",           [DECODE_LENGTH] = "length",     [DECODE_RANGE] = "range",
    [DECODE_UNKNOWN] = "unknown", [DECODE_CHECKSUM] = "checksum", [DECODE_JSON] = "json",
    [DECODE_FIELD] = "field",     [DECODE_TOPIC] = "topic",       [DECODE_SIZE] = "size",
};

const char *decode_fault_name(enum decode_fault fault)
{
    return (unsigned)fault < DECODE_FAULT_COUNT ? fault_names[fault] : "unknown";
}

static const char *const type_names[TYPE_COUNT_] = {
    [TYPE_STATUS] = "status",   [TYPE_HEARTBEAT] = "heartbeat",
    [TYPE_STARTUP] = "startup", [TYPE_PARAMETERS] = "parameters",
    [TYPE_FAULT] = "fault",     [TYPE_OFFLINE] = "offline",
    [TYPE_JOIN] = "join",       [TYPE_SAMPLE] = "sample",
};

static const char *const kind_names[MODEL_KIND_COUNT] = {
    [MODEL_BAY] = "bay",
    [MODEL_COUNTER] = "counter",
    [MODEL_BEACON] = "beacon",
    [MODEL_LOCK] = "lock",
};

const char *model_kind_name(enum model_kind kind)
{
    return (unsigned)kind < MODEL_KIND_COUNT ? kind_names[kind] : "bay";
}

const char *decoded_type_name(const struct decoded *out)
{
    if (out->type_name != NULL) {
        return out->type_name;
    }
    return out->reading.type < TYPE_COUNT_ ? type_names[out->reading.type] : "status";
}

uint32_t sensor_limit_ms(bool sampled, uint32_t period_ms)
{
    uint64_t limit = (uint64_t)period_ms * (sampled ? SAMPLED_PERIODS : EVENT_PERIODS);

    if (!sampled) {
        limit += EVENT_SLACK_MS;
    } else if (limit < SAMPLED_MIN_MS) {
        limit = SAMPLED_MIN_MS;
    }
    return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}

void decoded_clear(struct decoded *out)
{
    out->reading = (struct reading){.sensor = NO_SENSOR, .value = VALUE_ALIVE};
    out->type_name = NULL;
    out->occupied_bit = -1;
    out->extra_count = 0;
}

void decoded_startup(struct decoded *out, const uint8_t version[3], const char *cause)
{
    char firmware[16];

    out->reading.type = TYPE_STARTUP;
    out->reading.value = VALUE_START;
    (void)snprintf(firmware, sizeof firmware, "%u.%u.%u", version[0], version[1], version[2]);
    decoded_extra_text(out, "firmware", firmware);
    decoded_extra_text(out, "reset_cause", cause);
}

enum decode_fault decoded_opaque(const struct frame *in, struct decoded *out, const char *type_name)
{
    if (in->len == 0) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_PARAMETERS;
    out->type_name = type_name;
    return DECODE_OK;
}

void decoded_occupied(struct decoded *out, bool occupied)
{
    out->reading.value = occupied ? VALUE_OCCUPIED : VALUE_FREE;
    out->occupied_bit = occupied ? 1 : 0;
}

void decoded_battery_mv(struct decoded *out, uint32_t battery_mv)
{
    out->reading.battery_mv = battery_mv > UINT16_MAX ? UINT16_MAX : (uint16_t)battery_mv;
    out->reading.has |= HAS_BATTERY;
}

void decoded_temperature_dc(struct decoded *out, int32_t temperature_dc)
{
    if (temperature_dc < TEMPERATURE_MIN_DC || temperature_dc > TEMPERATURE_MAX_DC) {
        decoded_extra_number(out, "temperature_c", temperature_dc, 1);
        return;
    }
    out->reading.temperature_dc = (int16_t)temperature_dc;
    out->reading.has |= HAS_TEMPERATURE;
}

/* The next free extra, NULL when a decoder has more than fit (its own test shows that). */
static struct extra *extra_add(struct decoded *out, const char *name)
{
    struct extra *extra;

    if (out->extra_count >= DECODED_EXTRAS) {
        return NULL;
    }
    extra = &out->extras[out->extra_count++];
    extra->name = name;
    extra->number = 0;
    extra->digits = 0;
    extra->text[0] = '\0';
    return extra;
}

void decoded_extra_number(struct decoded *out, const char *name, int64_t value, uint8_t digits)
{
    struct extra *extra = extra_add(out, name);

    if (extra != NULL) {
        extra->kind = EXTRA_NUMBER;
        extra->number = value;
        extra->digits = digits;
    }
}

void decoded_extra_text(struct decoded *out, const char *name, const char *text)
{
    struct extra *extra = extra_add(out, name);
    size_t len;

    if (extra != NULL) {
        extra->kind = EXTRA_TEXT;
        len = strnlen(text, sizeof extra->text - 1);
        memcpy(extra->text, text, len);
        extra->text[len] = '\0';
    }
}

void decoded_extra_bool(struct decoded *out, const char *name, bool value)
{
    struct extra *extra = extra_add(out, name);

    if (extra != NULL) {
        extra->kind = EXTRA_BOOL;
        extra->number = value;
    }
}

void decoded_extra_null(struct decoded *out, const char *name)
{
    struct extra *extra = extra_add(out, name);

    if (extra != NULL) {
        extra->kind = EXTRA_NULL;
    }
}

void decoded_extra_list(struct decoded *out, const char *name, const int32_t *values, size_t count)
{
    struct extra *extra = extra_add(out, name);

    if (extra != NULL) {
        extra->kind = EXTRA_LIST;
        extra->number = (int64_t)(count < EXTRA_LIST_MAX ? count : EXTRA_LIST_MAX);
        memcpy(extra->list, values, (size_t)extra->number * sizeof *values);
    }
}

void decoded_extra_hex(struct decoded *out, const char *name, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    struct extra *extra = extra_add(out, name);
    size_t fit = len < EXTRA_TEXT_MAX / 2 ? len : EXTRA_TEXT_MAX / 2 - 1;

    if (extra != NULL) {
        extra->kind = EXTRA_TEXT;
        for (size_t i = 0; i < fit; i++) {
            extra->text[2 * i] = digits[bytes[i] >> 4];
            extra->text[2 * i + 1] = digits[bytes[i] & 0x0f];
        }
        extra->text[2 * fit] = '\0';
    }
}

const struct extra *decoded_extra(const struct decoded *out, const char *name)
{
    for (uint8_t i = 0; i < out->extra_count; i++) {
        if (strcmp(out->extras[i].name, name) == 0) {
            return &out->extras[i];
        }
    }
    return NULL;
}

bool decoded_device(struct decoded *out, const char *id, size_t len)
{
    if (!device_id_is(id, len)) {
        return false;
    }
    memcpy(out->reading.device, id, len);
    out->reading.device_len = (uint8_t)len;
    device_id_fold(out->reading.device, len);
    return true;
}
