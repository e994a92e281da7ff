/* Outlines of fences: how crossings are found, against looking at every pair, and how large one may
 * be. */
#include "tests/unit/fence_texts.h"
#include <time.h>

/* --- crossings against looking at every pair --- */

static int64_t side(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return ((int64_t)b.lon - a.lon) * ((int64_t)p.lat - a.lat) -
           ((int64_t)b.lat - a.lat) * ((int64_t)p.lon - a.lon);
}

static bool on_box(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return p.lat >= (a.lat < b.lat ? a.lat : b.lat) && p.lat <= (a.lat > b.lat ? a.lat : b.lat) &&
           p.lon >= (a.lon < b.lon ? a.lon : b.lon) && p.lon <= (a.lon > b.lon ? a.lon : b.lon);
}

static int sign(int64_t v)
{
    return (v > 0) - (v < 0);
}

/* Do two edges of the list have a point in common that neighbours may not have? */
static bool pair_meets(const struct outline_corner *c, uint32_t i, uint32_t j)
{
    struct position_e7 a = c[i].at;
    struct position_e7 b = c[c[i].next].at;
    struct position_e7 p = c[j].at;
    struct position_e7 q = c[c[j].next].at;

    if (c[i].next == j || c[j].next == i) {
        struct position_e7 far = c[i].next == j ? q : b; /* neither is the joint */
        struct position_e7 other = c[i].next == j ? a : p;
        struct position_e7 joint = c[i].next == j ? b : a;

        return (side(other, joint, far) == 0 &&
                (on_box(other, joint, far) || on_box(joint, far, other)));
    }
    return (sign(side(a, b, p)) * sign(side(a, b, q)) < 0 &&
            sign(side(p, q, a)) * sign(side(p, q, b)) < 0) ||
           (side(a, b, p) == 0 && on_box(a, b, p)) || (side(a, b, q) == 0 && on_box(a, b, q)) ||
           (side(p, q, a) == 0 && on_box(p, q, a)) || (side(p, q, b) == 0 && on_box(p, q, b));
}

static bool any_pair_meets(const struct outline_corner *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (pair_meets(c, i, j)) {
                return true;
            }
        }
    }
    return false;
}

/* Small rings on a small lattice: upright edges, edges in line, corners on edges are frequent. */
static void crossings_are_found_as_by_looking_at_all_pairs(void **state)
{
    struct dice dice = {77};
    unsigned crossing = 0;
    unsigned clean = 0;

    (void)state;
    for (unsigned t = 0; t < 200000; t++) {
        struct outline_corner c[12];
        uint32_t lattice = 3 + dice_below(&dice, 40);
        uint32_t count = 3 + dice_below(&dice, 7);
        uint32_t split = count >= 6 && t % 3 == 0 ? 3 : count; /* two rings */
        bool distinct = true;
        bool found;
        uint32_t a;
        uint32_t b;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t last = i < split ? split - 1 : count - 1;

            c[i] = (struct outline_corner){
                .at = {(int32_t)dice_below(&dice, lattice), (int32_t)dice_below(&dice, lattice)},
                .next = i == last ? (i < split ? 0 : split) : i + 1
            };
            for (uint32_t j = 0; j < i; j++) {
                distinct = distinct && (c[j].at.lat != c[i].at.lat || c[j].at.lon != c[i].at.lon);
            }
        }
        if (!distinct) {
            continue;
        }
        assert_int_equal(outline_crossing(c, count, &found, &a, &b), ERR_OK);
        assert_int_equal(found, any_pair_meets(c, count));
        if (found) {
            assert_true(pair_meets(c, a, b));
        }
        crossing += found;
        clean += !found;
    }
    assert_true(crossing > 10000 && clean > 10000);
}

/* 100 000 points as a comb of long slanted teeth, the worst for anything but a sweep: takes well
 * under a second; the limit here leaves room for instrumented builds. */
static void a_comb_of_100000_points_is_checked(void **state)
{
    struct draft *d = draft_create();
    struct draft_fence *f = fence_begin(d, fence_key_of('F', 1), 20);
    struct outline_fault fault;
    struct timespec from;
    struct timespec to;

    (void)state;
    assert_int_equal(draft_ring_add(d, false), ERR_OK);
    for (int32_t i = 0; i < 49999; i++) {
        assert_int_equal(
            draft_corner_add(d, (struct position_e7){CENTRE_LAT + 100, CENTRE_LON + i * 4}),
            ERR_OK);
        assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT + 100000,
                                                                  CENTRE_LON + i * 4 + 90002}),
                         ERR_OK);
    }
    assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT, CENTRE_LON + 200000}),
                     ERR_OK);
    assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT, CENTRE_LON}), ERR_OK);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_int_equal(fence_end(d, f), ERR_OK);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_in_range(to.tv_sec - from.tv_sec, 0, 10);
    print_message("100000 points: %.0f ms\n", (double)(to.tv_sec - from.tv_sec) * 1e3 +
                                                  (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    /* one tooth bent over its neighbours: its tip is one of two corners in the middle */
    d->corners[50000 + (d->corners[50000].lat < CENTRE_LAT + 100000)].lon += 102;
    f->outline.ring_count = 1;
    assert_int_equal(outline_check(d, &f->outline, OUTLINE_PARK, &fault), ERR_UNPROCESSABLE);
    assert_non_null(strstr(fault.reason, "crosses or touches"));
    draft_destroy(d);
}

static void more_than_100000_points_are_refused_with_the_figure(void **state)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct strbuf text = {0};

    (void)state;
    strbuf_printf(&text,
                  "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":"
                  "\"" F "\",\"properties\":{\"type\":\"fence\",\"capacity\":2},\"geometry\":{"
                  "\"type\":\"Polygon\",\"coordinates\":[[");
    for (unsigned i = 0; i < 100001; i++) {
        strbuf_printf(&text, "[118.%06u,42.1],", i);
    }
    strbuf_printf(&text, "[118.0,42.1]]]}}]}");
    assert_int_equal(draft_text_read(d, "many", text.data, text.len, &report), ERR_OK);
    assert_int_equal(report.fault_count, 1);
    assert_non_null(strstr(report.faults[0].reason, "100002 points, at most 100000"));
    strbuf_finish(&text);
    import_report_finish(&report);
    draft_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossings_are_found_as_by_looking_at_all_pairs),
        cmocka_unit_test(a_comb_of_100000_points_is_checked),
        cmocka_unit_test(more_than_100000_points_are_refused_with_the_figure),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
