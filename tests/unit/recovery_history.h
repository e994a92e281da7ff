#ifndef TESTS_UNIT_RECOVERY_HISTORY_H
#define TESTS_UNIT_RECOVERY_HISTORY_H

#include "bowei/core.h"
#include "bowei/inventory_file.h"
#include "tests/unit/random_image.h"
#include "tests/unit/recovery_segment.h"

/* The small city of the recovery proof and the seeded histories of what happens in it. Included
 * once, by the proof, behind cmocka.h. */

#define STEPS         200
#define SAMPLE_STRIDE 4 /* without BOWEI_SEEDS a history crashes in every fourth step only */
#define STEADY        6 /* polls at the end that all say the same */
#define SPACES        6
#define LOTS          2
#define DEVICES       8
#define BATCH_MAX     3
#define SLICES_MAX    400
#define SLICE_MAX     3
#define START_MS      1789000000000

/* --- the city: event and sampled sensors, two that may disagree, a spare one behind them, two
 * gates --- */

static const char *const device_names[DEVICES] = {"e1", "e2", "e3", "e4", "e5", "m1", "g1", "g2"};

static const char lots_csv[] =
    "id,lat,lon,counting,capacity\n%s,42.25,118.88,spaces,\n%s,42.26,118.88,gates,50\n";

static bool timing(void *ctx, const char *source, const char *device, const char *model,
                   struct sensor_timing *out)
{
    bool sampled = device[0] == 'm';

    (void)ctx;
    (void)source;
    (void)model;
    *out = (struct sensor_timing){.period_ms = sampled ? 1000 : 60000,
                                  .limit_ms = sensor_limit_ms(sampled, sampled ? 1000 : 60000),
                                  .confidence = 97,
                                  .sampled = sampled};
    return true;
}

static void full_id(const char *body, char out[SPACE_ID_LEN + 1])
{
    space_key key;

    assert_int_equal(space_id_parse_body(body, 17, &key), ID_OK);
    space_id_format(key, out);
}

static void read_text(struct draft *draft, const char *folder, const char *name, const char *text)
{
    struct import_report report = {0};
    char path[512];
    FILE *file;

    assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(draft_read(draft, path, CRS_WGS84, &report), ERR_OK);
    if (report.fault_count > 0) {
        fail_msg("%s: %s: %s", name, report.faults[0].field, report.faults[0].reason);
    }
    import_report_finish(&report);
    unlink(path);
}

static struct inventory *build_city(const char *folder)
{
    static const struct timing_source source = {.timing = timing};
    struct draft *draft = draft_create();
    struct import_report report = {0};
    struct inventory *inv;
    char ids[SPACES][SPACE_ID_LEN + 1];
    char lot[SPACE_ID_LEN + 1];
    char gates[SPACE_ID_LEN + 1];
    char text[2048];
    size_t len;

    full_id("150402001R0010000", lot);
    full_id("150402001L0020000", gates);
    snprintf(text, sizeof text, lots_csv, lot, gates);
    read_text(draft, folder, "lots.csv", text);
    len = (size_t)snprintf(text, sizeof text, "id,lat,lon,lot\n");
    for (unsigned i = 0; i < SPACES; i++) {
        char body[18];

        snprintf(body, sizeof body, "150402001R001%04u", (i + 1) % 10000);
        full_id(body, ids[i]);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s,42.25,118.88%u,%s\n", ids[i], i,
                                lot);
    }
    read_text(draft, folder, "spaces.csv", text);
    len = (size_t)snprintf(text, sizeof text, "id,source\n");
    for (unsigned i = 0; i < DEVICES; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s,%s\n", device_names[i],
                                device_names[i][0] == 'm' ? "line" : "link");
    }
    read_text(draft, folder, "devices.csv", text);
    snprintf(text, sizeof text,
             "device,channel,space,lot,rank\ne1,0,%s,,0\ne2,0,%s,,0\nm1,1,%s,,0\nm1,2,%s,,0\ne3,0,%"
             "s,,0\ne4,0,%s,,0\n"
             "e5,0,%s,,0\nm1,3,%s,,1\ng1,0,,%s,0\ng2,0,,%s,0\n",
             ids[0], ids[1], ids[2], ids[3], ids[4], ids[4], ids[5], ids[5], gates, gates);
    read_text(draft, folder, "bindings.csv", text);
    assert_int_equal(draft_complete(draft, NULL, true, true, &report), ERR_OK);
    if (report.fault_count > 0) {
        fail_msg("%s: %s", report.faults[0].field, report.faults[0].reason);
    }
    import_report_finish(&report);
    assert_int_equal(inventory_build(draft, 1, NULL, &source, &inv), ERR_OK);
    draft_destroy(draft);
    assert_int_equal(inv->space_count, SPACES);
    assert_int_equal(inv->lot_count, LOTS);
    return inv;
}

/* --- a history --- */

enum step_kind { STEP_READINGS, STEP_COMMAND, STEP_SESSION, STEP_TIME };

struct step {
    enum step_kind kind;
    struct now now;
    struct reading readings[BATCH_MAX];
    size_t count;
    struct command command;
    size_t journal_before, journal_after; /**< bytes of the segment */
    size_t journal_heard;   /**< with its readings, before effects; = before when it has none */
    size_t journal_decided; /**< with its effects, before C images; = after when it has none */
    uint64_t seq_after;
    unsigned slices; /**< that were in Redis when the step began */
    bool answered;   /**< a command that took effect: an audit row must be there once */
    struct position at;
};

struct slice {
    struct image images[SLICE_MAX];
    size_t count;
    uint64_t confirms; /**< last slice of a flush: its S; else 0 */
};

struct picture {
    struct image spaces[SPACES], lots[LOTS], overrides[SPACES];
    bool overridden[SPACES];
};

struct world {
    const char *folder;
    const struct inventory *inv;
    struct counters *counters;
    struct dice dice;
    bool plain; /**< nothing that a crash may blur: no unjournalled samples, no suspects */
    struct step steps[STEPS];
    struct picture after[STEPS]; /**< the core that never stopped */
    struct slice slices[SLICES_MAX];
    unsigned slice_count;
    unsigned shortened; /**< behind this step the images of all roots are in the journal */
    struct segment_copy segment;
    bool blurred[SPACES];

    struct {
        uint32_t counter;
        uint8_t value[4];
        uint8_t same[4];
        uint32_t in, out;
    } devices[DEVICES];

    int64_t at_ms;
};

static void reading_of(struct world *w, unsigned device, uint16_t channel, struct reading *r)
{
    const uint32_t row = inventory_device(w->inv, device_names[device], 2);

    *r = (struct reading){
        .channel = channel, .device_len = 2, .sensor = inventory_sensor(w->inv, row, channel)};
    memcpy(r->device, device_names[device], 2);
    assert_true(r->sensor != NO_SENSOR);
    r->root = w->inv->sensors[r->sensor].gate
                  ? w->inv->lots[w->inv->sensors[r->sensor].target].key
                  : w->inv->spaces[w->inv->sensors[r->sensor].target].key;
}

/* Every reading of an event sensor carries a counter; some come twice, late or begin again. */
static void make_event(struct world *w, struct step *step)
{
    static const uint8_t rare[] = {VALUE_ALIVE, VALUE_FAULT,     VALUE_START,
                                   VALUE_JOIN,  VALUE_LINK_LOST, VALUE_ALIVE};
    unsigned device = dice_below(&w->dice, 5);
    struct reading *r = &step->readings[0];
    uint32_t how = dice_below(&w->dice, 20);

    reading_of(w, device, 0, r);
    r->value = (uint8_t)(how < 15 ? dice_below(&w->dice, 2) : rare[how - 15 < 5 ? how - 15 : 5]);
    r->has = HAS_COUNTER | HAS_NET_TIME | HAS_RSSI | HAS_BATTERY;
    r->rssi_dbm = (int16_t) - (int)dice_below(&w->dice, 120);
    r->battery_mv = (uint16_t)(3000 + dice_below(&w->dice, 600));
    r->net_time_ms = w->at_ms - dice_below(&w->dice, 500);
    if (dice_below(&w->dice, 8) == 0 && w->devices[device].counter > 3) {
        r->counter = w->devices[device].counter - dice_below(&w->dice, 3);
        r->net_time_ms -= 1000;
    } else if (dice_below(&w->dice, 40) == 0) {
        r->counter = w->devices[device].counter = 1;
    } else {
        r->counter = ++w->devices[device].counter;
    }
    step->count = 1;
}

static uint32_t space_of(const struct world *w, const struct reading *r)
{
    return w->inv->sensors[r->sensor].target;
}

/* One poll of three points. The first three equal samples are journalled, as the debounce needs
 * them. */
static void make_poll(struct world *w, struct step *step, bool steady)
{
    for (uint16_t i = 0; i < BATCH_MAX; i++) {
        struct reading *r = &step->readings[i];

        reading_of(w, 5, (uint16_t)(i + 1), r);
        r->type = TYPE_SAMPLE;
        r->value = !steady && dice_below(&w->dice, 4) == 0 ? (uint8_t)dice_below(&w->dice, 2)
                                                           : w->devices[5].value[i];
        w->devices[5].same[i] =
            r->value == w->devices[5].value[i] ? (uint8_t)(w->devices[5].same[i] + 1) : 0;
        w->devices[5].value[i] = r->value;
        if (w->devices[5].same[i] > 3) {
            w->devices[5].same[i] = 4;
            r->unchanged = !w->plain;
        }
        if (r->unchanged) {
            w->blurred[space_of(w, r)] = true;
        }
    }
    step->count = BATCH_MAX;
}

static void make_gate(struct world *w, struct step *step)
{
    unsigned device = 6 + dice_below(&w->dice, 2);
    struct reading *r = &step->readings[0];

    reading_of(w, device, 0, r);
    r->value = VALUE_GATE;
    r->has = HAS_COUNTER;
    r->counter = ++w->devices[device].counter;
    r->gate_in = w->devices[device].in += dice_below(&w->dice, 4);
    r->gate_out = w->devices[device].out += dice_below(&w->dice, 4);
    step->count = 1;
}

static void make_command(struct world *w, struct step *step)
{
    static const enum command_kind kinds[] = {
        COMMAND_SPACE_OUT, COMMAND_SPACE_IN,       COMMAND_LOT_CLOSE,   COMMAND_LOT_OPEN,
        COMMAND_LOT_COUNT, COMMAND_DEVICE_SUSPECT, COMMAND_DEVICE_TRUST};
    struct command *c = &step->command;

    memset(c, 0, sizeof *c);
    c->kind = kinds[dice_below(&w->dice, w->plain ? 5 : 7)];
    c->inventory_version = w->inv->version;
    snprintf(c->actor, sizeof c->actor, "staff%u", dice_below(&w->dice, 10));
    snprintf(c->note, sizeof c->note, "note %u", dice_below(&w->dice, 1000));
    c->reason = (enum out_reason)dice_below(&w->dice, OUT_REASON_COUNT);
    c->until_ms = dice_below(&w->dice, 2) == 0 ? 0 : w->at_ms + 1000 + dice_below(&w->dice, 300000);
    c->count = dice_below(&w->dice, 50);
    c->key = c->kind == COMMAND_SPACE_OUT || c->kind == COMMAND_SPACE_IN
                 ? w->inv->spaces[dice_below(&w->dice, SPACES)].key
                 : w->inv->lots[dice_below(&w->dice, LOTS)].key;
    if (c->kind == COMMAND_DEVICE_SUSPECT || c->kind == COMMAND_DEVICE_TRUST) {
        c->device = inventory_device(w->inv, device_names[dice_below(&w->dice, 6)], 2);
        for (uint32_t i = 0; i < w->inv->sensor_count; i++) {
            if (w->inv->sensors[i].device == c->device && !w->inv->sensors[i].gate) {
                w->blurred[w->inv->sensors[i].target] = true;
            }
        }
    }
}

static void make_step(struct world *w, struct step *step)
{
    uint32_t roll = dice_below(&w->dice, 100);

    if (step >= w->steps + STEPS -
                    STEADY) { /* a debounce that the crash cut short has its samples in the end */
        w->at_ms += 1000;
        step->now = (struct now){.at_ms = w->at_ms};
        step->kind = STEP_READINGS;
        make_poll(w, step, true);
        return;
    }

    w->at_ms +=
        dice_below(&w->dice, 30) == 0 ? dice_below(&w->dice, 900000) : dice_below(&w->dice, 4000);
    step->now = (struct now){.at_ms = w->at_ms};
    step->kind = STEP_READINGS;
    if (roll < 45) {
        make_event(w, step);
    } else if (roll < 65) {
        make_poll(w, step, false);
    } else if (roll < 80) {
        make_gate(w, step);
    } else if (roll < 95) {
        step->kind = STEP_COMMAND;
        make_command(w, step);
    } else if (roll < 97 && !w->plain) {
        step->kind = STEP_SESSION;
    } else {
        step->kind = STEP_TIME;
    }
}

#endif
