/* What the simulated bikes say, with the noise of their receivers and the tricks of their faults;
 * and the truth beside it. See world_state.h. */
#include "sensors/sim/fleet/world_state.h"
#include "sensors/sim/world/rng.h"
#include <math.h>

/* Four 16-bit numbers added up: nearly a bell, of this standard deviation (65536 / sqrt 3). */
#define BELL_SD      37837
#define BELL_MIDDLE  131070
#define CLIP_MM      200 /* rounding to 1e-7 degree, and to the 1e-4 minutes of an Omni lock */
#define DRIFT_MS     1200000
#define BATTERY_FULL 4100 /* mV of a lock's cell */
#define LOCK_GAP_MS  20   /* a lock's words follow each other; two of one time would be one */
#define BATTERY_PCT  8    /* mV a percent */

const char *world_class_name(enum world_class class)
{
    static const char *const names[WORLD_CLASS_COUNT] = {"any", "inside", "outside", "zone"};

    return names[class];
}

const char *world_episode_name(enum world_episode_kind kind)
{
    static const char *const names[WORLD_EPISODE_KIND_COUNT] = {
        "out_of_fence", "no_parking_zone", "pile_up", "fence_silent", "feed_suspect"};

    return names[kind];
}

void world_emit(struct world *f, struct world_event *event)
{
    if (f->sink != NULL) {
        f->sink(f->ctx, event);
    }
}

static int64_t bell(uint64_t *rng)
{
    const uint64_t r = rng_next(rng);

    return (int64_t)((r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48)) -
           BELL_MIDDLE;
}

/* Noise: the distance has the root mean square noise_mm, so each axis noise_mm / sqrt 2; what lies
 * beyond three times noise_mm is drawn again (one of 8000). */
static struct shape_point noise_of(const struct world *f, struct world_bike *b)
{
    const int64_t most = (int64_t)f->params.noise_mm * 3 - CLIP_MM;
    const int64_t axis = (int64_t)f->params.noise_mm * 1000 / 1414;
    int64_t x = 0;
    int64_t y = 0;

    if (f->params.noise_mm > CLIP_MM) {
        do {
            x = bell(&b->noise) * axis / BELL_SD;
            y = bell(&b->noise) * axis / BELL_SD;
        } while (x * x + y * y > most * most);
    }
    return (struct shape_point){(double)x / 1000, (double)y / 1000};
}

/* Metres of an urban drift: to its full size and back in twenty minutes, each bike its own way. */
static double drift_m(const struct world *f, const struct world_bike *b, int64_t now_ms)
{
    const int64_t phase = (now_ms - f->params.start_ms) % DRIFT_MS;
    const int64_t part = phase < DRIFT_MS / 2 ? phase : DRIFT_MS - phase;

    return b->drift_m * (double)part / (DRIFT_MS / 2.0);
}

static struct position_e7 seen_at(const struct world *f, struct world_bike *b, uint32_t bike,
                                  int64_t now_ms)
{
    struct shape_point off = noise_of(f, b);
    struct position_e7 at;

    if (b->drift_m > 0) {
        const double m = drift_m(f, b, now_ms);
        const double turn = (double)(rng_mix(bike) % 6283) / 1000;

        off.x_m += m * cos(turn);
        off.y_m += m * sin(turn);
    }
    at = shape_place(b->at, off);
    if (world_has(b, FAULT_WRONG_CRS)) {
        at = position_round(crs_from_wgs84(CRS_GCJ02, position_deg_of(at)));
    }
    return at;
}

static uint16_t accuracy_m(const struct world *f, struct world_bike *b, int64_t now_ms)
{
    const uint32_t typical = f->params.noise_mm / 1000;
    const uint32_t low = typical > 3 ? typical - 3 : 1;
    const uint32_t drift = b->drift_m > 0 ? (uint32_t)(drift_m(f, b, now_ms) / 2) : 0;

    return (uint16_t)(low + rng_below(&b->noise, 7) + drift);
}

static void emit_report(struct world *f, const struct world_report *report, int64_t now_ms)
{
    struct world_event event = {.kind = WORLD_REPORT, .at_ms = now_ms, .report = *report};

    world_emit(f, &event);
}

/* Sends a report the way its bike's faults let it. */
static void send_report(struct world *f, const struct world_report *report, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[report->bike];

    if (world_has(b, FAULT_LATE)) {
        if (f->held_count < WORLD_HELD_MAX) {
            f->held[f->held_count++] = *report;
        } else {
            f->dropped++;
        }
        return;
    }
    if (world_has(b, FAULT_REORDER) && !b->holds) {
        f->swapped[report->bike] = *report;
        b->holds = true;
        return;
    }
    emit_report(f, report, now_ms);
    if (world_has(b, FAULT_DUPLICATE)) {
        emit_report(f, report, now_ms);
    }
    if (b->holds) {
        b->holds = false;
        emit_report(f, &f->swapped[report->bike], now_ms);
    }
}

void world_say_held(struct world *f, int64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < f->held_count; i++) {
        if (world_has(&f->bikes[f->held[i].bike], FAULT_LATE)) {
            f->held[kept++] = f->held[i];
        } else {
            emit_report(f, &f->held[i], now_ms);
        }
    }
    f->held_count = kept;
}

static void report(struct world *f, uint32_t bike, int64_t time_ms, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];
    struct world_report r = {.bike = bike,
                             .time_ms = time_ms,
                             .locked = b->parked,
                             .has_position = b->parked,
                             .battery_pct = b->battery_pct};

    if (b->parked) {
        r.at = seen_at(f, b, bike, now_ms);
        r.accuracy_m = accuracy_m(f, b, now_ms);
        r.listened = f->params.studs;
        world_radio_studs(b, &r);
    }
    send_report(f, &r, now_ms);
}

static void lock_word(struct world *f, uint32_t bike, enum lock_word word, int64_t time_ms,
                      int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];
    struct world_event event = {
        .kind = WORLD_LOCK,
        .at_ms = now_ms,
        .lock = {.bike = bike,
                 .word = word,
                 .time_ms = time_ms,
                 .locked = b->parked,
                 .battery_mv = (uint16_t)(BATTERY_FULL - (100 - b->battery_pct) * BATTERY_PCT),
                 .serial = ++b->words},
    };

    if (word == WORD_POSITION) {
        event.lock.at = seen_at(f, b, bike, now_ms);
    }
    world_emit(f, &event);
    if (world_has(b, FAULT_DUPLICATE)) {
        world_emit(f, &event);
    }
}

void world_say(struct world *f, uint32_t bike, int64_t time_ms, int64_t now_ms, bool first)
{
    const struct world_bike *b = &f->bikes[bike];
    const enum bike_voice voice = f->params.locks ? world_bike_voice(f->plan, bike) : VOICE_APP;

    if (world_has(b, FAULT_SILENCE)) {
        return;
    }
    switch (voice) {
    case VOICE_OMNI:
        lock_word(f, bike,
                  !first      ? WORD_HEARTBEAT
                  : b->parked ? WORD_LOCKED
                              : WORD_UNLOCKED,
                  time_ms - LOCK_GAP_MS, now_ms);
        if (b->parked) {
            lock_word(f, bike, WORD_POSITION, time_ms, now_ms);
        }
        break;
    case VOICE_BL10: lock_word(f, bike, WORD_HEARTBEAT, time_ms, now_ms); break;
    case VOICE_APP:
    case VOICE_COUNT: break;
    }
    if (voice != VOICE_OMNI) {
        report(f, bike, time_ms, now_ms);
    }
}

static struct world_stop stop_of(const struct world *f, uint32_t bike)
{
    const struct world_bike *b = &f->bikes[bike];

    return (struct world_stop){
        .bike = bike,
        .since_ms = b->since_ms,
        .at = b->at,
        .fence = b->place.fence,
        .zone = b->place.zone,
        .park_mm = b->place.park_mm,
        .zone_mm = b->place.zone_mm,
        .class = (enum world_class)b->class,
        .radio = b->radio,
        .heard = !world_has(b, FAULT_SILENCE) && !world_has(b, FAULT_LATE) &&
                 !world_has(b, FAULT_WRONG_CRS) && !world_has(b, FAULT_DRIFT),
    };
}

void world_say_stop(struct world *f, uint32_t bike, bool leaves, int64_t now_ms)
{
    struct world_event event = {
        .kind = leaves ? WORLD_LEAVE : WORLD_STOP, .at_ms = now_ms, .stop = stop_of(f, bike)};

    world_emit(f, &event);
}

void world_say_episode(struct world *f, const struct world_episode *episode, int64_t now_ms)
{
    struct world_event event = {.kind = WORLD_EPISODE, .at_ms = now_ms, .episode = *episode};

    world_emit(f, &event);
}
