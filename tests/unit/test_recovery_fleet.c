/* The proof of recovery for bikes, fences and episodes, beside test_recovery_proof.c: seeded
 * histories of positions, locks, scans, decisions and time run through a core that never stops and
 * into a real journal, while slices of images go to a modelled Redis. The process is then cut off
 * in and behind every step, with Redis rolled back by any number of slices, the journal trimmed to
 * what was confirmed, or shortened by images. What comes back must equal the core that never
 * stopped, at once and after the rest was redelivered; no episode is told twice, no decision is
 * lost or there that was refused.
 *
 * BOWEI_SEEDS sets how many histories; a failure names its seed. Since when a verdict holds is not
 * in the proof: a replay does not judge, so it may begin with the restart, and with it the dwell,
 * which is 0 here. Rules that look back further than their images (fences that fill, storms, feeds)
 * are off. */
#include "tests/unit/fleet_fixture.h"

#include "bowei/journal.h"
#include "bowei/recover.h"
#include "tests/unit/random_image.h"
#include "tests/unit/scratch_folder.h"

#define STEPS        160
#define STRIDE       4
#define BIKES        8
#define BIKE_SLOTS   64
#define ALERT_SLOTS  256
#define FENCES       3
#define MUTES        4
#define SLICE_MAX    4
#define SLICES_MAX   600
#define SEGMENT_HEAD 16
#define KEEP_MS      600000
#define LATE_MS      1000 /* a timer may fire late, a restored core is judged at its very moment */

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
    uint8_t *bytes;
    size_t len;
    char segment[512];
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
static void make_report(struct world *w, struct step *step)
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
static void make_move(struct world *w, const struct core *core, struct step *step)
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

static void make_step(struct world *w, const struct core *core, struct step *step)
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

static void carry_out(struct run *run, const struct effects *effects, struct now now)
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

static void advance(struct run *run, struct now now)
{
    while (core_due(run->core) <= now.at_ms) {
        carry_out(run, core_advance(run->core, now), now);
    }
}

static void run_command(struct run *run, const struct step *step)
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

static void run_step(struct run *run, const struct step *step)
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

static bool slice_room(const struct slice *slice)
{
    return slice->count < SLICE_MAX;
}

static bool all_clean(const struct run *run)
{
    for (unsigned i = 0; i < ALERT_SLOTS; i++) {
        if (run->alerts[i] || (i < BIKE_SLOTS && run->bikes[i]) || (i < FENCES && run->fences[i]) ||
            (i < MUTES && run->mutes[i])) {
            return false;
        }
    }
    return true;
}

static void slice_out(struct run *run, uint64_t confirms)
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

static bool same_entity(const struct image *a, const struct image *b)
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
static void restore_redis(const struct world *w, unsigned slices, const struct recover_calls *calls)
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
static uint64_t confirmed_by(const struct world *w, unsigned slices)
{
    uint64_t confirmed = 0;

    for (unsigned s = 0; s < slices; s++) {
        confirmed = w->slices[s].confirms > confirmed ? w->slices[s].confirms : confirmed;
    }
    return confirmed > 0 ? confirmed - 1 : 0;
}

/* --- pictures --- */

static int by_name(const void *a, const void *b)
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
static void take_picture(const struct core *core, struct picture *out)
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

/* Without since when, and without what a ride makes Redis forget: the order of what was heard
 * before it, that it was ridden, and since when its battery is flat. */
static void blur(struct bike_image *bike)
{
    bike->since_ms = 0;
    bike->outside_ms = 0;
    bike->flags &= (uint8_t)~BIKE_MOVED;
    bike->flat_s = 0;
    bike->dragged_s = bike->dragged_s != 0; /* whole seconds of either clock */
    memset(bike->order_ms, 0, sizeof bike->order_ms);
    memset(bike->events, 0, sizeof bike->events);
}

static bool equal(const struct image *a, const struct image *b)
{
    uint8_t x[IMAGE_PACK_MAX];
    uint8_t y[IMAGE_PACK_MAX];
    struct image p = *a;
    struct image q = *b;
    size_t n;

    p.at = q.at = (struct position){0, 0};
    if (p.kind == IMAGE_BIKE) {
        blur(&p.bike);
        blur(&q.bike);
    }
    if (p.kind == IMAGE_ALERT) {
        p.alert.event = q.alert.event = 0; /* a restart may judge two in the other order */
    }
    n = image_pack(&p, x, sizeof x);
    return n > 0 && image_pack(&q, y, sizeof y) == n && memcmp(x, y, n) == 0;
}

static void compare_all(const struct picture *is, const struct picture *was, const char *what)
{
    if (is->bike_count != was->bike_count || is->alert_count != was->alert_count ||
        is->mute_count != was->mute_count) {
        fail_msg("%s: %u bikes, not %u; %u alerts, not %u; %u mutes, not %u", what, is->bike_count,
                 was->bike_count, is->alert_count, was->alert_count, is->mute_count,
                 was->mute_count);
    }
    for (uint32_t i = 0; i < was->bike_count; i++) {
        if (!equal(&is->bikes[i], &was->bikes[i])) {
            fail_msg("%s: bike %s: verdict %u, not %u; rule %u, not %u; since %lld, not %lld", what,
                     was->bikes[i].bike.ref, is->bikes[i].bike.verdict, was->bikes[i].bike.verdict,
                     is->bikes[i].bike.rule, was->bikes[i].bike.rule,
                     (long long)is->bikes[i].bike.since_ms, (long long)was->bikes[i].bike.since_ms);
        }
    }
    if (is->events != was->events) {
        fail_msg("%s: %llu events, not %llu", what, (unsigned long long)is->events,
                 (unsigned long long)was->events);
    }
    for (uint32_t i = 0; i < was->alert_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            assert_true(is->alerts[i].alert.event != is->alerts[k].alert.event);
        }
    }
    for (uint32_t i = 0; i < was->alert_count; i++) {
        const struct alert_image *a = &is->alerts[i].alert;
        const struct alert_image *b = &was->alerts[i].alert;

        if (!equal(&is->alerts[i], &was->alerts[i])) {
            fail_msg("%s: alert %llx of kind %u: state %u, not %u; version %u, not %u", what,
                     (unsigned long long)b->id, b->kind, a->state, b->state, a->version,
                     b->version);
        }
    }
    for (uint32_t i = 0; i < was->mute_count; i++) {
        assert_true(equal(&is->mutes[i], &was->mutes[i]));
    }
    for (uint32_t i = 0; i < FENCES; i++) {
        const struct fence_image *a = &is->fences[i].fence;
        const struct fence_image *b = &was->fences[i].fence;

        if (a->count != b->count || a->silent != b->silent ||
            memcmp(a->listeners, b->listeners, sizeof a->listeners) != 0) {
            fail_msg("%s: fence %u: count %u, not %u; silent %d, not %d; heard %lld, not %lld",
                     what, i, a->count, b->count, a->silent, b->silent,
                     (long long)a->listeners[0].heard_ms, (long long)b->listeners[0].heard_ms);
        }
    }
}

/* --- the core that never stops --- */

static size_t segment_size(const struct journal *journal)
{
    const size_t bytes = (size_t)journal_bytes(journal);

    return bytes < SEGMENT_HEAD ? SEGMENT_HEAD : bytes;
}

static void load_segment(struct world *w)
{
    DIR *dir = opendir(w->folder);
    FILE *file;

    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".bwj") != NULL) {
            assert_true(snprintf(w->segment, sizeof w->segment, "%s/%s", w->folder, entry->d_name) <
                        (int)sizeof w->segment);
        }
    }
    closedir(dir);
    file = fopen(w->segment, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    w->len = (size_t)ftell(file);
    rewind(file);
    w->bytes = malloc(w->len);
    assert_int_equal(fread(w->bytes, 1, w->len, file), w->len);
    fclose(file);
}

static void put_images(struct run *run, struct now now)
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

static struct core *core_make(struct world *w)
{
    struct core *core = core_create(w->inv, &w->counters);

    assert_non_null(core);
    core_fleet_rules(core, &w->rules);
    return core;
}

static void live(struct world *w)
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
    load_segment(w);
}

/* --- the crash --- */

struct crash {
    unsigned step;
    size_t from, len;
    unsigned slices;
    bool whole, superseded;
};

static void put_bytes(const struct world *w, size_t from, size_t end, FILE *file)
{
    if (end > from) {
        assert_int_equal(fwrite(w->bytes + from, 1, end - from, file), end - from);
    }
}

static void write_segment(const struct world *w, const struct crash *crash)
{
    const uint64_t confirmed = confirmed_by(w, crash->slices);
    FILE *file = fopen(w->segment, "wb");

    assert_non_null(file);
    put_bytes(w, 0, SEGMENT_HEAD, file);
    for (unsigned i = 0; crash->superseded && i <= w->shortened; i++) {
        if (w->steps[i].seq_after > confirmed) {
            put_bytes(w, w->steps[i].heard, w->steps[i].decided, file);
        }
    }
    put_bytes(w, crash->superseded ? w->steps[w->shortened].decided : crash->from, crash->len,
              file);
    fclose(file);
}

static void back_restore(void *ctx, const struct image *image)
{
    core_restore(((struct run *)ctx)->core, image);
}

static void back_replay(void *ctx, const struct input *input)
{
    core_replay(((struct run *)ctx)->core, input);
}

static void come_back(struct world *w, const struct crash *crash, const char *what)
{
    static struct run run;
    static struct picture is;
    const struct recover_calls calls = {
        .ctx = &run, .restore = back_restore, .replay = back_replay};
    const unsigned next = crash->step + (crash->whole ? 1 : 0);
    const struct now now = next > 0 ? w->steps[next - 1].now : (struct now){.at_ms = T0};
    struct recovery recovery = {.next_seq = 1};

    run = (struct run){.world = w, .core = core_make(w)};
    write_segment(w, crash);
    assert_int_equal(recover_images(w->folder, &calls, &recovery), ERR_OK);
    restore_redis(w, crash->slices, &calls);
    assert_int_equal(recover_readings(w->folder, w->inv, &calls, &recovery), ERR_OK);
    assert_int_equal(recovery.skipped, 0);
    core_restored(run.core, now, false);
    core_alerts_on(run.core);
    run.at = (struct position){2, recovery.next_seq};
    advance(&run, now);
    if (next > 0) {
        take_picture(run.core, &is);
        compare_all(&is, &w->after[next - 1], what);
        /* with all records there, nothing is told at the start */
        if (crash->len == w->steps[next - 1].after && run.told > 0) {
            fail_msg("%s: %u things told again", what, run.told);
        }
    }
    for (unsigned i = next; i < STEPS; i++) {
        run_step(&run, &w->steps[i]);
    }
    take_picture(run.core, &is);
    compare_all(&is, &w->after[STEPS - 1], what);
    core_destroy(run.core);
}

/* What is younger than 10 minutes stays: a bike that was ridden away since is known by it. */
static size_t trimmed_to(const struct world *w, unsigned slices, int64_t at_ms)
{
    const uint64_t confirmed = confirmed_by(w, slices);
    size_t from = SEGMENT_HEAD;

    for (unsigned i = 0;
         i < STEPS && w->steps[i].seq_after <= confirmed && w->steps[i].now.at_ms + KEEP_MS < at_ms;
         i++) {
        from = w->steps[i].after;
    }
    return from;
}

enum cut { CUT_BEFORE, CUT_TORN, CUT_HEARD, CUT_AFTER, CUT_COUNT };

static bool cut_at(struct world *w, const struct step *step, enum cut cut, struct crash *crash)
{
    const size_t heard = step->heard - step->before;

    crash->whole = cut == CUT_HEARD || cut == CUT_AFTER;
    switch (cut) {
    case CUT_BEFORE: crash->len = step->before; return true;
    case CUT_TORN:
        crash->len = step->before + 1 + (heard > 1 ? dice_below(&w->dice, (uint32_t)heard - 1) : 0);
        return heard > 1;
    case CUT_HEARD:
        crash->len = step->heard;
        return heard > 0 && !step->timed; /* a restart hears first what time decided before it */
    case CUT_AFTER: crash->len = step->after; return true;
    case CUT_COUNT: break;
    }
    return false;
}

/* Was nothing due when so many steps were over? */
static bool quiet_after(const struct world *w, unsigned steps)
{
    return steps == 0 || w->steps[steps - 1].quiet;
}

static void crash_everywhere(struct world *w, uint64_t seed, unsigned stride)
{
    char what[128];

    for (unsigned i = (unsigned)(seed % stride); i < STEPS; i += stride) {
        for (unsigned cut = 0; cut < CUT_COUNT; cut++) {
            const unsigned most = w->steps[i].slices;
            struct crash crash = {.step = i, .from = SEGMENT_HEAD};

            if (!cut_at(w, &w->steps[i], (enum cut)cut, &crash) ||
                !quiet_after(w, i + (crash.whole ? 1 : 0))) {
                continue;
            }
            crash.slices = dice_below(&w->dice, 3) == 0 ? most : dice_below(&w->dice, most + 1);
            snprintf(what, sizeof what, "seed %llu, step %u, cut %u, %u of %u slices",
                     (unsigned long long)seed, i, cut, crash.slices, most);
            come_back(w, &crash, what);
            crash.from = trimmed_to(w, crash.slices, w->steps[i].now.at_ms);
            if (crash.from <= crash.len) {
                come_back(w, &crash, what);
            }
            crash.superseded = crash.len >= w->steps[w->shortened].after;
            if (crash.superseded) {
                come_back(w, &crash, what);
            }
        }
    }
}

static void no_bike_and_no_episode_is_lost_or_told_twice(void **state)
{
    const char *wanted = getenv("BOWEI_SEEDS");
    const char *first = getenv("BOWEI_FIRST_SEED");
    const uint64_t from = first != NULL ? strtoull(first, NULL, 10) : 1;
    const uint64_t seeds =
        wanted != NULL ? strtoull(wanted, NULL, 10) : (getenv("BOWEI_QUICK") != NULL ? 3 : 20);
    struct world *w = calloc(1, sizeof *w);
    unsigned alerts = 0;
    char folder[256];

    (void)state;
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    scratch_folder_make(folder, sizeof folder);
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        memset(w, 0, sizeof *w);
        w->folder = folder;
        w->inv = fleet_inventory(1, true, "", NULL);
        w->dice.state = seed;
        w->at_ms = T0;
        fleet_rules_default(&w->rules);
        w->rules.filling_pct = UINT16_MAX;
        w->rules.storm_alerts = UINT16_MAX;
        w->rules.pile_up_ms = 0;
        w->rules.dwell_ms = 0;
        live(w);
        alerts += w->after[STEPS - 1].alert_count;
        crash_everywhere(w, seed, wanted != NULL ? 1 : STRIDE);
        free(w->bytes);
        inventory_destroy(w->inv);
        scratch_folder_remove(folder);
        mkdir(folder, 0700);
    }
    scratch_folder_remove(folder);
    free(w);
    assert_true(alerts >= seeds * 5); /* or the histories prove nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bike_and_no_episode_is_lost_or_told_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
