/* What stands between search and socket: the live state of the nearest 20 free spaces read and
 * their JSON written, without search and HTTP.
 *     bench_scene [SPACES [ANSWERS]]            (default 100000 200000)
 * City: a square of 10 km a side per 100 000 spaces, each in one of the lots of 200, as bench.py
 * has it; heard within the last five minutes, changed within the last five hours. */
#include "api/scene.h"
#include "tests/unit/city_fixture.h"
#include <time.h>

#define NEAR          20
#define RADIUS_MM     300000
#define ROUNDS        5
#define CENTRES       2048
#define SPACES_OF_LOT 200u
#define AT_MS         INT64_C(1795000000000) /* 2026-11-18 */
#define ANSWER_MAX    (NEAR * SPACE_JSON_MAX)

struct found {
    struct spatial_hit hits[NEAR];
    uint32_t count;
};

struct sight {
    const struct inventory *inv;
    struct view *view;
    struct view_now now;
    struct scene_memo memo;
    struct found found[CENTRES];
};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct position_e7 place_roll(struct dice *dice, double side_km)
{
    int32_t lat = (int32_t)(side_km * 89932); /* 1e-7 degree per km */
    int32_t lon = (int32_t)(side_km * 121508);

    return (struct position_e7){422578000 + (int32_t)dice_below(dice, (uint32_t)lat),
                                1188869000 + (int32_t)dice_below(dice, (uint32_t)lon)};
}

static struct inventory *city_make(uint32_t spaces, double side_km, struct dice *dice)
{
    struct draft *d = draft_create();
    struct inventory *inv;

    assert(d != NULL);
    for (uint32_t i = 0; i < spaces; i++) {
        /* a site of the wide city has 9000 numbers */
        char id[32];
        space_key key = city_wide_key(i / SPACES_OF_LOT * 9000 + i % SPACES_OF_LOT);

        if (i % SPACES_OF_LOT == 0) {
            city_lot_add(d, space_key_site(key), place_roll(dice, side_km));
        }
        city_space_add(d, key, place_roll(dice, side_km));
        (void)snprintf(id, sizeof id, "70b3d57e%08x", i);
        city_device_add(d, id, 0, key, 0);
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static void view_fill(struct sight *sight, struct dice *dice)
{
    struct now now = {AT_MS, 0};

    assert(view_reserve(sight->view, sight->inv->space_count, sight->inv->lot_count) == ERR_OK);
    for (uint32_t i = 0; i < sight->inv->space_count; i++) {
        enum space_state state = dice_below(dice, 100) < 30 ? SPACE_FREE : SPACE_OCCUPIED;
        struct space_live live = {.bits = space_live_bits(state, state, REASON_FRESH, 100, 97, 0)};

        live.since_ms = AT_MS - (int64_t)dice_below(dice, 18000000);
        live.known_since_ms = live.since_ms;
        live.seen_ms = AT_MS - (int64_t)dice_below(dice, 300000);
        live.seen_ms = live.seen_ms < live.since_ms ? live.since_ms : live.seen_ms;
        view_put_space(sight->view, i, &live);
    }
    view_put_heartbeat(sight->view, now, 1);
    sight->now = view_now(sight->view, 1);
}

static bool is_free(void *ctx, uint32_t slot)
{
    const struct sight *sight = ctx;

    return view_space_state(sight->view, slot, &sight->now) == SPACE_FREE;
}

static void views_take(const struct sight *sight, const struct found *found,
                       struct space_view views[NEAR])
{
    for (uint32_t i = 0; i < found->count; i++) {
        const struct inv_space *space = &sight->inv->spaces[found->hits[i].slot];

        view_space_soon(sight->view, found->hits[i].slot);
        __builtin_prefetch(space);
        __builtin_prefetch(&space->attributes);
    }
    for (uint32_t i = 0; i < found->count; i++) {
        uint32_t slot = found->hits[i].slot;

        view_space(sight->view, sight->inv, slot, &sight->now, &views[i]);
        scene_memo_soon(&sight->memo, sight->inv->spaces[slot].lot);
    }
}

static void round_run(struct sight *sight, uint32_t answers)
{
    static char text[ANSWER_MAX];
    struct space_view views[NEAR];
    double start = now_s();
    double views_s;
    uint64_t bytes = 0;

    for (uint32_t a = 0; a < answers; a++) {
        views_take(sight, &sight->found[a % CENTRES], views);
    }
    views_s = now_s() - start;
    start = now_s();
    for (uint32_t a = 0; a < answers; a++) {
        const struct found *found = &sight->found[a % CENTRES];
        struct scene scene;
        char *p = text;

        views_take(sight, found, views);
        scene_init(&scene, &sight->memo, sight->inv, sight->now, CRS_WGS84);
        for (uint32_t i = 0; i < found->count; i++) {
            p = scene_space(&scene, p, found->hits[i].slot, &views[i], found->hits[i].distance_mm);
        }
        bytes += (uint64_t)(p - text);
    }
    printf("%u spaces, %d of them an answer: views %.3f us, views and JSON %.3f us, %.0f bytes\n",
           sight->inv->space_count, NEAR, views_s * 1e6 / answers,
           (now_s() - start) * 1e6 / answers, (double)bytes / answers);
}

int main(int argc, char **argv)
{
    uint32_t spaces = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    uint32_t answers = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200000;
    double side_km = 10 * sqrt(spaces / 100000.0);
    static struct sight sight;
    struct dice dice = {1};
    struct inventory *inv = city_make(spaces, side_km, &dice);

    sight.inv = inv;
    sight.view = view_create();
    assert(sight.view != NULL);
    view_fill(&sight, &dice);
    for (uint32_t i = 0; i < CENTRES; i++) {
        struct found *found = &sight.found[i];

        found->count = spatial_near(inv, inv->spaces_index, place_roll(&dice, side_km), RADIUS_MM,
                                    is_free, &sight, found->hits, NEAR);
    }
    for (int r = 0; r < ROUNDS; r++) {
        round_run(&sight, answers);
    }
    view_destroy(sight.view);
    inventory_destroy(inv);
    return 0;
}
