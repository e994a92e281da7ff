/* What decoders write into: the small setters of struct decoded, and the names of refusals. Called
 * by every model and envelope, on the link's thread, per message. */
#include "bowei/base/err.h"
#include "bowei/sensor_model.h"
#include <string.h>

/* What a sensor under a car can meet; outside it the sensor element is broken (Dingtek's own test
 * frame says -117 degC), the state beside it is not. */
#define TEMPERATURE_MIN_DC (-600)
#define TEMPERATURE_MAX_DC 1000

/* An event sensor is given up after two missed heartbeats and five minutes of network delay
 * (DESIGN 4.4). */
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
    out->occupied_bit = -1;
    out->extra_count = 0;
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
