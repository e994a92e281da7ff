#ifndef TESTS_UNIT_FLEET_FIXTURE_H
#define TESTS_UNIT_FLEET_FIXTURE_H

/* A small city of fences out of import files, a core on it, and short ways to say things of bikes.
 * Includes what cmocka wants first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/core.h"
#include "bowei/fleet.h"
#include "bowei/inventory_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0            1780000000000LL
#define LAT0          422578000 /* south-west corner of fence PARK */
#define LON0          1188869000
#define E7_METRE      90    /* latitude, 1e-7 degree, about */
#define E7_METRE_LON  121   /* longitude there */
#define OTHER_M       200   /* fence OTHER lies so far east of PARK */
#define ZONE_M        400   /* zone ZONE so far east */
#define FLEET_SCAN_MS 10000 /* pause between two scans of a listener */

/* PARK: 40 x 40 m, capacity 5, with a listener and a beacon; OTHER: the same with a listener,
 * capacity 5; ZONE: no parking. */
#define PARK_ID  "150402001F0010000"
#define OTHER_ID "150402001F0020000"
#define ZONE_ID  "150402001N0010000"

struct fleet_fixture {
    struct core *core;
    struct inventory *inv;
    struct counters counters;
    struct now now;
    uint64_t seq;
    const struct effects *effects;
};

static inline space_key fleet_key(const char *body)
{
    space_key key = 0;

    assert_int_equal(space_id_parse_body(body, 17, &key), ID_OK);
    return key;
}

static inline void fleet_square(FILE *f, const char *body, const char *more, int east_m)
{
    char id[SPACE_ID_LEN + 1];
    const double west = (LON0 + (double)east_m * E7_METRE_LON) / 1e7;
    const double south = LAT0 / 1e7;
    const double east = west + 40.0 * E7_METRE_LON / 1e7;
    const double north = south + 40.0 * E7_METRE / 1e7;

    space_id_format(fleet_key(body), id);
    fprintf(f,
            "{\"type\":\"Feature\",\"properties\":{\"type\":\"fence\",\"id\":\"%s\"%s},"
            "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],"
            "[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f]]]}}",
            id, more, west, south, east, south, east, north, west, north, west, south);
}

/* --- cities of fences --- */

/* A file below /tmp, gone once it is read. */
static inline FILE *fleet_file(char path[32])
{
    int fd;

    strcpy(path, "/tmp/bowei-fleet-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

/* An import under way: a collection of squares, then tables, then what is made of them. */
struct fleet_import {
    struct draft *draft;
    struct import_report report;
    FILE *collection; /**< NULL once it is read */
    char path[32];
    unsigned squares;
};

static inline void fleet_import_begin(struct fleet_import *import)
{
    *import = (struct fleet_import){.draft = draft_create()};
    assert_non_null(import->draft);
    import->collection = fleet_file(import->path);
    fputs("{\"type\":\"FeatureCollection\",\"features\":[", import->collection);
}

/* A fence or zone of 40 m by 40 m, so far east of PARK; `more`: its further properties. */
static inline void fleet_import_square(struct fleet_import *import, const char *body,
                                       const char *more, int east_m)
{
    fputs(import->squares++ == 0 ? "" : ",", import->collection);
    fleet_square(import->collection, body, more, east_m);
}

static inline void fleet_import_read(struct fleet_import *import)
{
    assert_int_equal(draft_read(import->draft, import->path, CRS_WGS84, &import->report), ERR_OK);
    assert_int_equal(unlink(import->path), 0);
}

static inline void fleet_import_collected(struct fleet_import *import)
{
    if (import->collection != NULL) {
        fputs("]}", import->collection);
        fclose(import->collection);
        import->collection = NULL;
        fleet_import_read(import);
    }
}

static inline void fleet_import_table(struct fleet_import *import, const char *text)
{
    FILE *f;

    fleet_import_collected(import);
    f = fleet_file(import->path);
    fputs(text, f);
    fclose(f);
    fleet_import_read(import);
}

/* The draft, without a fault; completed by `current` unless that is NULL. */
static inline struct draft *fleet_import_draft(struct fleet_import *import,
                                               const struct draft *current)
{
    const struct import_report *report = &import->report;

    fleet_import_collected(import);
    assert_int_equal(draft_complete(import->draft, current, true, true, &import->report), ERR_OK);
    for (uint32_t i = 0; i < report->fault_count && i < 3; i++) {
        print_error("%s: %s\n", report->faults[i].field, report->faults[i].reason);
    }
    assert_int_equal(report->fault_count, 0);
    import_report_finish(&import->report);
    return import->draft;
}

static inline struct inventory *fleet_import_end(struct fleet_import *import, uint64_t version,
                                                 const struct inventory *previous)
{
    struct draft *d = fleet_import_draft(import, NULL);
    struct inventory *inv = NULL;

    assert_int_equal(inventory_build(d, version, previous, NULL, &inv), ERR_OK);
    draft_destroy(d);
    return inv;
}

/* PARK, OTHER and with them ZONE; zone_more: further properties of ZONE, e.g. its window. */
static inline struct inventory *fleet_inventory(uint64_t version, bool with_zone,
                                                const char *zone_more,
                                                const struct inventory *previous)
{
    struct fleet_import import;
    char park[SPACE_ID_LEN + 1];
    char other[SPACE_ID_LEN + 1];
    char text[256];

    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
    fleet_import_square(&import, OTHER_ID, ",\"capacity\":5", OTHER_M);
    if (with_zone) {
        fleet_import_square(&import, ZONE_ID, zone_more, ZONE_M);
    }
    fleet_import_table(&import, "operator,name_en,quota\nHLO,Hello,100\nMTN,Mountain,100\n");
    space_id_format(fleet_key(PARK_ID), park);
    space_id_format(fleet_key(OTHER_ID), other);
    (void)snprintf(text, sizeof text,
                   "listener,fence,source,scan_period_s\nac233fc00001,%s,ble,10\n"
                   "ac233fc00002,%s,ble,10\n",
                   park, other);
    fleet_import_table(&import, text);
    return fleet_import_end(&import, version, previous);
}

/* --- the core on one --- */

/* Takes the inventory over. */
static inline void fleet_start_with(struct fleet_fixture *f, struct inventory *inv)
{
    *f = (struct fleet_fixture){.now = {.at_ms = T0}, .seq = 1, .inv = inv};
    f->core = core_create(f->inv, &f->counters);
    assert_non_null(f->core);
    core_restored(f->core, f->now, false);
    core_alerts_on(f->core);
}

static inline void fleet_stop(struct fleet_fixture *f)
{
    core_destroy(f->core);
    inventory_destroy(f->inv);
}

static inline int fleet_end(void **state)
{
    fleet_stop(*state);
    free(*state);
    return 0;
}

/* Another inventory, in force at once; takes it over. */
static inline void fleet_swap(struct fleet_fixture *f, struct inventory *next)
{
    struct inventory *former = f->inv;
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_INVENTORY, .inventory = next
    };

    f->inv = next;
    f->effects = core_step(f->core, &input);
    assert_ptr_equal(core_inventory(f->core), next);
    inventory_destroy(former);
}

static inline void fleet_say(struct fleet_fixture *f, const struct bike_report *report)
{
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_REPORT
    };

    input.inventory_version = 1;
    input.report = *report;
    f->effects = core_step(f->core, &input);
}

/* The listeners of PARK and OTHER live, with a scan a month: their fences are known, whatever time
 * goes by in a test that is not about them. Their own scans say otherwise. */
static inline void fleet_listeners_live(struct fleet_fixture *f)
{
    static const struct {
        const char *fence;
        uint64_t listener;
    } rows[] = {
        {PARK_ID,  9 },
        {OTHER_ID, 10},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bike_report report = {.source = REPORT_LISTENER,
                                           .fence = fleet_key(rows[i].fence),
                                           .listener = rows[i].listener,
                                           .scan_period_ms = 30u * 86400000u};

        fleet_say(f, &report);
    }
}

static inline void fleet_start(struct fleet_fixture *f)
{
    fleet_start_with(f, fleet_inventory(1, true, "", NULL));
    fleet_listeners_live(f);
}

/* A fixture of the usual city for each test: set-up and tear-down. */
static inline int fleet_begin(void **state)
{
    struct fleet_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fleet_start(f);
    *state = f;
    return 0;
}

/* Time goes by, with all timers. */
static inline void fleet_wait(struct fleet_fixture *f, int64_t ms)
{
    const int64_t until_ms = f->now.at_ms + ms;

    while (f->now.at_ms < until_ms) {
        f->now.at_ms += 250;
        while (core_due(f->core) <= f->now.at_ms) {
            f->effects = core_advance(f->core, f->now);
        }
    }
}

/* `east_m`, `north_m` from the south-west corner of PARK. */
static inline struct position_e7 fleet_at(int east_m, int north_m)
{
    return (struct position_e7){LAT0 + north_m * E7_METRE, LON0 + east_m * E7_METRE_LON};
}

static inline struct bike_report fleet_fix(const struct fleet_fixture *f, const char *ref,
                                           struct position_e7 at)
{
    struct bike_report report = {.source = REPORT_OPERATOR,
                                 .lock = LOCK_LOCKED,
                                 .has = REPORT_HAS_TIME | REPORT_HAS_POSITION,
                                 .accuracy_mm = 8000,
                                 .at = at,
                                 .time_ms = f->now.at_ms};

    (void)snprintf(report.vehicle, sizeof report.vehicle, "%s", ref);
    return report;
}

static inline void fleet_park(struct fleet_fixture *f, const char *ref, int east_m, int north_m)
{
    const struct bike_report report = fleet_fix(f, ref, fleet_at(east_m, north_m));

    fleet_say(f, &report);
}

static inline void fleet_unlock(struct fleet_fixture *f, const char *ref)
{
    struct bike_report report = fleet_fix(f, ref, fleet_at(0, 0));

    report.lock = LOCK_UNLOCKED;
    report.has = REPORT_HAS_TIME;
    fleet_say(f, &report);
}

/* One scan of the listener at a fence: these bikes at this strength, and the end of the scan. */
static inline void fleet_scan(struct fleet_fixture *f, const char *fence, uint64_t listener,
                              const char *const *refs, unsigned count, int8_t rssi_dbm)
{
    struct bike_report report = {.source = REPORT_SCAN,
                                 .rssi_dbm = rssi_dbm,
                                 .fence = fleet_key(fence),
                                 .listener = listener,
                                 .scan_period_ms = 10000};

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(report.vehicle, sizeof report.vehicle, "%s", refs[i]);
        fleet_say(f, &report);
    }
    report.vehicle[0] = '\0';
    report.source = REPORT_LISTENER;
    report.has = REPORT_HAS_SCAN | REPORT_HAS_TIME;
    report.time_ms = f->now.at_ms;
    fleet_say(f, &report);
}

/* One scan of one bike at this strength, 0 = it is not in it; then time goes by until the next. */
static inline void fleet_heard(struct fleet_fixture *f, const char *fence, uint64_t listener,
                               const char *ref, int8_t rssi_dbm)
{
    fleet_scan(f, fence, listener, &ref, rssi_dbm == 0 ? 0 : 1, rssi_dbm);
    fleet_wait(f, FLEET_SCAN_MS);
}

static inline struct bike_image fleet_bike(const struct fleet_fixture *f, const char *ref)
{
    struct image image;

    for (uint32_t i = 0; i < core_bike_slots(f->core); i++) {
        if (core_bike_image(f->core, i, &image) && strcmp(image.bike.ref, ref) == 0) {
            return image.bike;
        }
    }
    fail_msg("no bike %s", ref);
    return image.bike;
}

static inline uint32_t fleet_count(const struct fleet_fixture *f, const char *fence)
{
    struct fence_view view;

    core_fence_view(f->core, fences_find(f->inv, fleet_key(fence)), &view);
    return view.brief.silent ? UINT32_MAX : view.brief.count;
}

/* Episodes of a kind, all states. The last one goes to *out. */
static inline unsigned fleet_alerts(const struct fleet_fixture *f, enum alert_kind kind,
                                    struct alert_image *out)
{
    struct image image;
    unsigned count = 0;

    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        if (core_alert_image(f->core, i, &image) && image.alert.kind == kind) {
            *out = image.alert;
            count++;
        }
    }
    return count;
}

/* A bike stands 60 m outside PARK until it is told; the alert of it. */
static inline struct alert_image fleet_badly_parked(struct fleet_fixture *f, const char *ref)
{
    struct alert_image alert = {0};

    fleet_park(f, ref, -60, 20);
    fleet_wait(f, 121000);
    assert_true(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert) > 0);
    return alert;
}

static inline enum err fleet_move(struct fleet_fixture *f, uint64_t id, enum alert_event event,
                                  const char *operator_code)
{
    enum err result = ERR_INTERNAL;
    struct fleet_request request = {.event = event, .ids = &id, .results = &result, .id_count = 1};
    struct command command = {.kind = COMMAND_ALERT_MOVE, .fleet = &request, .actor = "tester"};
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    (void)snprintf(request.operator_code, sizeof request.operator_code, "%s", operator_code);
    f->effects = core_step(f->core, &input);
    return command.result != ERR_OK ? command.result : result;
}

/* A planned event at PARK until then, 0 = its end. */
static inline void fleet_mute(struct fleet_fixture *f, int64_t until_ms)
{
    struct fleet_request request = {.fence = fleet_key(PARK_ID), .until_ms = until_ms};
    struct command command = {.kind = COMMAND_MUTE, .fleet = &request, .actor = "tester"};
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    f->effects = core_step(f->core, &input);
    assert_int_equal(command.result, ERR_OK);
}

#endif
