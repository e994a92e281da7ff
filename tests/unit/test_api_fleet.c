/* Fences, alerts, vehicles and telemetry over HTTP, with the real core behind: who sees what, what
 * is refused and how, pages, conversions, and the stream of alerts. */
#include "tests/unit/api_fleet_fixture.h"

#include "api/route.h"

/* --- telemetry --- */

#define TELEMETRY  "/v1/vehicles/telemetry"
#define ITEM(more) "{\"crs\":\"wgs84\",\"items\":[{" more "}]}"
#define GOOD       "\"event_id\":\"g\",\"vehicle\":\"HLO-20000001\",\"time\":\"2026-05-28T20:26:40Z\""

static void bodies_are_checked(void **state)
{
    /* clang-format off */
    static const struct {
        const char *body;
        int status;
        const char *has;
    } rows[] = {
        {"{", 400, "bad_json"},
        {"[]", 400, "must be an object"},
        {"{\"items\":[{}]}", 422, "\"pointer\":\"/crs\""},
        {"{\"crs\":\"wgs85\",\"items\":[{}]}", 422, "\"pointer\":\"/crs\""},
        {"{\"crs\":\"wgs84\"}", 422, "\"pointer\":\"/items\""},
        {"{\"crs\":\"wgs84\",\"items\":[]}", 422, "\"pointer\":\"/items\""},
        {"{\"crs\":\"wgs84\",\"items\":[7]}", 200, "item: must be an object"},
        {ITEM(""), 200, "\"detail\":\"event_id: "},
        {ITEM("\"event_id\":\"a b\""), 200, "\"detail\":\"event_id: "},
        {ITEM("\"event_id\":\"a\""), 200, "\"detail\":\"vehicle: "},
        {ITEM("\"event_id\":\"a\",\"vehicle\":\"HLO-1\""), 200, "\"detail\":\"vehicle: "},
        {ITEM("\"event_id\":\"a\",\"vehicle\":\"MTN-20000001\""), 200, "is not one of this key's"},
        {ITEM("\"event_id\":\"a\",\"vehicle\":\"HLO-20000001\""), 200, "\"detail\":\"time: "},
        {ITEM("\"event_id\":\"a\",\"vehicle\":\"HLO-20000001\",\"time\":\"2020-01-01T00:00:00Z\""),
         200, "older than a day"},
        {ITEM(GOOD ",\"lock\":\"open\""), 200, "\"detail\":\"lock: "},
        {ITEM(GOOD ",\"location\":{\"lat\":91,\"lon\":0}"), 200, "\"detail\":\"location: "},
        {ITEM(GOOD ",\"location\":{\"lat\":0,\"lon\":0}"), 200, "a lock without a fix"},
        {ITEM(GOOD ",\"location\":{\"lat\":42,\"lon\":118,\"accuracy_m\":-1}"), 200,
         "location/accuracy_m"},
        {ITEM(GOOD ",\"beacons\":{}"), 200, "\"detail\":\"beacons: "},
        {ITEM(GOOD ",\"beacons\":[{\"id\":\"x\"}]"), 200, "\"detail\":\"beacons: "},
        {ITEM(GOOD ",\"battery\":101"), 200, "\"detail\":\"battery: "},
        {ITEM(GOOD ",\"battery\":50,\"rider\":\"x\""), 200, "\"result\":\"accepted\""},
        {ITEM(GOOD ",\"battery\":50"), 200, "\"result\":\"duplicate\""},
    };

    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect("POST", city->operator_key, TELEMETRY, rows[i].body, rows[i].status, rows[i].has);
    }
    expect("POST", NULL, TELEMETRY, NULL, 401, "unauthenticated");
}

#define WHERE                                                                                      \
    ",\"location\":{\"lat\":42.2578,\"lon\":118.8869,\"accuracy_m\":8},"                           \
    "\"beacons\":[{\"id\":\"mac:ac233f000001\",\"rssi\":-60}],\"battery\":50"

/* Where a bike is ridden, is not even written down for a moment. */
static void a_ride_leaves_no_track(void **state)
{
    struct bike_report report;

    (void)state;
    expect("POST", city->operator_key, TELEMETRY, ITEM(GOOD ",\"lock\":\"locked\"" WHERE), 200,
           "accepted");
    assert_int_equal(report_last().at.lat, 422578000);
    expect("POST", city->operator_key, TELEMETRY,
           ITEM("\"event_id\":\"h\",\"vehicle\":\"HLO-20000001\",\"time\":\"2026-05-28T20:26:41Z\","
                "\"lock\":\"unlocked\"" WHERE),
           200, "accepted");
    report = report_last();
    assert_int_equal(report.lock, LOCK_UNLOCKED);
    assert_int_equal(report.has, REPORT_HAS_TIME | REPORT_HAS_BATTERY);
    assert_int_equal(report.battery_pct, 50);
    assert_int_equal(report.at.lat, 0);
    assert_int_equal(report.at.lon, 0);
    assert_int_equal(report.accuracy_mm, 0);
}

static void batches_have_a_result_each(void **state)
{
    char *large;
    char head[200];
    struct answer_text a;
    const char *mixed =
        "{\"crs\":\"wgs84\",\"items\":["
        "{\"event_id\":\"m1\",\"vehicle\":\"HLO-20000002\",\"time\":\"2026-05-28T20:26:40Z\"},"
        "{\"event_id\":\"m1\",\"vehicle\":\"HLO-20000002\",\"time\":\"2026-05-28T20:26:40Z\"},"
        "{\"event_id\":\"m2\",\"vehicle\":\"MTN-20000002\",\"time\":\"2026-05-28T20:26:40Z\"},"
        "{\"event_id\":\"m3\",\"vehicle\":\"HLO-20000003\",\"time\":\"2026-05-28T20:26:40Z\"}]}";

    (void)state;
    a = ask("POST", city->operator_key, TELEMETRY, mixed);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "{\"event_id\":\"m1\",\"result\":\"accepted\"},"
                                   "{\"event_id\":\"m1\",\"result\":\"duplicate\"},"
                                   "{\"event_id\":\"m2\",\"result\":\"refused\",\"detail\":"));
    assert_non_null(strstr(a.body, "{\"event_id\":\"m3\",\"result\":\"accepted\"}]"));
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    city->answer = ERR_DISK_FULL;
    pthread_mutex_unlock(&city->lock);
    expect("POST", city->operator_key, TELEMETRY,
           ITEM("\"event_id\":\"d1\",\"vehicle\":\"HLO-20000004\","
                "\"time\":\"2026-05-28T20:26:40Z\""),
           507, "none of the items was kept");
    pthread_mutex_lock(&city->lock);
    city->answer = ERR_OK;
    pthread_mutex_unlock(&city->lock);
    expect("POST", city->operator_key, TELEMETRY,
           ITEM("\"event_id\":\"d1\",\"vehicle\":\"HLO-20000004\","
                "\"time\":\"2026-05-28T20:26:40Z\""),
           200, "accepted");
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\nContent-Type: text/plain\r\n",
                   city->operator_key);
    a = client_ask(city, "POST", TELEMETRY, head, mixed);
    assert_int_equal(a.status, 415);
    answer_free(&a);
    large = malloc(4u << 20);
    assert_non_null(large);
    memset(large, ' ', (4u << 20) - 1);
    large[(4u << 20) - 1] = '\0';
    a = ask("POST", city->operator_key, TELEMETRY, large);
    assert_true(a.status == 413 || a.status == 0); /* the server may cut what comes behind */
    answer_free(&a);
    free(large);
}

/* What is sent in a system comes back in it, and stands in the same place in the others. */
static void positions_are_converted(void **state)
{
    static const char *const names[] = {"wgs84", "gcj02", "bd09"};

    (void)state;
    for (int crs = 0; crs < 3; crs++) {
        const struct position_deg at =
            crs_from_wgs84((enum crs)crs, (struct position_deg){42.2579, 118.8872});
        char body[400];
        char target[100];
        char where[100];

        (void)snprintf(
            body, sizeof body,
            "{\"crs\":\"%s\",\"items\":[{\"event_id\":\"c%d\",\"vehicle\":\"HLO-3000000%d\","
            "\"time\":\"2026-05-28T20:26:40Z\",\"lock\":\"locked\","
            "\"location\":{\"lat\":%.7f,\"lon\":%.7f,\"accuracy_m\":5}}]}",
            names[crs], crs, crs, at.lat, at.lon);
        expect("POST", city->operator_key, TELEMETRY, body, 200, "accepted");
        (void)snprintf(target, sizeof target, "/v1/vehicles/HLO-3000000%d", crs);
        expect("GET", city->operator_key, target, NULL, 200,
               "\"crs\":\"wgs84\",\"lat\":42.2579,\"lon\":118.8872}");
        for (int as = 1; as < 3; as++) {
            const struct position_e7 shown = position_round(
                crs_from_wgs84((enum crs)as, (struct position_deg){42.2579, 118.8872}));

            (void)snprintf(target, sizeof target, "/v1/vehicles/HLO-3000000%d?crs=%s", crs,
                           names[as]);
            (void)snprintf(where, sizeof where, "\"crs\":\"%s\",\"lat\":%.5f", names[as],
                           (double)shown.lat / 1e7 - 0.000005);
            where[strlen(where) - 1] = '\0'; /* the last digit is rounded */
            expect("GET", city->operator_key, target, NULL, 200, where);
        }
    }
}

/* --- who sees what --- */

static void alerts_are_made(void **state)
{
    (void)state;
    expect("GET", city->operator_key, "/v1/alerts?state=open", NULL, 200, "HLO-40000000");
}

/* No public answer names a bike or an operator's share. */
static void the_public_sees_no_bike(void **state)
{
    size_t count;
    const struct route *rows = routes(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char target[160];
        struct answer_text a;

        if (rows[i].method != METHOD_GET || rows[i].role != ROLE_PUBLIC ||
            (rows[i].flags & (ROUTE_STREAM | ROUTE_SECRET)) != 0) {
            continue;
        }
        (void)snprintf(target, sizeof target, "%s", rows[i].path);
        if (strstr(target, "{id}") != NULL) {
            char id[SPACE_ID_LEN + 1];

            space_id_format(fleet_key(PARK_ID), id);
            (void)snprintf(strstr(target, "{id}"), SPACE_ID_LEN + 1, "%s", id);
        } else if (strstr(target, "near") != NULL) {
            (void)snprintf(target + strlen(target), sizeof target - strlen(target), "%s",
                           "?lat=42.258&lon=118.887&radius=5000");
        }
        a = ask("GET", NULL, target, NULL);
        if (strstr(rows[i].path, "openapi") == NULL) {
            assert_null(strstr(a.body, "HLO"));
            assert_null(strstr(a.body, "MTN"));
            assert_null(strstr(a.body, "by_operator"));
        }
        answer_free(&a);
    }
}

static void shares_are_private(void **state)
{
    char text[80];
    struct answer_text a;

    (void)state;
    a = ask("GET", NULL, "/v1/fences", NULL);
    assert_int_equal(a.status, 200);
    assert_null(strstr(head_find(a.head, "Cache-Control", text, sizeof text), "private"));
    answer_free(&a);
    a = ask("GET", city->operator_key, "/v1/fences", NULL);
    assert_non_null(strstr(a.body, "\"by_operator\":{\"HLO\":"));
    assert_null(strstr(a.body, "MTN"));
    assert_non_null(head_find(a.head, "Cache-Control", text, sizeof text));
    assert_true(strstr(text, "private") != NULL || strstr(text, "no-store") != NULL);
    answer_free(&a);
    expect("GET", city->staff, "/v1/fences", NULL, 200, "\"MTN\":");
}

/* --- lists --- */

static unsigned pages(const char *target, const char *key, const char *member)
{
    char seen[64][24];
    char next[120] = "";
    unsigned n = 0;

    for (unsigned page = 0; page < 30; page++) {
        char at[240];
        char *found;
        struct answer_text a;

        (void)snprintf(at, sizeof at, "%s?limit=2%s%s", target,
                       next[0] == '\0' ? "" : "&cursor=", next);
        a = ask("GET", key, at, NULL);
        assert_int_equal(a.status, 200);
        for (found = strstr(a.body, member); found != NULL; found = strstr(found + 1, member)) {
            assert_true(n < 64);
            (void)snprintf(seen[n], sizeof seen[n], "%.*s",
                           (int)strcspn(found + strlen(member), "\""), found + strlen(member));
            for (unsigned i = 0; i < n; i++) {
                assert_string_not_equal(seen[i], seen[n]);
            }
            n++;
        }
        found = strstr(a.body, "\"next\":\"");
        next[0] = '\0';
        if (found != NULL) {
            (void)snprintf(next, sizeof next, "%.*s", (int)strcspn(found + 8, "\""), found + 8);
        }
        answer_free(&a);
        if (next[0] == '\0') {
            return n;
        }
    }
    fail_msg("%s has no end", target);
    return n;
}

static void pages_have_no_gaps(void **state)
{
    (void)state;
    assert_int_equal(pages("/v1/alerts", city->operator_key, "{\"id\":\"A"), 6);
    assert_int_equal(pages("/v1/alerts", city->staff, "{\"id\":\"A"), 12);
    assert_int_equal(pages("/v1/fences", NULL, "{\"id\":\"15"), 3);
    assert_int_equal(pages("/v1/vehicles", other_key, "{\"vehicle\":\"MTN-"), 6);
}

static void parameters_are_checked(void **state)
{
    static const char *const rows[][2] = {
        {"/v1/alerts?state=opne",                   "\"parameter\":\"state\""        },
        {"/v1/alerts?kind=x",                       "\"parameter\":\"kind\""         },
        {"/v1/alerts?fence=x",                      "\"parameter\":\"fence\""        },
        {"/v1/alerts?vehicle=x",                    "\"parameter\":\"vehicle\""      },
        {"/v1/alerts?format=xml",                   "\"parameter\":\"format\""       },
        {"/v1/alerts?cursor=x",                     "\"parameter\":\"cursor\""       },
        {"/v1/alerts?limit=0",                      "\"parameter\":\"limit\""        },
        {"/v1/alerts?crs=x",                        "\"parameter\":\"crs\""          },
        {"/v1/alerts?what=x",                       "what"                           },
        {"/v1/alerts/stream?last_event_id=x",       "\"parameter\":\"last_event_id\""},
        {"/v1/vehicles?verdict=x",                  "\"parameter\":\"verdict\""      },
        {"/v1/vehicles?fence=x",                    "\"parameter\":\"fence\""        },
        {"/v1/vehicles?cursor=x",                   "\"parameter\":\"cursor\""       },
        {"/v1/fences?use=x",                        "\"parameter\":\"use\""          },
        {"/v1/fences?bbox=1,2",                     "\"parameter\":\"bbox\""         },
        {"/v1/fences/near?lat=42",                  "\"parameter\":\"lon\""          },
        {"/v1/fences/near?lat=42&lon=118&radius=0", "\"parameter\":\"radius\""       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect("GET", city->staff, rows[i][0], NULL, 400, rows[i][1]);
    }
}

static void fences_as_geojson_and_gone(void **state)
{
    struct answer_text a;

    (void)state;
    a = client_ask(city, "GET", "/v1/fences?use=no_park", "Accept: application/geo+json\r\n", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "{\"type\":\"FeatureCollection\",\"as_of\":"));
    assert_non_null(strstr(a.body, "\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[["));
    answer_free(&a);
    expect("GET", NULL, "/v1/fences/150402001F0990000", NULL, 400, "bad_id");
}

/* --- moves --- */

static void alerts_are_moved(void **state)
{
    char target[80];
    char body[200];
    char etag[64];
    char head[300];
    char mine[ALERT_ID_LEN + 1];
    struct answer_text a;

    (void)state;
    (void)snprintf(mine, sizeof mine, "%s", text_of(alert_of("HLO-40000000")));
    (void)snprintf(target, sizeof target, "/v1/alerts/%s", mine);
    a = ask("GET", city->operator_key, target, NULL);
    assert_non_null(head_find(a.head, "ETag", etag, sizeof etag));
    answer_free(&a);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\nIf-None-Match: %s\r\n",
                   city->operator_key, etag);
    a = client_ask(city, "GET", target, head, NULL);
    assert_int_equal(a.status, 304);
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/alerts/%s/ack", mine);
    expect("POST", city->operator_key, target, "{\"nota\":1}", 422, "\"pointer\":\"/nota\"");
    expect("POST", city->operator_key, target, "{\"note\":1}", 422, "\"pointer\":\"/note\"");
    expect("POST", city->operator_key, target, "{\"version\":0}", 422, "\"pointer\":\"/version\"");
    expect("POST", city->operator_key, target, "{\"version\":9}", 409, "has changed");
    expect("POST", city->operator_key, target, "{\"version\":1}", 200, "done");
    expect("POST", city->operator_key, target, NULL, 409, "conflict");
    expect("GET", city->operator_key, "/v1/alerts/A0000000000000000", NULL, 404, "no such alert");
    a = client_ask(city, "GET", target, head, NULL);
    assert_int_equal(a.status, 405);
    answer_free(&a);
    expect("POST", city->operator_key, "/v1/alerts/bulk", "{\"event\":\"eat\",\"ids\":[\"x\"]}",
           422, "{\"pointer\":\"/event\",\"detail\":\"must be ack");
    expect("POST", city->operator_key, "/v1/alerts/bulk", "{\"event\":\"ack\"}", 422,
           "{\"pointer\":\"/ids\",\"detail\":\"is required: a list");
    (void)snprintf(body, sizeof body, "{\"event\":\"dispatch\",\"ids\":[\"%s\",\"", mine);
    (void)snprintf(body + strlen(body), sizeof body - strlen(body), "%s\",\"A0000000000000001\"]}",
                   text_of(alert_of("MTN-40000001")));
    a = ask("POST", city->operator_key, "/v1/alerts/bulk", body);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"result\":\"done\""));
    assert_null(strstr(strstr(a.body, "not_found") + 1, "done"));
    answer_free(&a);
    a = ask("GET", city->operator_key, "/v1/alerts?format=csv", NULL);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfid,kind,state,", 17), 0);
    assert_null(strstr(a.body, "MTN-"));
    answer_free(&a);
}

/* A list without columns of its own: those of its schema, also when it is empty. */
static void lists_are_spreadsheets(void **state)
{
    struct answer_text a;

    (void)state;
    expect("POST", city->operator_key, TELEMETRY,
           ITEM("\"event_id\":\"n1\",\"vehicle\":\"HLO-10000001\","
                "\"time\":\"2026-05-28T20:26:40Z\""),
           200, "accepted");
    a = ask("GET", city->staff, "/v1/vehicles?format=csv&limit=2", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfvehicle,", 11), 0);
    assert_non_null(strstr(a.body, ",location.lat,location.lon"));
    assert_non_null(strstr(a.body, "\r\nHLO-"));
    assert_non_null(strstr(a.body, ",,,,uncertain,no_evidence,,,2026-")); /* null is empty */
    assert_non_null(strstr(a.head, "rel=\"next\""));
    answer_free(&a);
    a = ask("GET", city->staff, "/v1/devices/unknown?format=csv", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfid,source,", 13), 0);
    answer_free(&a);
    a = ask("GET", city->staff, "/v1/vehicles?format=csv&verdict=uncertain", NULL);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfvehicle,", 11), 0);
    answer_free(&a);
}

/* Reads a stream until a text has come, 4 s at most. */
static void listen_for(int fd, char *text, size_t cap, const char *needle)
{
    const int64_t until_ms = host_boot_ms() + 4000;
    size_t len = strlen(text);

    while (strstr(text, needle) == NULL) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (host_boot_ms() > until_ms) {
            fail_msg("no %s in %s", needle, text);
        }
        if (poll(&ready, 1, 100) == 1 && (got = recv(fd, text + len, cap - 1 - len, 0)) > 0) {
            len += (size_t)got;
            text[len] = '\0';
        }
    }
}

/* Its own as they change, openings of a storm as one sum, nothing before the journal has it. */
static void alerts_are_streamed(void **state)
{
    char ask_text[300];
    char *text = calloc(1, 65536);
    const int fd = client_open(city);
    struct alert_image alert = {.id = 77,
                                .kind = ALERT_OUT_OF_FENCE,
                                .operator_code = "HLO",
                                .vehicle = "HLO-50000001",
                                .version = 1,
                                .opened_ms = T0};
    uint64_t number = 0;

    (void)state;
    assert_non_null(text);
    (void)snprintf(ask_text, sizeof ask_text,
                   "GET /v1/alerts/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                   "Last-Event-ID: 3-9\r\n\r\n",
                   city->operator_key);
    client_send(fd, ask_text, strlen(ask_text));
    listen_for(fd, text, 65536, "event: reset");
    number = alert_ring_put(city->alerts, &alert);
    alert.storm = 1;
    for (unsigned i = 0; i < 40; i++) {
        alert.id++;
        alert.kind = i < 30 ? ALERT_OUT_OF_FENCE : ALERT_NO_PARKING_ZONE;
        (void)snprintf(alert.operator_code, sizeof alert.operator_code, "%s",
                       i % 2 == 0 ? "HLO" : "MTN");
        (void)snprintf(alert.vehicle, sizeof alert.vehicle, "%s-6000000%u", alert.operator_code,
                       i % 10);
        number = alert_ring_put(city->alerts, &alert);
    }
    assert_null(strstr(text, "event: alert"));
    alert_ring_release(city->alerts, number);
    listen_for(fd, text, 65536, "event: alert_storm");
    listen_for(fd, text, 65536,
               "{\"count\":20,\"kinds\":{\"out_of_fence\":15,\"no_parking_zone\":5},"
               "\"operators\":{\"HLO\":20}");
    assert_non_null(strstr(text, "\"vehicle\":\"HLO-50000001\""));
    assert_null(strstr(text, "MTN"));
    assert_null(strstr(text, "HLO-6000"));
    alert.version = 2; /* what happens to one of them later is told */
    (void)snprintf(alert.operator_code, sizeof alert.operator_code, "HLO");
    (void)snprintf(alert.vehicle, sizeof alert.vehicle, "HLO-60000002");
    alert_ring_release(city->alerts, alert_ring_put(city->alerts, &alert));
    listen_for(fd, text, 65536, "HLO-60000002");
    close(fd);
    free(text);
}

static void fence_change(uint32_t fence, uint32_t count)
{
    struct change change = {
        .at_ms = T0,
        .kind = CHANGE_FENCE,
        .index = fence,
        .fence = {.count = count, .version = count}
    };

    change_ring_put(city->ring, &change);
}

/* The stream of one fence, begun; what it says goes into text of 65536 bytes. */
static int fence_stream(space_key fence, char id[SPACE_ID_LEN + 1], char *text)
{
    const int fd = client_open(city);
    char ask_text[200];

    space_id_format(fence, id);
    (void)snprintf(ask_text, sizeof ask_text, "GET /v1/stream?fence=%s HTTP/1.1\r\nHost: x\r\n\r\n",
                   id);
    client_send(fd, ask_text, strlen(ask_text));
    listen_for(fd, text, 65536, "retry");
    return fd;
}

/* `fence` alone means the topic fences, and leaves one of them. */
static void one_fence_is_streamed(void **state)
{
    char id[SPACE_ID_LEN + 1];
    char *text = calloc(1, 65536);
    int fd;

    (void)state;
    assert_non_null(text);
    assert_true(city->inv->fence_count >= 2);
    fd = fence_stream(city->inv->fences[1].key, id, text);
    fence_change(0, 5);
    fence_change(1, 41);
    listen_for(fd, text, 65536, "event: fence");
    listen_for(fd, text, 65536, "\"count\":41");
    assert_non_null(strstr(text, id));
    space_id_format(city->inv->fences[0].key, id);
    assert_null(strstr(text, id));
    close(fd);
    free(text);
}

/* A zone where none may park has no room, not even none. */
static void a_zone_is_streamed_without_room(void **state)
{
    char id[SPACE_ID_LEN + 1];
    char *text = calloc(1, 65536);
    int fd;

    (void)state;
    assert_non_null(text);
    fd = fence_stream(fleet_key(ZONE_ID), id, text);
    fence_change(fences_find(city->inv, fleet_key(ZONE_ID)), 7);
    listen_for(fd, text, 65536, "\"count\":7");
    listen_for(fd, text, 65536, "\"as_of\"");
    assert_null(strstr(text, "\"room\""));
    assert_null(strstr(text, "\"capacity\""));
    close(fd);
    free(text);
}

static void a_planned_event(void **state)
{
    char id[SPACE_ID_LEN + 1];
    char target[80];

    (void)state;
    space_id_format(fleet_key(PARK_ID), id);
    (void)snprintf(target, sizeof target, "/v1/fences/%s/mute", id);
    expect("POST", city->operator_key, target, NULL, 403, "forbidden");
    expect("POST", city->staff, target, "{}", 422, "\"pointer\":\"/until\"");
    expect("POST", city->staff, target, "{\"until\":\"2020-01-01T00:00:00Z\"}", 422,
           "in the future");
    expect("POST", city->staff, target, "{\"until\":\"2099-01-01T00:00:00Z\",\"note\":\"fair\"}",
           200, "\"muted\":true");
    expect("DELETE", city->staff, target, NULL, 200, "\"muted\":false");
    expect("DELETE", city->staff, "/v1/fences/x/mute", NULL, 400, "bad_id");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_api_set_up, fleet_api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bodies_are_checked),
        TEST(a_ride_leaves_no_track),
        TEST(batches_have_a_result_each),
        TEST(positions_are_converted),
        TEST(alerts_are_made),
        TEST(the_public_sees_no_bike),
        TEST(shares_are_private),
        TEST(pages_have_no_gaps),
        TEST(parameters_are_checked),
        TEST(fences_as_geojson_and_gone),
        TEST(alerts_are_moved),
        TEST(a_planned_event),
        TEST(lists_are_spreadsheets),
        TEST(alerts_are_streamed),
        TEST(one_fence_is_streamed),
        TEST(a_zone_is_streamed_without_room),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
