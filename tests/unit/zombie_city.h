#ifndef TESTS_UNIT_ZOMBIE_CITY_H
#define TESTS_UNIT_ZOMBIE_CITY_H

/* A city of single spaces with event sensors and one big fence for bikes, built out of import
 * texts; a core on it that is stopped and started again out of its images; short ways to say
 * things. Needs cmocka's headers before it. */
#include "bowei/case_request.h"
#include "bowei/core.h"
#include "bowei/fleet.h"
#include "bowei/inventory_file.h"
#include "bowei/zombie.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CITY_T0      INT64_C(1780000000000)
#define CITY_DAY_MS  INT64_C(86400000)
#define CITY_HOUR_MS INT64_C(3600000)
#define CITY_MIN_MS  INT64_C(60000)
#define CITY_LIMIT_S 43500 /* sensors say that they live every 6 h; limit 12 h 5 min */
#define CITY_LAT     422578000
#define CITY_LON     1188869000
#define CITY_LOT     100 /* spaces of a lot */
#define CITY_PERMIT  20  /* one space in so many has a permit */
#define CITY_SIDE_M  2000

struct zombie_town {
    struct core *core;
    struct inventory *inv;
    struct counters counters;
    struct fleet_rules fleet_rules;
    struct case_rules rules;
    struct now now;
    uint64_t seq;
    const struct effects *effects;
    struct image *stays; /**< by slot: what was journalled last; kind IMAGE_KIND_COUNT = nothing */
    uint32_t *slots;     /**< of the space with this number */
    uint32_t spaces;
    bool refuse; /**< the journal refuses */
    int64_t confirm_ms;
};

/* --- the inventory --- */

static inline space_key town_key(uint32_t number)
{
    char text[32];
    space_key key = 0;

    (void)snprintf(text, sizeof text, "150402001R%03u%04u", number / CITY_LOT + 1,
                   number % CITY_LOT + 1);
    assert_int_equal(space_id_parse_body(text, 17, &key), ID_OK);
    return key;
}

static inline void town_table(struct draft *d, struct import_report *report, const char *text)
{
    char path[] = "/tmp/bowei-zombie-XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(draft_read(d, path, CRS_WGS84, report), ERR_OK);
    assert_int_equal(unlink(path), 0);
}

static inline void town_spaces(struct draft *d, struct import_report *report, uint32_t spaces)
{
    struct strbuf lots = {0};
    struct strbuf places = {0};
    struct strbuf devices = {0};
    struct strbuf bindings = {0};
    char id[SPACE_ID_LEN + 1];

    strbuf_puts(&lots, "id,lat,lon,counting\n");
    strbuf_puts(&places, "id,lat,lon,permit\n");
    strbuf_puts(&devices, "id,source,model,heartbeat_s,stale_limit_s\n");
    strbuf_puts(&bindings, "device,channel,space,lot,rank\n");
    for (uint32_t i = 0; i < spaces; i++) {
        const double lat = (CITY_LAT + (double)(i / CITY_LOT) * 9000) / 1e7;
        const double lon = (CITY_LON + (double)(i % CITY_LOT) * 700) / 1e7;

        if (i % CITY_LOT == 0) {
            space_id_format(space_key_site(town_key(i)), id);
            strbuf_printf(&lots, "%s,%.7f,%.7f,spaces\n", id, lat, lon);
        }
        space_id_format(town_key(i), id);
        strbuf_printf(&places, "%s,%.7f,%.7f,%s\n", id, lat, lon,
                      i % CITY_PERMIT == 7 ? "official" : "");
        strbuf_printf(&devices, "dev-%06u,lora,bosch_tps110,21600,%u\n", i, CITY_LIMIT_S);
        strbuf_printf(&bindings, "dev-%06u,,%s,,\n", i, id);
    }
    town_table(d, report, lots.data);
    town_table(d, report, places.data);
    town_table(d, report, devices.data);
    town_table(d, report, bindings.data);
    strbuf_finish(&lots);
    strbuf_finish(&places);
    strbuf_finish(&devices);
    strbuf_finish(&bindings);
}

static inline void town_fence(struct draft *d, struct import_report *report)
{
    char text[1024];
    char id[SPACE_ID_LEN + 1];
    const double south = CITY_LAT / 1e7;
    const double west = CITY_LON / 1e7;
    const double north = south + CITY_SIDE_M * 90 / 1e7;
    const double east = west + CITY_SIDE_M * 121 / 1e7;
    space_key key = 0;

    assert_int_equal(space_id_parse_body("150402001F0010000", 17, &key), ID_OK);
    space_id_format(key, id);
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
                   "\"properties\":{\"type\":\"fence\",\"id\":\"%s\",\"capacity\":60000},"
                   "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],"
                   "[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f]]]}}]}",
                   id, west, south, east, south, east, north, west, north, west, south);
    town_table(d, report, text);
    town_table(d, report, "operator,name_en,quota\nHLO,Hello,9000\nMTN,Mountain,9000\n");
}

static inline struct inventory *town_inventory(uint32_t spaces)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct inventory *inv = NULL;

    if (spaces > 0) {
        town_spaces(d, &report, spaces);
    }
    town_fence(d, &report);
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    for (uint32_t i = 0; i < report.fault_count && i < 3; i++) {
        print_error("%s: %s\n", report.faults[i].field, report.faults[i].reason);
    }
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    import_report_finish(&report);
    draft_destroy(d);
    return inv;
}

/* --- its core --- */

static inline void town_core(struct zombie_town *t)
{
    t->core = core_create(t->inv, &t->counters);
    assert_non_null(t->core);
    core_fleet_rules(t->core, &t->fleet_rules);
    core_case_rules(t->core, &t->rules);
}

static inline void town_on(struct zombie_town *t)
{
    core_restored(t->core, t->now, false);
    core_alerts_on(t->core);
    core_cases_on(t->core);
}

static inline void town_open(struct zombie_town *t, uint32_t spaces)
{
    *t = (struct zombie_town){.now = {.at_ms = CITY_T0}, .seq = 1, .spaces = spaces};
    t->inv = town_inventory(spaces);
    t->stays = calloc(spaces + 1, sizeof *t->stays);
    t->slots = calloc(spaces + 1, sizeof *t->slots);
    assert_non_null(t->stays);
    assert_non_null(t->slots);
    for (uint32_t i = 0; i < spaces; i++) {
        t->stays[i].kind = IMAGE_KIND_COUNT;
        t->slots[i] = inventory_space(t->inv, town_key(i));
        assert_true(t->slots[i] != NO_SLOT);
    }
    fleet_rules_default(&t->fleet_rules);
    case_rules_default(&t->rules);
    t->rules.from_expired_alerts = false;
    town_core(t);
    town_on(t);
}

static inline void town_close(struct zombie_town *t)
{
    core_destroy(t->core);
    inventory_destroy(t->inv);
    free(t->stays);
    free(t->slots);
}

/* What the journal would do with the effects of a step. */
static inline void town_keep(struct zombie_town *t)
{
    if (t->refuse && t->effects->kept_count > 0) {
        core_undo(t->core);
        return;
    }
    for (size_t i = 0; i < t->effects->kept_count; i++) {
        const struct image *image = &t->effects->kept[i];

        if (image->kind == IMAGE_STAY) {
            t->stays[inventory_space(t->inv, image->stay.key)] = *image;
        }
    }
}

/* Time goes by, with all timers at their moments. */
static inline void town_until(struct zombie_town *t, int64_t at_ms)
{
    for (int64_t due_ms = core_due(t->core); due_ms <= at_ms; due_ms = core_due(t->core)) {
        t->now.at_ms = due_ms > t->now.at_ms ? due_ms : t->now.at_ms;
        t->effects = core_advance(t->core, t->now);
        town_keep(t);
        if (t->now.at_ms >= t->confirm_ms) { /* Redis has everything up to a moment ago */
            core_confirmed(t->core, (struct position){1, t->seq > 1 ? t->seq - 2 : 0});
            t->confirm_ms = t->now.at_ms + 5 * CITY_MIN_MS;
        }
    }
    t->now.at_ms = at_ms > t->now.at_ms ? at_ms : t->now.at_ms;
}

static inline struct input town_input(struct zombie_town *t, enum input_kind kind)
{
    return (struct input){
        .at = {1, t->seq++},
          .now = t->now, .inventory_version = 1, .kind = kind
    };
}

static inline void town_say(struct zombie_town *t, uint32_t number, enum reading_value value)
{
    struct input input = town_input(t, INPUT_READING);

    input.reading = (struct reading){.sensor = t->inv->spaces[t->slots[number]].sensors,
                                     .value = (uint8_t)value};
    t->effects = core_step(t->core, &input);
    town_keep(t);
}

static inline void town_report(struct zombie_town *t, const struct bike_report *report)
{
    struct input input = town_input(t, INPUT_REPORT);

    input.report = *report;
    t->effects = core_step(t->core, &input);
    town_keep(t);
}

static inline enum err town_command(struct zombie_town *t, struct command *command)
{
    struct input input = town_input(t, INPUT_COMMAND);

    input.command = command;
    t->effects = core_step(t->core, &input);
    town_keep(t);
    return command->result;
}

/* `east_m`, `north_m` from the fence's south-west corner. */
static inline struct bike_report town_fix(const struct zombie_town *t, const char *ref, int east_m,
                                          int north_m)
{
    struct bike_report report = {
        .source = REPORT_OPERATOR,
        .lock = LOCK_LOCKED,
        .has = REPORT_HAS_TIME | REPORT_HAS_POSITION,
        .accuracy_mm = 8000,
        .at = {CITY_LAT + north_m * 90, CITY_LON + east_m * 121},
        .time_ms = t->now.at_ms
    };

    (void)snprintf(report.vehicle, sizeof report.vehicle, "%s", ref);
    return report;
}

static inline void town_park(struct zombie_town *t, const char *ref, int east_m, int north_m)
{
    const struct bike_report report = town_fix(t, ref, east_m, north_m);

    town_report(t, &report);
}

static inline void town_unlock(struct zombie_town *t, const char *ref)
{
    struct bike_report report = town_fix(t, ref, 0, 0);

    report.lock = LOCK_UNLOCKED;
    report.has = REPORT_HAS_TIME;
    town_report(t, &report);
}

/* --- a restart --- */

static inline void town_carry(struct core *next, bool is, const struct image *image)
{
    if (is) {
        core_restore(next, image);
    }
}

/* Images out, another core, images in. Stays as the journal has them, all else as it is. */
static inline void town_restart(struct zombie_town *t)
{
    struct core *former = t->core;
    struct image image;

    town_core(t);
    for (uint32_t i = 0; i < t->inv->space_count; i++) {
        core_space_image(former, i, &image);
        core_restore(t->core, &image);
        town_carry(t->core, core_override_image(former, t->inv->spaces[i].key, &image), &image);
        town_carry(t->core, t->stays[i].kind == IMAGE_STAY, &t->stays[i]);
    }
    for (uint32_t i = 0; i < t->inv->lot_count; i++) {
        core_lot_image(former, i, &image);
        core_restore(t->core, &image);
    }
    for (uint32_t i = 0; i < t->inv->fence_count; i++) {
        core_fence_image(former, i, &image);
        core_restore(t->core, &image);
    }
    for (uint32_t i = 0; i < core_bike_slots(former); i++) {
        town_carry(t->core, core_bike_image(former, i, &image), &image);
    }
    for (uint32_t i = 0; i < core_alert_slots(former); i++) {
        town_carry(t->core, core_alert_image(former, i, &image), &image);
    }
    for (uint32_t i = 0; i < core_case_slots(former); i++) {
        town_carry(t->core, core_case_image(former, i, &image), &image);
    }
    for (uint32_t i = 0; i < core_case_row_slots(former); i++) {
        town_carry(t->core, core_case_row_image(former, i, &image), &image);
    }
    core_destroy(former);
    town_on(t);
}

/* --- cases --- */

/* The newest case of a kind about a subject; false: none. */
static inline bool town_case(const struct zombie_town *t, enum case_kind kind, space_key place,
                             const char *vehicle, struct case_image *out)
{
    struct image image;
    bool found = false;

    for (uint32_t i = 0; i < core_case_slots(t->core); i++) {
        if (core_case_image(t->core, i, &image) && image.case_.kind == kind &&
            (vehicle[0] != '\0' ? strcmp(image.case_.vehicle, vehicle) == 0
                                : image.case_.place == place) &&
            (!found || image.case_.reported_ms > out->reported_ms)) {
            *out = image.case_;
            found = true;
        }
    }
    return found;
}

static inline enum err town_reject(struct zombie_town *t, case_id id)
{
    struct case_image answer;
    struct case_request request = {.id = id, .cases = &answer, .limit = 1};
    struct command command = {.kind = COMMAND_CASE_MOVE, .cases = &request, .actor = "tester"};

    request.move.event = CASE_EVENT_VOID;
    (void)snprintf(request.move.note, sizeof request.move.note, "a private yard");
    return town_command(t, &command);
}

#endif
