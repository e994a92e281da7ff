/* Random histories of everything at once: joins, starts, stragglers, session losses, staff, closed
 * lots, true-ups, inventories that add and remove spaces and move sensors. No oracle, but what must
 * hold whatever happens: counts add up, `shown` says exactly what changed, an undone command leaves
 * nothing, when timers fire changes nothing, and a restart goes on where it was. Seeds are fixed;
 * BOWEI_SEEDS says how many. */
#include "gateway/core/step/wheel.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/seeds.h"

enum { SLOTS = 6, LOTS = 3, DEVICES = 9, STEPS = 250, SEEDS = 60, CITIES = 4, GATE_DEVICE = 7 };

/* The first city lacks the last lot; slots only grow, so it does not come back. */
static const struct fixture_lot first_lots[] = {{.spaces = 4}, {.capacity = 9}};
static const struct fixture_lot all_lots[] = {{.spaces = 4}, {.capacity = 9}, {.spaces = 2}};
static const struct fixture_sensor first_sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, EVENT  },
    {2, 2, 0, 0, false, SAMPLED},
    {3, 3, 0, 0, false, EVENT  },
    {3, 4, 0, 1, false, EVENT  },
    {1, 7, 0, 0, true,  EVENT  },
};
/* spaces added */
static const struct fixture_sensor more_sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, EVENT  },
    {2, 2, 0, 0, false, SAMPLED},
    {3, 3, 0, 0, false, EVENT  },
    {3, 4, 0, 1, false, EVENT  },
    {4, 5, 0, 0, false, EVENT  },
    {5, 6, 0, 0, false, EVENT  },
    {1, 7, 0, 0, true,  EVENT  },
};
/* sensors of 0 and 1 exchanged, ranks of 3 turned and made equal elsewhere, another gate */
static const struct fixture_sensor turned_sensors[] = {
    {0, 1, 0, 0, false, EVENT  },
    {1, 0, 0, 0, false, EVENT  },
    {2, 2, 0, 0, false, SAMPLED},
    {3, 4, 0, 0, false, EVENT  },
    {3, 3, 0, 1, false, EVENT  },
    {4, 5, 0, 0, false, EVENT  },
    {4, 6, 0, 0, false, EVENT  },
    {1, 7, 0, 0, true,  EVENT  },
    {1, 8, 0, 0, true,  EVENT  },
};
/* slot 2 removed, its sensor at 5; 3 has one sensor, 4 none */
static const struct fixture_sensor fewer_sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, EVENT  },
    {3, 3, 0, 0, false, EVENT  },
    {5, 2, 0, 0, false, SAMPLED},
    {1, 8, 0, 0, true,  EVENT  },
};
static const struct fixture_spec cities[CITIES] = {
    {first_lots, first_sensors,  2,    ARRAY_LEN(first_sensors),  DEVICES, 0},
    {all_lots,   more_sensors,   LOTS, ARRAY_LEN(more_sensors),   DEVICES, 0},
    {all_lots,   turned_sensors, LOTS, ARRAY_LEN(turned_sensors), DEVICES, 0},
    {all_lots,   fewer_sensors,  LOTS, ARRAY_LEN(fewer_sensors),  DEVICES, 3},
};

/* --- a history, made once and told to several cores --- */

enum event_kind { SAY, ASK, SWAP, LOST };

struct event {
    enum event_kind kind;
    int64_t at_ms;
    struct reading reading; /* device, value, counters; the sensor is found when it is told */
    struct command command;
    unsigned device, city;
    bool undone;
};

struct history {
    struct event events[STEPS];
};

static const enum reading_value values[] = {
    VALUE_FREE, VALUE_FREE,  VALUE_FREE,  VALUE_OCCUPIED, VALUE_OCCUPIED,  VALUE_OCCUPIED,
    VALUE_FREE, VALUE_ALIVE, VALUE_FAULT, VALUE_START,    VALUE_LINK_LOST, VALUE_JOIN,
};

/* A tick of the wheel a second from now. Between two ticks what fell due is noticed in one
 * core and not yet in the other: up to 250 ms later (STATES 8), or sooner when a neighbour that
 * shares the timer looks. On a tick all that fell due by then was noticed. */
static int64_t next_tick_ms(int64_t now_ms)
{
    return ((now_ms + 1000) / WHEEL_TICK_MS + 1) * WHEEL_TICK_MS;
}

static void make_reading(struct event *e, struct dice *dice, uint32_t *counters)
{
    struct reading *r = &e->reading;

    r->value = (uint8_t)values[dice_below(dice, ARRAY_LEN(values))];
    r->gate_in = (uint32_t)(e->at_ms - T0) / 20000;
    r->gate_out = (uint32_t)(e->at_ms - T0) / 20000 * dice_below(dice, 100) / 100;
    if (e->device == 2 || r->value == VALUE_LINK_LOST) {
        return;
    }
    if ((r->value == VALUE_JOIN || r->value == VALUE_START) && dice_below(dice, 2)) {
        counters[e->device] = 0;
    }
    r->has = HAS_NET_TIME | (r->value == VALUE_JOIN ? 0 : HAS_COUNTER);
    r->net_time_ms = e->at_ms - dice_below(dice, 3) * 500;
    r->counter = ++counters[e->device];
    if (dice_below(dice, 12) == 0 && r->counter > 3) { /* a straggler */
        r->counter -= 2;
        r->net_time_ms -= dice_below(dice, 600000);
        counters[e->device]--;
    }
}

static void make_command(struct event *e, struct dice *dice)
{
    static const enum command_kind kinds[] = {
        COMMAND_SPACE_OUT, COMMAND_SPACE_IN,       COMMAND_LOT_CLOSE,
        COMMAND_LOT_OPEN,  COMMAND_DEVICE_SUSPECT, COMMAND_DEVICE_TRUST,
        COMMAND_LOT_COUNT, COMMAND_DEVICE_TEST,    COMMAND_DEVICE_TEST_END,
    };

    static const unsigned lot_of_slot[SLOTS] = {0, 0, 0, 0, 2, 2};
    const unsigned slot = dice_below(dice, SLOTS);
    struct command *c = &e->command;

    *c = (struct command){.kind = kinds[dice_below(dice, ARRAY_LEN(kinds))],
                          .device = dice_below(dice, DEVICES),
                          .count = dice_below(dice, 10)};
    switch (c->kind) {
    case COMMAND_SPACE_OUT:
    case COMMAND_SPACE_IN:
        c->key = fixture_key(lot_of_slot[slot], slot < 4 ? slot + 1 : slot - 3);
        c->reason = (enum out_reason)dice_below(dice, OUT_REASON_COUNT);
        c->until_ms = dice_below(dice, 2) ? 0 : e->at_ms + dice_below(dice, 900000) + 1;
        break;
    case COMMAND_LOT_COUNT: c->key = fixture_key(1, 0); break;
    case COMMAND_LOT_CLOSE:
    case COMMAND_LOT_OPEN: c->key = fixture_key(dice_below(dice, LOTS), 0); break;
    case COMMAND_DEVICE_TEST: c->until_ms = e->at_ms + dice_below(dice, 900000) + 1; break;
    case COMMAND_DEVICE_TEST_END:
    case COMMAND_DEVICE_SUSPECT:
    case COMMAND_DEVICE_TRUST:
    case COMMAND_DEVICES:
    case COMMAND_DEVICE:
    case COMMAND_DEVICE_INSTALLED:
    case COMMAND_SPACE_WHY:
    case COMMAND_ALERTS:
    case COMMAND_ALERT_MOVE:
    case COMMAND_BIKES:
    case COMMAND_MUTE:
    case COMMAND_KEY:
    case COMMAND_WEBHOOK:
    case COMMAND_TELEMETRY:
    case COMMAND_DEVICE_RECALIBRATE:
    case COMMAND_CASES:
    case COMMAND_CASE_OPEN:
    case COMMAND_CASE_MOVE:
    case COMMAND_AUDIT:
    case COMMAND_ZOMBIES:
    case COMMAND_KIND_COUNT: break;
    }
    e->undone = dice_below(dice, 4) == 0;
}

static void history_make(struct history *h, uint64_t seed)
{
    struct dice dice = {seed};
    uint32_t counters[DEVICES] = {0};
    int64_t at_ms = T0;

    for (unsigned i = 0; i < STEPS; i++) {
        struct event *e = &h->events[i];
        const unsigned roll = dice_below(&dice, 100);

        at_ms += dice_below(&dice, 12) == 0 ? dice_below(&dice, 600000) : dice_below(&dice, 12000);
        *e = (struct event){.kind = SAY, .at_ms = at_ms, .device = dice_below(&dice, DEVICES)};
        e->city = 1 + dice_below(&dice, CITIES - 1);
        if (roll < 4) {
            e->kind = SWAP;
        } else if (roll < 7) {
            e->kind = LOST;
        } else if (roll < 25) {
            e->kind = ASK;
            make_command(e, &dice);
            if (e->undone) { /* so that the undo finds nothing that fell due: that would stay */
                at_ms = next_tick_ms(at_ms);
                e->at_ms = at_ms;
            }
        } else {
            make_reading(e, &dice, counters);
        }
    }
}

/* --- what is seen of a core --- */

struct picture {
    struct image spaces[SLOTS];
    struct lot_view lots[LOTS];
    struct image lot_images[LOTS];
    struct space_live live[SLOTS];
    uint32_t space_count, lot_count;
};

static void take_picture(const struct scene *s, struct picture *out)
{
    memset(out, 0, sizeof *out);
    out->space_count = core_inventory(s->core)->space_count;
    out->lot_count = core_inventory(s->core)->lot_count;
    for (uint32_t i = 0; i < out->space_count; i++) {
        core_space_image(s->core, i, &out->spaces[i]);
        core_space_live(s->core, i, &out->live[i]);
    }
    for (uint32_t i = 0; i < out->lot_count; i++) {
        core_lot_view(s->core, i, &out->lots[i]);
        core_lot_image(s->core, i, &out->lot_images[i]);
    }
}

static bool looks_the_same(const struct picture *a, const struct picture *b, uint32_t slot)
{
    const struct space_image *one = &a->spaces[slot].space;
    const struct space_image *other = &b->spaces[slot].space;

    return one->shown_state == other->shown_state && one->shown_reason == other->shown_reason &&
           one->shown_since_ms == other->shown_since_ms && one->known_state == other->known_state &&
           one->known_since_ms == other->known_since_ms;
}

/* `shown` is true exactly for what changed, and nothing is written twice. */
static void assert_effects(const struct scene *s, const struct picture *before)
{
    bool shown_spaces[SLOTS] = {false};
    bool shown_lots[LOTS] = {false};
    struct picture after;

    take_picture(s, &after);
    for (size_t i = 0; i < s->effects->touched_count; i++) {
        const struct touched *t = &s->effects->touched[i];

        for (size_t k = 0; k < i; k++) {
            assert_false(t->kind == s->effects->touched[k].kind &&
                         t->index == s->effects->touched[k].index);
        }
        *(t->kind == CHANGE_SPACE ? &shown_spaces[t->index] : &shown_lots[t->index]) = t->shown;
    }
    for (uint32_t i = 0; i < before->space_count; i++) {
        const bool differs = !looks_the_same(before, &after, i);

        assert_true(shown_spaces[i] || !differs);
        /* a command may put back what fell due just before it in the same step */
        assert_true(differs || !shown_spaces[i] || s->effects->command != NULL);
    }
    for (uint32_t i = 0; i < before->lot_count; i++) {
        assert_int_equal(shown_lots[i], before->lots[i].version != after.lots[i].version);
    }
}

static void advance(struct scene *s, int64_t now_ms)
{
    s->now_ms = now_ms;
    do {
        struct picture before;

        take_picture(s, &before);
        s->effects = core_advance(s->core, (struct now){.at_ms = now_ms});
        assert_effects(s, &before);
    } while (core_due(s->core) <= now_ms);
}

static void tell_command(struct scene *s, const struct event *e)
{
    struct command command = e->command;
    struct picture before;
    struct picture after;
    struct picture again;

    take_picture(s, &before);
    (void)ask(s, &command);
    assert_effects(s, &before);
    if (!e->undone || command.result != ERR_OK) {
        return;
    }
    core_undo(s->core);
    take_picture(s, &after);
    assert_memory_equal(&before, &after, sizeof after);
    assert_adds_up(s);
    (void)ask(s, &command); /* it can still be done, and undone once more */
    assert_int_equal(command.result, ERR_OK);
    core_undo(s->core);
    take_picture(s, &again);
    assert_memory_equal(&before, &again, sizeof again);
}

static void tell(struct scene *s, const struct event *e)
{
    const struct inventory *inv = core_inventory(s->core);
    const uint32_t sensor = inventory_sensor(inv, e->device, 0);
    struct picture before;
    struct input input;

    s->now_ms = e->at_ms;
    take_picture(s, &before);
    switch (e->kind) {
    case SAY:
        input = scene_input(s, INPUT_READING);
        if (sensor == NO_SENSOR) {
            return;
        }
        input.reading = scene_reading(s, sensor, (enum reading_value)e->reading.value);
        if (inv->sensors[sensor].gate && e->reading.value <= VALUE_OCCUPIED) {
            input.reading.value = VALUE_GATE;
        }
        input.reading.has = e->reading.has;
        input.reading.counter = e->reading.counter;
        input.reading.net_time_ms = e->reading.net_time_ms;
        input.reading.gate_in = e->reading.gate_in;
        input.reading.gate_out = e->reading.gate_out;
        s->effects = core_step(s->core, &input);
        assert_effects(s, &before);
        return;
    case ASK: tell_command(s, e); return;
    case SWAP: swap(s, fixture_city(s->inv->version + 1, &cities[e->city])); return;
    case LOST:
        input = scene_lost(s, "link", e->at_ms - 30000);
        s->effects = core_step(s->core, &input);
        assert_effects(s, &before);
        return;
    }
}

/* One core fires its timers at odd times, the other hardly ever. */
static void test_invariants(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        static struct history h;
        struct dice chance = {seed_now * 31};
        struct scene a;
        struct scene b;
        struct picture one;
        struct picture other;

        history_make(&h, seed_now * 0x9e3779b97f4a7c15ULL);
        scene_open(&a, fixture_city(1, &cities[0]));
        scene_open(&b, fixture_city(1, &cities[0]));
        for (unsigned i = 0; i < STEPS; i++) {
            if (dice_below(&chance, 2) || h.events[i].undone) {
                advance(&a, h.events[i].at_ms);
            }
            if (h.events[i].undone) {
                advance(&b, h.events[i].at_ms);
            }
            tell(&a, &h.events[i]);
            tell(&b, &h.events[i]);
            assert_adds_up(&a);
            assert_adds_up(&b);
        }
        advance(&a, next_tick_ms(a.now_ms));
        advance(&b, a.now_ms);
        take_picture(&a, &one);
        take_picture(&b, &other);
        for (uint32_t i = 0; i < one.space_count; i++) {
            assert_true(looks_the_same(&one, &other, i));
            assert_memory_equal(&one.spaces[i], &other.spaces[i], sizeof one.spaces[i]);
        }
        for (uint32_t i = 0; i < one.lot_count; i++) {
            assert_memory_equal(&one.lots[i].counts, &other.lots[i].counts,
                                sizeof one.lots[i].counts);
            assert_int_equal(one.lot_images[i].lot.count_raw, other.lot_images[i].lot.count_raw);
        }
        scene_close(&a);
        scene_close(&b);
    }
}

/* Did a test of one of its devices end by itself? An image does not say how old it is, so after a
 * restart the device may vote again from the end of its test, as it would have with what it sent
 * too late to count: the state is the same, since when is not. */
static bool was_tested(const struct core *core, uint32_t slot, int64_t now_ms)
{
    const struct inventory *inv = core_inventory(core);
    const struct inv_space *is = &inv->spaces[slot];
    struct image image;

    for (unsigned i = 0; !is->removed && i < is->sensor_count; i++) {
        if (core_suspect_image(core, inv->sensors[is->sensors + i].device, &image) &&
            image.suspect.test_until_ms != 0 && image.suspect.test_until_ms <= now_ms) {
            return true;
        }
    }
    return false;
}

/* A new core from the images alone knows what the old one knew. */
static void restart(const struct scene *s)
{
    const struct inventory *inv = core_inventory(s->core);
    struct counters counters = {0};
    struct scene t = *s;
    struct picture was;
    struct picture is;
    struct image image;

    t.core = core_create(inv, &counters);
    take_picture(s, &was);
    for (uint32_t i = 0; i < was.space_count; i++) {
        core_restore(t.core, &was.spaces[i]);
        if (core_override_image(s->core, inv->spaces[i].key, &image)) {
            core_restore(t.core, &image);
        }
    }
    for (uint32_t i = 0; i < was.lot_count; i++) {
        core_restore(t.core, &was.lot_images[i]);
    }
    for (uint32_t i = 0; i < inv->device_count; i++) {
        if (core_suspect_image(s->core, i, &image)) {
            core_restore(t.core, &image);
        }
    }
    core_restored(t.core, (struct now){.at_ms = s->now_ms}, false);
    assert_adds_up(&t);
    take_picture(&t, &is);
    for (uint32_t i = 0; i < was.space_count; i++) {
        const struct space_image *a = &was.spaces[i].space;
        const struct space_image *b = &is.spaces[i].space;

        assert_int_equal(a->state, b->state);
        assert_int_equal(a->shown_state, b->shown_state);
        if (was.spaces[i].at.seq != 0) { /* else nothing was ever kept of it */
            assert_int_equal(a->known_state, b->known_state);
            assert_int_equal(a->known_since_ms, b->known_since_ms);
            assert_int_equal(a->held_ms, b->held_ms);
        }
        if (was.spaces[i].at.seq != 0 && !was_tested(s->core, i, s->now_ms)) {
            assert_int_equal(a->since_ms, b->since_ms);
            assert_int_equal(a->shown_since_ms, b->shown_since_ms);
            assert_int_equal(a->gap_s, b->gap_s);
        }
    }
    for (uint32_t i = 0; i < was.lot_count; i++) {
        assert_memory_equal(&was.lots[i].counts, &is.lots[i].counts, sizeof is.lots[i].counts);
        assert_int_equal(was.lots[i].closed, is.lots[i].closed);
        assert_int_equal(was.lot_images[i].lot.count_raw, is.lot_images[i].lot.count_raw);
    }
    core_destroy(t.core);
}

static void test_restarts(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS);

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        static struct history h;
        struct scene s;

        history_make(&h, seed_now * 0x2545f4914f6cdd1dULL);
        scene_open(&s, fixture_city(1, &cities[0]));
        for (unsigned i = 0; i < STEPS; i++) {
            struct event *e = &h.events[i];

            e->at_ms = e->at_ms > s.now_ms ? e->at_ms : s.now_ms;
            advance(&s, e->at_ms);
            tell(&s, e);
            if (i % 10 == 9) {
                advance(&s, next_tick_ms(s.now_ms));
                restart(&s);
            }
        }
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(test_invariants),
        SEEDED_TEST(test_restarts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
