/* Figures of each device, noted where its frames are decoded and read by the API. Arrays by device
 * and sensor index of one inventory; device_ledger_carry moves them to the next. A note by another
 * inventory's index (a frame that was under way during the swap) is left out. */
#include "bowei/device_ledger.h"
#include "sensors/frame_log.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define GAP_MAX  1000 /* a larger step of the counter is a device that began anew */
#define BACK_MAX 64   /* a smaller step back is a late frame */

struct ledger_row {
    uint32_t frames : 22;
    uint32_t refusals : 10; /* all reasons */
    uint32_t counter : 16;  /* low bits of the newest */
    uint32_t counter_known : 1;
    uint32_t offset_known : 1;
    uint32_t duplicates : 14;
    uint16_t lost;
    int16_t offset_s;
};

_Static_assert(sizeof(struct ledger_row) == 12, "there may be a million");

/* Refusals of one device by reason; the one refused longest ago gives way. */
struct refuser {
    uint64_t device; /* frame_device; 0 = free */
    uint64_t turn;
    uint16_t refused[DECODE_FAULT_COUNT];
};

struct device_ledger {
    pthread_mutex_t lock;
    uint64_t version; /* guarded by lock, as all below */
    uint32_t device_count, sensor_count;
    struct ledger_row *rows;
    struct rhythm *rhythms;
    struct refuser refusers[LEDGER_REFUSERS];
    uint64_t turn;
    struct frame_log log;
};

static const char *const fate_names[FRAME_FATE_COUNT] = {
    [FRAME_TAKEN] = "taken",     [FRAME_REFUSED] = "refused", [FRAME_RETAINED] = "retained",
    [FRAME_UNBOUND] = "unbound", [FRAME_LOST] = "not_kept",
};

const char *frame_fate_name(enum frame_fate fate)
{
    return (unsigned)fate < FRAME_FATE_COUNT ? fate_names[fate] : "";
}

struct device_ledger *device_ledger_create(uint32_t frame_kib)
{
    struct device_ledger *ledger = calloc(1, sizeof *ledger);

    if (ledger == NULL) {
        return NULL;
    }
    if (!frame_log_init(&ledger->log, frame_kib)) {
        goto undo_ledger;
    }
    if (pthread_mutex_init(&ledger->lock, NULL) != 0) {
        goto undo_log;
    }
    return ledger;
undo_log:
    frame_log_finish(&ledger->log);
undo_ledger:
    free(ledger);
    return NULL;
}

void device_ledger_destroy(struct device_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    pthread_mutex_destroy(&ledger->lock);
    frame_log_finish(&ledger->log);
    free(ledger->rows);
    free(ledger->rhythms);
    free(ledger);
}

/* One sensor that is in both inventories and still watches the same place keeps what is known of
 * it. */
static void carry_sensors(const struct device_ledger *ledger, const struct inventory *former,
                          const struct inventory *next, uint32_t from, uint32_t to,
                          struct rhythm *rhythms)
{
    const struct inv_device *is = &former->devices[from];

    for (uint32_t i = 0; i < is->sensor_count; i++) {
        const uint32_t sensor = inventory_device_sensors(former, from)[i];
        const uint32_t now = inventory_sensor(next, to, former->sensors[sensor].channel);

        if (now != NO_SENSOR && former->sensors[sensor].gate == next->sensors[now].gate &&
            (former->sensors[sensor].gate ? former->lots[former->sensors[sensor].target].key ==
                                                next->lots[next->sensors[now].target].key
                                          : former->spaces[former->sensors[sensor].target].key ==
                                                next->spaces[next->sensors[now].target].key)) {
            rhythms[now] = ledger->rhythms[sensor];
        }
    }
}

void device_ledger_carry(struct device_ledger *ledger, const struct inventory *former,
                         const struct inventory *next)
{
    struct ledger_row *rows = calloc((size_t)next->device_count + 1, sizeof *rows);
    struct rhythm *rhythms = calloc((size_t)next->sensor_count + 1, sizeof *rhythms);

    if (rows == NULL || rhythms == NULL) {
        free(rows);
        free(rhythms);
        rows = NULL;
        rhythms = NULL;
    }
    pthread_mutex_lock(&ledger->lock);
    for (uint32_t i = 0; rows != NULL && former != NULL && ledger->rows != NULL &&
                         ledger->version == former->version && i < ledger->device_count;
         i++) {
        const struct inv_device *is = &former->devices[i];
        const uint32_t to = inventory_device(next, inventory_text(former, is->id), is->id_len);

        if (to != NO_SLOT) {
            rows[to] = ledger->rows[i];
            carry_sensors(ledger, former, next, i, to, rhythms);
        }
    }
    free(ledger->rows);
    free(ledger->rhythms);
    ledger->rows = rows;
    ledger->rhythms = rhythms;
    ledger->device_count = rows == NULL ? 0 : next->device_count;
    ledger->sensor_count = rows == NULL ? 0 : next->sensor_count;
    ledger->version = next->version;
    pthread_mutex_unlock(&ledger->lock);
}

/* Counts stop at their highest value. */
static uint32_t sum(uint32_t count, uint32_t n, uint32_t most)
{
    return n > most - count ? most : count + n;
}

/* The frame counter tells what was lost on the way. A join is told without one as a rule. */
static void note_counter(struct ledger_row *row, const struct frame_record *rec)
{
    const uint16_t counter = (uint16_t)rec->counter;
    const uint16_t step = (uint16_t)(counter - row->counter);
    const uint16_t back = (uint16_t)(row->counter - counter);
    const bool anew = rec->value == VALUE_START || rec->value == VALUE_JOIN;

    if (!(rec->has & HAS_COUNTER)) {
        row->counter_known &= !anew;
        return;
    }
    if (row->counter_known && !anew) {
        if (step == 0 || back < BACK_MAX) {
            row->duplicates =
                sum(row->duplicates, 1, FIGURE_DUPLICATES_MAX) & FIGURE_DUPLICATES_MAX;
            return;
        }
        row->lost = (uint16_t)sum(row->lost, step - 1 < GAP_MAX ? (uint32_t)(step - 1) : 0,
                                  FIGURE_LOST_MAX);
    }
    row->counter_known = 1;
    row->counter = counter;
}

static void note_refusal(struct device_ledger *ledger, uint64_t device, enum decode_fault fault)
{
    struct refuser *to = &ledger->refusers[0];

    for (size_t i = 0; i < LEDGER_REFUSERS; i++) {
        struct refuser *one = &ledger->refusers[i];

        if (one->device == device) {
            to = one;
            break;
        }
        if (one->turn < to->turn) {
            to = one;
        }
    }
    if (to->device != device) {
        *to = (struct refuser){.device = device};
    }
    to->turn = ++ledger->turn;
    to->refused[fault] = (uint16_t)sum(to->refused[fault], 1, UINT16_MAX);
}

static void note_row(struct device_ledger *ledger, uint64_t device, struct ledger_row *row,
                     const struct frame_record *rec)
{
    row->frames = sum(row->frames, 1, FIGURE_FRAMES_MAX) & FIGURE_FRAMES_MAX;
    if (rec->fate == FRAME_REFUSED) {
        row->refusals = sum(row->refusals, 1, FIGURE_REFUSALS_MAX) & FIGURE_REFUSALS_MAX;
        note_refusal(ledger, device,
                     rec->fault < DECODE_FAULT_COUNT ? (enum decode_fault)rec->fault : DECODE_OK);
    }
    if (rec->fate != FRAME_LOST && rec->fate != FRAME_RETAINED) {
        note_counter(row, rec);
    }
    if (rec->has & HAS_NET_TIME && rec->fate != FRAME_RETAINED) {
        const int64_t offset_s = (rec->net_time_ms - rec->wall_ms) / 1000;

        row->offset_s = (int16_t)(offset_s > INT16_MAX    ? INT16_MAX
                                  : offset_s < -INT16_MAX ? -INT16_MAX
                                                          : offset_s);
        row->offset_known = 1;
    }
}

void device_ledger_note(struct device_ledger *ledger, const struct inventory *inv, uint32_t device,
                        const struct frame_record *rec)
{
    const struct inv_device *is = &inv->devices[device];
    uint64_t name;

    if (ledger == NULL) {
        return;
    }
    name = frame_device(inventory_text(inv, is->id), is->id_len);
    pthread_mutex_lock(&ledger->lock);
    if (ledger->version == inv->version && device < ledger->device_count) {
        note_row(ledger, name, &ledger->rows[device], rec);
    }
    frame_log_put(&ledger->log, name, rec, true);
    pthread_mutex_unlock(&ledger->lock);
}

void device_ledger_glance(struct device_ledger *ledger, const struct inventory *inv,
                          uint32_t device, const struct frame_record *rec)
{
    const struct inv_device *is = &inv->devices[device];

    if (ledger == NULL) {
        return;
    }
    pthread_mutex_lock(&ledger->lock);
    frame_log_put(&ledger->log, frame_device(inventory_text(inv, is->id), is->id_len), rec, false);
    pthread_mutex_unlock(&ledger->lock);
}

bool device_ledger_figures(struct device_ledger *ledger, uint64_t version, uint32_t device,
                           struct device_figures *out)
{
    bool same;

    *out = (struct device_figures){0};
    pthread_mutex_lock(&ledger->lock);
    same = ledger->version == version && device < ledger->device_count;
    if (same) {
        const struct ledger_row *row = &ledger->rows[device];

        out->frames = row->frames;
        out->lost = row->lost;
        out->duplicates = (uint16_t)row->duplicates;
        out->offset_known = row->offset_known;
        out->offset_s = row->offset_s;
        out->refusals = (uint16_t)row->refusals;
    }
    pthread_mutex_unlock(&ledger->lock);
    return same;
}

void device_ledger_refusals(struct device_ledger *ledger, const char *id, size_t len,
                            uint16_t out[DECODE_FAULT_COUNT])
{
    const uint64_t device = frame_device(id, len);

    memset(out, 0, DECODE_FAULT_COUNT * sizeof *out);
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < LEDGER_REFUSERS; i++) {
        if (ledger->refusers[i].device == device) {
            memcpy(out, ledger->refusers[i].refused, sizeof ledger->refusers[i].refused);
            break;
        }
    }
    pthread_mutex_unlock(&ledger->lock);
}

bool device_ledger_rhythm(struct device_ledger *ledger, uint64_t version, uint32_t sensor,
                          struct rhythm *out)
{
    bool same;

    *out = (struct rhythm){0};
    pthread_mutex_lock(&ledger->lock);
    same = ledger->version == version && sensor < ledger->sensor_count;
    if (same) {
        *out = ledger->rhythms[sensor];
    }
    pthread_mutex_unlock(&ledger->lock);
    return same;
}

bool device_ledger_rhythm_put(struct device_ledger *ledger, uint64_t version, uint32_t sensor,
                              const struct rhythm *rhythm)
{
    bool same;

    pthread_mutex_lock(&ledger->lock);
    same = ledger->version == version && sensor < ledger->sensor_count;
    if (same) {
        ledger->rhythms[sensor] = *rhythm;
    }
    pthread_mutex_unlock(&ledger->lock);
    return same;
}

uint32_t device_ledger_frames(struct device_ledger *ledger, const char *id, size_t len,
                              uint64_t after, struct frame_record *out, uint32_t n)
{
    uint32_t count;

    pthread_mutex_lock(&ledger->lock);
    count = frame_log_read(&ledger->log, frame_device(id, len), after, out, n);
    pthread_mutex_unlock(&ledger->lock);
    return count;
}

void device_ledger_watch(struct device_ledger *ledger, const char *id, size_t len)
{
    pthread_mutex_lock(&ledger->lock);
    frame_log_watch(&ledger->log, frame_device(id, len));
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t device_ledger_newest(struct device_ledger *ledger)
{
    uint64_t newest;

    pthread_mutex_lock(&ledger->lock);
    newest = ledger->log.newest;
    pthread_mutex_unlock(&ledger->lock);
    return newest;
}

size_t device_ledger_memory(const struct device_ledger *ledger)
{
    return sizeof *ledger + ledger->device_count * sizeof *ledger->rows +
           ledger->sensor_count * sizeof *ledger->rhythms + ledger->log.size +
           LEDGER_WATCHED_MAX * LEDGER_FRAMES * sizeof(struct frame_record);
}

struct ledger_port device_ledger_port(struct device_ledger *ledger)
{
    return (struct ledger_port){.ledger = ledger,
                                .figures = device_ledger_figures,
                                .refusals = device_ledger_refusals,
                                .rhythm = device_ledger_rhythm,
                                .frames = device_ledger_frames,
                                .watch = device_ledger_watch,
                                .newest = device_ledger_newest,
                                .fault_name = decode_fault_name,
                                .fate_name = frame_fate_name};
}
