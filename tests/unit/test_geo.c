/* Coordinate systems against published vectors, and the one distance against plain haversine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/geo.h"
#include <math.h>
#include <string.h>

#define RAD (3.14159265358979323846 / 180.0)

static uint64_t seed = 118;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static double rnd_between(double low, double high)
{
    return low + (high - low) * ((double)(rnd() >> 11) / 9007199254740992.0);
}

static void close_to(struct position_deg got, double lat, double lon, double within)
{
    assert_true(fabs(got.lat - lat) < within);
    assert_true(fabs(got.lon - lon) < within);
}

struct vector {
    struct position_deg wgs;
    struct position_deg gcj;
};

/* eviltransform's published vectors (a = 6378245.0). */
static const struct vector gcj_vectors[] = {
    {{31.1774276, 121.5272106}, {31.17530398364597, 121.531541859215}  },
    {{22.543847, 113.912316},   {22.540796131694766, 113.9171764808363}},
    {{39.911954, 116.377817},   {39.91334545536069, 116.38404722455657}},
};

static void test_gcj_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gcj_vectors / sizeof gcj_vectors[0]; i++) {
        const struct vector *v = &gcj_vectors[i];

        close_to(crs_from_wgs84(CRS_GCJ02, v->wgs), v->gcj.lat, v->gcj.lon, 1e-12);
        close_to(crs_to_wgs84(CRS_GCJ02, v->gcj), v->wgs.lat, v->wgs.lon, 1e-9);
    }
}

static void test_bd_vectors(void **state)
{
    struct position_deg chifeng = {42.2578, 118.8869};
    struct position_deg gaoyou = {32.7847, 119.4593};

    (void)state;
    close_to(crs_from_wgs84(CRS_GCJ02, chifeng), 42.2597354, 118.8930715, 6e-8);
    close_to(crs_from_wgs84(CRS_BD09, chifeng), 42.2657983, 118.8995674, 6e-8);
    close_to(crs_from_wgs84(CRS_GCJ02, gaoyou), 32.7828792, 119.4647218, 6e-8);
    close_to(crs_from_wgs84(CRS_BD09, gaoyou), 32.7885366, 119.4713351, 6e-8);
}

static void test_inverse(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct position_deg p = {rnd_between(3, 53), rnd_between(74, 135)};

        close_to(crs_to_wgs84(CRS_GCJ02, crs_from_wgs84(CRS_GCJ02, p)), p.lat, p.lon, 1e-9);
        close_to(crs_to_wgs84(CRS_BD09, crs_from_wgs84(CRS_BD09, p)), p.lat, p.lon, 1e-9);
    }
}

static void test_outside_china_unshifted(void **state)
{
    struct position_deg paris = {48.8566, 2.3522};

    (void)state;
    close_to(crs_from_wgs84(CRS_GCJ02, paris), 48.8566, 2.3522, 1e-300);
    close_to(crs_to_wgs84(CRS_WGS84, paris), 48.8566, 2.3522, 1e-300);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CRS_COUNT; c++) {
        enum crs got = CRS_COUNT;
        const char *name = crs_name((enum crs)c);

        assert_true(crs_parse(name, (uint32_t)strlen(name), &got));
        assert_int_equal(got, c);
        assert_false(crs_parse(name, (uint32_t)strlen(name) - 1, &got));
    }
    {
        enum crs got = CRS_COUNT;

        assert_false(crs_parse("WGS84", 5, &got));
        assert_false(crs_parse("", 0, &got));
    }
}

static void test_rounding(void **state)
{
    struct position_e7 p = position_round((struct position_deg){42.25780005, -118.88690004});

    (void)state;
    assert_int_equal(p.lat, 422578001);
    assert_int_equal(p.lon, -1188869000);
    assert_int_equal(position_round((struct position_deg){1e300, -INFINITY}).lat, 900000000);
    assert_int_equal(position_round((struct position_deg){1e300, -INFINITY}).lon, -1800000000);
    assert_int_equal(position_round((struct position_deg){NAN, 0}).lat, 0);
}

/* Haversine in extended precision. */
static double haversine_mm(struct position_e7 a, struct position_e7 b)
{
    long double rad = acosl(-1.0L) / 180.0L * 1e-7L;
    long double s_lat = sinl(((long double)b.lat - a.lat) * 0.5L * rad);
    long double s_lon = sinl(((long double)b.lon - a.lon) * 0.5L * rad);
    long double h = s_lat * s_lat + cosl(a.lat * rad) * cosl(b.lat * rad) * s_lon * s_lon;

    return (double)(2.0L * 6371008.8e3L * asinl(sqrtl(h > 1 ? 1 : h)));
}

/* The millimetre of the answer may differ only where the true value lies within 0.001 mm of a half.
 */
static void agrees(struct position_e7 a, struct position_e7 b, double within_mm)
{
    double want = haversine_mm(a, b);
    double got = (double)distance_mm(a, b);

    assert_true(fabs(got - want) <= 0.5 + within_mm);
    assert_int_equal(distance_mm(a, b), distance_mm(b, a));
}

static void test_distance_near(void **state)
{
    static const int32_t spans[] = {10, 1000, 100000, 4999999, 5000000, 5000001, 40000000};

    (void)state;
    for (int i = 0; i < 350000; i++) {
        int32_t span = spans[i % 7];
        struct position_e7 a = {(int32_t)rnd_between(-8.5e8, 8.5e8),
                                (int32_t)rnd_between(-1.7e9, 1.7e9)};
        struct position_e7 b = {a.lat + (int32_t)rnd_between(-span, span),
                                a.lon + (int32_t)rnd_between(-span, span)};

        agrees(a, b, 0.001);
    }
}

static void test_distance_far(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct position_e7 a = {(int32_t)rnd_between(-9e8, 9e8),
                                (int32_t)rnd_between(-1.8e9, 1.8e9)};
        struct position_e7 b = {(int32_t)rnd_between(-9e8, 9e8),
                                (int32_t)rnd_between(-1.8e9, 1.8e9)};

        agrees(a, b, 0.001);
    }
}

/* Many at once say what each alone says, whether all are near or one is far or beyond the
 * antimeridian. */
static void test_distances_are_the_distance(void **state)
{
    static const int32_t spans[] = {1000, 40000, 4999999, 5000001, 200000000};
    struct position_e7 to[70];
    int64_t mm[70];

    (void)state;
    for (int round = 0; round < 10000; round++) {
        struct position_e7 from = {(int32_t)rnd_between(-7e8, 7e8),
                                   (int32_t)rnd_between(-1.599e9, 1.599e9)};
        int32_t span = spans[round % 5];
        uint32_t n = (uint32_t)(rnd() % 71);

        if (round % 7 == 0) {
            from.lon = round % 2 == 0 ? 1799999000 : -1799999000;
            span = 1000;
        }
        for (uint32_t i = 0; i < n; i++) {
            to[i] = (struct position_e7){from.lat + (int32_t)rnd_between(-span, span),
                                         from.lon + (int32_t)rnd_between(-span, span)};
        }
        if (n > 0 && round % 3 == 0) {
            to[rnd() % n] = (struct position_e7){-from.lat, -from.lon};
        }
        distances_mm(from, to, n, mm);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(mm[i], distance_mm(from, to[i]));
        }
    }
}

static void test_distance_known(void **state)
{
    const double half_turn_mm = 6371008.8e3 * 180.0 * RAD;

    (void)state;
    assert_int_equal(distance_mm((struct position_e7){422578000, 1188869000},
                                 (struct position_e7){422578000, 1188869000}),
                     0);
    /* the smallest step of latitude is 11.12 mm */
    assert_int_equal(distance_mm((struct position_e7){0, 0}, (struct position_e7){1, 0}), 11);
    /* over the antimeridian: 2e-7 degree of the equator */
    assert_int_equal(
        distance_mm((struct position_e7){0, 1799999999}, (struct position_e7){0, -1799999999}), 22);
    assert_int_equal(distance_mm((struct position_e7){900000000, 0},
                                 (struct position_e7){900000000, 1800000000}),
                     0);
    assert_true(fabs((double)distance_mm((struct position_e7){900000000, 0},
                                         (struct position_e7){-900000000, 5}) -
                     half_turn_mm) <= 0.501);
    /* one step short of the antipode */
    assert_true(
        fabs((double)distance_mm((struct position_e7){0, 0}, (struct position_e7){1, 1800000000}) -
             (half_turn_mm - 11.1195)) <= 0.501);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gcj_vectors),
        cmocka_unit_test(test_bd_vectors),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_outside_china_unshifted),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_distance_near),
        cmocka_unit_test(test_distance_far),
        cmocka_unit_test(test_distances_are_the_distance),
        cmocka_unit_test(test_distance_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
