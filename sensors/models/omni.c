/* Omni horseshoe bike lock: ASCII lines that a bridge hands on, one a frame.
 * Layout: traccar/traccar Xrb28ProtocolDecoder.java with its test, public lock-server notes on
 * protocol 2.1.8.
 *   *<header>,<vendor>,<IMEI>[,<yymmddhhmmss>],<command>,...#
 *   Q0 sign-in:    SCOR: 0.01 V, %, GSM; BGCR: mV, BLE MAC, ...
 *   H0 heartbeat:  SCOR: lock state, 0.01 V, GSM, %; BGCR: locked, mV, GSM, ...
 *   D0 position:   flag, hhmmss.ss, A/V, ddmm.mmmm, N/S, dddmm.mmmm, E/W, satellites, hdop, ddmmyy,
 *                  altitude, unit, mode
 *   L0 unlock:     status (0 done, 1 failed, 2 wrong key), user, time
 *   L1 lock:       status, user, time, ride minutes
 *   W0 alarm:      1 moved, 2 fell, 3 battery;   R0 key: operation, ...
 * The layout goes with the header; other headers (HBCR) are read as SCOR. Which value of SCOR's
 * lock state is locked is not sure, it is shown raw. The times are the lock's own. L0, L1 and W0
 * repeat until acknowledged; the bridge does that. */
#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "bowei/sensor_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX  24
#define LINE_BYTES  200
#define IMEI_LEN    15
#define STAMP_LEN   12
#define DIGITS_MAX  15
#define DEGREE_E7   INT64_C(10000000)
#define BATTERY_MAX 30000
#define PERIOD_MS   600000u /* not published; the lock's heartbeat is set per device */

struct line {
    char text[LINE_BYTES + 1];
    const char *field[FIELDS_MAX]; /* behind the command */
    size_t count;
    const char *imei, *command;
    bool second; /* the BGCR generation */
};

static bool digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return text[len] == '\0';
}

/* Cuts at the commas. */
static enum decode_fault split(const struct frame *in, struct line *line)
{
    const char *all[FIELDS_MAX + 5];
    size_t len = in->len;
    size_t n = 0;
    size_t at = 3;

    while (len > 0 && (in->bytes[len - 1] == '\n' || in->bytes[len - 1] == '\r')) {
        len--;
    }
    if (len < 2 || len > LINE_BYTES || in->bytes[len - 1] != '#') {
        return DECODE_LENGTH;
    }
    if (in->bytes[0] != '*' || memchr(in->bytes, '\0', len) != NULL ||
        memchr(in->bytes, '#', len - 1) != NULL) {
        return DECODE_UNKNOWN;
    }
    memcpy(line->text, in->bytes + 1, len - 2);
    line->text[len - 2] = '\0';
    for (char *p = line->text; p != NULL && n < ARRAY_LEN(all);) {
        all[n++] = p;
        p = strchr(p, ',');
        if (p != NULL) {
            *p++ = '\0';
        }
    }
    if (n < 4 || strlen(all[0]) != 4 || strlen(all[1]) != 2) {
        return DECODE_UNKNOWN;
    }
    if (strlen(all[2]) != IMEI_LEN || !digits(all[2], IMEI_LEN)) {
        return DECODE_FIELD;
    }
    if (strlen(all[3]) == STAMP_LEN && digits(all[3], STAMP_LEN)) {
        at = 4;
    }
    if (at >= n || strlen(all[at]) != 2) {
        return DECODE_UNKNOWN;
    }
    line->second = strcmp(all[0], "BGCR") == 0;
    line->imei = all[2];
    line->command = all[at];
    line->count = n - at - 1;
    if (line->count > FIELDS_MAX) {
        return DECODE_LENGTH;
    }
    memcpy(line->field, all + at + 1, line->count * sizeof all[0]);
    return DECODE_OK;
}

/* Field i as a whole number >= 0. */
static bool number(const struct line *line, size_t i, int64_t *out)
{
    const char *text = i < line->count ? line->field[i] : "";
    size_t len = strlen(text);

    if (len == 0 || len > DIGITS_MAX || !digits(text, len)) {
        return false;
    }
    *out = strtoll(text, NULL, 10);
    return true;
}

/* Field i, "[-]12.345", times 10^7; false when it is none. */
static bool decimal_e7(const struct line *line, size_t i, int64_t *out)
{
    const char *p = i < line->count ? line->field[i] : "";
    bool negative = *p == '-';
    int64_t whole = 0;
    int64_t part = 0;
    int64_t scale = DEGREE_E7;
    size_t seen = 0;

    for (p += negative; *p >= '0' && *p <= '9' && seen < 9; p++, seen++) {
        whole = whole * 10 + (*p - '0');
    }
    if (seen == 0) {
        return false;
    }
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++) {
            scale /= 10;
            part += (*p - '0') * scale;
        }
    }
    *out = (whole * DEGREE_E7 + part) * (negative ? -1 : 1);
    return *p == '\0';
}

static bool battery(struct decoded *out, int64_t mv)
{
    if (mv > BATTERY_MAX) {
        return false;
    }
    decoded_battery_mv(out, (uint32_t)mv);
    return true;
}

static enum decode_fault sign_in(const struct line *line, struct decoded *out)
{
    int64_t volts;
    int64_t percent;
    int64_t rssi;
    char mac[13];
    size_t n = 0;

    out->type_name = "checkin";
    if (!number(line, 0, &volts)) {
        return DECODE_FIELD;
    }
    if (!line->second) {
        if (!number(line, 1, &percent) || !number(line, 2, &rssi)) {
            return DECODE_FIELD;
        }
        if (percent > 100 || !battery(out, volts * 10)) {
            return DECODE_RANGE;
        }
        decoded_extra_number(out, "battery_pct", percent, 0);
        decoded_extra_number(out, "rssi_raw", rssi, 0);
        return DECODE_OK;
    }
    if (!battery(out, volts)) {
        return DECODE_RANGE;
    }
    decoded_extra_number(out, "battery_raw", volts, 0);
    for (const char *p = line->count > 1 ? line->field[1] : ""; *p != '\0' && n < 12; p++) {
        if (*p != ':') {
            mac[n++] = (char)(*p >= 'A' && *p <= 'F' ? *p - 'A' + 'a' : *p);
        }
    }
    mac[n] = '\0';
    if (n == 12) {
        decoded_extra_text(out, "ble_mac", mac);
    }
    return DECODE_OK;
}

static enum decode_fault heartbeat(const struct line *line, struct decoded *out)
{
    int64_t locked;
    int64_t volts;
    int64_t rssi;
    int64_t percent;

    out->reading.type = TYPE_HEARTBEAT;
    if (!number(line, 0, &locked) || !number(line, 1, &volts) || !number(line, 2, &rssi) ||
        (!line->second && !number(line, 3, &percent))) {
        return DECODE_FIELD;
    }
    if (locked > 1 || !battery(out, line->second ? volts : volts * 10)) {
        return DECODE_RANGE;
    }
    if (line->second) {
        decoded_extra_bool(out, "locked", locked == 1);
        decoded_extra_number(out, "battery_mv", volts, 0);
    } else {
        if (percent > 100) {
            return DECODE_RANGE;
        }
        decoded_extra_number(out, "locked_raw", locked, 0);
        decoded_extra_number(out, "battery_pct", percent, 0);
    }
    decoded_extra_number(out, "rssi_raw", rssi, 0);
    return DECODE_OK;
}

/* dddmm.mmmm and its letter -> degrees, 1e-7. */
static bool coordinate(const struct line *line, size_t i, const char letters[2], int64_t max_degree,
                       int64_t *out)
{
    int64_t v;
    int64_t degree;
    int64_t minute;
    const char *letter = i + 1 < line->count ? line->field[i + 1] : "";

    if (!decimal_e7(line, i, &v) || v < 0 || strlen(letter) != 1 ||
        (*letter != letters[0] && *letter != letters[1])) {
        return false;
    }
    degree = v / (100 * DEGREE_E7);
    minute = v % (100 * DEGREE_E7);
    if (minute >= 60 * DEGREE_E7) {
        return false;
    }
    *out = degree * DEGREE_E7 + (minute + 30) / 60;
    if (*out > max_degree * DEGREE_E7) {
        return false;
    }
    *out = *letter == letters[1] ? -*out : *out;
    return true;
}

/* hhmmss.ss and ddmmyy -> RFC 3339; false when it is no time. */
static bool position_time(const char *clock, const char *date, char out[RFC3339_LEN + 1])
{
    int64_t ms;

    if (strlen(clock) < 6 || strlen(date) != 6 || !digits(date, 6)) {
        return false;
    }
    (void)snprintf(out, RFC3339_LEN + 1, "20%.2s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date + 4, date + 2,
                   date, clock, clock + 2, clock + 4);
    return rfc3339_parse(out, RFC3339_LEN, &ms) == 0;
}

static enum decode_fault position(const struct line *line, struct decoded *out)
{
    char time[RFC3339_LEN + 1];
    int64_t lat;
    int64_t lon;
    int64_t v;
    bool valid;

    out->type_name = "position";
    if (line->count < 10) {
        return DECODE_LENGTH;
    }
    valid = strcmp(line->field[2], "A") == 0;
    if (!valid && strcmp(line->field[2], "V") != 0) {
        return DECODE_FIELD;
    }
    decoded_extra_bool(out, "valid", valid);
    if (!valid) {
        return DECODE_OK; /* the fields may be empty or old */
    }
    if (!coordinate(line, 3, "NS", 90, &lat) || !coordinate(line, 5, "EW", 180, &lon) ||
        !position_time(line->field[1], line->field[9], time)) {
        return DECODE_RANGE;
    }
    decoded_extra_number(out, "lat", lat, 7);
    decoded_extra_number(out, "lon", lon, 7);
    if (number(line, 7, &v)) {
        decoded_extra_number(out, "sat", v, 0);
    }
    if (decimal_e7(line, 8, &v)) {
        decoded_extra_number(out, "hdop", v, 7);
    }
    decoded_extra_text(out, "time", time);
    return DECODE_OK;
}

/* L0 and L1: who, when, and whether it worked. */
static enum decode_fault event(const struct line *line, struct decoded *out, const char *done,
                               const char *failed)
{
    int64_t status;
    int64_t v;

    if (!number(line, 0, &status) || line->count < 3) {
        return DECODE_FIELD;
    }
    out->type_name = status == 0 ? done : failed;
    decoded_extra_number(out, "status", status, 0);
    decoded_extra_text(out, "user", line->field[1]);
    if (number(line, 2, &v)) {
        decoded_extra_number(out, "ts", v, 0);
    }
    if (number(line, 3, &v)) {
        decoded_extra_number(out, "ride_min", v, 0);
    }
    return DECODE_OK;
}

static enum decode_fault unlocked(const struct line *line, struct decoded *out)
{
    return event(line, out, "unlocked", "unlock_failed");
}

static enum decode_fault locked(const struct line *line, struct decoded *out)
{
    return event(line, out, "locked", "lock_failed");
}

static enum decode_fault alarm_raised(const struct line *line, struct decoded *out)
{
    static const char *const names[] = {"other", "moved", "fell", "battery"};
    int64_t code;

    if (!number(line, 0, &code)) {
        return DECODE_FIELD;
    }
    out->type_name = "alarm";
    decoded_extra_number(out, "alarm_code", code, 0);
    decoded_extra_text(out, "alarm", code < (int64_t)ARRAY_LEN(names) ? names[code] : names[0]);
    return DECODE_OK;
}

static enum decode_fault key(const struct line *line, struct decoded *out)
{
    int64_t operation;

    if (!number(line, 0, &operation)) {
        return DECODE_FIELD;
    }
    out->type_name = "key";
    decoded_extra_number(out, "operation", operation, 0);
    return DECODE_OK;
}

static const struct {
    const char *name;
    enum decode_fault (*read)(const struct line *line, struct decoded *out);
} commands[] = {
    {"D0", position    },
    {"H0", heartbeat   },
    {"L0", unlocked    },
    {"L1", locked      },
    {"Q0", sign_in     },
    {"R0", key         },
    {"W0", alarm_raised},
};

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    struct line line = {0};
    enum decode_fault fault = split(in, &line);

    if (fault != DECODE_OK) {
        return fault;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, line.command) == 0) {
            out->reading.type = TYPE_STATUS;
            if (out->reading.device_len == 0) {
                (void)decoded_device(out, line.imei, IMEI_LEN);
            }
            decoded_extra_text(out, "imei", line.imei);
            decoded_extra_text(out, "cmd", commands[i].name);
            return commands[i].read(&line, out);
        }
    }
    return DECODE_UNKNOWN;
}

const struct sensor_model sensor_model_omni = {
    .name = "omni",
    .doc = "Omni horseshoe bike lock, ASCII lines from a bridge (traccar/traccar, protocol 2.1.8)",
    .kind = MODEL_LOCK,
    .timing = SENSOR_EVENT_TIMING(PERIOD_MS),
    .decode = decode,
};
