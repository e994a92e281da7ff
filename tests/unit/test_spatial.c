/* The spatial index against brute force: the same slots in the same order, whatever the city looks
 * like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "gateway/inventory/hilbert.h"
#include "gateway/inventory/spatial.h"
#include "tests/unit/city_fixture.h"
#include <cmocka.h>

#define CITY_MAX 3000

enum shape { SHAPE_EVEN, SHAPE_CLUSTERS, SHAPE_ONE_PLACE, SHAPE_LINE, SHAPE_GRID, SHAPE_COUNT };

static struct position_e7 place_roll(struct dice *dice, enum shape shape, struct position_e7 middle)
{
    struct position_e7 p = middle;

    switch (shape) {
    case SHAPE_EVEN:
        p.lat += (int32_t)dice_below(dice, 2000000) - 1000000;
        p.lon += (int32_t)dice_below(dice, 2000000) - 1000000;
        break;
    case SHAPE_CLUSTERS:
        p.lat += (int32_t)(dice_below(dice, 7) * 300000 + dice_below(dice, 2000));
        p.lon += (int32_t)(dice_below(dice, 3) * 700000 + dice_below(dice, 2000));
        break;
    case SHAPE_ONE_PLACE: break;
    case SHAPE_LINE: p.lon += (int32_t)dice_below(dice, 500000); break;
    case SHAPE_GRID: /* many equal distances: ties */
        p.lat += (int32_t)dice_below(dice, 20) * 1000;
        p.lon += (int32_t)dice_below(dice, 20) * 1000;
        break;
    case SHAPE_COUNT: break;
    }
    return p;
}

static bool every_third(void *ctx, uint32_t slot)
{
    return (slot + *(const uint32_t *)ctx) % 3 == 0;
}

static const struct inventory *order_inv;

static int hit_order(const void *a, const void *b)
{
    const struct spatial_hit *x = a;
    const struct spatial_hit *y = b;
    space_key kx = order_inv->spaces[x->slot].key;
    space_key ky = order_inv->spaces[y->slot].key;

    if (x->distance_mm != y->distance_mm) {
        return x->distance_mm < y->distance_mm ? -1 : 1;
    }
    return kx < ky ? -1 : kx > ky;
}

/* With a former inventory the places have its slots, which are not in the index's order. */
static struct inventory *city_make(struct dice *dice, enum shape shape, struct position_e7 middle,
                                   uint32_t count, const struct inventory *former)
{
    struct draft *d = draft_create();
    struct inventory *inv;

    assert_non_null(d);
    city_lot_add(d, city_key(1, 0), middle);
    for (uint32_t i = 0; i < count; i++) {
        city_space_add(d, city_key(1, i + 1), place_roll(dice, shape, middle));
    }
    inv = city_build(d, former, former == NULL ? 1 : 2);
    draft_destroy(d);
    return inv;
}

static void query_compare(struct dice *dice, const struct inventory *inv, struct position_e7 at)
{
    static const int64_t radii_mm[] = {0, 1000, 20000, 300000, 2000000, 50000000};
    static struct spatial_hit all[CITY_MAX];
    static struct spatial_hit got[CITY_MAX];
    uint32_t shift = dice_below(dice, 3);
    int64_t radius_mm = radii_mm[dice_below(dice, ARRAY_LEN(radii_mm))];
    uint32_t limit = dice_below(dice, 4) == 0 ? CITY_MAX : 1 + dice_below(dice, 30);
    uint32_t want = 0;
    uint32_t n;
    bool any = false;

    for (uint32_t i = 0; i < inv->space_count; i++) {
        int64_t mm = distance_mm(at, inv->spaces[i].at);

        any = any || mm <= radius_mm;
        if (mm <= radius_mm && every_third(&shift, i)) {
            all[want++] = (struct spatial_hit){mm, i};
        }
    }
    order_inv = inv;
    qsort(all, want, sizeof *all, hit_order);
    want = want < limit ? want : limit;
    n = spatial_near(inv, inv->spaces_index, at, radius_mm, every_third, &shift, got, limit);
    assert_int_equal(n, want);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(got[i].slot, all[i].slot);
        assert_int_equal(got[i].distance_mm, all[i].distance_mm);
    }
    assert_int_equal(spatial_any(inv, inv->spaces_index, at, radius_mm), any);
}

static uint64_t thirds(void *ctx, uint32_t first, uint32_t count)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < count; i++) {
        bits |= (uint64_t)every_third(ctx, first + i) << i;
    }
    return bits;
}

/* A sieve says what a filter says; and without either more places are in reach than the search can
 * keep. */
static void sieve_compare(struct dice *dice, const struct inventory *inv, struct position_e7 at)
{
    static struct spatial_hit want[CITY_MAX];
    static struct spatial_hit got[CITY_MAX];
    uint32_t shift = dice_below(dice, 3);
    uint32_t limit = 1 + dice_below(dice, dice_below(dice, 8) == 0 ? SPATIAL_LIMIT_MAX : 30);
    struct spatial_query q = {.at = at, .radius_mm = 50000000, .sieve = thirds, .ctx = &shift};
    uint32_t n = spatial_search(inv, inv->spaces_index, &q, got, limit);

    assert_int_equal(
        n, spatial_near(inv, inv->spaces_index, at, q.radius_mm, every_third, &shift, want, limit));
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(got[i].slot, want[i].slot);
        assert_int_equal(got[i].distance_mm, want[i].distance_mm);
    }
    q.sieve = NULL;
    for (uint32_t i = 0; i < inv->space_count; i++) {
        want[i] = (struct spatial_hit){distance_mm(at, inv->spaces[i].at), i};
    }
    order_inv = inv;
    qsort(want, inv->space_count, sizeof *want, hit_order);
    n = spatial_search(inv, inv->spaces_index, &q, got, limit);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(got[i].slot, want[i].slot);
        assert_int_equal(got[i].distance_mm, want[i].distance_mm);
    }
}

struct boxed {
    const struct inventory *inv;
    uint32_t count;
    uint64_t slots;
};

static bool box_count(void *ctx, uint32_t slot)
{
    struct boxed *b = ctx;

    b->count++;
    b->slots += slot;
    return true;
}

static void box_compare(struct dice *dice, const struct inventory *inv, struct position_e7 at)
{
    int32_t half = (int32_t)dice_below(dice, 400000);
    struct position_e7 sw = {at.lat - half, at.lon - half};
    struct position_e7 ne = {at.lat + half, at.lon + half};
    struct boxed got = {inv, 0, 0};
    struct boxed want = {inv, 0, 0};

    spatial_box(inv->spaces_index, sw, ne, box_count, &got);
    for (uint32_t i = 0; i < inv->space_count; i++) {
        struct position_e7 p = inv->spaces[i].at;

        if (p.lat >= sw.lat && p.lat <= ne.lat && p.lon >= sw.lon && p.lon <= ne.lon) {
            (void)box_count(&want, i);
        }
    }
    assert_int_equal(got.count, want.count);
    assert_int_equal(got.slots, want.slots);
}

static void near_equals_brute_force(void **state)
{
    static const struct position_e7 middles[] = {
        {422578000,  1188869000},
        {-378000000, 1449000000},
        {0,          10        },
        {693000000,  250000000 },
        {860000000,  100000000 }
    };
    struct dice dice = {20261122};

    (void)state;
    for (uint32_t round = 0; round < 150; round++) {
        struct position_e7 middle = middles[round % ARRAY_LEN(middles)];
        enum shape shape = (enum shape)(round / ARRAY_LEN(middles) % SHAPE_COUNT);
        uint32_t count = round % 7 == 0 ? CITY_MAX : 1 + dice_below(&dice, 300);
        struct inventory *former = city_make(&dice, shape, middle, count, NULL);
        struct inventory *inv = city_make(&dice, shape, middle, count, former);

        if (round % 2 == 0) {
            struct inventory *other = inv;

            inv = former;
            former = other;
        }
        for (int q = 0; q < 60; q++) {
            struct position_e7 at = place_roll(&dice, q % 2 == 0 ? SHAPE_EVEN : shape, middle);

            query_compare(&dice, inv, at);
            box_compare(&dice, inv, at);
            if (q < 4) {
                sieve_compare(&dice, inv, at);
            }
        }
        inventory_destroy(former);
        inventory_destroy(inv);
    }
}

/* Thousands at one spot, hundreds of kilometres off, beside the antimeridian and a pole: the lowest
 * IDs come first, at a radius that just reaches them. */
static void far_ties_are_in_order(void **state)
{
    static const struct position_e7 spots[] = {
        {632277768, 1799000000},
        {865855999, 0         }
    };
    struct dice dice = {7};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spots); i++) {
        struct inventory *inv = city_make(&dice, SHAPE_ONE_PLACE, spots[i], CITY_MAX, NULL);

        for (int q = 0; q < 20; q++) { /* half of all distances are rounded down */
            const struct position_e7 at = {spots[i].lat - 30000000,
                                           spots[i].lon - (int32_t)dice_below(&dice, 10000000)};
            const int64_t mm = distance_mm(at, spots[i]);
            struct spatial_hit got[5];

            assert_int_equal(
                spatial_near(inv, inv->spaces_index, at, mm, NULL, NULL, got, ARRAY_LEN(got)),
                ARRAY_LEN(got));
            for (uint32_t k = 0; k < ARRAY_LEN(got); k++) {
                assert_int_equal(inv->spaces[got[k].slot].key, city_key(1, k + 1));
            }
            assert_false(spatial_any(inv, inv->spaces_index, at, mm - 1));
        }
        inventory_destroy(inv);
    }
}

/* One in 5 000 passes: nothing round the point says how far the search has to reach. */
static bool rare(void *ctx, uint32_t slot)
{
    (void)ctx;
    return slot % 5000 == 77;
}

static void sparse_filter_in_a_large_city(void **state)
{
    struct dice dice = {7};
    struct draft *d = draft_create();
    struct position_e7 middle = {422578000, 1188869000};
    struct inventory *inv;
    struct spatial_hit hits[20];

    (void)state;
    for (uint32_t lot = 1; lot <= 23; lot++) {
        city_lot_add(d, city_wide_key(lot * 9000 - 9000) / 10000 * 10000, middle);
    }
    for (uint32_t i = 0; i < 200000; i++) {
        city_space_add(d, city_wide_key(i), place_roll(&dice, SHAPE_EVEN, middle));
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    for (int q = 0; q < 5; q++) {
        struct position_e7 at = place_roll(&dice, SHAPE_EVEN, middle);
        uint32_t n = spatial_near(inv, inv->spaces_index, at, 50000000, rare, NULL, hits, 20);
        int64_t last = 0;
        uint32_t nearer = 0;

        assert_int_equal(n, 20);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(rare(NULL, hits[i].slot) && hits[i].distance_mm >= last);
            last = hits[i].distance_mm;
        }
        for (uint32_t slot = 77; slot < inv->space_count; slot += 5000) {
            nearer += distance_mm(at, inv->spaces[slot].at) <= last;
        }
        assert_int_equal(nearer, 20);
    }
    inventory_destroy(inv);
}

/* A block of flats with its garage in a plain: what stands round the point says nothing of what is
 * farther, in both directions. */
static void density_changes_at_once(void **state)
{
    const struct position_e7 middle = {422578000, 1188869000};
    struct dice dice = {11};
    struct draft *d = draft_create();
    struct inventory *inv;

    (void)state;
    city_lot_add(d, city_key(1, 0), middle);
    for (uint32_t i = 0; i < CITY_MAX; i++) {
        bool garage = i % 4 != 0;
        uint32_t side = garage ? 3000 : 4000000;
        struct position_e7 at = middle;

        at.lat += (int32_t)dice_below(&dice, side) - (int32_t)side / 2;
        at.lon += (int32_t)dice_below(&dice, side) - (int32_t)side / 2;
        city_space_add(d, city_key(1, i + 1), at);
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    for (int q = 0; q < 200; q++) {
        uint32_t side = q % 2 == 0 ? 10000 : 2000000;
        struct position_e7 at = middle;

        at.lat += (int32_t)dice_below(&dice, side) - (int32_t)side / 2;
        at.lon += (int32_t)dice_below(&dice, side) - (int32_t)side / 2;
        query_compare(&dice, inv, at);
    }
    inventory_destroy(inv);
}

/* A ring road, 33 km off: bounds differ with the direction by more than the distances do, so a
 * reach that ends within the ring has the wrong ones of it first. */
static void a_ring_is_measured(void **state)
{
    const struct position_e7 middle = {422578000, 1188869000};
    struct dice dice = {13};

    (void)state;
    for (uint32_t round = 0; round < 20; round++) {
        struct draft *d = draft_create();
        uint32_t count = 200 + dice_below(&dice, 1000);
        struct inventory *inv;

        city_lot_add(d, city_key(1, 0), middle);
        for (uint32_t i = 0; i < count; i++) {
            double angle = dice_below(&dice, 6283185) / 1e6;
            double e7 = 3000000.0 + dice_below(&dice, 30000);

            city_space_add(d, city_key(1, i + 1),
                           (struct position_e7){middle.lat + (int32_t)(e7 * sin(angle)),
                                                middle.lon + (int32_t)(e7 / 0.7401 * cos(angle))});
        }
        inv = city_build(d, NULL, 1);
        draft_destroy(d);
        for (int q = 0; q < 300; q++) {
            struct position_e7 at = {middle.lat + (int32_t)dice_below(&dice, 20000),
                                     middle.lon + (int32_t)dice_below(&dice, 20000)};

            query_compare(&dice, inv, at);
        }
        inventory_destroy(inv);
    }
}

static void hilbert_order_is_a_walk(void **state)
{
    struct hilbert_item items[64];

    (void)state;
    /* the curve through an aligned 8 x 8 square visits each cell and only ever steps to a neighbour
     */
    for (uint32_t i = 0; i < 64; i++) {
        items[i] = (struct hilbert_item){
            hilbert_place((struct position_e7){800 + (int32_t)(i / 8), 1600 + (int32_t)(i % 8)}),
            i};
    }
    assert_int_equal(hilbert_sort(items, 64), ERR_OK);
    for (uint32_t i = 1; i < 64; i++) {
        int dy = abs((int)(items[i].row / 8) - (int)(items[i - 1].row / 8));
        int dx = abs((int)(items[i].row % 8) - (int)(items[i - 1].row % 8));

        assert_int_equal(dx + dy, 1);
        assert_int_equal(items[i].place, items[0].place + i);
    }
}

static void empty_index_answers_nothing(void **state)
{
    struct spatial *index = NULL;
    struct inventory inv = {0};
    struct spatial_hit hit;

    (void)state;
    assert_int_equal(spatial_build(NULL, 0, &index), ERR_OK);
    assert_int_equal(
        spatial_near(&inv, index, (struct position_e7){1, 1}, 1000, NULL, NULL, &hit, 1), 0);
    assert_false(spatial_any(&inv, index, (struct position_e7){1, 1}, 1000));
    spatial_destroy(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_equals_brute_force),
        cmocka_unit_test(far_ties_are_in_order),
        cmocka_unit_test(sparse_filter_in_a_large_city),
        cmocka_unit_test(density_changes_at_once),
        cmocka_unit_test(a_ring_is_measured),
        cmocka_unit_test(hilbert_order_is_a_walk),
        cmocka_unit_test(empty_index_answers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
