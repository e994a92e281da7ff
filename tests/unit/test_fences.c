/* Fences of a snapshot: distance and side against a plain long double oracle, searches against
 * looking at every fence, indices over swaps, and who is who among beacons and bikes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "tests/unit/fence_fixture.h"
#include <cmocka.h>

#define RAD_E7   (3.14159265358979323846L / 180 * 1e-7L)
#define EXACT_MM 20
#define NEAR_E7  45000    /* 500 m */
#define WIDE_E7  4500000  /* 50 km */
#define FAR_E7   60000000 /* 670 km */
#define TRIES    400

/* --- the oracle: floating point, one edge after the other --- */

struct plane_point {
    long double x, y;
};

static struct plane_point on_plane(const struct inv_fence *f, struct position_e7 at)
{
    long double middle = ((long double)f->south_west.lat + f->north_east.lat) / 2 * RAD_E7;
    long double mm = EARTH_RADIUS_M * 1000 * RAD_E7;

    return (struct plane_point){((long double)at.lon - f->centre.lon) * mm * cosl(middle),
                                ((long double)at.lat - f->centre.lat) * mm};
}

static long double edge_mm(struct plane_point a, struct plane_point b, struct plane_point p)
{
    long double ex = b.x - a.x;
    long double ey = b.y - a.y;
    long double t = ((p.x - a.x) * ex + (p.y - a.y) * ey) / (ex * ex + ey * ey);

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypotl(p.x - a.x - t * ex, p.y - a.y - t * ey);
}

static long double oracle_mm(const struct inventory *inv, uint32_t fence, struct position_e7 at)
{
    const struct inv_fence *f = &inv->fences[fence];
    long double best = HUGE_VALL;
    bool inside = false;

    for (uint32_t r = f->ring; r < f->ring + f->ring_count; r++) {
        uint32_t n;
        bool hole;
        const struct position_e7 *c = fences_ring(inv, r, &n, &hole);

        for (uint32_t i = 0, j = n - 1; i < n; j = i++) {
            best = fminl(best, edge_mm(on_plane(f, c[j]), on_plane(f, c[i]), on_plane(f, at)));
            if ((c[i].lat > at.lat) != (c[j].lat > at.lat) &&
                at.lon < ((long double)c[j].lon - c[i].lon) * (at.lat - c[i].lat) /
                                 (c[j].lat - c[i].lat) +
                             c[i].lon) {
                inside = !inside;
            }
        }
    }
    return inside ? -best : best;
}

static struct position_e7 roll_about(struct dice *dice, struct position_e7 at, uint32_t reach)
{
    return (struct position_e7){at.lat + (int32_t)dice_below(dice, 2 * reach) - (int32_t)reach,
                                at.lon + (int32_t)dice_below(dice, 2 * reach) - (int32_t)reach};
}

static void distance_equals_the_oracle(void **state)
{
    static const uint32_t reaches[] = {300, NEAR_E7, WIDE_E7};
    struct dice dice = {11};
    struct inventory *inv = fence_city_make(&dice, 300);
    unsigned inside = 0;

    (void)state;
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        for (unsigned t = 0; t < TRIES; t++) {
            struct position_e7 at = roll_about(&dice, inv->fences[i].centre, reaches[t % 3]);
            long double want = oracle_mm(inv, i, at);
            int64_t got = fence_distance_mm(inv, i, at);

            inside += got < 0;
            assert_true(fabsl(want - (long double)got) <= EXACT_MM);
            assert_true(fabsl(want) < 2 || (want < 0) == (got < 0));
        }
        assert_true(fence_distance_mm(inv, i, inv->fences[i].centre) < 0);
    }
    assert_in_range(inside, 1000, 60000);
    inventory_destroy(inv);
}

/* At corners, at points of edges that have whole coordinates, and one step beside them. */
static void the_edge_is_zero_and_nothing_else(void **state)
{
    static const struct position_e7 corners[] = {
        {0,    0   },
        {0,    4000},
        {3000, 4000},
        {3000, 0   }
    };
    struct draft *d = draft_create();
    struct draft_fence *f = fence_begin(d, fence_key_of('F', 1), 5);
    struct inventory *inv;

    (void)state;
    assert_int_equal(draft_ring_add(d, false), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(corners); i++) {
        assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT + corners[i].lat,
                                                                  CENTRE_LON + corners[i].lon}),
                         ERR_OK);
    }
    assert_int_equal(fence_end(d, f), ERR_OK);
    inv = city_build(d, NULL, 1);
    for (int32_t v = 0; v <= 3000; v += 100) {
        for (int side = 0; side < 2; side++) {
            struct position_e7 on = {CENTRE_LAT + v, CENTRE_LON + side * 4000};
            struct position_e7 beyond = {on.lat, on.lon + (side == 0 ? -1 : 1)};
            struct position_e7 within = {on.lat, on.lon + (side == 0 ? 1 : -1)};

            assert_int_equal(fence_distance_mm(inv, 0, on), 0);
            assert_true(fence_distance_mm(inv, 0, beyond) > 0);
            assert_true(v == 0 || v == 3000 ? fence_distance_mm(inv, 0, within) == 0
                                            : fence_distance_mm(inv, 0, within) < 0);
        }
    }
    draft_destroy(d);
    inventory_destroy(inv);
}

/* Two zones that share a slanted edge: each point is in one of them, or on the edge of both. */
static void neighbours_share_their_edge(void **state)
{
    struct draft *d = draft_create();
    struct dice dice = {5};
    struct inventory *inv;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct position_e7 rings[2][3] = {
            {{0, 0},    {0, 9001},    {7003, 0}},
            {{0, 9001}, {7003, 9001}, {7003, 0}}
        };
        struct draft_fence *f = fence_begin(d, fence_key_of('F', i), 5);

        assert_int_equal(draft_ring_add(d, false), ERR_OK);
        for (size_t c = 0; c < 3; c++) {
            assert_int_equal(
                draft_corner_add(d, (struct position_e7){CENTRE_LAT + rings[i][c].lat,
                                                         CENTRE_LON + rings[i][c].lon}),
                ERR_OK);
        }
        assert_int_equal(fence_end(d, f), ERR_OK);
    }
    inv = city_build(d, NULL, 1);
    for (unsigned t = 0; t < 100000; t++) {
        struct position_e7 at = {CENTRE_LAT + 1 + (int32_t)dice_below(&dice, 7001),
                                 CENTRE_LON + 1 + (int32_t)dice_below(&dice, 8999)};
        int64_t a = fence_distance_mm(inv, 0, at);
        int64_t b = fence_distance_mm(inv, 1, at);

        assert_true((a < 0) != (b < 0) || (a == 0 && b == 0));
    }
    draft_destroy(d);
    inventory_destroy(inv);
}

/* The plane against the sphere: within 1 km of a fence to one part in a thousand, which a bike's
 * 15 m cannot see. */
static void the_plane_is_near_the_sphere(void **state)
{
    struct dice dice = {3};
    struct inventory *inv = fence_city_make(&dice, 50);

    (void)state;
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        const struct inv_fence *f = &inv->fences[i];

        for (unsigned t = 0; t < TRIES; t++) {
            struct position_e7 at = roll_about(&dice, f->centre, 2 * NEAR_E7);
            int64_t nearest = INT64_MAX;

            for (uint32_t r = f->ring; r < f->ring + f->ring_count; r++) {
                uint32_t n;
                bool hole;
                const struct position_e7 *c = fences_ring(inv, r, &n, &hole);

                for (uint32_t k = 0; k < n; k++) {
                    int64_t mm = distance_mm(c[k], at);

                    nearest = mm < nearest ? mm : nearest;
                }
            }
            assert_true(llabs(fence_distance_mm(inv, i, at)) <= nearest + nearest / 1000 + 20);
        }
    }
    inventory_destroy(inv);
}

static void far_points_have_a_distance(void **state)
{
    struct dice dice = {17};
    struct inventory *inv = fence_city_make(&dice, 20);
    const struct position_e7 ends[] = {
        {900000000,           0          },
        {-900000000,          1800000000 },
        {INT32_MAX,           INT32_MIN  },
        {0,                   -1800000000},
        {CENTRE_LAT + FAR_E7, CENTRE_LON }
    };

    (void)state;
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
            assert_true(fence_distance_mm(inv, i, ends[k]) > INT64_C(600000000));
        }
    }
    inventory_destroy(inv);
}

/* --- searches --- */

static int before(const struct inventory *inv, const struct fence_hit *a, const struct fence_hit *b)
{
    bool a_in = a->distance_mm <= 0;
    bool b_in = b->distance_mm <= 0;

    if (a_in != b_in) {
        return a_in;
    }
    if (a_in) {
        return fence_precedes(&inv->fences[a->fence], &inv->fences[b->fence]);
    }
    return a->distance_mm != b->distance_mm ? a->distance_mm < b->distance_mm
                                            : inv->fences[a->fence].key < inv->fences[b->fence].key;
}

static void around_finds_what_looking_at_all_finds(void **state)
{
    static const int64_t reaches[] = {0, 15000, 60000, 500000};
    struct dice dice = {23};
    struct inventory *inv = fence_city_make(&dice, 700);
    struct fence_hit hits[700];
    unsigned inside = 0;

    (void)state;
    for (unsigned t = 0; t < 3000; t++) {
        struct position_e7 at = fence_place_roll(&dice, 700);
        int64_t within = reaches[t % 4];
        enum fence_use use = (enum fence_use)(t % 3);
        uint32_t count = fences_around(inv, at, within, use, hits, ARRAY_LEN(hits));
        uint32_t want = 0;
        struct fence_hit few[3];

        for (uint32_t i = 0; i < inv->fence_count; i++) {
            want += fence_distance_mm(inv, i, at) <= within &&
                    (use == FENCE_USE_COUNT || inv->fences[i].use == use);
        }
        assert_int_equal(count, want);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(hits[i].distance_mm, fence_distance_mm(inv, hits[i].fence, at));
            assert_true(i == 0 || before(inv, &hits[i - 1], &hits[i]));
            inside += hits[i].distance_mm <= 0;
        }
        assert_int_equal(fences_around(inv, at, within, use, few, 3), want);
        for (uint32_t i = 0; i < want && i < 3; i++) {
            assert_int_equal(few[i].fence, hits[i].fence);
        }
    }
    assert_true(inside > 100);
    inventory_destroy(inv);
}

static bool even_only(void *ctx, uint32_t fence)
{
    (void)ctx;
    return fence % 2 == 0;
}

static void near_finds_the_nearest(void **state)
{
    static const int64_t radii[] = {30000, 400000, 5000000, INT64_MAX / 2};
    struct dice dice = {29};
    struct inventory *inv = fence_city_make(&dice, 700);

    (void)state;
    for (unsigned t = 0; t < 600; t++) {
        struct position_e7 at = fence_place_roll(&dice, 900);
        uint32_t limit = 1 + t % 40;
        struct fence_hit hits[40];
        uint32_t count =
            fences_near(inv, at, radii[t % 4], t % 2 == 0 ? NULL : even_only, NULL, hits, limit);
        uint32_t within = 0;
        uint32_t nearer = 0;

        for (uint32_t i = 0; i < inv->fence_count; i++) {
            int64_t mm = fence_distance_mm(inv, i, at);

            mm = mm < 0 ? 0 : mm;
            if (mm <= radii[t % 4] && (t % 2 == 0 || even_only(NULL, i))) {
                within++;
                nearer +=
                    count > 0 && (mm < hits[count - 1].distance_mm ||
                                  (mm == hits[count - 1].distance_mm &&
                                   inv->fences[i].key <= inv->fences[hits[count - 1].fence].key));
            }
        }
        assert_int_equal(count, within < limit ? within : limit);
        assert_int_equal(nearer, count);
        for (uint32_t i = 1; i < count; i++) {
            assert_true(hits[i - 1].distance_mm <= hits[i].distance_mm);
        }
    }
    inventory_destroy(inv);
}

static bool count_visit(void *ctx, uint32_t fence)
{
    uint32_t *seen = ctx;

    seen[fence]++;
    return true;
}

static bool stop_visit(void *ctx, uint32_t fence)
{
    uint32_t *left = ctx;

    (void)fence;
    return --*left > 0;
}

static void box_visits_each_that_meets_it(void **state)
{
    static uint32_t seen[700];
    struct dice dice = {31};
    struct inventory *inv = fence_city_make(&dice, 700);
    uint32_t left = 3;

    (void)state;
    for (unsigned t = 0; t < 200; t++) {
        struct position_e7 a = fence_place_roll(&dice, 700);
        struct position_e7 b = {a.lat + (int32_t)dice_below(&dice, 40000),
                                a.lon + (int32_t)dice_below(&dice, 40000)};

        memset(seen, 0, sizeof seen);
        fences_box(inv, a, b, count_visit, seen);
        for (uint32_t i = 0; i < inv->fence_count; i++) {
            const struct inv_fence *f = &inv->fences[i];

            assert_int_equal(seen[i], f->south_west.lat <= b.lat && f->north_east.lat >= a.lat &&
                                          f->south_west.lon <= b.lon && f->north_east.lon >= a.lon);
        }
    }
    fences_box(inv, (struct position_e7){INT32_MIN, INT32_MIN},
               (struct position_e7){INT32_MAX, INT32_MAX}, stop_visit, &left);
    assert_int_equal(left, 0);
    inventory_destroy(inv);
}

static void precedence_is_one_order(void **state)
{
    const struct inv_fence temporary = {.key = 9, .area_m2 = 900, .from_ms = 1};
    const struct inv_fence no_park = {.key = 8, .area_m2 = 800, .use = FENCE_NO_PARK};
    const struct inv_fence small = {.key = 7, .area_m2 = 10};
    const struct inv_fence low = {.key = 1, .area_m2 = 100};
    const struct inv_fence high = {.key = 2, .area_m2 = 100};
    const struct inv_fence *const order[] = {&temporary, &no_park, &small, &low, &high};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        for (size_t j = 0; j < ARRAY_LEN(order); j++) {
            assert_int_equal(fence_precedes(order[i], order[j]), i < j);
        }
    }
}

static void windows_open_and_close(void **state)
{
    struct inv_fence f = {.from_ms = 1000, .until_ms = 2000};

    (void)state;
    assert_false(fence_in_force(&f, 999));
    assert_true(fence_in_force(&f, 1000));
    assert_true(fence_in_force(&f, 1999));
    assert_false(fence_in_force(&f, 2000));
    f.from_ms = 0;
    assert_true(fence_in_force(&f, -5));
    f.until_ms = 0;
    assert_true(fence_in_force(&f, INT64_MAX));
    f.removed = 1;
    assert_false(fence_in_force(&f, 1000));
}

/* --- over swaps --- */

static void indices_last_over_swaps(void **state)
{
    struct dice dice = {41};
    struct draft *d = draft_create();
    struct inventory *first;
    struct inventory *second;
    struct inventory *third;
    struct position_e7 centre = {CENTRE_LAT, CENTRE_LON};
    struct fence_hit hit;

    (void)state;
    for (uint32_t i = 2; i < 6; i++) {
        centre.lat += 10000;
        fence_add(d, &dice, i, centre, 20);
    }
    first = city_build(d, NULL, 1);
    draft_destroy(d);
    d = draft_create();
    centre = (struct position_e7){CENTRE_LAT - 50000, CENTRE_LON};
    fence_add(d, &dice, 1, centre, 20); /* new, and before all others by ID */
    centre.lat = CENTRE_LAT + 30000;
    fence_add(d, &dice, 4, centre, 20); /* stays */
    second = city_build(d, first, 2);
    for (uint32_t i = 0; i < first->fence_count; i++) {
        assert_int_equal(fences_find(second, first->fences[i].key), i);
        assert_int_equal(second->fences[i].removed, first->fences[i].key != fence_key_of('F', 4));
    }
    assert_int_equal(second->fence_count, 5);
    assert_int_equal(fences_find(second, fence_key_of('B', 1)), 4);
    assert_int_equal(fence_distance_mm(second, fences_find(second, fence_key_of('N', 3)), centre),
                     INT64_MAX);
    assert_int_equal(
        fences_near(second, first->fences[0].centre, INT64_MAX / 2, NULL, NULL, &hit, 1), 1);
    assert_false(second->fences[hit.fence].removed);
    /* the removed come back under their numbers */
    draft_destroy(d);
    d = draft_create();
    for (uint32_t i = 2; i < 6; i++) {
        centre.lat += 10000;
        fence_add(d, &dice, i, centre, 20);
    }
    third = city_build(d, second, 3);
    for (uint32_t i = 0; i < first->fence_count; i++) {
        assert_int_equal(third->fences[i].key, first->fences[i].key);
        assert_int_equal(third->fences[i].removed, 0);
    }
    assert_int_equal(third->fences[4].removed, 1);
    draft_destroy(d);
    inventory_destroy(first);
    inventory_destroy(second);
    inventory_destroy(third);
}

static void a_district_may_come_from_a_fence(void **state)
{
    struct dice dice = {43};
    struct draft *d = draft_create();
    struct inventory *inv;
    struct position_e7 centre = {CENTRE_LAT, CENTRE_LON};

    (void)state;
    city_lot_add(d, city_key(1, 0), centre);
    fence_add(d, &dice, 500000, centre, 20); /* county 150403 */
    inv = city_build(d, NULL, 1);
    assert_int_equal(inv->district_count, 2);
    assert_int_equal(inv->districts[inv->fences[0].district].adcode, 150403);
    assert_int_equal(inv->districts[inv->lots[0].district].adcode, 150402);
    draft_destroy(d);
    inventory_destroy(inv);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    struct draft *d = draft_create();
    struct inventory *inv = city_build(d, NULL, 1);
    struct inventory bare = {0};
    const struct inventory *const both[] = {inv, &bare};
    const struct position_e7 at = {CENTRE_LAT, CENTRE_LON};
    char ref[VEHICLE_REF_MAX + 1];
    struct fence_hit hit;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint32_t left = 1;

        assert_int_equal(fences_around(both[i], at, 1000, FENCE_USE_COUNT, &hit, 1), 0);
        assert_int_equal(fences_near(both[i], at, INT64_MAX, NULL, NULL, &hit, 1), 0);
        fences_box(both[i], at, at, stop_visit, &left);
        assert_int_equal(left, 1);
        assert_int_equal(fences_find(both[i], 5), NO_FENCE);
        assert_int_equal(fences_beacon(both[i], "mac:1918fc000001", 16), NO_FENCE);
        assert_int_equal(fences_listener(both[i], "gw", 2), UINT32_MAX);
        assert_int_equal(fences_operator(both[i], "OP-1234", 7), NO_OPERATOR);
        assert_false(fences_identify(both[i], "1918FC000001", "", "", ref));
    }
    draft_destroy(d);
    inventory_destroy(inv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_equals_the_oracle),
        cmocka_unit_test(the_edge_is_zero_and_nothing_else),
        cmocka_unit_test(neighbours_share_their_edge),
        cmocka_unit_test(the_plane_is_near_the_sphere),
        cmocka_unit_test(far_points_have_a_distance),
        cmocka_unit_test(around_finds_what_looking_at_all_finds),
        cmocka_unit_test(near_finds_the_nearest),
        cmocka_unit_test(box_visits_each_that_meets_it),
        cmocka_unit_test(precedence_is_one_order),
        cmocka_unit_test(windows_open_and_close),
        cmocka_unit_test(indices_last_over_swaps),
        cmocka_unit_test(a_district_may_come_from_a_fence),
        cmocka_unit_test(nothing_is_found_where_nothing_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
