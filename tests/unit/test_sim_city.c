/* The simulated city is the same from the same numbers, has exactly the spaces asked for, and its
 * parts fit together. */
#include "sensors/sim/world/city.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct city *make(uint32_t spaces, uint32_t seed)
{
    const struct city_params params = {.spaces = spaces, .seed = seed, .heartbeat_s = 600};
    struct city *city = NULL;

    assert_int_equal(city_create(&params, &city), ERR_OK);
    return city;
}

static int by_key(const void *a, const void *b)
{
    const space_key x = *(const space_key *)a;
    const space_key y = *(const space_key *)b;

    return x < y ? -1 : x > y;
}

static void exactly_the_spaces_asked_for(void **state)
{
    static const uint32_t sizes[] = {1, 9, 25, 600, 2000, 100000, 1000000};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct city *city = make(sizes[i], 3);
        space_key *keys = calloc(sizes[i], sizeof *keys);
        uint32_t gates = 0;

        assert_non_null(keys);
        assert_int_equal(city->space_count, sizes[i]);
        for (uint32_t k = 0; k < sizes[i]; k++) {
            keys[k] = city->spaces[k].key;
            assert_int_equal(space_key_site(keys[k]), city->lots[city->spaces[k].lot].key);
            assert_int_equal(space_key_adcode(keys[k]), CITY_COUNTY);
        }
        qsort(keys, sizes[i], sizeof *keys, by_key);
        for (uint32_t k = 1; k < sizes[i]; k++) {
            assert_true(keys[k - 1] < keys[k]);
        }
        for (uint32_t k = 0; k < city->lot_count; k++) {
            gates += city->lots[k].count == 0;
        }
        assert_int_equal(gates, CITY_GATE_LOTS);
        free(keys);
        city_destroy(city);
    }
}

static void the_same_seed_gives_the_same_city(void **state)
{
    struct city *a = make(3000, 11);
    struct city *b = make(3000, 11);
    struct city *c = make(3000, 12);

    (void)state;
    assert_int_equal(a->device_count, b->device_count);
    assert_memory_equal(a->spaces, b->spaces, 3000 * sizeof *a->spaces);
    assert_memory_equal(a->devices, b->devices, a->device_count * sizeof *a->devices);
    assert_memory_not_equal(a->spaces, c->spaces, 3000 * sizeof *a->spaces);
    city_destroy(a);
    city_destroy(b);
    city_destroy(c);
}

static void every_space_has_its_sensor_and_units_fit_the_lines(void **state)
{
    struct city *city = make(100000, 5);
    uint32_t polled = 0;
    uint32_t seconds = 0;
    uint32_t units[CITY_LINES_MAX + 1] = {0};

    (void)state;
    assert_true(city->lines <= 20 && city->has_serial);
    for (uint32_t i = 0; i < city->space_count; i++) {
        const struct city_space *s = &city->spaces[i];
        const struct city_sensor *sensor = &city->sensors[s->sensor];

        assert_int_equal(sensor->target, i);
        assert_int_equal(sensor->rank, 0);
        polled += city_polled(&city->devices[sensor->device]);
        seconds += s->second != CITY_NONE;
    }
    assert_in_range(polled, 54000, 58000);
    assert_in_range(seconds, 1500, 2500);
    for (uint32_t i = 0; i < city->device_count; i++) {
        const struct city_device *d = &city->devices[i];

        for (uint32_t k = 0; k < d->count; k++) {
            assert_int_equal(city->sensors[d->first + k].device, i);
            assert_int_equal(city->sensors[d->first + k].channel, city_polled(d) ? k + 1 : 0);
        }
        if (city_polled(d)) {
            units[d->line]++;
            assert_in_range(d->unit, 1, 247);
            assert_true(d->count <= (d->tech == TECH_BITS ? CITY_POINTS_MAX : CITY_NODES_MAX));
        }
    }
    for (uint32_t line = 0; line <= city->lines; line++) {
        assert_in_range(units[line], 1, CITY_UNITS_MAX);
    }
    city_destroy(city);
}

static void spaces_stand_apart_and_a_large_city_is_ten_kilometres_wide(void **state)
{
    struct city *city = make(100000, 1);
    struct position_e7 low = city->spaces[0].at;
    struct position_e7 high = low;
    int64_t nearest = INT64_MAX;

    (void)state;
    for (uint32_t i = 0; i < city->space_count; i++) {
        const struct position_e7 at = city->spaces[i].at;

        low.lat = at.lat < low.lat ? at.lat : low.lat;
        low.lon = at.lon < low.lon ? at.lon : low.lon;
        high.lat = at.lat > high.lat ? at.lat : high.lat;
        high.lon = at.lon > high.lon ? at.lon : high.lon;
        if (i > 1) {
            const int64_t mm = distance_mm(at, city->spaces[i - 2].at);

            nearest = mm < nearest ? mm : nearest;
        }
    }
    assert_true(nearest > 2000);
    assert_in_range(distance_mm(low, (struct position_e7){high.lat, low.lon}), 8000000, 13000000);
    assert_in_range(distance_mm(low, (struct position_e7){low.lat, high.lon}), 8000000, 13000000);
    city_destroy(city);
}

static void impossible_cities_are_refused(void **state)
{
    static const struct city_params bad[] = {
        {.spaces = 0,                  .seed = 1,          .heartbeat_s = 600},
        {                .spaces = CITY_SPACES_MAX + 1,                   .seed = 1, .heartbeat_s = 600                  },
        { .spaces = 100000,                  .seed = 1,                  .lines = 1,                   .heartbeat_s = 600},
        {    .spaces = 100, .seed = 1, .lines = CITY_LINES_MAX + 1,                   .heartbeat_s = 600},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct city *city = NULL;

        assert_int_equal(city_create(&bad[i], &city), ERR_BAD_PARAMETER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_spaces_asked_for),
        cmocka_unit_test(the_same_seed_gives_the_same_city),
        cmocka_unit_test(every_space_has_its_sensor_and_units_fit_the_lines),
        cmocka_unit_test(spaces_stand_apart_and_a_large_city_is_ten_kilometres_wide),
        cmocka_unit_test(impossible_cities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
