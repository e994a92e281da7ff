/* The simulated bike world: the same from the same numbers however often it is stepped, noise
 * within its bounds, truth by its rule, and everything it says read by the gateway's own decoders.
 */
#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include "bowei/beacon.h"
#include "bowei/envelope.h"
#include "bowei/sensor_model.h"
#include "sensors/sim/fleet/bike_telegram.h"
#include "sensors/sim/fleet/world.h"
#include "sensors/sim/truth_bikes.h"
#include "tests/unit/scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1795305600000) /* 2026-11-22T00:00:00Z, eight in the morning in China */
#define MINUTE   INT64_C(60000)
#define HOUR     (60 * MINUTE)
#define BIKES    600

static struct world_plan *plan;

static int set_up(void **state)
{
    const struct world_plan_params params = {.bikes = BIKES, .seed = 7};

    (void)state;
    return world_plan_create(&params, &plan) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    world_plan_destroy(plan);
    return 0;
}

static struct world *world_of(const struct world_plan *p, const struct script *script)
{
    struct world_params params = world_params_default();
    struct world *f = NULL;

    params.plan = p;
    params.script = script;
    params.start_ms = START_MS;
    assert_int_equal(world_create(&params, &f), ERR_OK);
    return f;
}

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

static double metres(struct position_e7 a, struct position_e7 b)
{
    return (double)distance_mm(a, b) / 1000;
}

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

/* --- the wire --- */

#define NODES 8192

static struct json_node nodes[NODES];

struct wire {
    uint64_t scans, bikes, phones, sightings, locks[WORD_COUNT], items, beacons;
    size_t longest;
};

static void item_read(const struct world_report *r, struct wire *w)
{
    struct strbuf b = {0};
    struct json_doc doc;
    struct position_e7 at = {0};
    int64_t lat = 0;
    int64_t lon = 0;
    char ref[WORLD_ID_CAP];
    char id[WORLD_ID_CAP];

    bike_telegram_item(plan, r, &b);
    assert_int_equal(json_parse(&doc, b.data, b.len, nodes, NODES), JSON_OK);
    world_bike_ref(plan, r->bike, ref);
    assert_true(json_is_text(&doc, json_member(&doc, doc.nodes, "vehicle"), ref));
    assert_true(json_is_text(&doc, json_member(&doc, doc.nodes, "lock"),
                             r->locked ? "locked" : "unlocked"));
    assert_int_equal(json_member(&doc, doc.nodes, "location") != NULL, r->has_position);
    if (r->has_position) {
        const struct json_node *n = json_member(&doc, doc.nodes, "location");

        assert_true(json_scaled(&doc, json_member(&doc, n, "lat"), 7, &lat));
        assert_true(json_scaled(&doc, json_member(&doc, n, "lon"), 7, &lon));
        at = (struct position_e7){(int32_t)lat, (int32_t)lon};
        assert_int_equal(at.lat, r->at.lat);
        assert_int_equal(at.lon, r->at.lon);
    }
    assert_int_equal(json_member(&doc, doc.nodes, "beacons") != NULL, r->locked);
    if (r->locked) {
        assert_int_equal(json_member(&doc, doc.nodes, "beacons")->count, r->heard_count);
    }
    if (r->heard_count > 0) {
        const struct json_node *n = json_member(&doc, doc.nodes, "beacons");

        world_stud_id(plan, r->heard[0].stud, id);
        assert_true(json_is_text(&doc, json_member(&doc, json_first(&doc, n), "id"), id));
        w->beacons++;
    }
    w->items++;
    strbuf_finish(&b);
}

/* Which bike of the plan an advertiser is: by MAC, or by its iBeacon. */
static void advert_check(const struct world_advert *a, const struct uplink *u)
{
    char text[WORLD_ID_CAP];

    assert_int_equal(u->kind, UPLINK_SIGHTING);
    assert_int_equal(u->decoded.reading.rssi_dbm, a->rssi_dbm);
    if (a->bike == WORLD_NONE) {
        assert_string_equal(u->sighting.beacon, "");
    } else if (world_operator_beacons(world_operator(plan, a->bike))) {
        world_bike_beacon(a->bike, text);
        assert_string_equal(u->sighting.beacon, text);
    } else {
        world_bike_mac(plan, a->bike, text);
        assert_string_equal(u->sighting.mac, text);
    }
}

static void scan_read(const struct world_event *e, const char *envelope, struct wire *w)
{
    static struct uplink u;
    struct strbuf b = {0};
    struct json_doc doc;
    char topic[BIKE_TOPIC_CAP];
    char id[WORLD_ID_CAP];

    bike_telegram_publish(plan, e, topic, &b);
    w->longest = b.len > w->longest ? b.len : w->longest;
    world_listener_id(plan, e->scan.listener, id);
    assert_int_equal(json_parse(&doc, b.data, b.len, nodes, NODES), JSON_OK);
    for (uint32_t i = 0; i < e->scan.count || i == 0; i++) {
        assert_int_equal(envelope_open(envelope_find(envelope), topic, &doc, i, &u), DECODE_OK);
        assert_string_equal(u.sighting.gateway, id);
        if (e->scan.count > 0) {
            advert_check(&e->scan.adverts[i], &u);
            assert_int_equal(u.more, i + 1 < e->scan.count);
            w->bikes += e->scan.adverts[i].bike != WORLD_NONE;
            w->phones += e->scan.adverts[i].bike == WORLD_NONE;
        }
    }
    w->scans++;
    strbuf_finish(&b);
}

/* What a bridge handed on, as the frame that the maker's lock sent. */
static size_t frame_read(const struct json_doc *doc, uint8_t *out, size_t cap)
{
    const struct json_node *line = json_member(doc, doc->nodes, "line");
    const struct json_node *hex = json_member(doc, doc->nodes, "hex");

    if (line != NULL) {
        assert_true(line->len <= cap);
        memcpy(out, doc->text + line->start, line->len);
        return line->len;
    }
    assert_int_equal(hex_decode(doc->text + hex->start, hex->len, out, cap), hex->len / 2);
    return hex->len / 2;
}

static void lock_check(const struct world_lock *l, const struct decoded *d)
{
    static const char *const types[WORD_COUNT] = {"heartbeat", "position", "locked", "unlocked"};
    const struct extra *extra;
    char imei[16];

    assert_string_equal(decoded_type_name(d), types[l->word]);
    world_bike_imei(l->bike, imei);
    if (world_bike_voice(plan, l->bike) == VOICE_OMNI) {
        extra = decoded_extra(d, "imei");
        assert_string_equal(extra->text, imei);
    }
    if (l->word == WORD_HEARTBEAT) {
        extra = decoded_extra(d, "locked");
        assert_int_equal(extra->number, l->locked);
        assert_in_range(d->reading.battery_mv, l->battery_mv - 9, l->battery_mv);
    } else if (l->word == WORD_POSITION) {
        const struct position_e7 at = {(int32_t)decoded_extra(d, "lat")->number,
                                       (int32_t)decoded_extra(d, "lon")->number};

        assert_true(metres(at, l->at) < 0.2);
    }
}

static void lock_read(const struct world_event *e, struct wire *w)
{
    struct strbuf b = {0};
    struct json_doc doc;
    char topic[BIKE_TOPIC_CAP];
    uint8_t bytes[200];
    struct decoded decoded;
    struct frame frame = {.bytes = bytes};
    const bool bl10 = world_bike_voice(plan, e->lock.bike) == VOICE_BL10;
    const char *model = bl10 ? "concox_bl10" : "omni";

    bike_telegram_publish(plan, e, topic, &b);
    assert_int_equal(json_parse(&doc, b.data, b.len, nodes, NODES), JSON_OK);
    assert_true(json_is_text(&doc, json_member(&doc, doc.nodes, "model"), model));
    frame.len = frame_read(&doc, bytes, sizeof bytes);
    decoded_clear(&decoded);
    assert_int_equal(sensor_model_find(model, strlen(model))->decode(&frame, &decoded), DECODE_OK);
    lock_check(&e->lock, &decoded);
    w->locks[e->lock.word]++;
    strbuf_finish(&b);
}

static void on_wire(void *ctx, const struct world_event *e)
{
    struct wire *w = ctx;

    switch (e->kind) {
    case WORLD_REPORT: item_read(&e->report, w); break;
    case WORLD_SCAN: scan_read(e, "minew", w); break;
    case WORLD_SIGHTING:
        scan_read(e, "openmqttgateway", w);
        w->sightings++;
        break;
    case WORLD_LOCK: lock_read(e, w); break;
    case WORLD_STOP:
    case WORLD_LEAVE:
    case WORLD_EPISODE:
    case WORLD_EVENT_COUNT: break;
    }
}

static void what_is_said_is_read_by_the_decoders(void **state)
{
    struct world *f = world_of(plan, NULL);
    struct wire w = {0};

    (void)state;
    world_step(f, START_MS + HOUR, on_wire, &w);
    world_destroy(f);
    assert_true(w.scans > 100 && w.bikes > 100 && w.phones > 100 && w.sightings > 100);
    assert_true(w.items > 10000 && w.beacons > 1000);
    for (uint32_t k = 0; k < WORD_COUNT; k++) {
        assert_true(w.locks[k] > 0);
    }
}

/* The longest scan there can be is still one message for the gateway. */
static void a_full_scan_is_one_message(void **state)
{
    struct world_advert adverts[WORLD_SCAN_MAX];
    struct world_event e = {
        .kind = WORLD_SCAN, .at_ms = START_MS, .scan = {.count = WORLD_SCAN_MAX}};
    struct wire w = {0};

    (void)state;
    for (uint32_t i = 0; i < WORLD_SCAN_MAX; i++) {
        adverts[i] = (struct world_advert){.bike = i * 3, .mac = i, .rssi_dbm = -100};
    }
    e.scan.adverts = adverts;
    assert_false(plan->listeners[0].open_mqtt);
    scan_read(&e, "minew", &w);
    assert_true(w.longest > 20000 && w.longest <= 32768);
}

/* --- the truth file --- */

struct told {
    struct truth truth;
    uint64_t lines[3]; /* stop, leave, episode */
};

static void on_told(void *ctx, const struct world_event *e)
{
    struct told *t = ctx;

    truth_bikes_add(&t->truth, plan, e);
    t->lines[0] += e->kind == WORLD_STOP;
    t->lines[1] += e->kind == WORLD_LEAVE;
    t->lines[2] += e->kind == WORLD_EPISODE;
}

static void the_truth_is_a_line_of_json_an_event(void **state)
{
    struct told t = {.truth = {.fd = -1}};
    struct world *f = world_of(plan, NULL);
    uint64_t seen[3] = {0};
    char folder[128];
    char path[160];
    char line[600];
    FILE *file;

    (void)state;
    scratch_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/truth", folder);
    assert_int_equal(truth_open(&t.truth, path, true), ERR_OK);
    world_step(f, START_MS + HOUR, on_told, &t);
    assert_int_equal(truth_flush(&t.truth), ERR_OK);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct json_doc doc;
        const struct json_node *event;

        assert_int_equal(json_parse(&doc, line, strlen(line), nodes, NODES), JSON_OK);
        assert_non_null(json_member(&doc, doc.nodes, "t"));
        event = json_member(&doc, doc.nodes, "event");
        assert_true((event != NULL) != (json_member(&doc, doc.nodes, "episode") != NULL));
        assert_non_null(json_member(&doc, doc.nodes, event != NULL ? "inside_mm" : "from"));
        seen[event == NULL ? 2 : json_is_text(&doc, event, "stop") ? 0 : 1]++;
    }
    (void)fclose(file);
    truth_close(&t.truth);
    world_destroy(f);
    scratch_folder_remove(folder);
    assert_memory_equal(seen, t.lines, sizeof seen);
    assert_true(seen[0] > BIKES && seen[1] > 0 && seen[2] > 0);
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
        cmocka_unit_test(what_is_said_is_read_by_the_decoders),
        cmocka_unit_test(a_full_scan_is_one_message),
        cmocka_unit_test(the_truth_is_a_line_of_json_an_event),
        cmocka_unit_test(fences_are_what_they_should_be),
        cmocka_unit_test(every_name_is_its_own),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
