#ifndef TESTS_UNIT_FLEET_DAY_H
#define TESTS_UNIT_FLEET_DAY_H

/* The simulated fleets straight into the core, the clock an input, and a watch that holds each stop
 * and each episode against the truth. Needs cmocka's headers before it. */
#include "bowei/core.h"
#include "bowei/fleet.h"
#include "bowei/inventory_file.h"
#include "sensors/bike_hearing.h"
#include "sensors/sim/fleet/world.h"
#include "sensors/sim/world/script.h"
#include "tests/unit/scratch_folder.h"

#define DAY_START_MS INT64_C(1795305600000) /* 2026-11-22T00:00:00Z, eight in the morning there */
#define DAY_DELAYS   3600                   /* seconds of delay that are told apart */
#define DAY_SETTLE   2 /* scans within which a bike is heard strongly twice, after the first */

/** What of a stop is held against the truth. */
struct day_stop {
    struct world_stop truth;
    bool stands, due, radio;          /**< due: a true episode; radio: heard strongly enough */
    uint8_t verdict;                  /**< as shown now */
    uint8_t changes;                  /**< of it, in this stop */
    uint8_t opened;                   /**< episodes of this stop */
    bool wrong;                       /**< a verdict against the truth was shown */
    int64_t strong_ms;                /**< heard by a listener at the enter threshold last */
    int64_t unsure_ms, unsure_all_ms; /**< not inside although heard: since, in all */
    uint64_t alert;                   /**< newest episode, and how often it was opened */
    uint32_t alert_count;
};

struct day_sums {
    uint64_t reports, stops[WORLD_CLASS_COUNT];
    uint64_t episodes, found, missed, twice, invented, wrong_kind, allowed;
    uint64_t flapped, wrong, unsure, radio_stops, unsure_ms, radio_ms;
    uint64_t delays[DAY_DELAYS]; /**< by whole seconds after the dwell */
};

struct day {
    struct world_plan *plan;
    struct inventory *inv;
    struct core *core;
    struct counters counters;
    struct fleet_rules rules;
    struct now now;
    uint64_t seq;
    struct day_stop *stops;             /**< by bike */
    uint32_t *bike_of;                  /**< by slot of the core, WORLD_NONE = not seen yet */
    uint32_t *slot_of;                  /**< by bike, the same */
    struct day_ref *refs;               /**< sorted */
    char (*names)[VEHICLE_REF_MAX + 1]; /**< by bike */
    bool loud;                          /**< tells each fault */
    struct day_sums sums;
};

struct day_ref {
    char ref[WORLD_ID_CAP];
    uint32_t bike;
};

static inline int day_ref_compare(const void *a, const void *b)
{
    return strcmp(((const struct day_ref *)a)->ref, ((const struct day_ref *)b)->ref);
}

static inline uint32_t day_bike(const struct day *d, const char *ref)
{
    struct day_ref key = {.bike = 0};
    const struct day_ref *found;

    (void)snprintf(key.ref, sizeof key.ref, "%s", ref);
    found = bsearch(&key, d->refs, d->plan->params.bikes, sizeof key, day_ref_compare);
    assert_non_null(found);
    return found->bike;
}

/* --- what the core says --- */

static inline void day_unsure_end(struct day_stop *s, int64_t now_ms)
{
    if (s->unsure_ms != 0) {
        s->unsure_all_ms += now_ms - s->unsure_ms;
        s->unsure_ms = 0;
    }
}

static inline void day_verdict(struct day *d, uint32_t slot)
{
    struct image image;
    struct day_stop *s;

    if (!core_bike_image(d->core, slot, &image)) {
        return;
    }
    if (d->bike_of[slot] == WORLD_NONE) {
        d->bike_of[slot] = day_bike(d, image.bike.ref);
        d->slot_of[d->bike_of[slot]] = slot;
    }
    s = &d->stops[d->bike_of[slot]];
    if (!s->stands || image.bike.verdict == s->verdict) {
        return;
    }
    s->verdict = image.bike.verdict;
    s->changes++;
    s->wrong = s->wrong || (s->truth.class == WORLD_INSIDE && s->verdict == VERDICT_OUTSIDE) ||
               ((s->truth.class == WORLD_OUTSIDE || s->truth.class == WORLD_ZONE) &&
                s->verdict == VERDICT_INSIDE);
    if (s->verdict == VERDICT_INSIDE) {
        day_unsure_end(s, d->now.at_ms);
    } else if (s->radio && s->unsure_ms == 0) {
        s->unsure_ms = d->now.at_ms;
    }
}

/* What is shown of it when its stop begins: nothing, unless the word of its ride comes late. */
static inline uint8_t day_shown(const struct day *d, uint32_t bike)
{
    struct image image;

    return d->slot_of[bike] != WORLD_NONE && core_bike_image(d->core, d->slot_of[bike], &image)
               ? image.bike.verdict
               : VERDICT_UNCERTAIN;
}

static inline void day_opened(struct day *d, const struct alert_image *alert)
{
    const uint32_t bike = day_bike(d, alert->vehicle);
    struct day_stop *s = &d->stops[bike];
    const bool zone = s->truth.class == WORLD_ZONE;
    int64_t delay_s;

    if (s->alert == alert->id && s->alert_count == alert->count) {
        return; /* a later word of the same */
    }
    s->alert = alert->id;
    s->alert_count = alert->count;
    s->opened++;
    if (!s->stands || s->truth.class == WORLD_INSIDE) {
        d->sums.invented++;
        if (d->loud) {
            print_message("invented: bike %u %s, stands %d, %d mm\n", bike, alert->vehicle,
                          s->stands, s->truth.park_mm);
        }
        return;
    }
    if (s->truth.class == WORLD_ANY) {
        d->sums.allowed++;
        return;
    }
    d->sums.wrong_kind += zone != (alert->kind == ALERT_NO_PARKING_ZONE);
    delay_s = (d->now.at_ms - s->truth.since_ms - d->rules.dwell_ms) / 1000;
    d->sums.delays[delay_s < 0 ? 0 : delay_s >= DAY_DELAYS ? DAY_DELAYS - 1 : delay_s]++;
}

static inline void day_effects(struct day *d, const struct effects *effects)
{
    for (size_t i = 0; i < effects->touched_count; i++) {
        if (effects->touched[i].kind == CHANGE_BIKE && effects->touched[i].shown) {
            day_verdict(d, effects->touched[i].index);
        }
    }
    for (size_t i = 0; i < effects->kept_count; i++) {
        const struct image *image = &effects->kept[i];

        if (image->kind == IMAGE_ALERT && image->alert.vehicle[0] != '\0' &&
            image->alert.closed_ms == 0 && image->alert.state == ALERT_OPEN) {
            day_opened(d, &image->alert);
        }
    }
}

static inline void day_time(struct day *d, int64_t at_ms)
{
    for (int64_t due_ms = core_due(d->core); due_ms <= at_ms; due_ms = core_due(d->core)) {
        d->now.at_ms = due_ms > d->now.at_ms ? due_ms : d->now.at_ms;
        day_effects(d, core_advance(d->core, d->now));
    }
    d->now.at_ms = at_ms;
}

static inline void day_report(struct day *d, const struct bike_report *report)
{
    struct input input = {
        .at = {1, ++d->seq},
        .now = d->now,
        .inventory_version = 1,
        .kind = INPUT_REPORT,
        .report = *report
    };

    d->sums.reports++;
    day_effects(d, core_step(d->core, &input));
}

/* --- what the world says --- */

static inline void day_heard(struct day *d, struct day_stop *s)
{
    if (!s->radio && s->truth.radio) {
        s->radio = true;
        d->sums.radio_stops++;
        d->sums.radio_ms -= (uint64_t)d->now.at_ms;
        if (s->verdict != VERDICT_INSIDE) {
            s->unsure_ms = d->now.at_ms;
        }
    }
}

static inline void day_item(struct day *d, const struct world_report *r)
{
    struct day_stop *s = &d->stops[r->bike];
    struct bike_report report = {.source = REPORT_OPERATOR,
                                 .lock = r->locked ? LOCK_LOCKED : LOCK_UNLOCKED,
                                 .has = REPORT_HAS_TIME | REPORT_HAS_BATTERY,
                                 .battery_pct = r->battery_pct,
                                 .accuracy_mm = r->accuracy_m * 1000u,
                                 .at = r->at,
                                 .time_ms = r->time_ms};
    bool strong = false;

    memcpy(report.vehicle, d->names[r->bike], sizeof report.vehicle);
    report.has |= r->has_position ? REPORT_HAS_POSITION : 0;
    report.has |= r->listened ? REPORT_HAS_RADIO : 0;
    for (uint8_t i = 0; i < r->heard_count; i++) {
        char id[WORLD_ID_CAP];

        world_stud_id(d->plan, r->heard[i].stud, id);
        report_beacon(&report, d->inv, id, r->heard[i].rssi_dbm);
        strong = strong || r->heard[i].rssi_dbm >= d->rules.enter_dbm;
    }
    day_report(d, &report);
    if (strong) {
        day_heard(d, s);
    }
}

static inline void day_lock(struct day *d, const struct world_lock *l)
{
    struct bike_report report = {.source = REPORT_LOCK,
                                 .lock = l->locked ? LOCK_LOCKED : LOCK_UNLOCKED,
                                 .has = REPORT_HAS_TIME,
                                 .time_ms = l->time_ms};

    memcpy(report.vehicle, d->names[l->bike], sizeof report.vehicle);
    if (l->word == WORD_POSITION) {
        report.has |= REPORT_HAS_POSITION;
        report.at = l->at;
        report.lock = LOCK_UNKNOWN;
    }
    day_report(d, &report);
}

static inline void day_scan(struct day *d, const struct world_scan *scan)
{
    const uint32_t fence = d->plan->listeners[scan->listener].fence;
    char id[WORLD_ID_CAP];
    struct bike_report report = {
        .source = REPORT_SCAN, .fence = d->plan->fences[fence].key, .scan_period_ms = 10000};

    world_listener_id(d->plan, scan->listener, id);
    report.listener = report_hash(id, strlen(id));
    for (uint32_t i = 0; i < scan->count; i++) {
        const struct world_advert *a = &scan->adverts[i];

        if (a->bike == WORLD_NONE) {
            continue;
        }
        memcpy(report.vehicle, d->names[a->bike], sizeof report.vehicle);
        report.rssi_dbm = a->rssi_dbm;
        day_report(d, &report);
        if (a->rssi_dbm >= d->rules.enter_dbm) {
            struct day_stop *s = &d->stops[a->bike];

            if (s->strong_ms != 0 && d->now.at_ms - s->strong_ms < DAY_SETTLE * 10000 + 10000) {
                day_heard(d, s);
            }
            s->strong_ms = d->now.at_ms;
        }
    }
    report.vehicle[0] = '\0';
    report.source = REPORT_LISTENER;
    report.has = REPORT_HAS_SCAN | REPORT_HAS_TIME;
    report.time_ms = d->now.at_ms;
    day_report(d, &report);
}

static inline void day_stop_end(struct day *d, const struct day_stop *s)
{
    struct day_sums *sums = &d->sums;

    sums->stops[s->truth.class]++;
    sums->flapped += s->changes > 1;
    const bool wrong = s->wrong || (s->truth.class == WORLD_INSIDE && s->verdict != VERDICT_INSIDE);

    sums->wrong += wrong;
    sums->twice += s->opened > 1;
    if (s->due) {
        sums->episodes++;
        sums->found += s->opened >= 1;
        sums->missed += s->opened == 0;
    }
    if (s->radio) {
        sums->radio_ms += (uint64_t)d->now.at_ms;
        sums->unsure += s->unsure_all_ms > 0;
        sums->unsure_ms += (uint64_t)s->unsure_all_ms;
    }
    if (d->loud && (s->changes > 1 || s->opened > 1 || (s->due && s->opened == 0) ||
                    s->unsure_all_ms > 0 || wrong)) {
        print_message("bike %u: %s, park %d mm, zone %d mm, %d changes, %d opened, due %d, "
                      "wrong %d, unsure %d ms of %d s\n",
                      s->truth.bike, world_class_name(s->truth.class), s->truth.park_mm,
                      s->truth.zone_mm, s->changes, s->opened, s->due, wrong, (int)s->unsure_all_ms,
                      (int)((d->now.at_ms - s->truth.since_ms) / 1000));
    }
}

static inline void day_event(void *ctx, const struct world_event *e)
{
    struct day *d = ctx;
    struct day_stop *s;

    day_time(d, e->at_ms);
    switch (e->kind) {
    case WORLD_REPORT: day_item(d, &e->report); break;
    case WORLD_SCAN:
    case WORLD_SIGHTING: day_scan(d, &e->scan); break;
    case WORLD_LOCK: day_lock(d, &e->lock); break;
    case WORLD_STOP:
        s = &d->stops[e->stop.bike];
        if (s->stands) { /* a fault began or ended: the same stop, to be judged otherwise */
            s->truth = e->stop;
            break;
        }
        *s = (struct day_stop){.truth = e->stop,
                               .stands = true,
                               .verdict = day_shown(d, e->stop.bike),
                               .alert = s->alert,
                               .alert_count = s->alert_count};
        break;
    case WORLD_LEAVE:
        s = &d->stops[e->stop.bike];
        day_unsure_end(s, e->at_ms);
        day_stop_end(d, s);
        s->stands = false;
        break;
    case WORLD_EPISODE:
        if (e->episode.bike != WORLD_NONE && e->episode.until_ms == 0) {
            d->stops[e->episode.bike].due = true;
        }
        break;
    case WORLD_EVENT_COUNT: break;
    }
}

/* --- the whole --- */

static inline bool day_no_timing(void *ctx, const char *source, const char *device,
                                 const char *model, struct sensor_timing *out)
{
    (void)ctx;
    (void)source;
    (void)device;
    (void)model;
    (void)out;
    return false;
}

static inline struct inventory *day_inventory(const struct world_plan *plan)
{
    static const char *const names[] = {"fences.geojson", "beacons.csv", "listeners.csv",
                                        "operators.csv", "vehicles.csv"};
    const struct timing_source timing = {.timing = day_no_timing};
    struct draft *draft = draft_create();
    struct import_report report = {0};
    struct inventory *inv = NULL;
    char folder[128];
    char path[256];

    scratch_folder_make(folder, sizeof folder);
    assert_int_equal(world_plan_write(plan, folder, "mqtt"), ERR_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(draft_read(draft, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(draft_complete(draft, NULL, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    import_report_finish(&report);
    assert_int_equal(inventory_build(draft, 1, NULL, &timing, &inv), ERR_OK);
    draft_destroy(draft);
    scratch_folder_remove(folder);
    return inv;
}

static inline void day_begin(struct day *d, const struct world_plan_params *params)
{
    *d = (struct day){.now = {.at_ms = DAY_START_MS}};
    assert_int_equal(world_plan_create(params, &d->plan), ERR_OK);
    d->inv = day_inventory(d->plan);
    fleet_rules_default(&d->rules);
    d->core = core_create(d->inv, &d->counters);
    d->stops = calloc(params->bikes, sizeof d->stops[0]);
    d->bike_of = malloc(params->bikes * sizeof d->bike_of[0]);
    d->slot_of = malloc(params->bikes * sizeof d->slot_of[0]);
    d->refs = calloc(params->bikes, sizeof d->refs[0]);
    d->names = calloc(params->bikes, sizeof d->names[0]);
    assert_non_null(d->names);
    assert_true(d->core != NULL && d->stops != NULL && d->bike_of != NULL && d->slot_of != NULL &&
                d->refs != NULL);
    for (uint32_t i = 0; i < params->bikes; i++) {
        d->bike_of[i] = d->slot_of[i] = WORLD_NONE;
        d->refs[i].bike = i;
        world_bike_ref(d->plan, i, d->refs[i].ref);
        (void)snprintf(d->names[i], sizeof d->names[i], "%.27s", d->refs[i].ref);
    }
    qsort(d->refs, params->bikes, sizeof d->refs[0], day_ref_compare);
    core_restored(d->core, d->now, false);
    core_alerts_on(d->core);
}

/** Each listener is silent for 20 minutes in every second hour, one after the other, and the words
 * of two operators come twice or in another order. */
static inline void day_silences(const struct world_plan *plan, uint32_t hours,
                                struct script *script)
{
    const size_t cap = SCRIPT_FAULTS_MAX * 80;
    char *text = malloc(cap);
    char why[120];
    size_t len = 0;

    assert_non_null(text);
    len += (size_t)snprintf(text, cap,
                            "at 3600 for 7200 duplicate MTN\nat 5400 for 7200 reorder HLO\n");
    for (uint32_t h = 0; h < hours; h += 2) {
        for (uint32_t i = 0; i < plan->listener_count && i * hours < 2 * (SCRIPT_FAULTS_MAX - 4);
             i++) {
            char id[WORLD_ID_CAP];

            world_listener_id(plan, i, id);
            len += (size_t)snprintf(text + len, cap - len, "at %u for 1200 silence %s\n",
                                    h * 3600 + i * 67 % 6000, id);
        }
    }
    assert_int_equal(script_parse(script, text, len, why), ERR_OK);
    free(text);
}

/** hours of simulated time; radio: studs, listeners and locks, too; script: faults, NULL = none.
 * The stops that still go on are held against the truth as well. */
static inline void day_live(struct day *d, uint32_t hours, bool radio, const struct script *script)
{
    struct world_params params = world_params_default();
    struct world *world = NULL;

    params.plan = d->plan;
    params.start_ms = DAY_START_MS;
    params.script = script;
    params.studs = params.listeners = params.locks = radio;
    assert_int_equal(world_create(&params, &world), ERR_OK);
    world_step(world, DAY_START_MS + (int64_t)hours * 3600000, day_event, d);
    day_time(d, DAY_START_MS + (int64_t)hours * 3600000);
    for (uint32_t i = 0; i < d->plan->params.bikes; i++) {
        if (d->stops[i].stands && d->now.at_ms - d->stops[i].truth.since_ms > 300000) {
            day_unsure_end(&d->stops[i], d->now.at_ms);
            day_stop_end(d, &d->stops[i]);
        } else if (d->stops[i].stands && d->stops[i].radio) {
            d->sums.radio_ms += (uint64_t)d->now.at_ms;
        }
    }
    world_destroy(world);
}

static inline void day_end(struct day *d)
{
    core_destroy(d->core);
    inventory_destroy(d->inv);
    world_plan_destroy(d->plan);
    free(d->stops);
    free(d->bike_of);
    free(d->slot_of);
    free(d->refs);
    free(d->names);
}

/** The delay that so many of a thousand do not exceed, seconds. */
static inline unsigned day_delay(const struct day_sums *sums, unsigned permille)
{
    uint64_t all = 0;
    uint64_t seen = 0;

    for (unsigned i = 0; i < DAY_DELAYS; i++) {
        all += sums->delays[i];
    }
    for (unsigned i = 0; i < DAY_DELAYS; i++) {
        seen += sums->delays[i];
        if (seen * 1000 >= all * permille) {
            return i;
        }
    }
    return DAY_DELAYS;
}

#endif
