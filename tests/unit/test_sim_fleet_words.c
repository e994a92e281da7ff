/* What the simulated bikes, listeners and locks say: all of it is read by the gateway's own
 * decoders, and the truth is a line of JSON an event. */
#include "tests/unit/sim_fleet_fixture.h"

#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include "bowei/beacon.h"
#include "bowei/envelope.h"
#include "bowei/sensor_model.h"
#include "sensors/sim/fleet/bike_telegram.h"
#include "sensors/sim/truth_bikes.h"
#include "tests/unit/scratch_folder.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_read_by_the_decoders),
        cmocka_unit_test(a_full_scan_is_one_message),
        cmocka_unit_test(the_truth_is_a_line_of_json_an_event),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
