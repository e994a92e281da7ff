/* A day of simulated fleets with 8 m of noise, held against the truth: every true episode once,
 * none invented, at most one change of the verdict in a stop, and nothing uncertain where radio
 * hears a bike. A few bikes and hours by default; BOWEI_BIKES, BOWEI_FENCES, BOWEI_HOURS and
 * BOWEI_SEEDS set more (the whole day: 10000, 2000, 24), BOWEI_FIRST_SEED where to begin,
 * BOWEI_LOUD tells each fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fleet_day.h"

#define BIKES  800
#define FENCES 160
#define HOURS  10
#define SEEDS  2

static uint32_t setting(const char *name, uint32_t standard)
{
    const char *text = getenv(name);

    return text == NULL ? standard : (uint32_t)strtoul(text, NULL, 10);
}

static void sums_print(uint32_t seed, const struct day_sums *s)
{
    const uint64_t told = s->found + s->invented;

    print_message("seed %u: %llu reports; stops: %llu inside, %llu outside, %llu zone, %llu "
                  "between\n",
                  seed, (unsigned long long)s->reports, (unsigned long long)s->stops[WORLD_INSIDE],
                  (unsigned long long)s->stops[WORLD_OUTSIDE],
                  (unsigned long long)s->stops[WORLD_ZONE],
                  (unsigned long long)s->stops[WORLD_ANY]);
    print_message("  true episodes %llu, found %llu, missed %llu, twice %llu, invented %llu, "
                  "allowed %llu; recall %.5f, precision %.5f\n",
                  (unsigned long long)s->episodes, (unsigned long long)s->found,
                  (unsigned long long)s->missed, (unsigned long long)s->twice,
                  (unsigned long long)s->invented, (unsigned long long)s->allowed,
                  s->episodes == 0 ? 1.0 : (double)s->found / (double)s->episodes,
                  told == 0 ? 1.0 : (double)s->found / (double)told);
    print_message("  delay after the dwell: p50 %u s, p99 %u s, most %u s; more than one change in "
                  "%llu stops, wrong in %llu\n",
                  day_delay(s, 500), day_delay(s, 990), day_delay(s, 1000),
                  (unsigned long long)s->flapped, (unsigned long long)s->wrong);
    if (s->radio_stops > 0) {
        print_message("  heard by radio in %llu stops, %.0f bike hours; uncertain for %.3f of "
                      "them, in %llu stops\n",
                      (unsigned long long)s->radio_stops, (double)s->radio_ms / 3.6e6,
                      (double)s->unsure_ms / 3.6e6, (unsigned long long)s->unsure);
    }
}

enum day_kind { DAY_POSITIONS, DAY_RADIO, DAY_SILENCES };

static void live(enum day_kind kind)
{
    const bool radio = kind != DAY_POSITIONS;
    const uint32_t first = setting("BOWEI_FIRST_SEED", 1);
    const uint32_t seeds = setting("BOWEI_SEEDS", SEEDS);

    for (uint32_t seed = first; seed < first + seeds; seed++) {
        const struct world_plan_params params = {.bikes = setting("BOWEI_BIKES", BIKES),
                                                 .fences = setting("BOWEI_FENCES", FENCES),
                                                 .seed = seed};
        struct day *d = malloc(sizeof *d);
        struct script script = {0};

        assert_non_null(d);
        day_begin(d, &params);
        d->loud = setting("BOWEI_LOUD", 0) != 0;
        if (kind == DAY_SILENCES) {
            day_silences(d->plan, setting("BOWEI_HOURS", HOURS), &script);
        }
        day_live(d, setting("BOWEI_HOURS", HOURS), radio, kind == DAY_SILENCES ? &script : NULL);
        sums_print(seed, &d->sums);
        assert_true(d->sums.episodes > 10 && d->sums.stops[WORLD_INSIDE] > 100 &&
                    d->sums.stops[WORLD_ANY] > 100);
        assert_int_equal(d->sums.missed, 0);
        assert_int_equal(d->sums.twice, 0);
        assert_int_equal(d->sums.invented, 0);
        assert_int_equal(d->sums.wrong_kind, 0);
        assert_int_equal(d->sums.wrong, 0);
        if (kind != DAY_SILENCES) { /* whose listener is silent goes by its positions meanwhile */
            assert_int_equal(d->sums.flapped, 0);
            assert_true(day_delay(&d->sums, 1000) <= 61); /* one report interval, and the timers */
        }
        if (kind == DAY_RADIO) {
            assert_true(d->sums.radio_stops > 100);
            assert_int_equal(d->sums.unsure_ms, 0);
        }
        script_finish(&script);
        day_end(d);
        free(d);
    }
}

static void every_true_episode_is_told_once_and_none_invented(void **state)
{
    (void)state;
    live(DAY_POSITIONS);
}

static void where_radio_hears_a_bike_nothing_is_uncertain(void **state)
{
    (void)state;
    live(DAY_RADIO);
}

static void silent_listeners_and_repeated_words_invent_nothing(void **state)
{
    (void)state;
    live(DAY_SILENCES);
}

int main(void)
{
    if (getenv("BOWEI_QUICK") != NULL) { /* half an hour's worth under a sanitizer */
        (void)setenv("BOWEI_SEEDS", "1", 0);
        (void)setenv("BOWEI_HOURS", "4", 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_true_episode_is_told_once_and_none_invented),
        cmocka_unit_test(where_radio_hears_a_bike_nothing_is_uncertain),
        cmocka_unit_test(silent_listeners_and_repeated_words_invent_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
