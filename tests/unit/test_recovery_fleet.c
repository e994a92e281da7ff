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
#include "bowei/base/log.h"
#include "tests/unit/recovery_fleet_run.h"
#include "tests/unit/seeds.h"

/* Without since when, and without what a ride makes Redis forget: the order of what was heard
 * before it, that it was ridden, and since when its battery is flat. */
static void blur(struct bike_image *bike)
{
    bike->since_ms = 0;
    bike->outside_ms = 0;
    bike->flags &= (uint8_t)~BIKE_MOVED;
    bike->flat_s = 0;
    bike->marks = 0;                        /* what Redis knows was not found */
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

/* --- the crash --- */

struct crash {
    unsigned step;
    size_t from, len;
    unsigned slices;
    bool whole, superseded;
};

static void write_segment(const struct world *w, const struct crash *crash)
{
    const uint64_t confirmed = confirmed_by(w, crash->slices);
    FILE *file = fopen(w->segment.path, "wb");

    assert_non_null(file);
    segment_put(&w->segment, 0, SEGMENT_HEAD_BYTES, file);
    for (unsigned i = 0; crash->superseded && i <= w->shortened; i++) {
        if (w->steps[i].seq_after > confirmed) {
            segment_put(&w->segment, w->steps[i].heard, w->steps[i].decided, file);
        }
    }
    segment_put(&w->segment, crash->superseded ? w->steps[w->shortened].decided : crash->from,
                crash->len, file);
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
    size_t from = SEGMENT_HEAD_BYTES;

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
            struct crash crash = {.step = i, .from = SEGMENT_HEAD_BYTES};

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
    const struct seeds seeds = seeds_wanted(20, 3);
    struct world *w = calloc(1, sizeof *w);
    unsigned alerts = 0;
    char folder[256];

    (void)state;
    segment_folder_in_memory();
    scratch_folder_make(folder, sizeof folder);
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        memset(w, 0, sizeof *w);
        w->folder = folder;
        w->inv = fleet_inventory(1, true, "", NULL);
        w->dice.state = seed_now;
        w->at_ms = T0;
        fleet_rules_default(&w->rules);
        w->rules.filling_pct = UINT16_MAX;
        w->rules.storm_alerts = UINT16_MAX;
        w->rules.pile_up_ms = 0;
        w->rules.dwell_ms = 0;
        live(w);
        alerts += w->after[STEPS - 1].alert_count;
        crash_everywhere(w, seed_now, seeds.asked ? 1 : STRIDE);
        free(w->segment.bytes);
        inventory_destroy(w->inv);
        scratch_folder_remove(folder);
        mkdir(folder, 0700);
    }
    scratch_folder_remove(folder);
    free(w);
    assert_true(alerts >= (seeds.end - seeds.first) * 5); /* or the histories prove nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(no_bike_and_no_episode_is_lost_or_told_twice),
    };

    log_set_level(LOG_ERROR); /* each half-written record is a warning, and there are thousands */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
