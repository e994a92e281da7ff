/* The proof of recovery (docs/ARCHITECTURE.md, "What a crash may cost"): seeded histories of
 * readings, commands and time run through a core that never stops and into a real journal, while
 * slices of images go to a modelled Redis. The process is then cut off after every record, inside
 * every record and between slices, with Redis rolled back by any number of slices and the journal
 * trimmed to what was confirmed. What comes back must equal the core that never stopped, at once
 * and after the rest was redelivered: a space may be unknown where that one knows it, never
 * otherwise; every decision that was answered is there once, none that was refused. In one step the
 * journal gets images of all roots, and may then have lost the readings that they cover. After a
 * power loss the journal ends earlier than Redis: each place is then as it was at one of the
 * moments between, and no decision is missing.
 *
 * BOWEI_SEEDS sets how many histories (from BOWEI_FIRST_SEED or 1 on), each then crashing in every
 * step; without it 40 crash in every fourth (4 with BOWEI_QUICK, for builds with a sanitizer). A
 * failure names its seed. */
#include "tests/unit/recovery_run.h"
#include "tests/unit/seeds.h"

#include "bowei/base/log.h"
#include "bowei/recover.h"

/* --- the crash --- */

struct crash {
    unsigned step;    /**< in which it happened */
    size_t from, len; /**< the part of the segment that is there, behind its head */
    unsigned slices;  /**< that Redis still has */
    bool whole;       /**< the step's records are all there */
    bool superseded;  /**< the readings that C images cover are gone */
};

/* What Redis confirmed with so many slices. */
static uint64_t confirmed_by(const struct world *w, unsigned slices)
{
    uint64_t confirmed = 0;

    for (unsigned s = 0; s < slices; s++) {
        confirmed = w->slices[s].confirms > confirmed ? w->slices[s].confirms : confirmed;
    }
    return confirmed;
}

/* As journal_supersede leaves it: unconfirmed effects, then the images and what follows. */
static void write_superseded(const struct world *w, const struct crash *crash, FILE *file)
{
    const uint64_t confirmed = confirmed_by(w, crash->slices);

    for (unsigned i = 0; i <= w->shortened; i++) {
        const struct step *step = &w->steps[i];

        if (step->seq_after > confirmed) {
            segment_put(&w->segment, step->journal_heard, step->journal_decided, file);
        }
    }
    segment_put(&w->segment, w->steps[w->shortened].journal_decided, crash->len, file);
}

static void write_segment(const struct world *w, const struct crash *crash)
{
    FILE *file = fopen(w->segment.path, "wb");

    assert_non_null(file);
    segment_put(&w->segment, 0, SEGMENT_HEAD_BYTES, file);
    if (crash->superseded) {
        write_superseded(w, crash, file);
        fclose(file);
        return;
    }
    segment_put(&w->segment, crash->from, crash->len, file);
    fclose(file);
}

struct audits {
    struct position at[STEPS];
    size_t count;
};

struct back {
    struct core *core;
    struct audits audits;
};

static void audit_add(struct audits *audits, const struct image *image)
{
    for (size_t i = 0; i < audits->count; i++) {
        if (position_compare(audits->at[i], image->at) == 0) {
            return; /* Redis refuses the same stream id twice */
        }
    }
    assert_true(audits->count < STEPS);
    audits->at[audits->count++] = image->at;
}

static void back_restore(void *ctx, const struct image *image)
{
    struct back *back = ctx;

    core_restore(back->core, image);
    if (image->kind == IMAGE_AUDIT) {
        audit_add(&back->audits, image);
    }
}

static void back_replay(void *ctx, const struct input *input)
{
    core_replay(((struct back *)ctx)->core, input);
}

/* Redis holds one image per entity: the last that a slice carried. */
static void restore_redis(const struct world *w, const struct crash *crash,
                          const struct recover_calls *calls, const struct recovery *recovery,
                          struct held_suspects *held)
{
    for (unsigned s = 0; s < crash->slices; s++) {
        for (size_t i = 0; i < w->slices[s].count; i++) {
            recover_redis_image(calls, recovery, held, &w->slices[s].images[i]);
        }
    }
}

static void blur_sensors(struct sensor_image *sensors, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sensors[i].flags &= (uint8_t) ~(SENSOR_RESTORED | SENSOR_SESSION_GAP);
    }
}

/* Without what says only how sure the answer is, and what is worked out from it. */
static struct image without_doubt(const struct image *image)
{
    struct image out = *image;

    out.at = (struct position){0, 0};
    out.space.reason = out.space.shown_reason = 0;
    out.space.confidence = 0;
    out.space.limit_ms = 0;
    out.space.source = 0;
    blur_sensors(out.space.sensors, SENSORS_PER_SPACE_MAX);
    return out;
}

/* Unchanged samples are not journalled: after a crash a sampled sensor may look silent before its
 * newest samples, and then one of them counted at once instead of waiting for its debounce. */
static bool said_lately(const struct world *w, unsigned step, uint32_t slot, uint8_t state)
{
    unsigned samples = 0;

    for (unsigned i = step + 1; w->blurred[slot] && i-- > 0 && samples < 4;) {
        for (size_t r = 0; r < w->steps[i].count; r++) {
            const struct reading *reading = &w->steps[i].readings[r];

            if (reading->type != TYPE_SAMPLE || space_of(w, reading) != slot) {
                continue;
            }
            if ((reading->value == VALUE_FREE ? SPACE_FREE : SPACE_OCCUPIED) ==
                (enum space_state)state) {
                return true;
            }
            samples++;
        }
    }
    return false;
}

static void compare_space(const struct world *w, const struct picture *is, unsigned step,
                          uint32_t slot, const char *what)
{
    const struct picture *was = &w->after[step];
    struct image a = without_doubt(&is->spaces[slot]);
    struct image b = without_doubt(&was->spaces[slot]);

    if (a.space.state != b.space.state) {
        /* a suspect that is trusted again may begin a disagreement, which a restart begins to hold
         * anew */
        bool held = w->blurred[slot] && a.space.held_ms != 0;

        if (a.space.state == SPACE_UNKNOWN || held || said_lately(w, step, slot, a.space.state)) {
            return;
        }
        fail_msg("%s: space %u is %u, not %u", what, slot, a.space.state, b.space.state);
    }
    if (is->overridden[slot] != was->overridden[slot] ||
        (is->overridden[slot] &&
         (is->overrides[slot].override.set != was->overrides[slot].override.set ||
          is->overrides[slot].override.since_ms != was->overrides[slot].override.since_ms ||
          strcmp(is->overrides[slot].override.note, was->overrides[slot].override.note) != 0))) {
        fail_msg("%s: override of space %u", what, slot);
    }
    if (!w->blurred[slot] && memcmp(&a.space, &b.space, sizeof a.space) != 0) {
        fail_msg("%s: image of space %u: since %lld %lld known %u %u %lld %lld seen %lld %lld gap "
                 "%u %u held %lld %lld",
                 what, slot, (long long)a.space.since_ms, (long long)b.space.since_ms,
                 a.space.known_state, b.space.known_state, (long long)a.space.known_since_ms,
                 (long long)b.space.known_since_ms, (long long)a.space.seen_ms,
                 (long long)b.space.seen_ms, a.space.gap_s, b.space.gap_s,
                 (long long)a.space.held_ms, (long long)b.space.held_ms);
    }
}

static void compare_lot(const struct picture *is, const struct picture *was, uint32_t lot,
                        const char *what)
{
    const struct lot_image *a = &is->lots[lot].lot;
    const struct lot_image *b = &was->lots[lot].lot;

    if (a->closed != b->closed || a->count_raw != b->count_raw || a->gate_count != b->gate_count) {
        fail_msg("%s: lot %u: closed %d %d, inside %d %d", what, lot, a->closed, b->closed,
                 a->count_raw, b->count_raw);
    }
    for (unsigned g = 0; g < b->gate_count; g++) {
        if (a->gates[g].in != b->gates[g].in || a->gates[g].out != b->gates[g].out ||
            a->gates[g].heard_ms != b->gates[g].heard_ms ||
            a->gates[g].counter != b->gates[g].counter) {
            fail_msg("%s: gate %u", what, g);
        }
    }
    if (a->capacity != a->free + a->occupied + a->unknown + a->out_of_service) {
        fail_msg("%s: lot %u does not add up", what, lot);
    }
}

static void compare(struct world *w, const struct core *core, unsigned step, const char *what)
{
    static struct picture is;

    take_settled_picture(core, w, w->steps[step].now, &is);
    for (uint32_t i = 0; i < SPACES; i++) {
        compare_space(w, &is, step, i, what);
    }
    for (uint32_t i = 0; i < LOTS; i++) {
        compare_lot(&is, &w->after[step], i, what);
    }
}

/* Each decision answered before the crash is there once; none that was refused or never whole. */
static void compare_audits(const struct world *w, const struct crash *crash,
                           const struct back *back, const char *what)
{
    size_t expected = 0;

    for (unsigned i = 0; i < crash->step + (crash->whole ? 1 : 0); i++) {
        const struct step *step = &w->steps[i];
        size_t found = 0;

        for (size_t a = 0; step->kind == STEP_COMMAND && a < back->audits.count; a++) {
            found += position_compare(back->audits.at[a], step->at) == 0;
        }
        if (step->kind == STEP_COMMAND && found != (step->answered ? 1u : 0u)) {
            fail_msg("%s: the decision of step %u is there %zu times", what, i, found);
        }
        expected += found;
    }
    if (expected != back->audits.count) {
        fail_msg("%s: %zu decisions nobody made", what, back->audits.count - expected);
    }
}

/* What recover_run does, in its order. */
static void restore_all(const struct world *w, const struct crash *crash, struct back *back,
                        struct recovery *recovery)
{
    const struct recover_calls calls = {
        .ctx = back, .restore = back_restore, .replay = back_replay};
    static struct held_suspects held;

    *recovery = (struct recovery){.next_seq = 1};
    write_segment(w, crash);
    assert_int_equal(recover_images(w->folder, &calls, recovery), ERR_OK);
    held.count = 0;
    restore_redis(w, crash, &calls, recovery, &held);
    assert_int_equal(recover_readings(w->folder, w->inv, &calls, recovery), ERR_OK);
    recover_suspects(&calls, &held);
    assert_int_equal(recovery->skipped, 0);
}

static void come_back(struct world *w, const struct crash *crash, const char *what)
{
    struct back back = {.core = core_create(w->inv, w->counters)};
    struct recovery recovery;
    static struct run run;
    unsigned next = crash->step + (crash->whole ? 1 : 0);

    restore_all(w, crash, &back, &recovery);
    if (next > 0) {
        core_restored(back.core, w->steps[next - 1].now, false);
        compare(w, back.core, next - 1, what);
    } else {
        core_restored(back.core, (struct now){.at_ms = START_MS}, false);
    }
    compare_audits(w, crash, &back, what);
    run = (struct run){
        .world = w, .core = back.core, .at = {2, recovery.next_seq}
    };
    for (unsigned i = next; i < STEPS; i++) {
        run_step(&run, &w->steps[i]);
    }
    compare(w, back.core, STEPS - 1, what);
    core_destroy(back.core);
}

/* How much of the journal's begin may be gone when Redis has so many slices: what the last whole
 * flush confirmed. */
static size_t trimmed_to(const struct world *w, unsigned slices)
{
    const uint64_t confirmed = confirmed_by(w, slices);
    size_t from = SEGMENT_HEAD_BYTES;

    for (unsigned i = 0; i < STEPS && w->steps[i].seq_after <= confirmed; i++) {
        from = w->steps[i].journal_after;
    }
    return from;
}

/* Where the process may end in a step: before it wrote anything, inside a record, after the
 * readings, inside the C images, after all. */
enum cut { CUT_BEFORE, CUT_TORN, CUT_HEARD, CUT_IMAGES, CUT_AFTER, CUT_COUNT };

static bool cut_at(struct world *w, const struct step *step, enum cut cut, struct crash *crash)
{
    const size_t heard = step->journal_heard - step->journal_before;
    const size_t first = heard > 0 ? heard : step->journal_decided - step->journal_before;
    const size_t images = step->journal_after - step->journal_decided;

    crash->whole = cut == CUT_HEARD || cut == CUT_IMAGES || cut == CUT_AFTER;
    switch (cut) {
    case CUT_BEFORE: crash->len = step->journal_before; return first > 0;
    case CUT_TORN:
        crash->len =
            step->journal_before + 1 + (first > 1 ? dice_below(&w->dice, (uint32_t)first - 1) : 0);
        return first > 1;
    case CUT_HEARD: crash->len = step->journal_heard; return heard > 0;
    case CUT_IMAGES:
        crash->len =
            step->journal_decided + (images > 1 ? dice_below(&w->dice, (uint32_t)images) : 0);
        return images > 1;
    case CUT_AFTER: crash->len = step->journal_after; return true;
    case CUT_COUNT: break;
    }
    return false;
}

/* --- power loss --- */

static bool was_so(const struct world *w, const struct picture *is, uint32_t slot, unsigned from,
                   unsigned to)
{
    for (unsigned i = from; i <= to; i++) {
        if (is->spaces[slot].space.state == w->after[i].spaces[slot].space.state ||
            said_lately(w, i, slot, is->spaces[slot].space.state)) {
            return true;
        }
    }
    return is->spaces[slot].space.state == SPACE_UNKNOWN;
}

/* What a place becomes by time alone, when the last that was heard of it is what was known after
 * step `i`. */
static uint8_t became(const struct world *w, unsigned i, struct now now, uint32_t slot)
{
    struct core *core = core_create(w->inv, w->counters);
    struct image image;

    for (uint32_t s = 0; s < SPACES; s++) {
        core_restore(core, &w->after[i].spaces[s]);
        if (w->after[i].overridden[s]) {
            core_restore(core, &w->after[i].overrides[s]);
        }
    }
    core_restored(core, now, false);
    core_space_image(core, slot, &image);
    core_destroy(core);
    return image.space.state;
}

static bool became_so(const struct world *w, const struct picture *is, uint32_t slot, unsigned from,
                      unsigned to)
{
    for (unsigned i = from; i <= to; i++) {
        if (became(w, i, w->steps[to].now, slot) == is->spaces[slot].space.state) {
            return true; /* a disagreement or a debounce ended, which more readings prevented */
        }
    }
    return false;
}

/* The journal ends after step `kept`, Redis has slices until step `lost`; what was heard between is
 * gone unless Redis has it. */
static void come_back_from_power_loss(struct world *w, unsigned kept, unsigned lost,
                                      const char *what)
{
    const struct crash crash = {.step = lost,
                                .from = SEGMENT_HEAD_BYTES,
                                .len = w->steps[kept].journal_after,
                                .slices = w->steps[lost].slices,
                                .whole = true};
    struct back back = {.core = core_create(w->inv, w->counters)};
    struct recovery recovery;
    static struct picture is;

    restore_all(w, &crash, &back, &recovery);
    core_restored(back.core, w->steps[lost].now, false);
    take_picture(back.core, w->inv, &is);
    for (uint32_t i = 0; i < SPACES; i++) {
        bool held = w->blurred[i] && is.spaces[i].space.held_ms != 0;

        if (!held && !was_so(w, &is, i, kept, lost) && !became_so(w, &is, i, kept, lost)) {
            fail_msg("%s: space %u is %u, which it was not since step %u", what, i,
                     is.spaces[i].space.state, kept);
        }
        if (is.overridden[i] != w->after[lost].overridden[i]) {
            fail_msg("%s: override of space %u", what, i);
        }
    }
    compare_audits(w, &crash, &back, what);
    core_destroy(back.core);
}

/* Effects are on the disk before they are answered, readings a second later. */
static void lose_power(struct world *w, uint64_t seed, unsigned lost)
{
    unsigned kept = lost;
    char what[128];

    while (kept > 0 && w->steps[kept].journal_decided == w->steps[kept].journal_heard &&
           kept != w->shortened && dice_below(&w->dice, 4) != 0) {
        kept--;
    }
    snprintf(what, sizeof what, "seed %llu, power lost in step %u, journal until step %u",
             (unsigned long long)seed, lost, kept);
    come_back_from_power_loss(w, kept, lost, what);
}

static void crash_everywhere(struct world *w, uint64_t seed, unsigned stride)
{
    char what[128];

    for (unsigned i = (unsigned)(seed / 2 % stride); i < STEPS; i += stride) {
        for (unsigned cut = 0; cut < CUT_COUNT; cut++) {
            struct crash crash = {.step = i, .from = SEGMENT_HEAD_BYTES};
            unsigned most = w->steps[i].slices;

            if (!cut_at(w, &w->steps[i], (enum cut)cut, &crash)) {
                continue;
            }
            crash.slices = dice_below(&w->dice, 3) == 0 ? most : dice_below(&w->dice, most + 1);
            snprintf(what, sizeof what, "seed %llu, step %u, cut %u, %u of %u slices",
                     (unsigned long long)seed, i, cut, crash.slices, most);
            come_back(w, &crash, what);
            crash.from = trimmed_to(w, crash.slices);
            crash.len = crash.len < crash.from ? crash.from : crash.len;
            come_back(w, &crash, what);
            crash.superseded = crash.len >= w->steps[w->shortened].journal_after;
            if (crash.superseded) {
                come_back(w, &crash, what);
            }
        }
        lose_power(w, seed, i);
    }
}

static void nothing_that_was_accepted_is_lost(void **state)
{
    const struct seeds seeds = seeds_wanted(40, 4);
    struct world *w = calloc(1, sizeof *w);
    struct counters counters;
    char folder[256];

    (void)state;
    segment_folder_in_memory();
    scratch_folder_make(folder, sizeof folder);
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        struct inventory *inv = build_city(folder);

        memset(w, 0, sizeof *w);
        memset(&counters, 0, sizeof counters);
        *w = (struct world){.folder = folder,
                            .inv = inv,
                            .counters = &counters,
                            .dice = {.state = seed_now},
                            .plain = seed_now % 2 == 0,
                            .at_ms = START_MS};
        live(w);
        crash_everywhere(w, seed_now, seeds.asked ? 1 : SAMPLE_STRIDE);
        free(w->segment.bytes);
        inventory_destroy(inv);
        scratch_folder_remove(folder);
        mkdir(folder, 0700);
    }
    scratch_folder_remove(folder);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(nothing_that_was_accepted_is_lost),
    };

    log_set_level(LOG_ERROR); /* each half-written record is a warning, and there are thousands */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
