#ifndef TESTS_UNIT_RECOVERY_RUN_H
#define TESTS_UNIT_RECOVERY_RUN_H

/* The core that never stops, as the proof of recovery knows it: what the runner does with each
 * step, what goes into the journal and in slices to Redis, and a picture of the city after each.
 * Included once, by the proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/recovery_history.h"

/* --- the runner's part: what it does with a step, in its order --- */

struct run {
    struct world *world;
    struct core *core;
    struct journal *journal; /**< NULL: nothing is kept any more */
    struct position at;      /**< of the last input */
    uint64_t dirty_spaces, dirty_lots;
    struct image kept[STEPS * 3];
    size_t kept_count;
};

static inline void note_touched(struct run *run, const struct effects *effects)
{
    for (size_t i = 0; i < effects->touched_count; i++) {
        if (effects->touched[i].kind == CHANGE_SPACE) {
            run->dirty_spaces |= 1ull << effects->touched[i].index;
        } else {
            run->dirty_lots |= 1ull << effects->touched[i].index;
        }
    }
}

static inline void carry_out(struct run *run, const struct effects *effects, struct now now)
{
    const struct record_stamp stamp = {.at = run->at, .now = now, .inventory_version = 1};

    note_touched(run, effects);
    if (effects->kept_count > 0 && run->journal != NULL) {
        assert_int_equal(journal_append_images(run->journal, RECORD_EFFECT, &stamp, effects->kept,
                                               effects->kept_count),
                         ERR_OK);
        for (size_t i = 0; i < effects->kept_count; i++) {
            assert_true(run->kept_count < STEPS * 3);
            run->kept[run->kept_count++] = effects->kept[i];
        }
    }
}

static inline void run_step(struct run *run, struct step *step)
{
    struct input input = {.now = step->now, .inventory_version = 1};

    while (core_due(run->core) <= step->now.at_ms) {
        carry_out(run, core_advance(run->core, step->now), step->now);
    }
    switch (step->kind) {
    case STEP_READINGS:
        input.kind = INPUT_READING;
        for (size_t i = 0; i < step->count; i++) {
            run->at.seq++;
            input.at = run->at;
            input.reading = step->readings[i];
            carry_out(run, core_step(run->core, &input), step->now);
        }
        break;
    case STEP_COMMAND: {
        struct command command = step->command;
        const struct effects *effects;

        run->at.seq++;
        input.kind = INPUT_COMMAND;
        input.at = run->at;
        input.command = &command;
        effects = core_step(run->core, &input);
        step->answered = run->journal != NULL ? effects->kept_count > 0 : step->answered;
        carry_out(run, effects, step->now);
        break;
    }
    case STEP_SESSION:
        run->at.seq++;
        input.kind = INPUT_SESSION_LOST;
        input.at = run->at;
        memcpy(input.session_lost.link, "link", sizeof "link");
        input.session_lost.since_ms = step->now.at_ms - 1000;
        carry_out(run, core_step(run->core, &input), step->now);
        break;
    case STEP_TIME: break;
    }
}

/* --- Redis as the images that slices carried --- */

static inline void slice_out(struct run *run, bool last, uint64_t confirms)
{
    struct world *w = run->world;
    struct slice *slice = &w->slices[w->slice_count];

    assert_true(w->slice_count < SLICES_MAX);
    slice->count = 0;
    for (uint32_t i = 0; i < SPACES && slice->count < SLICE_MAX; i++) {
        if ((run->dirty_spaces >> i & 1) != 0) {
            core_space_image(run->core, i, &slice->images[slice->count++]);
            run->dirty_spaces &= ~(1ull << i);
        }
    }
    for (uint32_t i = 0; i < LOTS && slice->count < SLICE_MAX; i++) {
        if ((run->dirty_lots >> i & 1) != 0) {
            core_lot_image(run->core, i, &slice->images[slice->count++]);
            run->dirty_lots &= ~(1ull << i);
        }
    }
    while (run->kept_count > 0 && slice->count < SLICE_MAX) {
        slice->images[slice->count++] = run->kept[0];
        memmove(run->kept, run->kept + 1, --run->kept_count * sizeof run->kept[0]);
    }
    slice->confirms = last ? confirms : 0;
    w->slice_count++;
}

static inline void take_picture(const struct core *core, const struct inventory *inv,
                                struct picture *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < SPACES; i++) {
        core_space_image(core, i, &out->spaces[i]);
        out->overridden[i] = core_override_image(core, inv->spaces[i].key, &out->overrides[i]);
    }
    for (uint32_t i = 0; i < LOTS; i++) {
        core_lot_image(core, i, &out->lots[i]);
    }
}

/* A timer may fire 250 ms late, a restored core is judged at its very moment: so this one is too,
 * from its images. */
static inline void take_settled_picture(const struct core *core, struct world *w, struct now now,
                                        struct picture *out)
{
    struct core *settled = core_create(w->inv, w->counters);
    struct image suspect;

    take_picture(core, w->inv, out);
    for (uint32_t i = 0; i < SPACES; i++) {
        core_restore(settled, &out->spaces[i]);
        if (out->overridden[i]) {
            core_restore(settled, &out->overrides[i]);
        }
    }
    for (uint32_t i = 0; i < LOTS; i++) {
        core_restore(settled, &out->lots[i]);
    }
    for (uint32_t i = 0; i < w->inv->device_count; i++) {
        if (core_suspect_image(core, i, &suspect)) {
            core_restore(settled, &suspect);
        }
    }
    core_restored(settled, now, false);
    take_picture(settled, w->inv, out);
    core_destroy(settled);
}

/* --- the core that never stops --- */

/* Redis is away for long: C images of all roots, as the runner writes them. */
static inline void put_images(struct run *run, struct now now)
{
    const struct record_stamp stamp = {.at = run->at, .now = now, .inventory_version = 1};
    struct image images[SPACES + LOTS];
    size_t n = 0;

    for (uint32_t i = 0; i < SPACES + LOTS; i++) {
        if (i < SPACES) {
            core_space_image(run->core, i, &images[n]);
        } else {
            core_lot_image(run->core, i - SPACES, &images[n]);
        }
        n += images[n].at.seq != 0;
    }
    assert_int_equal(journal_append_images(run->journal, RECORD_IMAGE, &stamp, images, n), ERR_OK);
}

static inline void live(struct world *w)
{
    const struct journal_params params = {.folder = w->folder, .counters = w->counters};
    static struct run run;
    uint64_t flush = 0; /* S of the flush under way, 0 = none */

    run = (struct run){
        .world = w, .core = core_create(w->inv, w->counters), .at = {1, 0}
    };
    assert_int_equal(journal_open(&params, &run.journal), ERR_OK);
    core_restored(run.core, (struct now){.at_ms = w->at_ms}, false);
    w->shortened = STEPS / 4 + dice_below(&w->dice, STEPS / 2);
    for (unsigned i = 0; i < STEPS; i++) {
        struct step *step = &w->steps[i];
        struct record_stamp stamp = {.inventory_version = 1};

        make_step(w, step);
        step->slices = w->slice_count;
        step->journal_before = i == 0 ? SEGMENT_HEAD_BYTES : w->steps[i - 1].journal_after;
        stamp.at = (struct position){1, run.at.seq + 1};
        stamp.now = step->now;
        if (step->kind == STEP_READINGS) {
            assert_int_equal(
                journal_append_readings(run.journal, &stamp, step->readings, step->count), ERR_OK);
        }
        step->journal_heard = segment_size(run.journal);
        run_step(&run, step);
        step->at = run.at;
        step->journal_decided = segment_size(run.journal);
        if (i == w->shortened) {
            put_images(&run, step->now);
        }
        step->journal_after = segment_size(run.journal);
        step->seq_after = run.at.seq;
        take_settled_picture(run.core, w, step->now, &w->after[i]);
        if (flush == 0 && dice_below(&w->dice, 4) == 0) {
            flush = run.at.seq;
        }
        if (flush != 0 && dice_below(&w->dice, 3) != 0) {
            slice_out(&run, false, 0);
            if (run.dirty_spaces == 0 && run.dirty_lots == 0 && run.kept_count == 0) {
                w->slices[w->slice_count - 1].confirms = flush;
                flush = 0;
            }
        }
    }
    journal_close(run.journal);
    core_destroy(run.core);
    segment_copy_take(&w->segment, w->folder);
}

#endif
