/* The space state machine: fusion of the sensors' votes, the held disagreement, since, known and
 * gap (STATES 4 to 9). Called by the step for each reading and by the timer wheel. */
#include "gateway/core/space/space.h"
#include <assert.h>

/* flag % of STATES 8 */
#define PCT_NONE         100
#define PCT_RESTORED     60
#define PCT_SESSION_GAP  50
#define PCT_HELD         50
#define PCT_BATTERY_LOW  90
#define PCT_NOT_ALL_LIVE 90

/* What the live sensors of the lowest rank say together. */
struct votes {
    unsigned live;         /**< of all ranks */
    unsigned source;       /**< the voter heard last */
    enum space_state said; /**< SPACE_UNKNOWN = none or they differ */
    bool differ;
};

static void set_known(struct space *space, enum space_state known)
{
    space->marks = ((unsigned)space->marks & 0x3cU) | ((unsigned)known & 3U);
}

static void set_source(struct space *space, unsigned source)
{
    space->marks = ((unsigned)space->marks & 0x23U) | (source & 7U) << 2;
}

static void set_shown(struct space *space, enum reason reason, unsigned flag_pct)
{
    space->reason = (unsigned)reason & 31U;
    space->flag_pct = flag_pct & 127U;
}

static int64_t held_ms(const struct space *space)
{
    return (int64_t)space->held;
}

static void set_gap(struct space *space, uint32_t gap_s)
{
    space->gap_low = gap_s & ((1U << GAP_LOW_BITS) - 1);
    space->gap_high = (uint16_t)(gap_s >> GAP_LOW_BITS) & 0xfffU;
}

enum space_state space_known(const struct space *space)
{
    return (enum space_state)(space->marks & 3);
}

uint32_t space_unknown_s(const struct space *space, int64_t now_ms)
{
    const int64_t since_ms = space_since_ms(space) > space_known_since_ms(space)
                                 ? space_since_ms(space)
                                 : space_known_since_ms(space);

    return space->state == SPACE_UNKNOWN && now_ms > since_ms
               ? (uint32_t)((now_ms - since_ms) / 1000)
               : 0;
}

unsigned space_source(const struct space *space)
{
    return space->marks >> 2 & 7;
}

const struct sensor_timing *place_timing(const struct place *place, unsigned sensor)
{
    return &place->inv->timings[place->inv->devices[place->bound[sensor].device].timing];
}

void space_init(struct place *place, int64_t now_ms)
{
    struct space *space = place->space;

    *space = (struct space){.since = STAMP(now_ms), .state = SPACE_UNKNOWN};
    set_shown(space, place->count == 0 ? REASON_UNBOUND : REASON_NEVER_HEARD, 0);
    set_source(space, SPACE_NO_SOURCE);
}

/* Counts the votes at at_ms and notes which sensors took part. */
static struct votes count_votes(const struct place *place, int64_t at_ms)
{
    struct votes votes = {.source = SPACE_NO_SOURCE, .said = SPACE_UNKNOWN};

    for (unsigned i = 0; i < place->count; i++) {
        struct sensor *sensor = &place->sensors[i];
        const enum space_state says =
            sensor_value(sensor) == VALUE_FREE ? SPACE_FREE : SPACE_OCCUPIED;

        sensor->progress &= 15U & ~(unsigned)SENSOR_WAS_LIVE;
        if (!sensor_live(sensor, place_timing(place, i)->limit_ms, at_ms, place->clock_suspect)) {
            continue;
        }
        sensor->progress |= SENSOR_WAS_LIVE;
        votes.live++;
        if (votes.source == SPACE_NO_SOURCE) {
            votes.source = i;
            votes.said = says;
        } else if (place->bound[i].rank == place->bound[votes.source].rank) {
            votes.differ = votes.differ || says != votes.said;
            if (sensor_heard_ms(sensor) > sensor_heard_ms(&place->sensors[votes.source])) {
                votes.source = i;
            }
        }
    }
    return votes;
}

/* The order of the reasons is the order of precedence. */
enum reason space_sensor_reason(const struct sensor *sensor, bool clock_suspect)
{
    if (clock_suspect && sensor->flags & SENSOR_RESTORED) {
        return REASON_CLOCK_SUSPECT;
    }
    if (sensor_heard_ms(sensor) == 0) {
        return REASON_NEVER_HEARD;
    }
    if (sensor->flags & SENSOR_LINK_LOST) {
        return REASON_LINK_LOST;
    }
    if (sensor->flags & SENSOR_FAULT) {
        return REASON_DEVICE_FAULT;
    }
    if (sensor->flags & SENSOR_STARTED || sensor_value(sensor) == VALUE_ALIVE) {
        return REASON_STARTING; /* alive, but no status yet */
    }
    if (sensor->progress & SENSOR_SUSPECT) {
        return REASON_SENSOR_SUSPECT;
    }
    return sensor->flags & SENSOR_FLAPPING ? REASON_FLAPPING : REASON_SILENT;
}

/* Of the best-ranked sensor; among equals the first reason in the table. */
static enum reason unknown_reason(const struct place *place)
{
    enum reason first = REASON_UNBOUND;

    for (unsigned i = 0; i < place->count && place->bound[i].rank == place->bound[0].rank; i++) {
        const enum reason reason = space_sensor_reason(&place->sensors[i], place->clock_suspect);

        if (i == 0 || reason < first) {
            first = reason;
        }
    }
    return first;
}

/* The moment a change is dated: when it was said, but never before the present state began. */
static int64_t since_of(const struct space *space, int64_t stamp_ms)
{
    return stamp_ms > space_since_ms(space) ? stamp_ms : space_since_ms(space);
}

/* STATES 7: arrival or departure only when known changes. */
static void know(const struct place *place, enum space_state state, int64_t since_ms)
{
    struct space *space = place->space;

    if (space_known(space) == state) {
        const uint64_t gap_s = (uint64_t)space_gap_s(space) + space_unknown_s(space, since_ms);

        set_gap(space, gap_s > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_s);
        return;
    }
    if (place->known != NULL) {
        place->known(place->known_ctx, place->slot, space, state, since_ms);
    }
    space->found = space_known(space) == SPACE_UNKNOWN;
    set_known(space, state);
    space->known_since = STAMP(since_ms);
    set_gap(space, 0);
}

static void enter(const struct place *place, enum space_state state, int64_t stamp_ms)
{
    struct space *space = place->space;
    const int64_t since_ms = since_of(space, stamp_ms);

    if (space->state == state) {
        return;
    }
    if (state != SPACE_UNKNOWN) {
        know(place, state, since_ms);
    }
    space->state = (unsigned)state & 3U;
    space->since = STAMP(since_ms);
}

static void show_unknown(const struct place *place, enum reason reason, int64_t stamp_ms)
{
    enter(place, SPACE_UNKNOWN, stamp_ms);
    set_shown(place->space, reason, 0);
    set_source(place->space, SPACE_NO_SOURCE);
}

/* Reason and flag % of a free or occupied space (STATES 8, 9). */
static void show_voted(const struct place *place, const struct votes *votes, bool held)
{
    struct space *space = place->space;
    const uint8_t flags = place->sensors[votes->source].flags;
    unsigned pct = PCT_NONE;

    if (votes->live < place->count) {
        pct = PCT_NOT_ALL_LIVE;
    }
    if (flags & SENSOR_BATTERY_LOW && pct > PCT_BATTERY_LOW) {
        pct = PCT_BATTERY_LOW;
    }
    if (flags & SENSOR_RESTORED && pct > PCT_RESTORED) {
        pct = PCT_RESTORED;
    }
    if (flags & SENSOR_SESSION_GAP && pct > PCT_SESSION_GAP) {
        pct = PCT_SESSION_GAP;
    }
    if (held && pct > PCT_HELD) {
        pct = PCT_HELD;
    }
    set_shown(space,
              flags & SENSOR_RESTORED      ? REASON_RESTORED
              : flags & SENSOR_SESSION_GAP ? REASON_SESSION_GAP
              : held                       ? REASON_HELD
                                           : REASON_FRESH,
              pct);
    set_source(space, votes->source);
}

/* One judgement: who is live at at_ms, what follows, dated stamp_ms. */
static void judge(const struct place *place, int64_t at_ms, int64_t stamp_ms)
{
    struct space *space = place->space;
    const struct votes votes = count_votes(place, at_ms);

    if (!votes.differ) {
        space->held = 0;
        if (votes.said == SPACE_UNKNOWN) {
            show_unknown(place, unknown_reason(place), stamp_ms);
            return;
        }
        enter(place, votes.said, stamp_ms);
        show_voted(place, &votes, false);
        return;
    }
    if (held_ms(space) == 0) {
        space->held = STAMP(at_ms);
    }
    if (space->state == SPACE_UNKNOWN || at_ms - held_ms(space) >= SPACE_HELD_MS) {
        show_unknown(place, REASON_CONFLICT, at_ms);
        return;
    }
    show_voted(place, &votes, true);
}

void space_judge(struct place *place, int64_t now_ms)
{
    judge(place, now_ms, now_ms);
}

int64_t space_due(const struct place *place)
{
    const struct space *space = place->space;
    int64_t due_ms = INT64_MAX;

    for (unsigned i = 0; i < place->count; i++) {
        const struct sensor *sensor = &place->sensors[i];
        int64_t next_ms = sensor_due(sensor);

        if (sensor->progress & SENSOR_WAS_LIVE) {
            const int64_t silent_ms =
                sensor_heard_ms(sensor) + place_timing(place, i)->limit_ms + 1;

            next_ms = silent_ms < next_ms ? silent_ms : next_ms;
        }
        due_ms = next_ms < due_ms ? next_ms : due_ms;
    }
    if (held_ms(space) != 0 && space->state != SPACE_UNKNOWN &&
        held_ms(space) + SPACE_HELD_MS < due_ms) {
        due_ms = held_ms(space) + SPACE_HELD_MS;
    }
    return due_ms;
}

void space_settle(struct place *place, int64_t now_ms)
{
    for (int64_t due_ms = space_due(place); due_ms <= now_ms; due_ms = space_due(place)) {
        const int64_t at_ms = since_of(place->space, due_ms);

        if (at_ms > now_ms) { /* a state dated ahead of a clock that was set back at a restart */
            break;
        }
        for (unsigned i = 0; i < place->count; i++) {
            sensor_settle(&place->sensors[i], at_ms, place->counters);
        }
        judge(place, at_ms, at_ms);
    }
}

/* A status that was too old already when it came: it says what was, not what is. It moves `known`
 * where the space shows nothing better, and nothing else. */
static void remember(const struct place *place, int64_t stamp_ms)
{
    struct space *space = place->space;
    const struct votes votes = count_votes(place, stamp_ms);

    if (votes.differ || votes.said == SPACE_UNKNOWN || space->state != SPACE_UNKNOWN ||
        space_known(space) == votes.said) {
        return;
    }
    know(place, votes.said,
         stamp_ms > space_known_since_ms(space) ? stamp_ms : space_known_since_ms(space));
}

/* What the sensor means by what it said. */
static enum reading_value meant(const struct inv_sensor *bound, const struct reading *reading)
{
    const enum reading_value said = (enum reading_value)reading->value;

    if (!bound->inverted || (said != VALUE_FREE && said != VALUE_OCCUPIED)) {
        return said;
    }
    return said == VALUE_FREE ? VALUE_OCCUPIED : VALUE_FREE;
}

bool space_hear(struct place *place, const struct heard *heard)
{
    const int64_t now_ms = heard->now.at_ms;
    const enum reading_value value = meant(&place->bound[heard->sensor], heard->reading);
    struct sensor *sensor = &place->sensors[heard->sensor];
    struct sensor_moment moment = {.now = heard->now,
                                   .break_ms = heard->break_ms,
                                   .timing = place_timing(place, heard->sensor),
                                   .counters = place->counters};
    bool was_live;

    space_settle(place, now_ms);
    was_live = sensor_live(sensor, moment.timing->limit_ms, now_ms, place->clock_suspect);
    switch (sensor_take(sensor, heard->reading, &moment)) {
    case SENSOR_DUPLICATE: count_add(place->counters, COUNT_READINGS_DUPLICATE, 1); return false;
    case SENSOR_LATE: count_add(place->counters, COUNT_READINGS_LATE, 1); return false;
    case SENSOR_COUNTED: break;
    }
    sensor_say(sensor, value, &moment, was_live);
    sensor_settle(sensor, now_ms, place->counters);
    if (now_ms - moment.stamp_ms > (int64_t)moment.timing->limit_ms &&
        (value == VALUE_FREE || value == VALUE_OCCUPIED)) {
        judge(place, now_ms, now_ms);
        remember(place, moment.stamp_ms);
        (void)count_votes(place, now_ms);
        return true;
    }
    judge(place, now_ms, moment.stamp_ms);
    return true;
}

int64_t space_seen_ms(const struct place *place)
{
    const unsigned source = space_source(place->space);
    int64_t seen_ms = 0;

    if (source < place->count) {
        return sensor_heard_ms(&place->sensors[source]);
    }
    for (unsigned i = 0; i < place->count; i++) {
        const int64_t heard_ms = sensor_heard_ms(&place->sensors[i]);

        seen_ms = heard_ms > seen_ms ? heard_ms : seen_ms;
    }
    return seen_ms;
}

void space_save(const struct place *place, struct space_image *out)
{
    const struct space *space = place->space;

    *out = (struct space_image){
        .state = (uint8_t)space->state,
        .known_state = (uint8_t)space_known(space),
        .reason = (uint8_t)space->reason,
        .sensor_count = (uint8_t)place->count,
        .since_ms = space_since_ms(space),
        .known_since_ms = space_known_since_ms(space),
        .seen_ms = space_seen_ms(place),
        .held_ms = held_ms(space),
        .gap_s = space_gap_s(space),
        .found = space->found,
    };
    for (unsigned i = 0; i < place->count; i++) {
        sensor_save(&place->sensors[i], &out->sensors[i]);
        out->sensors[i].tag = sensor_tag_of(place->inv, &place->bound[i]);
    }
}

void space_load(struct place *place, const struct space_image *image)
{
    struct space *space = place->space;
    /* of an unknown space nobody was live then (suspect, say), whatever the sensors look like */
    const bool had_votes = image->state != SPACE_UNKNOWN || image->reason == REASON_CONFLICT;

    space->since = STAMP(image->since_ms);
    space->known_since = STAMP(image->known_since_ms);
    space->held = STAMP(image->held_ms);
    set_gap(space, image->gap_s);
    space->state = image->state < SPACE_OUT_OF_SERVICE ? image->state & 3U : SPACE_UNKNOWN;
    space->reason = image->reason < REASON_COUNT ? image->reason & 31U : REASON_SILENT;
    set_known(space,
              image->known_state < SPACE_OUT_OF_SERVICE ? image->known_state : SPACE_UNKNOWN);
    set_source(space, SPACE_NO_SOURCE);
    space->found = image->found;
    for (unsigned i = 0; i < place->count; i++) {
        const uint32_t tag = sensor_tag_of(place->inv, &place->bound[i]);

        for (unsigned k = 0; k < image->sensor_count && k < SENSORS_PER_SPACE_MAX; k++) {
            if (image->sensors[k].tag == tag) {
                sensor_load(&place->sensors[i], &image->sensors[k]);
                break;
            }
        }
        /* what was live when the image was made falls silent at its exact moment */
        place->sensors[i].progress &= 15U & ~(unsigned)SENSOR_WAS_LIVE;
        if (had_votes && sensor_able(&place->sensors[i], false)) {
            place->sensors[i].progress |= SENSOR_WAS_LIVE;
        }
    }
}

bool space_recall(struct place *place, const struct space_image *image)
{
    struct space *space = place->space;
    const int64_t found_ms = space_known_since_ms(space);
    uint64_t gap_s;

    if (!space->found || image->known_state != space_known(space) || image->known_since_ms <= 0 ||
        image->known_since_ms >= found_ms) {
        return false;
    }
    /* nobody looked from the image's last message on: a gap, as any other between equal states */
    gap_s = (uint64_t)space_gap_s(space) + image->gap_s +
            (image->seen_ms > 0 && image->seen_ms < found_ms
                 ? (uint64_t)(found_ms - image->seen_ms) / 1000
                 : 0);
    set_gap(space, gap_s > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_s);
    space->known_since = STAMP(image->known_since_ms);
    space->found = false;
    return true;
}
