/* The devices' side of a snapshot: devices with their timing classes, and the sensors bound to
 * places. */
#include "gateway/inventory/build.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/lookup.h"
#include <stdlib.h>
#include <string.h>

#define MODELS_MAX 65536 /* inv_device.model has 16 bits */

/* A device nobody knows the timing of: an event sensor with an hourly heartbeat, trusted as the
 * models are (STATES 4 and 8: base 97). */
static const struct sensor_timing timing_default = {.period_ms = 3600000, .confidence = 97};

/* STATES 4: sampled max(3 periods, 15 s); event 2 heartbeats + 5 min. */
static uint32_t limit_of(const struct sensor_timing *t)
{
    uint64_t limit = t->sampled ? (uint64_t)t->period_ms * 3 : (uint64_t)t->period_ms * 2 + 300000;

    limit = t->sampled && limit < 15000 ? 15000 : limit;
    return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}

static uint32_t ms_of_s(uint32_t s)
{
    return s > UINT32_MAX / 1000 ? UINT32_MAX : s * 1000;
}

static struct sensor_timing timing_of(const struct build *b, const struct draft_device *row)
{
    const struct draft *d = b->draft;
    struct sensor_timing t = timing_default;

    if (b->timing == NULL || b->timing->timing == NULL ||
        !b->timing->timing(b->timing->ctx, draft_text(d, row->source), draft_text(d, row->id),
                           draft_text(d, row->model), &t)) {
        t = timing_default;
    }
    if (row->heartbeat_s != 0) {
        t.period_ms = ms_of_s(row->heartbeat_s);
        t.limit_ms = 0;
    }
    if (row->stale_limit_s != 0) {
        t.limit_ms = ms_of_s(row->stale_limit_s);
    }
    t.limit_ms = t.limit_ms == 0 ? limit_of(&t) : t.limit_ms;
    return t;
}

static bool timing_same(const struct sensor_timing *a, const struct sensor_timing *b)
{
    return a->period_ms == b->period_ms && a->limit_ms == b->limit_ms &&
           a->confidence == b->confidence && a->sampled == b->sampled;
}

/* Classes keep their numbers over versions (live records name them). When all are given, one takes
 * the place of a class that neither this version nor the previous one has a device of. */
static enum err timing_class(struct build *b, const struct sensor_timing *t, uint16_t *out)
{
    struct inventory *inv = b->inv;
    uint32_t class = 0;

    while (class < inv->timing_count && !timing_same(&inv->timings[class], t)) {
        class ++;
    }
    if (class == TIMING_CLASSES_MAX) {
        for (class = 0; class < TIMING_CLASSES_MAX && b->timing_used[class]; class ++) {
        }
        if (class == TIMING_CLASSES_MAX) {
            return ERR_TOO_LARGE;
        }
    }
    inv->timing_count += class == inv->timing_count;
    inv->timings[class] = *t;
    b->timing_used[class] = true;
    *out = (uint16_t) class;
    return ERR_OK;
}

static void timings_keep(struct build *b)
{
    if (b->previous == NULL) {
        return;
    }
    memcpy(b->inv->timings, b->previous->timings, sizeof b->inv->timings);
    b->inv->timing_count = b->previous->timing_count;
    for (uint32_t i = 0; i < b->previous->device_count; i++) {
        b->timing_used[b->previous->devices[i].timing] = true;
    }
}

/* Number of a name in a small list, added when new. The list points into the snapshot's text. */
static enum err name_number(struct build *b, const char *name, const char ***names, uint32_t *count,
                            uint32_t max)
{
    const char **grown;
    size_t len = strlen(name);

    if (*count == max) {
        return ERR_TOO_LARGE;
    }
    grown = realloc((void *)*names, (*count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    *names = grown;
    if (len == 0) {
        grown[(*count)++] = "";
        return ERR_OK;
    }
    /* space: the draft's arena holds this text at least once and each is copied once */
    if (len + 1 > b->text_cap - b->text_len) {
        return ERR_INTERNAL;
    }
    memcpy(b->inv->text + b->text_len, name, len + 1);
    grown[(*count)++] = b->inv->text + b->text_len;
    b->text_len += (uint32_t)len + 1;
    return ERR_OK;
}

static enum err name_find(struct build *b, const char *name, const char ***names, uint32_t *count,
                          uint32_t max, uint32_t *out)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp((*names)[i], name) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    *out = *count;
    return name_number(b, name, names, count, max);
}

enum err build_source(struct build *b, const char *name, uint8_t *out)
{
    uint32_t source = 0;
    enum err e = name_find(b, name, &b->inv->sources, &b->inv->source_count, SOURCES_MAX, &source);

    *out = (uint8_t)source;
    return e;
}

enum err build_devices(struct build *b)
{
    const struct draft *d = b->draft;
    const struct draft_device *rows = DRAFT_DEVICES(d);
    uint32_t count = d->tables[TABLE_DEVICE].count;
    struct inventory *inv = b->inv;

    timings_keep(b);
    inv->devices = calloc(count == 0 ? 1 : count, sizeof *inv->devices);
    if (inv->devices == NULL) {
        return ERR_NO_MEMORY;
    }
    inv->device_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const char *id = draft_text(d, rows[i].id);
        size_t len = strlen(id);
        struct inv_device *to = &inv->devices[i];
        struct sensor_timing t = timing_of(b, &rows[i]);
        uint32_t model;
        enum err e;

        if ((e = build_source(b, draft_text(d, rows[i].source), &to->source)) != ERR_OK ||
            (e = name_find(b, draft_text(d, rows[i].model), &inv->models, &inv->model_count,
                           MODELS_MAX, &model)) != ERR_OK ||
            (e = timing_class(b, &t, &to->timing)) != ERR_OK) {
            return e;
        }
        if (len > DEVICE_ID_MAX || len + 1 > b->text_cap - b->text_len) {
            return ERR_INTERNAL;
        }
        to->id = b->text_len;
        to->id_len = (uint8_t)len;
        to->model = (uint16_t)model;
        memcpy(inv->text + b->text_len, id, len + 1);
        b->text_len += (uint32_t)len + 1;
    }
    return ERR_OK;
}

/* Which device and which place each binding means. Bindings are sorted as devices are: one pass. */
static enum err bindings_resolve(struct build *b)
{
    const struct draft *d = b->draft;
    const struct draft_binding *rows = DRAFT_BINDINGS(d);
    uint32_t device = 0;

    for (uint32_t i = 0; i < d->tables[TABLE_BINDING].count; i++) {
        const char *id = draft_text(d, rows[i].device);
        bool gate = space_key_number(rows[i].target) == 0;
        uint32_t target;
        int order = 1;

        while (device < b->inv->device_count) {
            order = strcmp(id, b->inv->text + b->inv->devices[device].id);
            if (order <= 0) {
                break;
            }
            device++;
        }
        if (order != 0) {
            return ERR_CONFLICT;
        }
        target = gate ? build_lot(b, rows[i].target) : build_space(b, rows[i].target);
        if (target == NO_SLOT) {
            return ERR_CONFLICT;
        }
        b->device_of[i] = device;
        b->target_of[i] = gate ? b->inv->space_count + target : target;
        b->inv->devices[device].sensor_count++;
    }
    return ERR_OK;
}

static bool is_better(const struct inv_sensor *a, const struct inv_sensor *b)
{
    if (a->rank != b->rank) {
        return a->rank < b->rank;
    }
    return a->device != b->device ? a->device < b->device : a->channel < b->channel;
}

/* Puts a sensor behind those its place has already, in order of rank. start: the group's first. */
static void sensor_insert(struct inv_sensor *group, uint32_t count, struct inv_sensor sensor)
{
    while (count > 0 && is_better(&sensor, &group[count - 1])) {
        group[count] = group[count - 1];
        count--;
    }
    group[count] = sensor;
}

/* Gives each place its stretch of the sensors; the counts are filled again as sensors go in. */
static void groups_plan(struct build *b, uint32_t bindings)
{
    struct inventory *inv = b->inv;
    uint32_t next = 0;

    for (uint32_t i = 0; i < bindings; i++) {
        uint32_t t = b->target_of[i];

        if (t < inv->space_count) {
            inv->spaces[t].sensor_count++;
        } else {
            inv->lots[t - inv->space_count].sensor_count++;
        }
    }
    for (uint32_t i = 0; i < inv->space_count; i++) {
        inv->spaces[i].sensors = next;
        next += inv->spaces[i].sensor_count;
        inv->spaces[i].sensor_count = 0;
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        inv->lots[i].sensors = next;
        next += inv->lots[i].sensor_count;
        inv->lots[i].sensor_count = 0;
    }
}

static void sensors_fill(struct build *b, uint32_t bindings)
{
    const struct draft_binding *rows = DRAFT_BINDINGS(b->draft);
    const struct draft_device *devices = DRAFT_DEVICES(b->draft); /* as in the snapshot */
    struct inventory *inv = b->inv;

    for (uint32_t i = 0; i < bindings; i++) {
        uint32_t t = b->target_of[i];
        bool gate = t >= inv->space_count;
        struct inv_sensor sensor = {.device = b->device_of[i],
                                    .target = gate ? t - inv->space_count : t,
                                    .channel = rows[i].channel,
                                    .rank = rows[i].rank,
                                    .gate = gate,
                                    .inverted = !gate && devices[b->device_of[i]].inverted};

        if (gate) {
            struct inv_lot *lot = &inv->lots[sensor.target];

            sensor_insert(inv->sensors + lot->sensors, lot->sensor_count++, sensor);
        } else {
            struct inv_space *space = &inv->spaces[sensor.target];

            sensor_insert(inv->sensors + space->sensors, space->sensor_count++, sensor);
        }
    }
}

static int channel_order(const struct inventory *inv, uint32_t a, uint32_t b)
{
    return (int)inv->sensors[a].channel - (int)inv->sensors[b].channel;
}

/* Sensor numbers of each device, by channel. Shell sort: a concentrator may have thousands. */
static void channels_sort(const struct inventory *inv, uint32_t *of, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < count; i++) {
            uint32_t moved = of[i];
            uint32_t at = i;

            while (at >= gap && channel_order(inv, of[at - gap], moved) > 0) {
                of[at] = of[at - gap];
                at -= gap;
            }
            of[at] = moved;
        }
    }
}

/* A device with one sensor names it itself; the others get a stretch each. Filled from the back of
 * the stretch, so that sensors_of ends where the stretch begins. */
static enum err device_sensors_fill(struct inventory *inv)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < inv->device_count; i++) {
        struct inv_device *d = &inv->devices[i];

        next += d->sensor_count > 1 ? d->sensor_count : 0;
        d->sensors_of = next;
    }
    inv->device_sensors = calloc(next == 0 ? 1 : next, sizeof *inv->device_sensors);
    if (inv->device_sensors == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->sensor_count; i++) {
        struct inv_device *d = &inv->devices[inv->sensors[i].device];

        if (d->sensor_count == 1) {
            d->sensors_of = i;
        } else {
            inv->device_sensors[--d->sensors_of] = i;
        }
    }
    for (uint32_t i = 0; i < inv->device_count; i++) {
        const struct inv_device *d = &inv->devices[i];

        if (d->sensor_count > 1) {
            channels_sort(inv, inv->device_sensors + d->sensors_of, d->sensor_count);
        }
    }
    return ERR_OK;
}

enum err build_sensors(struct build *b)
{
    uint32_t bindings = b->draft->tables[TABLE_BINDING].count;
    size_t rows = bindings == 0 ? 1 : bindings;
    enum err e;

    b->device_of = calloc(rows, sizeof *b->device_of);
    b->target_of = calloc(rows, sizeof *b->target_of);
    b->inv->sensors = calloc(rows, sizeof *b->inv->sensors);
    if (b->device_of == NULL || b->target_of == NULL || b->inv->sensors == NULL) {
        return ERR_NO_MEMORY;
    }
    e = bindings_resolve(b);
    if (e != ERR_OK) {
        return e;
    }
    b->inv->sensor_count = bindings;
    groups_plan(b, bindings);
    sensors_fill(b, bindings);
    return device_sensors_fill(b->inv);
}
