/* The simulated bike world: the same from the same numbers however often it is stepped, noise
 * within its bounds, truth by its rule, and faults as they were scripted. What it says:
 * test_sim_fleet_words.c. */
#include "tests/unit/sim_fleet_fixture.h"

#include <math.h>

static struct script script_of(const char *text)
{
    struct script script;
    char why[120];

    assert_int_equal(script_parse(&script, text, strlen(text), why), ERR_OK);
    return script;
}

/* --- the same from the same --- */

struct history {
    uint64_t hash;
    uint64_t events[WORLD_EVENT_COUNT];
    int64_t last_ms;
};

static void mix(struct history *h, uint64_t v)
{
    h->hash = (h->hash ^ v) * UINT64_C(0x100000001b3);
    h->hash ^= h->hash >> 29;
}

static void on_history(void *ctx, const struct world_event *e)
{
    struct history *h = ctx;

    assert_true(e->at_ms >= h->last_ms);
    h->last_ms = e->at_ms;
    h->events[e->kind]++;
    mix(h, (uint64_t)e->at_ms ^ (uint64_t)e->kind << 56);
    if (e->kind == WORLD_REPORT) {
        mix(h, (uint64_t)e->report.bike << 32 | e->report.accuracy_m);
        mix(h, (uint64_t)(uint32_t)e->report.at.lat << 32 | (uint32_t)e->report.at.lon);
        for (uint32_t i = 0; i < e->report.heard_count; i++) {
            mix(h, (uint64_t)e->report.heard[i].stud << 8 | (uint8_t)e->report.heard[i].rssi_dbm);
        }
    } else if (e->kind == WORLD_SCAN) {
        for (uint32_t i = 0; i < e->scan.count; i++) {
            mix(h, e->scan.adverts[i].mac ^ (uint64_t)(uint8_t)e->scan.adverts[i].rssi_dbm << 50);
        }
    } else if (e->kind == WORLD_STOP) {
        mix(h, (uint64_t)(uint32_t)e->stop.park_mm << 32 | (uint32_t)e->stop.zone_mm);
    }
}

static struct history live(uint32_t seed, int64_t step_ms, const char *faults)
{
    const struct world_plan_params params = {.bikes = BIKES, .seed = seed};
    const struct script script = script_of(faults);
    struct history h = {0};
    struct world_plan *p = NULL;
    struct world *f;
    struct script owned = script;

    assert_int_equal(world_plan_create(&params, &p), ERR_OK);
    f = world_of(p, &script);
    for (int64_t now = START_MS; now <= START_MS + HOUR; now += step_ms) {
        world_step(f, now, on_history, &h);
    }
    world_destroy(f);
    world_plan_destroy(p);
    script_finish(&owned);
    return h;
}

static void steps_do_not_matter(void **state)
{
    static const char faults[] = "at 600 for 900 reorder QJU\n"
                                 "at 700 for 300 duplicate HLO\n"
                                 "at 900 for 600 late MTN\n"
                                 "at 1000 for 100 silence *\n"
                                 "at 1200 for 600 drift HLO 40\n"
                                 "at 2000 for 600 wrong_crs QJU\n";
    const struct history fine = live(7, 100, faults);
    const struct history coarse = live(7, HOUR, faults);
    const struct history other = live(8, HOUR, faults);

    (void)state;
    assert_true(fine.hash == coarse.hash);
    assert_true(fine.hash != other.hash);
    for (uint32_t k = 0; k < WORLD_EVENT_COUNT; k++) {
        assert_true(fine.events[k] > 0);
        assert_true(fine.events[k] == coarse.events[k]);
    }
}

/* --- noise and truth --- */

struct watch {
    struct world_stop stop[BIKES];
    bool stands[BIKES], heard[BIKES];
    int64_t out_ms[BIKES]; /* from of the open episode, 0 = none */
    uint64_t stops[WORLD_CLASS_COUNT];
    uint64_t positions, edge_moves, episodes, piles;
    double square_sum, sum[2], most_m;
    int64_t now_ms;
};

/* The truth of a stop, judged anew: all fences, not only near ones. */
static void judge(const struct world_stop *s)
{
    int32_t park = WORLD_FAR_MM;
    int32_t zone = WORLD_FAR_MM;

    for (uint32_t i = 0; i < plan->fence_count; i++) {
        const struct plan_fence *f = &plan->fences[i];
        const int32_t mm = world_plan_distance_mm(plan, i, s->at);
        int32_t *best = f->kind == PLACE_NO_PARKING ? &zone : &park;

        if (f->until_ms == 0 || f->until_ms > START_MS) {
            *best = mm < *best ? mm : *best;
        }
    }
    assert_int_equal(park, s->park_mm);
    assert_int_equal(zone, s->zone_mm);
    assert_int_equal(s->class == WORLD_ZONE, zone < -24000);
    assert_int_equal(s->class == WORLD_OUTSIDE, park > 39000 && zone > 39000);
    assert_int_equal(s->class == WORLD_INSIDE, park < -24000 && zone > 39000);
}

static void on_truth(void *ctx, const struct world_event *e)
{
    struct watch *w = ctx;

    w->now_ms = e->at_ms;
    if (e->kind == WORLD_STOP) {
        assert_false(w->stands[e->stop.bike]);
        w->stop[e->stop.bike] = e->stop;
        w->stands[e->stop.bike] = true;
        w->stops[e->stop.class]++;
        judge(&e->stop);
    } else if (e->kind == WORLD_LEAVE) {
        const struct world_stop *s = &w->stop[e->stop.bike];
        const bool outside = s->class == WORLD_OUTSIDE || s->class == WORLD_ZONE;

        assert_true(w->stands[e->stop.bike]);
        w->stands[e->stop.bike] = false;
        assert_true(e->at_ms - s->since_ms >= 3 * MINUTE);
        /* every stop here is longer than dwell and interval: outside, an episode was told, begun
         * and ended */
        assert_int_equal(w->out_ms[e->stop.bike], outside ? -1 : 0);
        w->out_ms[e->stop.bike] = 0;
    } else if (e->kind == WORLD_EPISODE && e->episode.bike != WORLD_NONE) {
        const struct world_stop *s = &w->stop[e->episode.bike];
        int64_t *open = &w->out_ms[e->episode.bike];

        assert_true(e->episode.from_ms == s->since_ms);
        assert_int_equal(e->episode.kind, s->class == WORLD_ZONE ? WORLD_EPISODE_NO_PARKING_ZONE
                                                                 : WORLD_EPISODE_OUT_OF_FENCE);
        if (e->episode.until_ms == 0) {
            assert_true(*open == 0);
            assert_true(e->at_ms == s->since_ms + 3 * MINUTE);
            w->episodes++;
        } else {
            assert_true(*open == s->since_ms);
        }
        *open = e->episode.until_ms == 0 ? s->since_ms : -1;
    } else if (e->kind == WORLD_EPISODE) {
        assert_int_equal(e->episode.kind, WORLD_EPISODE_PILE_UP);
        assert_true(e->episode.sure * 100 > plan->fences[e->episode.fence].capacity * 120);
        assert_true(e->episode.possible >= (e->episode.until_ms == 0 ? e->episode.sure : 0));
        w->piles += e->episode.until_ms == 0;
    }
}

static void on_noise(void *ctx, const struct world_event *e)
{
    struct watch *w = ctx;
    const struct world_report *r = &e->report;

    on_truth(ctx, e);
    if (e->kind != WORLD_REPORT) {
        return;
    }
    /* no report while it rides but the one that says so */
    assert_int_equal(r->has_position, w->stands[r->bike]);
    assert_int_equal(r->locked, w->stands[r->bike]);
    if (r->has_position) {
        const struct shape_point p = shape_project(w->stop[r->bike].at, r->at);
        const double m = metres(r->at, w->stop[r->bike].at);

        assert_true(m <= 24.0);
        assert_in_range(r->accuracy_m, 1, 15);
        w->positions++;
        w->square_sum += m * m;
        w->sum[0] += p.x_m;
        w->sum[1] += p.y_m;
        w->most_m = m > w->most_m ? m : w->most_m;
    } else {
        assert_int_equal(r->heard_count, 0);
    }
}

static void truth_follows_its_rule_and_noise_its_bounds(void **state)
{
    static struct watch w;
    struct world *f = world_of(plan, NULL);
    double n;

    (void)state;
    memset(&w, 0, sizeof w);
    world_step(f, START_MS + 24 * HOUR, on_noise, &w);
    world_destroy(f);
    n = (double)w.positions;
    assert_true(w.positions > BIKES * 1000);
    /* 8 m root mean square within 1 %, no bias, clipped at 24 m, and the clip is reached */
    assert_true(fabs(sqrt(w.square_sum / n) - 8) < 0.08);
    assert_true(fabs(w.sum[0] / n) < 0.05 && fabs(w.sum[1] / n) < 0.05);
    assert_true(w.most_m > 22);
    for (uint32_t k = 0; k < WORLD_CLASS_COUNT; k++) {
        assert_true(w.stops[k] > 10);
    }
    assert_true(w.episodes > 10);
    assert_true(w.piles > 0);
}

static void without_noise_positions_are_true(void **state)
{
    static struct watch w;
    struct world_params params = world_params_default();
    struct world *f = NULL;

    (void)state;
    memset(&w, 0, sizeof w);
    params.plan = plan;
    params.start_ms = START_MS;
    params.noise_mm = 0;
    assert_int_equal(world_create(&params, &f), ERR_OK);
    world_step(f, START_MS + HOUR, on_noise, &w);
    world_destroy(f);
    assert_true(w.positions > BIKES * 30);
    assert_true(w.square_sum == 0);
}

/* --- faults --- */

struct fault_watch {
    struct position_e7 at[BIKES];
    bool stands[BIKES], heard[BIKES];
    int64_t last_time[BIKES], last_wall[BIKES];
    uint64_t far, drifted, older, repeated, delayed, dead_words, silent, suspect, scans[200];
    uint64_t sharp_while_wrong;
};

static bool of_operator(uint32_t bike, uint32_t op)
{
    return world_operator(plan, bike) == op;
}

static void on_fault(void *ctx, const struct world_event *e)
{
    struct fault_watch *w = ctx;

    if (e->kind == WORLD_STOP) {
        w->at[e->stop.bike] = e->stop.at;
        w->heard[e->stop.bike] = e->stop.heard;
        w->sharp_while_wrong += !e->stop.heard && e->stop.class != WORLD_ANY;
    } else if (e->kind == WORLD_EPISODE) {
        w->silent += e->episode.kind == WORLD_EPISODE_FENCE_SILENT;
        w->suspect += e->episode.kind == WORLD_EPISODE_FEED_SUSPECT;
    } else if (e->kind == WORLD_SCAN || e->kind == WORLD_SIGHTING) {
        w->scans[e->scan.listener]++;
    } else if (e->kind == WORLD_REPORT) {
        const struct world_report *r = &e->report;
        const double m = r->has_position ? metres(r->at, w->at[r->bike]) : 0;

        w->far += m > 300 && of_operator(r->bike, 2);
        w->drifted += m > 35 && m < 80 && of_operator(r->bike, 0);
        w->older += r->time_ms < w->last_time[r->bike];
        w->repeated += r->time_ms == w->last_time[r->bike];
        w->delayed += e->at_ms > r->time_ms + 100 * 1000;
        w->last_time[r->bike] = r->time_ms;
    }
}

static struct fault_watch *play(const char *text)
{
    static struct fault_watch w;
    struct script script = script_of(text);
    struct world *f = world_of(plan, &script);

    memset(&w, 0, sizeof w);
    assert_true(plan->listener_count <= 200);
    world_step(f, START_MS + HOUR, on_fault, &w);
    world_destroy(f);
    script_finish(&script);
    return &w;
}

static void faults_are_played(void **state)
{
    char listener[WORLD_ID_CAP];
    char text[200];
    struct fault_watch *w = play("");

    (void)state;
    assert_true(w->far == 0 && w->drifted == 0 && w->older == 0 && w->repeated == 0 &&
                w->delayed == 0 && w->silent == 0 && w->suspect == 0);
    w = play("at 600 for 1200 wrong_crs QJU\n");
    assert_true(w->far > 1000 && w->suspect == 2 && w->sharp_while_wrong == 0);
    w = play("at 0 for 3000 drift HLO 60\n");
    assert_true(w->drifted > 1000 && w->sharp_while_wrong == 0);
    w = play("at 600 for 1200 reorder QJU\n");
    assert_true(w->older > 1000 && w->repeated == 0);
    w = play("at 600 for 1200 duplicate QJU\n");
    assert_true(w->repeated > 1000 && w->older == 0);
    w = play("at 600 for 1200 late HLO\n");
    assert_true(w->delayed > 1000 && w->older == 0);
    assert_true(plan->listener_count > 0);
    world_listener_id(plan, 0, listener);
    (void)snprintf(text, sizeof text, "at 0 for 7200 silence %s\n", listener);
    w = play(text);
    assert_true(w->silent == 1 && w->scans[0] == 0);
}

static void a_dead_bike_says_nothing(void **state)
{
    struct script script = script_of("at 0 for 7200 silence HLO\n");
    struct world *f = world_of(plan, &script);
    struct history h = {0};
    uint64_t all;

    (void)state;
    world_step(f, START_MS + HOUR, on_history, &h);
    all = h.events[WORLD_REPORT];
    world_destroy(f);
    script_finish(&script);
    h = (struct history){0};
    f = world_of(plan, NULL);
    world_step(f, START_MS + HOUR, on_history, &h);
    world_destroy(f);
    /* a third of the bikes; of the next third a quarter has locks that post nothing */
    assert_true(all * 10 > h.events[WORLD_REPORT] * 5 && all * 10 < h.events[WORLD_REPORT] * 7);
}

/* --- the plan --- */

static void fences_are_what_they_should_be(void **state)
{
    uint32_t kinds[PLACE_KIND_COUNT] = {0};
    uint32_t popular = 0;

    (void)state;
    for (uint32_t i = 0; i < plan->fence_count; i++) {
        const struct plan_fence *f = &plan->fences[i];
        char id[SPACE_ID_LEN + 1];
        space_key key = 0;

        kinds[f->kind]++;
        popular += f->popular;
        space_id_format(f->key, id);
        assert_int_equal(space_id_parse(id, SPACE_ID_LEN, &key), ID_OK);
        assert_int_equal(space_key_kind(key), f->kind);
        assert_in_range(f->corners, 8, 40);
        assert_true(f->kind == PLACE_FENCE ? f->inner_m > 1.5 : f->inner_m > 30);
        assert_true(world_plan_distance_mm(plan, i, f->centre) < 0);
        assert_int_equal(f->kind == PLACE_NO_PARKING, f->capacity == 0);
        for (uint32_t k = 0; k < f->beacons; k++) {
            const struct plan_stud *s = &plan->studs[f->beacon + k];

            assert_int_equal(s->fence, i);
            assert_true(world_plan_distance_mm(plan, i, s->at) < 0);
        }
        for (uint32_t k = 0; k < i; k++) {
            assert_true(plan->fences[k].key != f->key);
        }
    }
    assert_true(kinds[PLACE_FENCE] > 0 && kinds[PLACE_BIKE_AREA] > 0 &&
                kinds[PLACE_NO_PARKING] > 0 && popular > 0);
}

static void every_name_is_its_own(void **state)
{
    static char refs[BIKES][WORLD_ID_CAP];

    (void)state;
    for (uint32_t i = 0; i < BIKES; i++) {
        const char *number;

        world_bike_ref(plan, i, refs[i]);
        number = strchr(refs[i], '-');
        assert_non_null(number);
        assert_in_range(strlen(number + 1), 4, 20);
        assert_int_equal(strspn(number + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                         strlen(number + 1));
    }
    qsort(refs, BIKES, sizeof refs[0], (int (*)(const void *, const void *))strcmp);
    for (uint32_t i = 1; i < BIKES; i++) {
        assert_string_not_equal(refs[i - 1], refs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_do_not_matter),
        cmocka_unit_test(truth_follows_its_rule_and_noise_its_bounds),
        cmocka_unit_test(without_noise_positions_are_true),
        cmocka_unit_test(faults_are_played),
        cmocka_unit_test(a_dead_bike_says_nothing),
        cmocka_unit_test(fences_are_what_they_should_be),
        cmocka_unit_test(every_name_is_its_own),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
