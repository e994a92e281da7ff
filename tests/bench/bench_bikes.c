/* Positions of bikes judged per second on one core, the whole way of the core: order, lock, the
 * mean of the stop, fences, hysteresis, dwell, counts, episodes and timers. And bytes of heap a
 * bike. Arguments: numbers of fences (default 100 2000 20000), of 8 to 40 corners, one per hectare,
 * a third with a hole, a fifth of two parts, a quarter no-parking zones.
 *
 * BIKES bikes that stand, each 60 s a position with noise; nine of ten at fences. Every twentieth
 * report is an unlocking, and the bike stands elsewhere a minute later. Best of ROUNDS, by the
 * thread's processor time, as noise only adds. */
#include "bowei/core.h"
#include "bowei/fleet.h"
#include "tests/unit/fence_fixture.h"
#include <time.h>

#define BIKES       10000
#define ROUNDS      3
#define TURNS       8 /* reports of each bike in a round */
#define PERIOD_MS   60000
#define TICK        64
#define START_MS    1780000000000LL
#define NOISE_E7    720  /* 8 m */
#define NEAR_E7     2500 /* about 25 m */
#define RIDE_CHANCE 20
#define NS_PER_S    1e9

static const uint32_t default_counts[] = {100, 2000, 20000};

struct bench {
    struct inventory *inv;
    struct core *core;
    struct counters counters;
    struct dice dice;
    struct position_e7 *at;
    uint32_t bikes;
    struct now now;
    uint64_t seq, shown, kept;
};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static void place_roll(struct bench *b, uint32_t bike)
{
    b->at[bike] = fence_place_roll(&b->dice, b->inv->fence_count);
    if (bike % 10 != 0) {
        b->at[bike] = b->inv->fences[dice_below(&b->dice, b->inv->fence_count)].centre;
        b->at[bike].lat += (int32_t)dice_below(&b->dice, 2 * NEAR_E7) - NEAR_E7;
        b->at[bike].lon += (int32_t)dice_below(&b->dice, 2 * NEAR_E7) - NEAR_E7;
    }
}

static void input_fill(struct bench *b, struct input *input, uint32_t bike)
{
    const bool rides = dice_below(&b->dice, RIDE_CHANCE) == 0;
    struct bike_report *r = &input->report;

    *input = (struct input){
        .at = {1, ++b->seq},
          .now = b->now, .inventory_version = 1, .kind = INPUT_REPORT
    };
    (void)snprintf(r->vehicle, sizeof r->vehicle, "HLO-%08u", (unsigned)bike);
    r->source = REPORT_OPERATOR;
    r->time_ms = b->now.at_ms;
    r->event = b->seq;
    r->has = REPORT_HAS_TIME;
    r->lock = rides ? LOCK_UNLOCKED : LOCK_LOCKED;
    if (rides) {
        place_roll(b, bike);
        return;
    }
    r->has |= REPORT_HAS_POSITION;
    r->accuracy_mm = 8000;
    r->at = b->at[bike];
    r->at.lat += (int32_t)dice_below(&b->dice, 2 * NOISE_E7) - NOISE_E7;
    r->at.lon += (int32_t)dice_below(&b->dice, 2 * NOISE_E7) - NOISE_E7;
}

static void effects_take(struct bench *b, const struct effects *effects)
{
    b->kept += effects->kept_count;
    for (size_t i = 0; i < effects->touched_count; i++) {
        b->shown += effects->touched[i].shown;
    }
}

/* One report of each bike, a tick of inputs at a time; returns the seconds spent in the core. */
static double turn(struct bench *b)
{
    static struct input inputs[TICK];
    double spent = 0;

    for (uint32_t first = 0; first < b->bikes; first += TICK) {
        const uint32_t n = b->bikes - first < TICK ? b->bikes - first : TICK;
        double start;

        b->now.at_ms += (int64_t)PERIOD_MS * TICK / b->bikes;
        for (uint32_t i = 0; i < n; i++) {
            input_fill(b, &inputs[i], first + i);
        }
        start = now_s();
        while (core_due(b->core) <= b->now.at_ms) {
            effects_take(b, core_advance(b->core, b->now));
        }
        core_expect(b->core, inputs, n);
        for (uint32_t i = 0; i < n; i++) {
            effects_take(b, core_step(b->core, &inputs[i]));
        }
        spent += now_s() - start;
    }
    return spent;
}

static void bench(uint32_t count, uint32_t bikes)
{
    struct bench *b = calloc(1, sizeof *b);
    double best = 0;
    size_t empty;

    assert(b != NULL);
    b->dice.state = count;
    b->inv = fence_city_make(&b->dice, count);
    b->bikes = bikes;
    b->at = calloc(bikes, sizeof b->at[0]);
    b->core = core_create(b->inv, &b->counters);
    b->now.at_ms = START_MS;
    assert(b->at != NULL && b->core != NULL);
    empty = core_memory(b->core);
    core_restored(b->core, b->now, false);
    core_alerts_on(b->core);
    for (uint32_t i = 0; i < bikes; i++) {
        place_roll(b, i);
    }
    (void)turn(b);
    for (int round = 0; round < ROUNDS; round++) {
        double spent = 0;

        for (int i = 0; i < TURNS; i++) {
            spent += turn(b);
        }
        const double rate = (double)bikes * TURNS / spent;
        best = rate > best ? rate : best;
    }
    (void)printf("fences %6u, bikes %6u: %6.0f k reports/s (%.2f ups shown, %.3f kept a report), "
                 "%zu B a bike with its episodes, %zu alerts opened\n",
                 count, bikes, best / 1e3, (double)b->shown / (double)b->seq,
                 (double)b->kept / (double)b->seq, (core_memory(b->core) - empty) / bikes,
                 (size_t)count_get(&b->counters, COUNT_ALERTS_OPENED));
    (void)fflush(stdout);
    core_destroy(b->core);
    inventory_destroy(b->inv);
    free(b->at);
    free(b);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc < 2 && i < ARRAY_LEN(default_counts); i++) {
        bench(default_counts[i], BIKES);
    }
    for (int i = 1; i < argc; i++) {
        bench((uint32_t)strtoul(argv[i], NULL, 10), BIKES);
    }
    return 0;
}
