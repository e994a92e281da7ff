/* The core alone, without journal, view or Redis: what a step costs, what time costs when nothing
 * is due, bytes of heap per space. The figures of docs/PERFORMANCE.md's "core" rows. Arguments:
 * numbers of spaces (default 1000 10000 100000 1000000).
 *
 * City: lots of 200 spaces, one sensor a space, readings in random order, by batches as the runner
 * takes them, with and without core_expect. `event`: event sensors with frame counter and network
 * time, every third reading another value. `sampled`: polled points that read as they did. Best of
 * ROUNDS, as noise only adds. */
#include "bowei/core.h"
#include "gateway/inventory/lookup.h"
#include "tests/unit/city_fixture.h"
#include <time.h>

#define LOT_SPACES 200
#define START_MS   1700000000000LL
#define BATCH      64
#define STEPS      1000000
#define ROUNDS     5
#define IDLE_TURNS 1000
#define TURN_MS    250
#define NS_PER_S   1e9
#define US_PER_S   1e6
#define PERIOD_MS  3600000 /* one hour: no sensor falls silent while the bench runs */
#define LIMIT_MS   7500000
#define ID_LEN     9
#define THIRD      3

static const uint32_t default_sizes[] = {1000, 10000, 100000, 1000000};

struct bench {
    struct inventory *inv;
    struct core *core;
    struct counters counters;
    struct dice dice;
    struct input inputs[BATCH];
    uint32_t *frames; /* by sensor */
    int64_t now_ms;
    uint64_t seq;
};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static void *rows(size_t count, size_t size)
{
    void *made = calloc(count + 1, size);

    assert(made != NULL);
    return made;
}

static void places_make(struct inventory *inv, uint32_t spaces)
{
    inv->space_count = inv->live_spaces = spaces;
    inv->lot_count = (spaces + LOT_SPACES - 1) / LOT_SPACES;
    inv->spaces = rows(spaces, sizeof *inv->spaces);
    inv->lots = rows(inv->lot_count, sizeof *inv->lots);
    for (uint32_t i = 0; i < spaces; i++) {
        inv->spaces[i] = (struct inv_space){
            .key = city_wide_key(i), .lot = i / LOT_SPACES, .sensors = i, .sensor_count = 1};
        inv->lots[i / LOT_SPACES].capacity++;
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        inv->lots[i].key = i + 1; /* never looked up */
        inv->lots[i].counting = COUNT_SPACES;
    }
}

static struct inventory *city_make(uint32_t spaces, bool sampled)
{
    struct inventory *inv = rows(1, sizeof *inv);

    inv->version = 1;
    inv->timings[0] = (struct sensor_timing){PERIOD_MS, LIMIT_MS, 97, sampled};
    inv->timing_count = 1;
    inv->text = rows((size_t)spaces * (ID_LEN + 1) + 8, 1);
    memcpy(inv->text + 1, "link", sizeof "link");
    inv->sources = rows(1, sizeof *inv->sources);
    inv->sources[0] = inv->text + 1;
    inv->source_count = 1;
    places_make(inv, spaces);
    inv->device_count = inv->sensor_count = spaces;
    inv->devices = rows(spaces, sizeof *inv->devices);
    inv->sensors = rows(spaces, sizeof *inv->sensors);
    inv->device_sensors = rows(spaces, sizeof *inv->device_sensors);
    for (uint32_t i = 0; i < spaces; i++) {
        char *id = inv->text + 8 + (size_t)i * (ID_LEN + 1);

        (void)snprintf(id, ID_LEN + 1, "%09u", i % 1000000000U);
        inv->devices[i] = (struct inv_device){
            .id = (uint32_t)(id - inv->text), .id_len = ID_LEN, .sensor_count = 1, .sensors_of = i};
        inv->sensors[i] = (struct inv_sensor){.device = i, .target = i};
        inv->device_sensors[i] = i;
    }
    inv->lookup = rows(1, sizeof *inv->lookup);
    assert(lookup_places(inv) == ERR_OK && lookup_names(inv) == ERR_OK);
    return inv;
}

static void input_fill(struct bench *b, struct input *input, uint32_t sensor, bool sampled)
{
    const struct inv_sensor *is = &b->inv->sensors[sensor];
    const uint32_t frame = ++b->frames[sensor];
    struct reading *r = &input->reading;

    b->now_ms += b->seq % 64 == 0; /* 64 000 readings/s */
    *input = (struct input){
        .at = {1,                  ++b->seq     },
        .now = {.at_ms = b->now_ms, .shift_ms = 0},
        .inventory_version = 1,
        .kind = INPUT_READING
    };
    r->sensor = sensor;
    r->root = b->inv->spaces[is->target].key;
    r->value = !sampled && frame / THIRD % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE;
    r->unchanged = sampled;
    r->device_len = ID_LEN;
    memcpy(r->device, inventory_text(b->inv, b->inv->devices[is->device].id), ID_LEN);
    if (!sampled) {
        r->has = HAS_COUNTER | HAS_NET_TIME;
        r->counter = frame;
        r->net_time_ms = b->now_ms;
    }
}

/* us per step, over `steps` readings in random order. */
static double steps_run(struct bench *b, uint32_t steps, bool sampled, bool expect)
{
    double spent_s = 0;

    for (uint32_t done = 0; done < steps; done += BATCH) {
        double start_s;

        for (uint32_t i = 0; i < BATCH; i++) {
            input_fill(b, &b->inputs[i], dice_below(&b->dice, b->inv->sensor_count), sampled);
        }
        start_s = now_s();
        if (expect) {
            core_expect(b->core, b->inputs, BATCH);
        }
        for (uint32_t i = 0; i < BATCH; i++) {
            (void)core_step(b->core, &b->inputs[i]);
        }
        spent_s += now_s() - start_s;
    }
    return spent_s * US_PER_S / ((steps + BATCH - 1) / BATCH * (double)BATCH);
}

static double idle_run(struct bench *b)
{
    const double start_s = now_s();

    for (int i = 0; i < IDLE_TURNS; i++) {
        b->now_ms += TURN_MS;
        (void)core_advance(b->core, (struct now){.at_ms = b->now_ms, .shift_ms = 0});
    }
    return (now_s() - start_s) * US_PER_S / IDLE_TURNS;
}

/* The zombie watch looks at every space once: the average look, the longest step. */
static void sweep_run(struct bench *b)
{
    double longest_s = 0;
    double spent_s = 0;

    core_cases_on(b->core);
    while (count_get(&b->counters, COUNT_ZOMBIE_SWEEPS) == 0) {
        const int64_t due_ms = core_due(b->core);
        double start_s;
        double step_s;

        b->now_ms = due_ms > b->now_ms ? due_ms : b->now_ms;
        start_s = now_s();
        (void)core_advance(b->core, (struct now){.at_ms = b->now_ms, .shift_ms = 0});
        step_s = now_s() - start_s;
        spent_s += step_s;
        longest_s = step_s > longest_s ? step_s : longest_s;
    }
    printf("  zombie look %.1f ns, longest step %.0f us, sweep %.2f ms",
           spent_s * NS_PER_S / b->inv->space_count, longest_s * US_PER_S, spent_s * 1e3);
}

static double turn_run(struct bench *b, enum command_kind kind)
{
    struct command command = {.kind = kind, .key = b->inv->lots[0].key};
    struct input input = {
        .at = {1,                  ++b->seq     },
        .now = {.at_ms = b->now_ms, .shift_ms = 0},
        .kind = INPUT_COMMAND,
        .command = &command
    };
    const double start_s = now_s();

    (void)core_step(b->core, &input);
    assert(command.result == ERR_OK);
    return (now_s() - start_s) * US_PER_S;
}

static void city_run(uint32_t spaces, bool sampled)
{
    static struct bench b;
    double best_us[2] = {0, 0};

    memset(&b, 0, sizeof b);
    b.dice.state = spaces;
    b.now_ms = START_MS;
    b.inv = city_make(spaces, sampled);
    b.frames = rows(spaces, sizeof *b.frames);
    b.core = core_create(b.inv, &b.counters);
    assert(b.core != NULL);
    core_restored(b.core, (struct now){.at_ms = START_MS, .shift_ms = 0}, false);
    for (uint32_t i = 0; i < spaces; i++) { /* every sensor was heard */
        input_fill(&b, &b.inputs[0], i, sampled);
        (void)core_step(b.core, &b.inputs[0]);
    }
    for (int round = 0; round < 2 * ROUNDS; round++) {
        const double us = steps_run(&b, STEPS, sampled, round % 2 != 0);

        best_us[round % 2] = round < 2 || us < best_us[round % 2] ? us : best_us[round % 2];
    }
    printf("core  spaces %7u  %-7s  step %.3f us  expected step %.3f us  %.2f M/s", spaces,
           sampled ? "sampled" : "event", best_us[0], best_us[1], 1 / best_us[1]);
    printf("  idle advance %.3f us", idle_run(&b));
    if (sampled) { /* readings at this rate are no comings and goings of cars */
        sweep_run(&b);
    }
    printf("  close a lot %.0f us", turn_run(&b, COMMAND_LOT_CLOSE));
    printf("  heap %.1f bytes/space\n", (double)core_memory(b.core) / spaces);
    core_destroy(b.core);
    free(b.frames);
    inventory_destroy(b.inv);
}

int main(int argc, char **argv)
{
    const size_t given = argc > 1 ? (size_t)argc - 1 : sizeof default_sizes / sizeof *default_sizes;

    for (size_t i = 0; i < given; i++) {
        const uint32_t spaces =
            argc > 1 ? (uint32_t)strtoul(argv[i + 1], NULL, 10) : default_sizes[i];

        city_run(spaces, false);
        city_run(spaces, true);
    }
    return 0;
}
