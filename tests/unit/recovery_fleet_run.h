#ifndef TESTS_UNIT_RECOVERY_FLEET_RUN_H
#define TESTS_UNIT_RECOVERY_FLEET_RUN_H

/* The small fleet of its proof of recovery: seeded histories of what bikes, listeners and people
 * do, the core that never stops and what it leaves in the journal and in slices in Redis. Included
 * once, by the proof. */
#include "tests/unit/fleet_fixture.h"

#include "bowei/recover.h"
#include "tests/unit/random_image.h"
#include "tests/unit/recovery_segment.h"

#define STEPS       160
#define STRIDE      4
#define BIKES       8
#define BIKE_SLOTS  64
#define ALERT_SLOTS 256
#define FENCES      3
#define MUTES       4
#define SLICE_MAX   4
#define SLICES_MAX  600
#define KEEP_MS     600000
#define LATE_MS     1000 /* a timer may fire late, a restored core is judged at its very moment */

enum step_kind { STEP_REPORT, STEP_MOVE, STEP_MUTE, STEP_TIME };

struct step {
    enum step_kind kind;
    struct now now;
    struct bike_report report;
    enum alert_event event;
    uint64_t alert;
    char operator_code[OPERATOR_CODE + 1];
    space_key fence;
    int64_t until_ms;
    size_t before, heard, after; /* bytes of the segment; heard = before when it has no report */
    size_t decided;              /* before the images that shorten it */
    uint64_t seq_after;
    unsigned slices; /* that were in Redis when the step began */
    bool quiet;      /* nothing was due soon when it was over */
    bool timed;      /* time alone decided something before its report */
};

struct picture {
    struct image bikes[BIKE_SLOTS], alerts[ALERT_SLOTS], mutes[MUTES], fences[FENCES];
    uint32_t bike_count, alert_count, mute_count;
    uint64_t events; /* how many there were */
};

struct slice {
    struct image images[SLICE_MAX];
    unsigned count;
    uint64_t confirms;
};

struct world {
    const char *folder;
    struct inventory *inv;
    struct counters counters;
    struct fleet_rules rules;
    struct dice dice;
    struct step steps[STEPS];
    struct picture after[STEPS];
    struct slice slices[SLICES_MAX];
    unsigned slice_count, shortened;
    struct segment_copy segment;
    int64_t at_ms;
    bool ridden[BIKES];
};

struct run {
    struct world *world;
    struct core *core;
    struct journal *journal; /* NULL: nothing is kept any more */
    struct position at;
    bool bikes[BIKE_SLOTS], alerts[ALERT_SLOTS], fences[FENCES], mutes[MUTES];
    bool timed;
    unsigned told; /* episodes and decisions that went out */
};

/* --- a history --- */

/* Nobody hears a bike while it is ridden: that it is, is known for 10 minutes only (the journal's
 * and the core's), and time here leaps. */
static inline void make_report(struct world *w, struct step *step)
{
    static const int east_m[] = {20, 20, 20, 220, 220, 420, 90, 290, 600, -200};
    struct bike_report *r = &step->report;
    const uint32_t bike = dice_below(&w->dice, BIKES);
    const uint32_t how = dice_below(&w->dice, 10);

    *r = (struct bike_report){.source = REPORT_OPERATOR,
                              .lock = LOCK_LOCKED,
                              .has = REPORT_HAS_TIME | REPORT_HAS_POSITION | REPORT_HAS_BATTERY,
                              .battery_pct = (uint8_t)dice_below(&w->dice, 101),
                              .accuracy_mm = 8000,
                              .time_ms = w->at_ms,
                              .event = dice_u64(&w->dice)};
    snprintf(r->vehicle, sizeof r->vehicle, "%s-%08u", bike % 2 == 0 ? "HLO" : "MTN", bike);
    r->at = fleet_at(east_m[dice_below(&w->dice, 10)] + (int)dice_below(&w->dice, 12),
                     15 + (int)dice_below(&w->dice, 10));
    const bool ridden = w->ridden[bike];

    w->ridden[bike] = how == 0;
    if (how == 0) {
        r->lock = LOCK_UNLOCKED;
        r->has = REPORT_HAS_TIME;
    } else if (how < 4 && !ridden) {
        *r = (struct bike_report){.source = REPORT_SCAN,
                                  .rssi_dbm = (int8_t) - (int)(55 + dice_below(&w->dice, 40)),
                                  .fence = fleet_key(how == 1 ? OTHER_ID : PARK_ID),
                                  .listener = how == 1 ? 2 : 1,
                                  .scan_period_ms = 10000};
        snprintf(r->vehicle, sizeof r->vehicle, "%s-%08u", bike % 2 == 0 ? "HLO" : "MTN", bike);
    } else if (how == 4 && !ridden) {
        *r = (struct bike_report){.source = REPORT_LISTENER,
                                  .has = REPORT_HAS_SCAN | REPORT_HAS_TIME,
                                  .time_ms = w->at_ms,
                                  .fence = fleet_key(PARK_ID),
                                  .listener = 1,
                                  .scan_period_ms = 10000};
    }
}

/* Any episode, any event: most are refused. */
static inline void make_move(struct world *w, const struct core *core, struct step *step)
{
    static const enum alert_event events[] = {ALERT_EVENT_ACK, ALERT_EVENT_DISPATCH,
                                              ALERT_EVENT_RESOLVE, ALERT_EVENT_DISPUTE,
                                              ALERT_EVENT_DISMISS};

    static const char *const codes[] = {"", "HLO", "MTN"};
    struct image image = {0};
    uint32_t slots = core_alert_slots(core);

    step->event = events[dice_below(&w->dice, 5)];
    snprintf(step->operator_code, sizeof step->operator_code, "%s", codes[dice_below(&w->dice, 3)]);
    if (slots > 0 && core_alert_image(core, dice_below(&w->dice, slots), &image)) {
        step->alert = image.alert.id;
    }
}

static inline void make_step(struct world *w, const struct core *core, struct step *step)
{
    const uint32_t roll = dice_below(&w->dice, 100);

    w->at_ms +=
        dice_below(&w->dice, 12) == 0 ? dice_below(&w->dice, 1800000) : dice_below(&w->dice, 40000);
    step->now = (struct now){.at_ms = w->at_ms};
    if (roll < 70) {
        step->kind = STEP_REPORT;
        make_report(w, step);
    } else if (roll < 85) {
        step->kind = STEP_MOVE;
        make_move(w, core, step);
    } else if (roll < 90) {
        step->kind = STEP_MUTE;
        step->fence = dice_below(&w->dice, 4) == 0 ? 0 : fleet_key(PARK_ID);
        step->until_ms = dice_below(&w->dice, 2) == 0 ? 0 : w->at_ms + 100000000;
    } else {
        step->kind = STEP_TIME;
    }
}

/* --- the runner's part --- */

static inline void carry_out(struct run *run, const struct effects *effects, struct now now)
{
    const struct record_stamp stamp = {.at = run->at, .now = now, .inventory_version = 1};

    for (size_t i = 0; i < effects->touched_count; i++) {
        const struct touched *t = &effects->touched[i];
        bool *const dirty[CHANGE_KIND_COUNT] = {[CHANGE_FENCE] = run->fences,
                                                [CHANGE_BIKE] = run->bikes,
                                                [CHANGE_ALERT] = run->alerts,
                                                [CHANGE_MUTE] = run->mutes};

        assert_non_null(dirty[t->kind]);
        assert_true(t->index < (t->kind == CHANGE_ALERT ? ALERT_SLOTS : BIKE_SLOTS));
        dirty[t->kind][t->index] = true;
    }
    run->told += (unsigned)effects->kept_count;
    if (effects->kept_count > 0 && run->journal != NULL) {
        assert_int_equal(journal_append_images(run->journal, RECORD_EFFECT, &stamp, effects->kept,
                                               effects->kept_count),
                         ERR_OK);
    }
}

static inline void advance(struct run *run, struct now now)
{
    while (core_due(run->core) <= now.at_ms) {
        carry_out(run, core_advance(run->core, now), now);
    }
}

static inline void run_command(struct run *run, const struct step *step)
{
    uint64_t id = step->alert;
    enum err result = ERR_INTERNAL;
    struct fleet_request request = {.event = step->event,
                                    .ids = &id,
                                    .results = &result,
                                    .id_count = 1,
                                    .fence = step->fence,
                                    .until_ms = step->until_ms};
    struct command command = {.kind = step->kind == STEP_MOVE ? COMMAND_ALERT_MOVE : COMMAND_MUTE,
                              .actor = "tester",
                              .fleet = &request};
    const struct input input = {
        .at = run->at, .now = step->now, .kind = INPUT_COMMAND, .command = &command};

    memcpy(request.operator_code, step->operator_code, sizeof request.operator_code);
    carry_out(run, core_step(run->core, &input), step->now);
}

static inline void run_step(struct run *run, const struct step *step)
{
    const unsigned told = run->told;

    advance(run, step->now);
    run->timed = run->told != told;
    switch (step->kind) {
    case STEP_REPORT: {
        struct input input = {.now = step->now, .kind = INPUT_REPORT, .inventory_version = 1};

        run->at.seq++;
        input.at = run->at;
        input.report = step->report;
        carry_out(run, core_step(run->core, &input), step->now);
        break;
    }
    case STEP_MOVE:
    case STEP_MUTE:
        run->at.seq++;
        run_command(run, step);
        break;
    case STEP_TIME: break;
    }
    advance(run, step->now);
}

/* --- Redis as the images that slices carried --- */

static inline bool slice_room(const struct slice *slice)
{
    return slice->count < SLICE_MAX;
}

static inline bool all_clean(const struct run *run)
{
    for (unsigned i = 0; i < ALERT_SLOTS; i++) {
        if (run->alerts[i] || (i < BIKE_SLOTS && run->bikes[i]) || (i < FENCES && run->fences[i]) ||
            (i < MUTES && run->mutes[i])) {
            return false;
        }
    }
    return true;
}

static inline void slice_out(struct run *run, uint64_t confirms)
{
    struct slice *slice = &run->world->slices[run->world->slice_count++];
    const struct core *core = run->core;

    assert_true(run->world->slice_count < SLICES_MAX);
    *slice = (struct slice){.count = 0};
    for (uint32_t i = 0; i < ALERT_SLOTS && slice_room(slice); i++) {
        struct image *image = &slice->images[slice->count];

        if (i < FENCES && run->fences[i]) {
            run->fences[i] = false;
            core_fence_image(core, i, image);
            slice->count++;
        } else if (i < BIKE_SLOTS && run->bikes[i]) {
            run->bikes[i] = false;
            slice->count += core_bike_image(core, i, image);
        } else if (i < MUTES && run->mutes[i]) {
            run->mutes[i] = false;
            slice->count += core_mute_image(core, i, image);
        } else if (run->alerts[i]) {
            run->alerts[i] = false;
            slice->count += core_alert_image(core, i, image);
        }
    }
    slice->confirms = all_clean(run) ? confirms : 0;
}

static inline bool same_entity(const struct image *a, const struct image *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch ((int)a->kind) {
    case IMAGE_BIKE: return strcmp(a->bike.ref, b->bike.ref) == 0;
    case IMAGE_ALERT: return a->alert.id == b->alert.id;
    case IMAGE_FENCE: return a->fence.key == b->fence.key;
    default: return a->mute.fence == b->mute.fence;
    }
}

/* The last image of each, and no bike that is ridden. */
static inline void restore_redis(const struct world *w, unsigned slices,
                                 const struct recover_calls *calls)
{
    for (unsigned s = 0; s < slices; s++) {
        for (unsigned i = 0; i < w->slices[s].count; i++) {
            const struct image *image = &w->slices[s].images[i];
            bool last = image->kind != IMAGE_BIKE || (image->bike.flags & BIKE_GONE) == 0;

            for (unsigned l = s; last && l < slices; l++) {
                for (unsigned k = l == s ? i + 1 : 0; last && k < w->slices[l].count; k++) {
                    last = !same_entity(image, &w->slices[l].images[k]);
                }
            }
            if (last && (image->at.epoch != 0 || image->kind == IMAGE_ALERT)) {
                calls->restore(calls->ctx, image);
            }
        }
    }
}

/* Only below the S of a confirmed flush everything is in Redis. */
static inline uint64_t confirmed_by(const struct world *w, unsigned slices)
{
    uint64_t confirmed = 0;

    for (unsigned s = 0; s < slices; s++) {
        confirmed = w->slices[s].confirms > confirmed ? w->slices[s].confirms : confirmed;
    }
    return confirmed > 0 ? confirmed - 1 : 0;
}

/* --- pictures --- */

static inline int by_name(const void *a, const void *b)
{
    const struct image *x = a;
    const struct image *y = b;

    if (x->kind == IMAGE_BIKE) {
        return strcmp(x->bike.ref, y->bike.ref);
    }
    if (x->kind == IMAGE_ALERT) {
        return x->alert.id < y->alert.id ? -1 : x->alert.id > y->alert.id;
    }
    return x->mute.fence < y->mute.fence ? -1 : x->mute.fence > y->mute.fence;
}

/* A bike that is ridden has nothing but its order, which Redis forgets. */
static inline void take_picture(const struct core *core, struct picture *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < core_bike_slots(core); i++) {
        struct image *image = &out->bikes[out->bike_count];

        if (core_bike_image(core, i, image) && (image->bike.flags & BIKE_GONE) == 0) {
            image->bike.flags &= (uint8_t)~BIKE_RESTORED;
            out->bike_count++;
        }
    }
    for (uint32_t i = 0; i < core_alert_slots(core); i++) {
        out->alert_count += core_alert_image(core, i, &out->alerts[out->alert_count]);
    }
    for (uint32_t i = 0; i < core_mutes(core); i++) {
        out->mute_count += core_mute_image(core, i, &out->mutes[out->mute_count]);
    }
    for (uint32_t i = 0; i < FENCES; i++) {
        core_fence_image(core, i, &out->fences[i]);
    }
    qsort(out->bikes, out->bike_count, sizeof *out->bikes, by_name);
    qsort(out->alerts, out->alert_count, sizeof *out->alerts, by_name);
    qsort(out->mutes, out->mute_count, sizeof *out->mutes, by_name);
    out->events = core_newest_event(core).number;
}

/* --- the core that never stops --- */

static inline void put_images(struct run *run, struct now now)
{
    const struct record_stamp stamp = {.at = run->at, .now = now, .inventory_version = 1};
    struct image images[FENCES + BIKE_SLOTS];
    size_t n = 0;

    for (uint32_t i = 0; i < FENCES; i++) {
        core_fence_image(run->core, i, &images[n]);
        n += images[n].at.seq != 0;
    }
    for (uint32_t i = 0; i < core_bike_slots(run->core); i++) {
        n += core_bike_image(run->core, i, &images[n]) && images[n].at.seq != 0;
    }
    assert_int_equal(journal_append_images(run->journal, RECORD_IMAGE, &stamp, images, n), ERR_OK);
}

static inline struct core *core_make(struct world *w)
{
    struct core *core = core_create(w->inv, &w->counters);

    assert_non_null(core);
    core_fleet_rules(core, &w->rules);
    return core;
}

static inline void live(struct world *w)
{
    const struct journal_params params = {.folder = w->folder, .counters = &w->counters};
    static struct run run;
    uint64_t flush = 0;

    run = (struct run){
        .world = w, .core = core_make(w), .at = {1, 0}
    };
    assert_int_equal(journal_open(&params, &run.journal), ERR_OK);
    core_restored(run.core, (struct now){.at_ms = T0}, false);
    core_alerts_on(run.core);
    w->shortened = STEPS / 4 + dice_below(&w->dice, STEPS / 2);
    for (unsigned i = 0; i < STEPS; i++) {
        struct step *step = &w->steps[i];
        const struct record_stamp stamp = {
            .at = {1, run.at.seq + 1},
              .now = {.at_ms = 0},
              .inventory_version = 1
        };
        struct record_stamp said = stamp;

        make_step(w, run.core, step);
        said.now = step->now;
        step->slices = w->slice_count;
        step->before = segment_size(run.journal);
        if (step->kind == STEP_REPORT) {
            assert_int_equal(journal_append_reports(run.journal, &said, &step->report, 1), ERR_OK);
        }
        step->heard = segment_size(run.journal);
        run_step(&run, step);
        step->decided = segment_size(run.journal);
        if (i == w->shortened) {
            put_images(&run, step->now);
        }
        step->after = segment_size(run.journal);
        step->seq_after = run.at.seq;
        step->timed = run.timed;
        step->quiet = core_due(run.core) > step->now.at_ms + LATE_MS;
        take_picture(run.core, &w->after[i]);
        if (flush == 0 && dice_below(&w->dice, 4) == 0) {
            flush = run.at.seq;
        }
        if (flush != 0 && dice_below(&w->dice, 4) != 0) {
            slice_out(&run, flush);
            flush = w->slices[w->slice_count - 1].confirms != 0 ? 0 : flush;
        }
    }
    journal_close(run.journal);
    core_destroy(run.core);
    segment_copy_take(&w->segment, w->folder);
}

#endif
