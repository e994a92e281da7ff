/* Random histories of cases: people who try everything, time that leaps, a journal that refuses.
 * After each step the books balance, clocks stand only while suspended, due times are those of a
 * naive oracle, histories only grow and tell how the case came to be as it is, and what was refused
 * left no trace. At the end all is restored from what was kept, in any order, and goes on alike.
 * Seeds are fixed; BOWEI_SEEDS says how many. */
#include "tests/unit/case_oracle.h"
#include "tests/unit/seeds.h"

/* --- what people try --- */

static void note_kept(struct history *h)
{
    const struct effects *effects = h->f.effects;

    for (size_t i = 0; i < effects->kept_count; i++) {
        const struct image *image = &effects->kept[i];

        if (image->kind == IMAGE_CASE || image->kind == IMAGE_CASE_ROW) {
            assert_true(h->kept_count < KEPT_MAX);
            h->kept[h->kept_count++] = *image;
        }
        if (image->kind == IMAGE_CASE_ROW) {
            tell(h, &image->case_row);
        }
    }
}

/* 整治、反弹: the last one closed of this kind at this place. */
static case_id former_of(const struct history *h, const struct case_image *image)
{
    const struct told *found = NULL;

    for (unsigned i = 0; i < h->told_count; i++) {
        const struct told *t = &h->told[i];

        if (t->closed_ms != 0 && t->kind == image->kind && t->place == image->place &&
            (found == NULL || t->closed_ms > found->closed_ms ||
             (t->closed_ms == found->closed_ms && t->id > found->id))) {
            found = t;
        }
    }
    return found != NULL && image->reported_ms - found->closed_ms <= 30 * DAY ? found->id : 0;
}

/* What rows do not say of a case. */
static void learn(struct history *h)
{
    for (size_t i = 0; i < h->f.effects->kept_count; i++) {
        const struct image *image = &h->f.effects->kept[i];

        if (image->kind == IMAGE_CASE) {
            const case_id former = former_of(h, &image->case_);
            struct told *t = told_of(h, image->case_.id);

            t->kind = image->case_.kind;
            t->place = image->case_.place;
            t->former = image->case_.version == 1 ? former : t->former;
        }
    }
}

static bool pick(struct history *h, struct case_image *out)
{
    struct image image;
    const uint32_t slots = core_case_slots(h->f.core);

    if (slots == 0 || !core_case_image(h->f.core, dice_below(&h->dice, slots), &image)) {
        return false;
    }
    *out = image.case_;
    return true;
}

static enum err try_open(struct history *h)
{
    /* every second one in working time, at few places: what meets is what goes wrong */
    const enum case_kind kind = dice_below(&h->dice, 2) == 0
                                    ? CASE_ORDER
                                    : (enum case_kind)dice_below(&h->dice, CASE_KIND_COUNT);
    const enum case_source source = (enum case_source)dice_below(&h->dice, CASE_SOURCE_COUNT);

    return case_open(&h->f, kind, source, case_space(1, 1 + dice_below(&h->dice, 2)),
                     dice_below(&h->dice, 3) == 0 ? "HLO-0001" : "");
}

/* Mostly what the table takes in this status, and what leads on, so that cases come through. */
static enum case_event likely(struct history *h, const struct case_image *image)
{
    for (unsigned tries = 0; tries < 40; tries++) {
        const enum case_event event = (enum case_event)dice_below(&h->dice, CASE_EVENT_COUNT);
        const struct case_transition *row =
            case_transition_find(image->status, image->stage, event);
        const bool aside =
            row != NULL && ((row->to_status == CASE_STAYS && row->to_stage == CASE_STAYS) ||
                            event == CASE_EVENT_SUSPEND || event == CASE_EVENT_VOID ||
                            event == CASE_EVENT_SELF_CLEAR || event == CASE_EVENT_MERGE);

        if (dice_below(&h->dice, 40) == 0 ||
            (row != NULL && (!aside || dice_below(&h->dice, 6) == 0))) {
            return event;
        }
    }
    return CASE_EVENT_NOTE;
}

static void fill_move(struct history *h, struct case_move *move)
{
    struct dice *dice = &h->dice;

    if (dice_below(dice, 8) != 0) {
        (void)snprintf(move->note, sizeof move->note, "note %u", dice_below(dice, 100));
    }
    if (dice_below(dice, 3) != 0) {
        (void)snprintf(move->unit, sizeof move->unit, "HELP-%u", 1 + dice_below(dice, 6));
        (void)snprintf(move->person, sizeof move->person, "H-%u", 1 + dice_below(dice, 6));
    }
    if (dice_below(dice, 6) != 0) {
        (void)snprintf(move->document, sizeof move->document, "D-%u", dice_below(dice, 100));
        (void)snprintf(move->channel, sizeof move->channel, "%s",
                       dice_below(dice, 9) == 0 ? "smoke" : "sticker");
    }
    if (dice_below(dice, 3) == 0) {
        move->until_ms = h->f.now.at_ms + ((int64_t)dice_below(dice, 20) - 2) * DAY;
    }
    if (dice_below(dice, 2) == 0) {
        case_evidence(move);
        move->features = (uint8_t)dice_below(dice, 1u << CASE_FEATURE_COUNT);
    }
    move->emergency = dice_below(dice, 4) == 0;
    move->rating = (uint8_t)dice_below(dice, 7);
}

static enum err try_move(struct history *h)
{
    static const char *const actors[] = {"anna", "bo", "chen", "dai"};
    struct case_move move = {0};
    struct case_image image;
    struct case_request request = {.cases = &h->f.last, .limit = 1};

    if (!pick(h, &image)) {
        return try_open(h);
    }
    fill_move(h, &move);
    move.event = likely(h, &image);
    move.version = image.version + (dice_below(&h->dice, 10) == 0);
    request.move = move;
    request.id = image.id;
    if (image.receipt != 0 && move.event == CASE_EVENT_RATE) {
        request.receipt = image.receipt;
        request.id = 0;
    }
    if (move.event == CASE_EVENT_MERGE && pick(h, &image)) {
        request.move.other = image.id;
    }
    return case_ask(&h->f, COMMAND_CASE_MOVE, actors[dice_below(&h->dice, 4)], &request);
}

static void pass_time(struct history *h)
{
    static const int64_t leaps[] = {MINUTE,   MINUTE, 30 * MINUTE, 30 * MINUTE,
                                    5 * HOUR, DAY,    9 * DAY,     40 * DAY};
    const int64_t until_ms =
        h->f.now.at_ms + leaps[dice_below(&h->dice, 8)] * (1 + dice_below(&h->dice, 3));

    h->f.now.at_ms = until_ms;
    while (core_due(h->f.core) <= until_ms) {
        h->f.effects = core_advance(h->f.core, h->f.now);
        if (!case_carry(&h->f)) {
            h->undone++;
            return;
        }
        learn(h);
        note_kept(h);
    }
}

static void step(struct history *h, uint8_t *before, uint8_t *behind)
{
    const uint32_t roll = dice_below(&h->dice, 100);
    const size_t len = snapshot(h->f.core, before);
    enum err e;

    h->timed = roll < 25 && !h->f.refuse;
    if (roll < 25) {
        pass_time(h);
        check(h);
        return;
    }
    e = h->told_count < FEW && roll < 40 ? try_open(h) : try_move(h);
    if (e == ERR_OK) {
        h->moved++;
        learn(h);
        note_kept(h);
    } else {
        h->refused += e != ERR_DISK_FULL;
        h->undone += e == ERR_DISK_FULL;
        assert_int_equal(snapshot(h->f.core, behind), len);
        assert_memory_equal(before, behind, len);
    }
    check(h);
}

/* --- restoring --- */

static void shuffle(struct history *h)
{
    for (unsigned i = h->kept_count; i > 1; i--) {
        const unsigned k = dice_below(&h->dice, i);
        const struct image one = h->kept[k];

        h->kept[k] = h->kept[i - 1];
        h->kept[i - 1] = one;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct image *x = a;
    const struct image *y = b;
    const case_id x_id = x->kind == IMAGE_CASE ? x->case_.id : x->case_row.id;
    const case_id y_id = y->kind == IMAGE_CASE ? y->case_.id : y->case_row.id;

    if (x_id != y_id) {
        return x_id < y_id ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    return x->kind == IMAGE_CASE ? 0 : (int)x->case_row.number - (int)y->case_row.number;
}

static unsigned picture(const struct core *core, struct image *out)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < core_case_slots(core); i++) {
        n += core_case_image(core, i, &out[n]);
    }
    for (uint32_t i = 0; i < core_case_row_slots(core); i++) {
        n += core_case_row_image(core, i, &out[n]);
    }
    qsort(out, n, sizeof *out, by_name);
    return n;
}

static void assert_alike(const struct core *a, const struct core *b)
{
    struct image *x = calloc(KEPT_MAX, sizeof *x);
    struct image *y = calloc(KEPT_MAX, sizeof *y);
    const unsigned n = picture(a, x);

    assert_int_equal(picture(b, y), n);
    for (unsigned i = 0; i < n; i++) {
        uint8_t p[IMAGE_PACK_MAX];
        uint8_t q[IMAGE_PACK_MAX];

        x[i].at = y[i].at = (struct position){0, 0}; /* of time's work: of the input before it */
        const size_t len = image_pack(&x[i], p, sizeof p);
        assert_true(len > 0);
        assert_int_equal(image_pack(&y[i], q, sizeof q), len);
        assert_memory_equal(p, q, len);
    }
    free(x);
    free(y);
}

static bool newest_by(const struct history *h, unsigned i, uint64_t seq)
{
    for (unsigned k = i + 1; h->kept[i].kind == IMAGE_CASE && k < h->kept_count; k++) {
        if (h->kept[k].kind == IMAGE_CASE && h->kept[k].at.seq <= seq &&
            h->kept[k].case_.id == h->kept[i].case_.id) {
            return false;
        }
    }
    return h->kept[i].at.seq <= seq;
}

/* Redis was set back by a crash of its own: it holds what was there at some position at or behind
 * the confirmed one, up to which the journal has been trimmed. Together they are everything. */
static void a_redis_set_back_loses_nothing(struct history *h)
{
    struct core *again = core_create(h->f.inv, &h->f.counters);
    const uint64_t confirmed = dice_below(&h->dice, (uint32_t)h->f.seq + 1);
    const uint64_t redis = confirmed + dice_below(&h->dice, (uint32_t)(h->f.seq - confirmed) + 1);
    const bool late = dice_below(&h->dice, 2) == 0;

    assert_non_null(again);
    core_case_rules(again, &h->f.rules);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < h->kept_count; i++) {
            const bool of_redis = (pass == 0) != late;

            if (of_redis ? newest_by(h, i, redis) : h->kept[i].at.seq > confirmed) {
                core_restore(again, &h->kept[i]);
            }
        }
        if (pass == 0) {
            core_restored(again, h->f.now, false); /* what comes then came late */
        }
    }
    core_cases_on(again);
    assert_alike(h->f.core, again);
    core_destroy(again);
}

/* A kill -9: what the journal holds comes back in any order, some of it twice; numbers go on, and
 * so do the clocks. */
static void restored_goes_on_alike(struct history *h)
{
    struct case_fixture again;

    h->f.refuse = false;
    assert_ok(&h->f, case_open(&h->f, CASE_FACILITY, SOURCE_PATROL, case_space(2, 4), "MTN-0001"));
    learn(h);
    note_kept(h);
    again = h->f;
    again.core = core_create(h->f.inv, &again.counters);
    assert_non_null(again.core);
    core_case_rules(again.core, &h->f.rules);
    shuffle(h);
    for (unsigned i = 0; i < h->kept_count; i++) {
        core_restore(again.core, &h->kept[i]);
        if (i % 7 == 0) {
            core_restore(again.core, &h->kept[dice_below(&h->dice, h->kept_count)]);
        }
    }
    core_restored(again.core, h->f.now, false);
    core_cases_on(again.core);
    assert_alike(h->f.core, again.core);
    for (unsigned i = 0; i < 2; i++) { /* of today: behind the number given last */
        struct case_fixture *f = i == 0 ? &h->f : &again;

        assert_ok(f, case_open(f, CASE_FACILITY, SOURCE_PATROL, case_space(2, 3), "MTN-0002"));
    }
    assert_true(h->f.last.id == again.last.id);
    case_wait(&h->f, 70 * DAY);
    case_wait(&again, 70 * DAY);
    (void)case_open(&h->f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), "");
    (void)case_open(&again, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), "");
    assert_true(h->f.last.id == again.last.id);
    assert_alike(h->f.core, again.core);
    core_destroy(again.core);
}

static void one_history(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    uint8_t *before = malloc((size_t)KEPT_MAX * IMAGE_PACK_MAX);
    uint8_t *behind = malloc((size_t)KEPT_MAX * IMAGE_PACK_MAX);

    assert_true(h != NULL && before != NULL && behind != NULL);
    h->kept = calloc(KEPT_MAX, sizeof *h->kept);
    assert_non_null(h->kept);
    h->dice.state = seed;
    case_start(&h->f);
    h->f.rules.keep_days = 100000; /* forgetting is looked at elsewhere */
    core_case_rules(h->f.core, &h->f.rules);
    for (unsigned i = 0; i < STEPS; i++) {
        h->f.refuse = dice_below(&h->dice, 12) == 0;
        step(h, before, behind);
    }
    assert_true(h->moved > STEPS / 10 && h->refused > STEPS / 20);
    a_redis_set_back_loses_nothing(h);
    restored_goes_on_alike(h);
    case_stop(&h->f);
    free(h->kept);
    free(h);
    free(before);
    free(behind);
}

static void histories_keep_their_promises(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS / 20);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        one_history(seed_now);
    }
    for (unsigned i = 0; i < CASE_EVENT_COUNT && seeds.end - seeds.first >= SEEDS; i++) {
        if (events_seen[i] == 0) {
            fail_msg("no history has a %s", case_event_word((enum case_event)i)->code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(histories_keep_their_promises),
    };

    return cmocka_run_group_tests_name("case_history", tests, NULL, NULL);
}
