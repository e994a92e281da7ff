/* The nearest-20-free search alone, without HTTP, and the costs of the inventory round it: reading
 * a canonical file, building the snapshot, bytes per space. The figures of docs/PERFORMANCE.md's
 * "near" rows. bench_near [SPACES [QUERIES]]          (default 100000 200000) City: even over a 10
 * x 10 km box per 100 000 spaces, 30 % free, radius 300 m, as reference measurements have it. */
#include "bowei/inventory_file.h"
#include "bowei/view.h"
#include "tests/unit/city_fixture.h"
#include <malloc.h>
#include <time.h>
#include <unistd.h>

#define NEAR      20
#define RADIUS_MM 300000
#define ROUNDS    5
#define CENTRES   4096

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct free_filter {
    const struct view *view;
    struct view_now now;
};

static uint64_t are_free(void *ctx, uint32_t first, uint32_t count)
{
    const struct free_filter *f = ctx;

    return view_space_sieve(f->view, first, count, 1u << SPACE_FREE, &f->now);
}

static struct position_e7 place_roll(struct dice *dice, double side_km)
{
    int32_t lat = (int32_t)(side_km * 89932); /* 1e-7 degree per km */
    int32_t lon = (int32_t)(side_km * 121508);

    return (struct position_e7){422578000 + (int32_t)dice_below(dice, (uint32_t)lat),
                                1188869000 + (int32_t)dice_below(dice, (uint32_t)lon)};
}

static void city_file_write(const char *path, uint32_t spaces, double side_km)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct strbuf text = {0};
    struct dice dice = {1};
    uint16_t file;
    FILE *out;

    assert(d != NULL && draft_file_add(d, "bench", &file) == ERR_OK);
    for (uint32_t i = 0; i < spaces; i++) {
        space_key key = city_wide_key(i);
        char id[32];

        if (i % 9000 == 0) {
            city_lot_add(d, space_key_site(key), place_roll(&dice, side_km));
        }
        city_space_add(d, key, place_roll(&dice, side_km));
        (void)snprintf(id, sizeof id, "70b3d57e%08x", i);
        city_device_add(d, id, 0, key, 0);
    }
    assert(draft_complete(d, NULL, true, true, &report) == ERR_OK && report.fault_count == 0);
    assert(draft_write(d, 1, &text) == ERR_OK);
    out = fopen(path, "wb");
    assert(out != NULL && fwrite(text.data, 1, text.len, out) == text.len && fclose(out) == 0);
    strbuf_finish(&text);
    import_report_finish(&report);
    draft_destroy(d);
}

static struct inventory *city_load(const char *path)
{
    struct draft *d = NULL;
    struct inventory *inv = NULL;
    uint64_t version = 0;
    double start = now_s();
    double loaded;
    size_t before;

    assert(draft_load(path, &d, &version) == ERR_OK);
    loaded = now_s();
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert(inventory_build(d, version, NULL, NULL, &inv) == ERR_OK);
    printf("file read and checked %.2f s, snapshot built %.2f s, snapshot %.1f B per space "
           "(allocated)\n",
           loaded - start, now_s() - loaded,
           (double)(mallinfo2().uordblks + mallinfo2().hblkhd - before) / inv->space_count);
    draft_destroy(d);
    return inv;
}

static double round_run(const struct inventory *inv, struct free_filter *f,
                        const struct position_e7 *centres, uint32_t queries, uint64_t *found)
{
    struct spatial_hit hits[NEAR];
    double start = now_s();

    *found = 0;
    for (uint32_t q = 0; q < queries; q++) {
        const struct spatial_query query = {
            .at = centres[q % CENTRES], .radius_mm = RADIUS_MM, .sieve = are_free, .ctx = f};

        *found += spatial_search(inv, inv->spaces_index, &query, hits, NEAR);
    }
    return (now_s() - start) * 1e6 / queries;
}

int main(int argc, char **argv)
{
    uint32_t spaces = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    uint32_t queries = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200000;
    double side_km = 10 * sqrt(spaces / 100000.0);
    struct free_filter f = {.view = NULL};
    static struct position_e7 centres[CENTRES];
    struct dice dice = {2};
    struct inventory *inv;
    struct view *view = view_create();
    char path[64];

    (void)snprintf(path, sizeof path, "bench_near.%ld.geojson", (long)getpid());
    city_file_write(path, spaces, side_km);
    inv = city_load(path);
    (void)unlink(path);
    assert(view != NULL && view_reserve(view, inv->space_count, inv->lot_count) == ERR_OK);
    for (uint32_t i = 0; i < inv->space_count; i++) {
        enum space_state state = dice_below(&dice, 100) < 30 ? SPACE_FREE : SPACE_OCCUPIED;
        struct space_live live = {.bits = space_live_bits(state, state, REASON_FRESH, 100, 97, 0),
                                  .seen_ms = 1};

        view_put_space(view, i, &live);
    }
    view_put_heartbeat(view, (struct now){1, 0}, 1);
    f.view = view;
    f.now = view_now(view, 1);
    for (uint32_t i = 0; i < CENTRES; i++) {
        centres[i] = place_roll(&dice, side_km);
    }
    for (int r = 0; r < ROUNDS; r++) {
        uint64_t found;
        double us = round_run(inv, &f, centres, queries, &found);

        printf("spaces %u  nearest-%d-free  %.2f us per query  (%.1f found)\n", spaces, NEAR, us,
               (double)found / queries);
    }
    view_destroy(view);
    inventory_destroy(inv);
    return 0;
}
