/* Random histories against a slow oracle that works everything out of all that was ever said,
 * second by second; invariants on the way; the same twice gives the same; any cut restored and
 * replayed gives the same. Seeds are fixed; BOWEI_SEEDS says how many. */
#include "tests/unit/core_fixture.h"
#include "tests/unit/seeds.h"

/* spaces: 0 and 1 event, 2 sampled, 3 two equals, 4 rank 0 and rank 1; lot 1: one gate */
static const struct fixture_lot lots[] = {{.spaces = 5}, {.capacity = 5}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, EVENT  },
    {2, 2, 0, 0, false, SAMPLED},
    {3, 3, 0, 0, false, EVENT  },
    {3, 4, 0, 0, false, EVENT  },
    {4, 5, 0, 0, false, EVENT  },
    {4, 6, 0, 1, false, EVENT  },
    {1, 7, 0, 0, true,  EVENT  },
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 2, .sensors = sensors, .sensor_count = 8, .device_count = 8};

enum {
    SPACES = 5,
    SENSORS = 7,
    GATE = 7,
    STEPS = 200,
    SEEDS = 60,
    COMMANDS = STEPS,
    FAR = 1 << 30
};

/* --- the history: what happens at which second --- */

struct event {
    enum { SAY, OUT, IN, SUSPECT, TRUST, SWAP, GAP } kind;

    unsigned at_s; /* never falls */
    unsigned sensor;
    enum reading_value value;
    uint32_t counter; /* 0 = none (sampled) */
    unsigned net_s;
    unsigned slot;
};

struct history {
    struct event events[STEPS];
    unsigned count;
};

static enum reading_value random_value(struct dice *dice)
{
    /* of twelve: eight say something of the place */
    static const enum reading_value seldom[] = {VALUE_ALIVE, VALUE_ALIVE, VALUE_FAULT,
                                                VALUE_LINK_LOST};

    const unsigned roll = dice_below(dice, 12);

    if (roll < ARRAY_LEN(seldom)) {
        return seldom[roll];
    }
    return roll % 2 == 0 ? VALUE_FREE : VALUE_OCCUPIED;
}

static void history_make(struct history *h, uint64_t seed)
{
    struct dice dice = {seed};
    uint32_t counters[SENSORS + 1] = {0};
    unsigned newest_s[SENSORS + 1] = {0};
    unsigned at_s = 1;

    h->count = STEPS;
    for (unsigned i = 0; i < STEPS; i++) {
        struct event *e = &h->events[i];
        const unsigned roll = dice_below(&dice, 100);

        at_s += dice_below(&dice, 10) == 0 ? dice_below(&dice, 500) : dice_below(&dice, 12);
        *e = (struct event){.kind = SAY, .at_s = at_s, .net_s = at_s};
        e->sensor = dice_below(&dice, SENSORS + 1);
        e->value = random_value(&dice);
        e->slot = dice_below(&dice, SPACES);
        if (roll < 6) {
            e->kind = roll < 2 ? OUT : roll < 4 ? IN : roll == 4 ? SUSPECT : TRUST;
        } else if (roll == 6) {
            e->kind = SWAP;
        } else if (roll < 20 && i > 0 && h->events[i - 1].kind == SAY) {
            *e = h->events[i - 1]; /* the broker says it again */
            e->at_s = at_s;
        } else if (e->sensor != 2 &&
                   e->value != VALUE_LINK_LOST) { /* a lost link is the gateway's word */
            e->counter = ++counters[e->sensor];
            if (roll < 30 && e->counter > 2) { /* a straggler: its number was passed */
                e->counter -= 1 + dice_below(&dice, 2);
                e->net_s = newest_s[e->sensor] / 2;
                counters[e->sensor]--;
            } else {
                newest_s[e->sensor] = at_s;
            }
        }
    }
}

/* --- the oracle --- */

struct heard_by_oracle {
    unsigned at_s, net_s;
    enum reading_value value;
    bool suspect;
};

struct oracle_sensor {
    struct heard_by_oracle said[STEPS]; /* what counted, in order */
    unsigned count;
    uint32_t highest;
    bool suspect;
};

struct oracle_space {
    enum space_state state, known;
    long since_s, known_since_s;
    long held_s; /* -1 = none */
};

struct oracle {
    struct oracle_sensor sensors[SENSORS];
    struct oracle_space spaces[SPACES];
    bool out[SPACES];
    unsigned done; /* events applied */
};

/* What a sensor votes at a half second, from all it ever said: -1 nothing, else an enum
 * space_state. */
static int oracle_vote(const struct oracle_sensor *s, bool sampled, unsigned half)
{
    const unsigned t = half / 2;
    const long limit_s = sampled ? SAMPLED_LIMIT / 1000 : EVENT_LIMIT / 1000;
    enum reading_value value = VALUE_COUNT_, pending = VALUE_COUNT_;
    bool broken = false, flapping = false;
    long heard_s = -FAR, pending_s = 0, quiet_s = 0;
    long changed[STEPS];
    unsigned changes = 0, same = 0;

    for (unsigned i = 0; i <= s->count; i++) {
        const long now_s = i < s->count ? (long)s->said[i].at_s : (long)t;
        const enum reading_value says = i < s->count ? s->said[i].value : VALUE_COUNT_;
        enum reading_value take = VALUE_COUNT_;
        long take_s = now_s;

        if (pending != VALUE_COUNT_ && now_s >= pending_s + 15) {
            take = pending;
            take_s = pending_s + 15;
        }
        for (int pass = 0; pass < 2; pass++) {
            if (take != VALUE_COUNT_ && take != value) {
                if (value == VALUE_FREE || value == VALUE_OCCUPIED) {
                    unsigned recent = 0;

                    changed[changes++] = (T0 / 1000 + take_s) / 60;
                    for (unsigned k = 0; k < changes; k++) {
                        recent += changed[k] > changed[changes - 1] - 10;
                    }
                    flapping = flapping || recent > 10;
                    quiet_s = flapping ? take_s : quiet_s;
                }
                value = take;
            }
            if (take != VALUE_COUNT_) {
                pending = VALUE_COUNT_;
            }
            if (flapping && now_s >= quiet_s + 600) {
                flapping = false;
                changes = 0;
            }
            take = VALUE_COUNT_;
            if (pass == 1 || i == s->count) {
                break;
            }
            take_s = now_s;
            if (says == VALUE_FREE || says == VALUE_OCCUPIED) {
                const bool live = !broken && now_s - heard_s <= limit_s && !s->said[i].suspect &&
                                  (value == VALUE_FREE || value == VALUE_OCCUPIED);

                broken = false;
                if (!sampled || (!live && !flapping) || says == value) {
                    take = says;
                    pending = says == value ? VALUE_COUNT_ : pending;
                } else if (pending != says) {
                    pending = says;
                    pending_s = now_s;
                    same = 1;
                } else if (++same >= 3) {
                    take = says;
                }
            } else if (says != VALUE_ALIVE) {
                broken = true;
                pending = VALUE_COUNT_;
            }
        }
        if (i < s->count && says != VALUE_LINK_LOST && (long)s->said[i].net_s > heard_s) {
            heard_s = (long)s->said[i].net_s;
        }
    }
    if (broken || flapping || s->suspect || (long)half - 2 * heard_s > 2 * limit_s) {
        return -1;
    }
    return value == VALUE_FREE ? SPACE_FREE : value == VALUE_OCCUPIED ? SPACE_OCCUPIED : -1;
}

static void oracle_enter(struct oracle_space *space, enum space_state state, long t)
{
    if (state == space->state) {
        return;
    }
    if (state != SPACE_UNKNOWN && state != space->known) {
        space->known = state;
        space->known_since_s = t;
    }
    space->state = state;
    space->since_s = t;
}

static void oracle_judge(struct oracle *o, unsigned slot, unsigned half)
{
    const unsigned t = half / 2;
    struct oracle_space *space = &o->spaces[slot];
    int best = -1, said = -1;
    bool differ = false;

    for (unsigned i = 0; i < SENSORS; i++) {
        const int vote = sensors[i].place == slot
                             ? oracle_vote(&o->sensors[i], sensors[i].timing == SAMPLED, half)
                             : -1;

        if (vote < 0 || (best >= 0 && sensors[i].rank > best)) {
            continue;
        }
        differ = differ || (best >= 0 && vote != said);
        best = sensors[i].rank;
        said = vote;
    }
    if (!differ) {
        space->held_s = -1;
        oracle_enter(space, said < 0 ? SPACE_UNKNOWN : (enum space_state)said, t);
        return;
    }
    space->held_s = space->held_s < 0 ? (long)t : space->held_s;
    if ((long)t - space->held_s >= 10) {
        oracle_enter(space, SPACE_UNKNOWN, t);
    }
}

static void oracle_event(struct oracle *o, const struct event *e)
{
    struct oracle_sensor *s = &o->sensors[e->sensor % SENSORS];

    switch (e->kind) {
    case SAY:
        if (e->sensor >= SENSORS || (e->counter != 0 && e->counter <= s->highest)) {
            return;
        }
        s->highest = e->counter > s->highest ? e->counter : s->highest;
        s->said[s->count++] = (struct heard_by_oracle){
            e->at_s, e->counter != 0 ? e->net_s : e->at_s, e->value, s->suspect};
        return;
    case OUT: o->out[e->slot] = true; return;
    case IN: o->out[e->slot] = false; return;
    case SUSPECT: s->suspect = true; return;
    case TRUST: s->suspect = false; return;
    case SWAP:
    case GAP: return;
    }
}

/* Second by second up to t, each event on its own. */
static void oracle_run(struct oracle *o, const struct history *h, unsigned from_s, unsigned to_s)
{
    for (unsigned t = from_s; t <= to_s; t++) {
        for (unsigned slot = 0; slot < SPACES; slot++) {
            oracle_judge(o, slot, 2 * t);
        }
        while (o->done < h->count && h->events[o->done].at_s == t) {
            oracle_event(o, &h->events[o->done++]);
            for (unsigned slot = 0; slot < SPACES; slot++) {
                oracle_judge(o, slot, 2 * t);
            }
        }
        for (unsigned slot = 0; slot < SPACES; slot++) {
            oracle_judge(o, slot, 2 * t + 1);
        }
    }
}

/* --- the core under the same history --- */

static struct input event_input(struct scene *s, const struct event *e, struct command *command)
{
    static const enum command_kind kinds[] = {
        [OUT] = COMMAND_SPACE_OUT,
        [IN] = COMMAND_SPACE_IN,
        [SUSPECT] = COMMAND_DEVICE_SUSPECT,
        [TRUST] = COMMAND_DEVICE_TRUST,
    };
    struct input input = scene_input(s, e->kind == SAY ? INPUT_READING : INPUT_COMMAND);

    if (e->kind == SAY) {
        input.reading = scene_reading(s, e->sensor, e->sensor == GATE ? VALUE_GATE : e->value);
        input.reading.gate_in = e->counter;
        if (e->counter != 0) {
            input.reading.has = HAS_COUNTER | HAS_NET_TIME;
            input.reading.counter = e->counter;
            input.reading.net_time_ms = T0 + e->net_s * 1000LL;
        }
        return input;
    }
    *command = (struct command){.kind = kinds[e->kind],
                                .key = fixture_key(0, e->slot + 1),
                                .device = e->sensor % SENSORS,
                                .inventory_version = core_inventory(s->core)->version};
    input.command = command;
    return input;
}

static void core_event(struct scene *s, const struct event *e)
{
    struct command command;
    struct input input;

    s->now_ms = T0 + e->at_s * 1000LL;
    if (e->kind == SWAP) {
        struct inventory *next = fixture_city(s->inv->version + 1, &spec);

        input = scene_input(s, INPUT_INVENTORY);
        input.inventory = next;
        s->effects = core_step(s->core, &input);
        assert_ptr_equal(core_inventory(s->core), next);
        inventory_destroy(s->inv);
        s->inv = next;
        return;
    }
    input = event_input(s, e, &command);
    s->effects = core_step(s->core, &input);
}

/* No root twice, nothing out of range. */
static void assert_effects(const struct scene *s)
{
    for (size_t i = 0; i < s->effects->touched_count; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(s->effects->touched[i].kind == s->effects->touched[k].kind &&
                         s->effects->touched[i].index == s->effects->touched[k].index);
        }
    }
}

static void compare(const struct scene *s, const struct oracle *o, uint64_t seed)
{
    for (unsigned slot = 0; slot < SPACES; slot++) {
        const struct oracle_space *want = &o->spaces[slot];
        struct image image;

        core_space_image(s->core, slot, &image);
        if (image.space.state != want->state || image.space.known_state != want->known ||
            image.space.known_since_ms / 1000 !=
                (want->known == SPACE_UNKNOWN ? 0 : T0 / 1000 + want->known_since_s)) {
            print_error("seed %llu, slot %u, second %lld\n", (unsigned long long)seed, slot,
                        (long long)(s->now_ms - T0) / 1000);
        }
        assert_int_equal(image.space.state, want->state);
        assert_int_equal(image.space.known_state, want->known);
        if (want->known != SPACE_UNKNOWN) {
            assert_int_equal(image.space.known_since_ms / 1000, T0 / 1000 + want->known_since_s);
        }
        assert_int_equal(image.space.shown_state == SPACE_OUT_OF_SERVICE, o->out[slot]);
        assert_true(image.space.state != SPACE_FREE ||
                    s->now_ms - image.space.seen_ms <= (int64_t)image.space.limit_ms + 250 ||
                    o->out[slot]);
    }
}

static void run_against_oracle(uint64_t seed)
{
    static struct oracle o;
    struct history h;
    struct scene s;
    unsigned done_s = 0;

    history_make(&h, seed);
    memset(&o, 0, sizeof o);
    for (unsigned slot = 0; slot < SPACES; slot++) {
        o.spaces[slot].held_s = -1;
    }
    scene_open(&s, fixture_city(1, &spec));
    for (unsigned i = 0; i < h.count; i++) {
        core_event(&s, &h.events[i]);
        assert_effects(&s);
        if (i + 1 < h.count && h.events[i + 1].at_s == h.events[i].at_s) {
            continue;
        }
        oracle_run(&o, &h, done_s + 1, h.events[i].at_s);
        done_s = h.events[i].at_s;
        go_to(&s, T0 + done_s * 1000LL + 500);
        assert_effects(&s);
        compare(&s, &o, seed);
        assert_adds_up(&s);
        if (i + 1 < h.count && h.events[i + 1].at_s > done_s + 2) {
            done_s = done_s + 1 + (h.events[i + 1].at_s - done_s) / 2;
            oracle_run(&o, &h, h.events[i].at_s + 1, done_s - 1);
            done_s--;
            go_to(&s, T0 + done_s * 1000LL + 500);
            compare(&s, &o, seed);
        }
    }
    scene_close(&s);
}

static void test_oracle(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        run_against_oracle(seed_now * 0x9e3779b97f4a7c15ULL);
    }
}

static void assert_same(const struct scene *a, const struct scene *b)
{
    struct image one, other;

    for (unsigned slot = 0; slot < SPACES; slot++) {
        core_space_image(a->core, slot, &one);
        core_space_image(b->core, slot, &other);
        assert_memory_equal(&one, &other, sizeof one);
    }
    core_lot_image(a->core, 1, &one);
    core_lot_image(b->core, 1, &other);
    assert_memory_equal(&one, &other, sizeof one);
}

/* The same inputs twice, once with a tick each second and once with hardly any: byte for byte the
 * same. */
static void test_deterministic(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        struct history h;
        struct scene a, b;

        history_make(&h, seed_now * 77777);
        scene_open(&a, fixture_city(1, &spec));
        scene_open(&b, fixture_city(1, &spec));
        for (unsigned i = 0; i < h.count; i++) {
            core_event(&a, &h.events[i]);
            core_event(&b, &h.events[i]);
            if (i + 1 < h.count && h.events[i + 1].at_s > h.events[i].at_s) {
                go_to(&a, a.now_ms + 250);
            }
        }
        go_to(&a, a.now_ms + 1000);
        go_to(&b, a.now_ms);
        assert_same(&a, &b);
        assert_adds_up(&b);
        scene_close(&a);
        scene_close(&b);
    }
}

/* A core that stopped anywhere: images as of some cut, readings replayed after it. It knows what
 * the one that never stopped knows; a space may be unknown where that one is not, never the
 * reverse. */
static void restart(uint64_t seed)
{
    struct history h;
    struct scene a, b;
    struct counters counters = {0};
    struct image images[SPACES + 1];
    struct dice chance = {seed + 1};
    const unsigned cut = dice_below(&chance, STEPS);

    history_make(&h, seed);
    scene_open(&a, fixture_city(1, &spec));
    for (unsigned i = 0; i < h.count; i++) {
        if (i == cut) {
            for (unsigned slot = 0; slot < SPACES; slot++) {
                core_space_image(a.core, slot, &images[slot]);
            }
            core_lot_image(a.core, 1, &images[SPACES]);
        }
        if (h.events[i].kind == SAY) {
            core_event(&a, &h.events[i]);
            if (i + 1 < h.count && h.events[i + 1].at_s > h.events[i].at_s &&
                dice_below(&chance, 2)) {
                go_to(&a, a.now_ms + 250);
            }
        }
    }
    b = a;
    b.core = core_create(a.inv, &counters);
    for (unsigned i = 0; i <= SPACES; i++) {
        core_restore(b.core, &images[i]);
    }
    b.seq = 0;
    for (unsigned i = 0; i < h.count; i++) {
        if (h.events[i].kind == SAY) {
            struct input input;

            b.now_ms = T0 + h.events[i].at_s * 1000LL;
            input = event_input(&b, &h.events[i], NULL);
            core_replay(b.core, &input);
        }
    }
    go_to(&a, a.now_ms + 1000);
    b.now_ms = a.now_ms;
    core_restored(b.core, (struct now){.at_ms = a.now_ms}, false);
    assert_adds_up(&b);
    for (unsigned slot = 0; slot < SPACES; slot++) {
        struct image one, other;

        core_space_image(a.core, slot, &one);
        core_space_image(b.core, slot, &other);
        if (other.space.state != SPACE_UNKNOWN) {
            assert_int_equal(one.space.state, other.space.state);
            assert_int_equal(one.space.since_ms, other.space.since_ms);
        }
        assert_int_equal(one.space.state, other.space.state);
        assert_int_equal(one.space.known_state, other.space.known_state);
        assert_int_equal(one.space.known_since_ms, other.space.known_since_ms);
        assert_int_equal(one.space.seen_ms, other.space.seen_ms);
        assert_int_equal(one.at.seq, other.at.seq);
    }
    {
        struct image one, other;

        core_lot_image(a.core, 1, &one);
        core_lot_image(b.core, 1, &other);
        assert_int_equal(one.lot.count_raw, other.lot.count_raw);
        assert_int_equal(one.lot.unknown, other.lot.unknown);
    }
    core_destroy(b.core);
    scene_close(&a);
}

static void test_restart(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        restart(seed_now * 0x2545f4914f6cdd1dULL);
    }
}

/* Time that jumps ahead by a year makes everything unknown in one go, and ages only grow. */
static void test_clock_jump(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, fixture_city(1, &spec));
    for (uint32_t i = 0; i < SENSORS; i++) {
        say(&s, i, VALUE_FREE);
    }
    go_to(&s, T0 + 365LL * 86400000);
    for (unsigned slot = 0; slot < SPACES; slot++) {
        assert_shows(&s, slot, SPACE_UNKNOWN, REASON_SILENT);
    }
    assert_adds_up(&s);
    assert_true(core_due(s.core) > s.now_ms);
    s.effects = core_advance(s.core, (struct now){.at_ms = T0}); /* never goes back */
    assert_int_equal(s.effects->touched_count, 0);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(test_oracle),
        SEEDED_TEST(test_deterministic),
        SEEDED_TEST(test_restart),
        cmocka_unit_test(test_clock_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
