/* What one sensor said last and how far it is believed: the order of its messages, debounce,
 * flapping and liveness (STATES 2 to 4). Called by space.c for spaces and by lot.c for gates.
 */
#include "gateway/core/space/sensor.h"
#include "bowei/base/bytes.h"
#include <string.h>

#define MINUTE_MS    60000
#define MINUTE_MASK  0xffffffU /* struct sensor_image: minutes are kept mod 2^24 */
#define BIN_COUNT    10
#define BIN_MASK     0xffffffffffULL /* ten 4-bit bins */
#define BIN_FULL     15U
#define RSSI_TOP     0xfff
#define NOT_BELIEVED (SENSOR_STARTED | SENSOR_FAULT | SENSOR_LINK_LOST | SENSOR_FLAPPING)

uint32_t sensor_tag(const char *device, size_t len, uint16_t channel)
{
    const uint8_t low_high[2] = {(uint8_t)channel, (uint8_t)(channel >> 8)};

    return crc32c(crc32c(0, device, len), low_high, sizeof low_high);
}

uint32_t sensor_tag_of(const struct inventory *inv, const struct inv_sensor *bound)
{
    const struct inv_device *device = &inv->devices[bound->device];
    const uint32_t tag =
        sensor_tag(inventory_text(inv, device->id), device->id_len, bound->channel);

    /* what it said before it was inverted, or after, is no word of this sensor */
    return bound->inverted ? ~tag : tag;
}

static int64_t quiet_ms(const struct sensor *sensor)
{
    return (int64_t)sensor->quiet;
}

static void set_samples(struct sensor *sensor, unsigned samples)
{
    sensor->progress = ((unsigned)sensor->progress & 12U) | (samples & 3U);
}

static void set_pending(struct sensor *sensor, enum reading_value pending, unsigned samples)
{
    sensor->pending = (unsigned)pending & 15U;
    set_samples(sensor, samples);
    sensor->pending_lag_ms = 0;
}

void sensor_init(struct sensor *sensor)
{
    *sensor = (struct sensor){.rssi = RSSI_BIAS};
    sensor_set_value(sensor, VALUE_COUNT_);
    set_pending(sensor, VALUE_COUNT_, 0);
}

/* The network's time on the city's axis; false when it says none, or one too far ahead. */
static bool net_said_ms(const struct reading *reading, const struct sensor_moment *moment,
                        int64_t *net_ms)
{
    return (reading->has & HAS_NET_TIME) != 0 &&
           !__builtin_sub_overflow(reading->net_time_ms, moment->now.shift_ms, net_ms) &&
           *net_ms <= moment->now.at_ms + SENSOR_AHEAD_MS;
}

/* The same; what is too far ahead is taken as now. */
static int64_t net_city_ms(const struct reading *reading, const struct sensor_moment *moment)
{
    int64_t net_ms;

    if (!(reading->has & HAS_NET_TIME)) {
        return moment->now.at_ms;
    }
    if (!net_said_ms(reading, moment, &net_ms)) {
        count_add(moment->counters, COUNT_READINGS_AHEAD, 1);
        return moment->now.at_ms;
    }
    return net_ms < 1 ? 1 : net_ms;
}

/* Without a counter the network's time orders. Its low 32 bits are compared in a circle of 49 days.
 */
static enum sensor_verdict order_by_time(const struct sensor *sensor, const struct reading *reading,
                                         int64_t net_ms)
{
    const bool never = sensor_heard_ms(sensor) == 0 && sensor->counter == 0;
    int64_t newer_ms = net_ms - sensor_heard_ms(sensor);

    if (never || !(reading->has & HAS_NET_TIME)) {
        return SENSOR_COUNTED;
    }
    if (!(sensor->flags & SENSOR_HAS_COUNTER) && newer_ms > -INT32_MAX && newer_ms < INT32_MAX) {
        newer_ms = (int32_t)((uint32_t)net_ms - sensor->counter);
    }
    if (newer_ms > 0) {
        return SENSOR_COUNTED;
    }
    return newer_ms == 0 ? SENSOR_DUPLICATE : SENSOR_LATE;
}

/* Nothing was counted from the sensor within the limit, not even that its link was lost. Since when
 * it is lost is not known of one that flapped: that one has to say start. */
static bool was_silent(const struct sensor *sensor, const struct sensor_moment *moment)
{
    int64_t last_ms = sensor_heard_ms(sensor);

    if (sensor->flags & SENSOR_LINK_LOST) {
        if (sensor->flags & SENSOR_FLAPPING) {
            return false;
        }
        last_ms = quiet_ms(sensor) > last_ms ? quiet_ms(sensor) : last_ms;
    }
    return moment->now.at_ms - last_ms > (int64_t)moment->timing->limit_ms;
}

/* The network says that it came long after what was counted last: no straggler, however low its
 * counter. Networks whose joins nobody tells us of (LORIOT; a topic that is not subscribed), and
 * counters of 16 bits that wrap. */
static bool came_long_after(const struct sensor *sensor, const struct reading *reading,
                            const struct sensor_moment *moment)
{
    int64_t net_ms;

    return net_said_ms(reading, moment, &net_ms) &&
           net_ms - sensor_heard_ms(sensor) >= SENSOR_REJOIN_MS;
}

/* By frame counter within the join epoch; a counter that fell is a rejoin when a start says so, or
 * the network's time, or when the sensor had been silent beyond its limit. After any rejoin the old
 * epoch's stragglers, whose counters are higher by more than a few, are known by their network
 * time. */
static enum sensor_verdict order_by_counter(struct sensor *sensor, const struct reading *reading,
                                            const struct sensor_moment *moment, int64_t net_ms)
{
    const bool newer = net_ms > sensor_heard_ms(sensor);
    const bool silent = was_silent(sensor, moment);

    if (reading->counter == sensor->counter) {
        return SENSOR_DUPLICATE;
    }
    if (reading->counter > sensor->counter) {
        if (reading->value == VALUE_START && newer) {
            sensor->join++;
        }
        return sensor->join != 0 && net_ms < sensor_heard_ms(sensor) && !silent &&
                       reading->counter - sensor->counter > SENSOR_NEXT_FRAMES
                   ? SENSOR_LATE
                   : SENSOR_COUNTED;
    }
    if (reading->value == VALUE_START && newer) {
        sensor->join++;
        return SENSOR_COUNTED;
    }
    if ((silent && newer) || came_long_after(sensor, reading, moment)) {
        sensor->join++;
        count_add(moment->counters, COUNT_READINGS_REJOIN_ASSUMED, 1);
        return SENSOR_COUNTED;
    }
    return SENSOR_LATE;
}

static enum sensor_verdict order(struct sensor *sensor, const struct reading *reading,
                                 const struct sensor_moment *moment, int64_t net_ms)
{
    if (reading->value != VALUE_JOIN && (reading->has & HAS_COUNTER) &&
        (sensor->flags & SENSOR_HAS_COUNTER)) {
        return order_by_counter(sensor, reading, moment, net_ms);
    }
    if ((reading->has & HAS_COUNTER) && reading->value != VALUE_JOIN) {
        /* the first counter of an epoch: low, or not older than what was heard */
        return reading->counter > SENSOR_NEXT_FRAMES && net_ms < sensor_heard_ms(sensor)
                   ? SENSOR_LATE
                   : SENSOR_COUNTED;
    }
    return order_by_time(sensor, reading, net_ms);
}

/* The device was heard: its age begins anew, never going back. */
static void renew(struct sensor *sensor, int64_t stamp_ms, int64_t break_ms)
{
    if (stamp_ms > sensor_heard_ms(sensor)) {
        int64_t lag_ms = sensor->pending_lag_ms + (stamp_ms - sensor_heard_ms(sensor));

        sensor->pending_lag_ms = (uint16_t)(lag_ms > UINT16_MAX ? UINT16_MAX : lag_ms);
        sensor->heard = STAMP(stamp_ms);
    }
    sensor->flags &= (uint8_t)~SENSOR_RESTORED;
    if (sensor_heard_ms(sensor) >= break_ms) {
        sensor->flags &= (uint8_t)~SENSOR_SESSION_GAP;
    }
}

static void set_rssi(struct sensor *sensor, int dbm)
{
    const int biased = dbm + RSSI_BIAS;

    sensor->rssi = (unsigned)(biased < 0 ? 0 : biased > RSSI_TOP ? RSSI_TOP : biased) & RSSI_TOP;
}

static void take_health(struct sensor *sensor, const struct reading *reading)
{
    if (reading->has & HAS_BATTERY) {
        sensor->battery_mv = reading->battery_mv;
    }
    if (reading->has & HAS_RSSI) {
        set_rssi(sensor, reading->rssi_dbm);
    }
    if (reading->has & HAS_BATTERY_LOW) {
        sensor->flags &= (uint8_t)~SENSOR_BATTERY_LOW;
        sensor->flags |= reading->battery_low ? SENSOR_BATTERY_LOW : 0;
    }
}

enum sensor_verdict sensor_take(struct sensor *sensor, const struct reading *reading,
                                struct sensor_moment *moment)
{
    const int64_t net_ms = net_city_ms(reading, moment);
    const enum sensor_verdict verdict = order(sensor, reading, moment, net_ms);

    if (verdict != SENSOR_COUNTED) {
        return verdict;
    }
    moment->stamp_ms = net_ms < moment->now.at_ms ? net_ms : moment->now.at_ms;
    if (reading->value == VALUE_JOIN) {
        sensor->join++;
        sensor->flags &= (uint8_t)~SENSOR_HAS_COUNTER;
        sensor->counter = (uint32_t)net_ms;
    } else if (reading->has & HAS_COUNTER) {
        sensor->flags |= SENSOR_HAS_COUNTER;
        sensor->counter = reading->counter;
    } else if (!(sensor->flags & SENSOR_HAS_COUNTER)) {
        sensor->counter = (uint32_t)net_ms;
    }
    /* a lost link is said by the gateway: the device itself was not heard */
    if (reading->value != VALUE_LINK_LOST) {
        renew(sensor, moment->stamp_ms, moment->break_ms);
    } else if (!(sensor->flags & SENSOR_FLAPPING)) {
        sensor->quiet = STAMP(moment->stamp_ms);
    }
    take_health(sensor, reading);
    return SENSOR_COUNTED;
}

/* Adds a change to the ten one-minute bins; returns how many they hold. */
static unsigned changes_add(uint64_t *changes, int64_t at_ms)
{
    const uint32_t minute = (uint32_t)((uint64_t)(at_ms / MINUTE_MS) & MINUTE_MASK);
    uint32_t newest = (uint32_t)(*changes >> 40);
    uint32_t ahead = (minute - newest) & MINUTE_MASK;
    uint64_t bins = *changes & BIN_MASK;
    unsigned sum = 0;

    if (bins == 0) {
        newest = minute;
    } else if (ahead > MINUTE_MASK / 2) { /* of an earlier minute: falls into the newest bin */
        ahead = 0;
    } else {
        newest = minute;
    }
    bins = ahead >= BIN_COUNT ? 0 : (bins << (4 * ahead)) & BIN_MASK;
    bins += (bins & BIN_FULL) < BIN_FULL;
    *changes = (uint64_t)newest << 40 | bins;
    for (; bins != 0; bins >>= 4) {
        sum += (unsigned)(bins & BIN_FULL);
    }
    return sum;
}

/* The value counts from at_ms. */
static void accept(struct sensor *sensor, enum reading_value value, int64_t at_ms,
                   struct counters *counters)
{
    const enum reading_value former = sensor_value(sensor);

    set_pending(sensor, VALUE_COUNT_, 0);
    sensor_set_value(sensor, value);
    if (former == value || (former != VALUE_FREE && former != VALUE_OCCUPIED)) {
        return;
    }
    if (changes_add(&sensor->changes, at_ms) > SENSOR_FLAP_CHANGES &&
        !(sensor->flags & SENSOR_FLAPPING)) {
        sensor->flags |= SENSOR_FLAPPING;
        count_add(counters, COUNT_FLAPPING, 1);
    }
    if (sensor->flags & SENSOR_FLAPPING) {
        sensor->quiet = STAMP(at_ms);
    }
}

/* A status of the place: event sensors count at once, sampled ones after three equal samples or 15
 * s, but at once out of unknown. */
static void say_status(struct sensor *sensor, enum reading_value value,
                       const struct sensor_moment *moment, bool was_live)
{
    const bool flapping = (sensor->flags & SENSOR_FLAPPING) != 0;
    unsigned samples = 1;

    sensor->flags &= (uint8_t) ~(SENSOR_STARTED | SENSOR_FAULT | SENSOR_LINK_LOST);
    if (!moment->timing->sampled || (!was_live && !flapping) || sensor_value(sensor) == value) {
        accept(sensor, value, moment->stamp_ms, moment->counters);
        return;
    }
    if (sensor_pending(sensor) != value) {
        set_pending(sensor, value, samples);
        return;
    }
    samples += sensor->progress & 3;
    if (samples >= SENSOR_DEBOUNCE_SAMPLES || sensor->pending_lag_ms >= SENSOR_DEBOUNCE_MS) {
        accept(sensor, value, moment->stamp_ms, moment->counters);
        return;
    }
    set_samples(sensor, samples);
}

void sensor_say(struct sensor *sensor, enum reading_value value, const struct sensor_moment *moment,
                bool was_live)
{
    static const uint8_t flag_of[VALUE_COUNT_] = {
        [VALUE_FAULT] = SENSOR_FAULT,
        [VALUE_LINK_LOST] = SENSOR_LINK_LOST,
        [VALUE_START] = SENSOR_STARTED,
    };

    if (value == VALUE_FREE || value == VALUE_OCCUPIED) {
        say_status(sensor, value, moment, was_live);
        return;
    }
    if (flag_of[value] != 0) {
        sensor->flags |= flag_of[value];
        set_pending(sensor, VALUE_COUNT_, 0);
    }
    if (sensor_value(sensor) == VALUE_COUNT_ && sensor_heard_ms(sensor) != 0) {
        sensor_set_value(sensor, VALUE_ALIVE);
    }
}

bool sensor_able(const struct sensor *sensor, bool clock_suspect)
{
    const enum reading_value value = sensor_value(sensor);

    return (value == VALUE_FREE || value == VALUE_OCCUPIED) && !(sensor->flags & NOT_BELIEVED) &&
           !(sensor->progress & SENSOR_SUSPECT) &&
           !(clock_suspect && (sensor->flags & SENSOR_RESTORED));
}

bool sensor_live(const struct sensor *sensor, int64_t limit_ms, int64_t at_ms, bool clock_suspect)
{
    return at_ms - sensor_heard_ms(sensor) <= limit_ms && sensor_able(sensor, clock_suspect);
}

int64_t sensor_due(const struct sensor *sensor)
{
    int64_t due_ms = INT64_MAX;

    if (sensor_pending(sensor) != VALUE_COUNT_) {
        due_ms = sensor_heard_ms(sensor) - sensor->pending_lag_ms + SENSOR_DEBOUNCE_MS;
    }
    if (sensor->flags & SENSOR_FLAPPING && quiet_ms(sensor) + SENSOR_QUIET_MS < due_ms) {
        due_ms = quiet_ms(sensor) + SENSOR_QUIET_MS;
    }
    return due_ms;
}

void sensor_settle(struct sensor *sensor, int64_t at_ms, struct counters *counters)
{
    const enum reading_value pending = sensor_pending(sensor);
    int64_t due_ms = sensor_heard_ms(sensor) - sensor->pending_lag_ms + SENSOR_DEBOUNCE_MS;

    if (pending != VALUE_COUNT_ && due_ms <= at_ms) {
        accept(sensor, pending, due_ms, counters);
    }
    if (sensor->flags & SENSOR_FLAPPING && quiet_ms(sensor) + SENSOR_QUIET_MS <= at_ms) {
        sensor->flags &= (uint8_t)~SENSOR_FLAPPING;
        sensor->changes = 0;
        sensor->quiet = 0;
    }
}

/* Bins that have left the window before the sensor was last heard can never count again. */
static uint64_t changes_kept(const struct sensor *sensor)
{
    const uint32_t minute =
        (uint32_t)((uint64_t)(sensor_heard_ms(sensor) / MINUTE_MS) & MINUTE_MASK);
    const uint32_t behind = (minute - (uint32_t)(sensor->changes >> 40)) & MINUTE_MASK;

    return behind >= BIN_COUNT && behind <= MINUTE_MASK / 2 ? 0 : sensor->changes;
}

void sensor_save(const struct sensor *sensor, struct sensor_image *out)
{
    const bool waits = sensor_pending(sensor) != VALUE_COUNT_;

    *out = (struct sensor_image){
        .value = (uint8_t)sensor_value(sensor),
        .flags = sensor->flags,
        .join = sensor->join,
        .debounce = sensor->progress & 3,
        .pending = (uint8_t)sensor_pending(sensor),
        .counter = sensor->counter,
        .heard_ms = sensor_heard_ms(sensor),
        .pending_ms = waits ? sensor_heard_ms(sensor) - sensor->pending_lag_ms : 0,
        .changes = changes_kept(sensor),
        .quiet_ms = quiet_ms(sensor),
        .battery_mv = sensor->battery_mv,
        .rssi_dbm = (int16_t)sensor_rssi_dbm(sensor),
    };
}

void sensor_load(struct sensor *sensor, const struct sensor_image *image)
{
    /* what wraps is no lag */
    const int64_t lag_ms = (int64_t)((uint64_t)image->heard_ms - (uint64_t)image->pending_ms);

    sensor->heard = STAMP(image->heard_ms);
    sensor->changes = image->changes;
    sensor->counter = image->counter;
    sensor->battery_mv = image->battery_mv;
    set_rssi(sensor, image->rssi_dbm);
    sensor->flags = image->flags;
    sensor->join = image->join;
    sensor->quiet = STAMP(image->quiet_ms);
    sensor_set_value(sensor,
                     image->value > VALUE_COUNT_ ? VALUE_COUNT_ : (enum reading_value)image->value);
    set_pending(sensor, VALUE_COUNT_, 0);
    if (image->pending == VALUE_FREE || image->pending == VALUE_OCCUPIED) {
        set_pending(sensor, (enum reading_value)image->pending, image->debounce & 3U);
        sensor->pending_lag_ms = (uint16_t)(lag_ms < 0 || lag_ms > UINT16_MAX ? 0 : lag_ms);
    }
}

void sensor_move(struct sensor *sensor)
{
    if (sensor_heard_ms(sensor) != 0) {
        sensor_set_value(sensor, VALUE_ALIVE);
        set_pending(sensor, VALUE_COUNT_, 0);
        sensor->flags |= SENSOR_STARTED;
        sensor->flags &= (uint8_t)~SENSOR_FLAPPING;
        sensor->changes = 0;
    }
}
