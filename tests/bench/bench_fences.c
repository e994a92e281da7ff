/* Fences: positions judged per second on one core, by fences_around with every distance measured,
 * within the reach of a verdict (50 m); and the nearest 10 for a resident. Arguments: numbers of
 * fences (default 100 2000 20000), of 8 to 40 corners, one per hectare, a third with a hole, a
 * fifth of two parts. Half the positions lie at fences, as parked bikes do. Best of ROUNDS, by the
 * thread's processor time. */
#include "tests/unit/fence_fixture.h"
#include <time.h>

#define POSITIONS 200000
#define ROUNDS    5
#define REACH_MM  50000
#define RADIUS_MM 1000000
#define HITS      16
#define NEAREST   10
#define NEAR_E7   5000 /* about 50 m */
#define NS_PER_S  1e9

static const uint32_t default_counts[] = {100, 2000, 20000};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static struct position_e7 *positions_make(const struct inventory *inv, struct dice *dice)
{
    struct position_e7 *all = malloc(POSITIONS * sizeof *all);

    assert(all != NULL);
    for (uint32_t i = 0; i < POSITIONS; i++) {
        all[i] = fence_place_roll(dice, inv->fence_count);
        if (i % 2 == 0) {
            all[i] = inv->fences[dice_below(dice, inv->fence_count)].centre;
            all[i].lat += (int32_t)dice_below(dice, 2 * NEAR_E7) - NEAR_E7;
            all[i].lon += (int32_t)dice_below(dice, 2 * NEAR_E7) - NEAR_E7;
        }
    }
    return all;
}

static void bench(uint32_t count)
{
    struct dice dice = {count};
    struct inventory *inv = fence_city_make(&dice, count);
    struct position_e7 *at = positions_make(inv, &dice);
    double around = 0;
    double near = 0;
    uint64_t found = 0;
    uint64_t inside = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct fence_hit hits[HITS];
        double start = now_s();
        double rate;

        found = inside = 0;
        for (uint32_t i = 0; i < POSITIONS; i++) {
            uint32_t n = fences_around(inv, at[i], REACH_MM, FENCE_USE_COUNT, hits, HITS);

            found += n;
            inside += n > 0 && hits[0].distance_mm <= 0;
        }
        rate = POSITIONS / (now_s() - start);
        around = rate > around ? rate : around;
        start = now_s();
        for (uint32_t i = 0; i < POSITIONS / 4; i++) {
            (void)fences_near(inv, at[i], RADIUS_MM, NULL, NULL, hits, NEAREST);
        }
        rate = POSITIONS / 4 / (now_s() - start);
        near = rate > near ? rate : near;
    }
    (void)printf("fences %6u: around %7.0f k/s (%.2f found, %.2f inside), nearest %d %6.0f k/s\n",
                 count, around / 1e3, (double)found / POSITIONS, (double)inside / POSITIONS,
                 NEAREST, near / 1e3);
    free(at);
    inventory_destroy(inv);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc < 2 && i < ARRAY_LEN(default_counts); i++) {
        bench(default_counts[i]);
    }
    for (int i = 1; i < argc; i++) {
        bench((uint32_t)strtoul(argv[i], NULL, 10));
    }
    return 0;
}
