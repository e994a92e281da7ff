/* The desk between staff, who ask for a recalibration, and the lines, which write it: a bounded
 * queue a line and the newest outcome of each channel. A line registers when it starts and goes
 * when it ends; the API only ever sees the desk. */
#include "sensors/recalibration.h"
#include "bowei/base/city_clock.h"
#include "bowei/reading.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX (2 * CONFIG_LINES_MAX) /* while it is edited, a line is there twice */

struct entry {
    struct recalibration_job job;
    int64_t asked_boot_ms;
};

struct desk_unit {
    char device[DEVICE_ID_MAX + 1];
    const struct register_map *map;
    struct recalibration *last; /* the map's channels, made when first asked for */
    bool *asked;
};

struct recalibration_queue {
    struct recalibration_desk *desk;
    struct halt *halt;
    const char *line;   /* its name */
    _Atomic bool waits; /* set and cleared under the desk's lock */
    struct desk_unit *units;
    uint32_t unit_count;
    struct entry entries[RECALIBRATION_QUEUE_MAX]; /* a ring */
    uint32_t first, count;
};

struct recalibration_desk {
    pthread_mutex_t lock; /* rank 6: guards all below */
    struct counters *counters;
    struct recalibration_queue *queues[LINES_MAX];
    bool any; /* something was asked for since the start */
};

struct recalibration_desk *recalibration_desk_create(struct counters *counters)
{
    struct recalibration_desk *desk = calloc(1, sizeof *desk);

    if (desk != NULL && pthread_mutex_init(&desk->lock, NULL) != 0) {
        free(desk);
        return NULL;
    }
    if (desk != NULL) {
        desk->counters = counters;
    }
    return desk;
}

void recalibration_desk_destroy(struct recalibration_desk *desk)
{
    if (desk != NULL) {
        (void)pthread_mutex_destroy(&desk->lock);
        free(desk);
    }
}

static void queue_free(struct recalibration_queue *queue)
{
    for (uint32_t i = 0; i < queue->unit_count; i++) {
        free(queue->units[i].last);
        free(queue->units[i].asked);
    }
    free(queue->units);
    free(queue);
}

struct recalibration_queue *recalibration_open(struct recalibration_desk *desk,
                                               const struct config *config,
                                               const struct line_config *line, struct halt *halt)
{
    struct recalibration_queue *queue = desk == NULL ? NULL : calloc(1, sizeof *queue);
    uint32_t at = 0;

    if (queue == NULL) {
        return NULL;
    }
    queue->desk = desk;
    queue->halt = halt;
    queue->line = line->name;
    queue->units = calloc(line->unit_count + 1U, sizeof *queue->units);
    if (queue->units == NULL) {
        queue_free(queue);
        return NULL;
    }
    queue->unit_count = line->unit_count;
    for (uint32_t i = 0; i < line->unit_count; i++) {
        (void)snprintf(queue->units[i].device, sizeof queue->units[i].device, "%s/%s", line->name,
                       line->units[i].name);
        for (uint32_t m = 0; m < config->map_count; m++) {
            if (strcmp(config->maps[m].name, line->units[i].map) == 0) {
                queue->units[i].map = &config->maps[m];
            }
        }
    }
    pthread_mutex_lock(&desk->lock);
    while (at < LINES_MAX && desk->queues[at] != NULL) {
        at++;
    }
    if (at < LINES_MAX) {
        desk->queues[at] = queue;
    }
    pthread_mutex_unlock(&desk->lock);
    if (at == LINES_MAX) {
        queue_free(queue);
        return NULL;
    }
    return queue;
}

/* Writes down how a job ended; lock held. */
static void outcome_set(struct recalibration_queue *queue, const struct recalibration_job *job,
                        enum recalibration_outcome outcome, uint8_t exception)
{
    static const enum counter counters[RECALIBRATION_OUTCOME_COUNT] = {
        [RECALIBRATION_QUEUED] = COUNT_MODBUS_WRITES_ASKED,
        [RECALIBRATION_DONE] = COUNT_MODBUS_WRITES_DONE,
        [RECALIBRATION_REFUSED] = COUNT_MODBUS_WRITES_REFUSED,
        [RECALIBRATION_NO_ANSWER] = COUNT_MODBUS_WRITES_NO_ANSWER,
        [RECALIBRATION_WRONG_UNIT] = COUNT_MODBUS_WRITES_WRONG_UNIT,
    };
    struct recalibration *last = &queue->units[job->unit].last[job->channel];

    last->outcome = (uint8_t)outcome;
    last->exception = exception;
    last->ended_wall_ms = host_wall_ms();
    count_add(queue->desk->counters, counters[outcome], 1);
}

/* Takes the oldest entry off the queue; lock held. */
static struct entry entry_take(struct recalibration_queue *queue)
{
    const struct entry entry = queue->entries[queue->first];

    queue->first = (queue->first + 1) % RECALIBRATION_QUEUE_MAX;
    queue->count--;
    return entry;
}

void recalibration_shut(struct recalibration_queue *queue)
{
    struct recalibration_desk *desk;

    if (queue == NULL) {
        return;
    }
    desk = queue->desk;
    pthread_mutex_lock(&desk->lock);
    while (queue->count > 0) {
        const struct entry entry = entry_take(queue);

        outcome_set(queue, &entry.job, RECALIBRATION_NO_ANSWER, 0);
    }
    for (uint32_t i = 0; i < LINES_MAX; i++) {
        if (desk->queues[i] == queue) {
            desk->queues[i] = NULL;
        }
    }
    pthread_mutex_unlock(&desk->lock);
    queue_free(queue);
}

const _Atomic bool *recalibration_bell(const struct recalibration_queue *queue)
{
    return queue == NULL ? NULL : &queue->waits;
}

bool recalibration_take(struct recalibration_queue *queue, struct recalibration_job *job)
{
    bool found = false;

    if (queue == NULL || !atomic_load(&queue->waits)) {
        return false;
    }
    pthread_mutex_lock(&queue->desk->lock);
    while (!found && queue->count > 0) {
        const struct entry entry = entry_take(queue);

        *job = entry.job;
        found = host_boot_ms() - entry.asked_boot_ms <= RECALIBRATION_WAIT_MS;
        if (!found) {
            outcome_set(queue, job, RECALIBRATION_NO_ANSWER, 0);
        }
    }
    atomic_store(&queue->waits, queue->count > 0);
    pthread_mutex_unlock(&queue->desk->lock);
    return found;
}

void recalibration_end(struct recalibration_queue *queue, const struct recalibration_job *job,
                       enum recalibration_outcome outcome, uint8_t exception)
{
    pthread_mutex_lock(&queue->desk->lock);
    outcome_set(queue, job, outcome, exception);
    pthread_mutex_unlock(&queue->desk->lock);
}

/* --- the API's side; lock held --- */

static struct recalibration_queue *queue_of(struct recalibration_desk *desk, const char *device,
                                            uint32_t *unit)
{
    for (uint32_t i = 0; i < LINES_MAX; i++) {
        struct recalibration_queue *queue = desk->queues[i];
        size_t len = queue == NULL ? 0 : strlen(queue->line);

        if (queue == NULL || strncmp(queue->line, device, len) != 0 || device[len] != '/') {
            continue;
        }
        for (uint32_t k = 0; k < queue->unit_count; k++) {
            if (strcmp(queue->units[k].device, device) == 0) {
                *unit = k;
                return queue;
            }
        }
    }
    return NULL;
}

static enum err check(struct recalibration_desk *desk, const char *device, uint16_t channel,
                      char detail[160])
{
    uint32_t unit;
    const struct recalibration_queue *queue = queue_of(desk, device, &unit);
    const struct register_map *map = queue == NULL ? NULL : queue->units[unit].map;

    if (map == NULL) {
        (void)snprintf(detail, 160, "no Modbus line of this gateway polls the device");
        return ERR_CONFLICT;
    }
    if (map->recalibrate.function == 0) {
        (void)snprintf(detail, 160, "the device's register map %.40s has no recalibrate write",
                       map->name);
        return ERR_CONFLICT;
    }
    if (channel < map->first_channel || channel >= map->first_channel + map->channels) {
        (void)snprintf(detail, 160, "channel: %u is not one of %u-%u", channel, map->first_channel,
                       map->first_channel + map->channels - 1);
        return ERR_UNPROCESSABLE;
    }
    return ERR_OK;
}

enum err recalibration_check(struct recalibration_desk *desk, const char *device, uint16_t channel,
                             bool *whole_unit, char detail[160])
{
    enum err err;
    uint32_t unit;

    pthread_mutex_lock(&desk->lock);
    err = check(desk, device, channel, detail);
    if (err == ERR_OK) {
        *whole_unit = queue_of(desk, device, &unit)->units[unit].map->recalibrate.stride == 0;
    }
    pthread_mutex_unlock(&desk->lock);
    return err;
}

/* Puts one write at the end of the queue, which has room. */
static void put(struct recalibration_queue *queue, struct recalibration_job job)
{
    struct desk_unit *unit = &queue->units[job.unit];

    unit->last[job.channel] = (struct recalibration){.asked_wall_ms = host_wall_ms()};
    unit->asked[job.channel] = true;
    queue->entries[(queue->first + queue->count) % RECALIBRATION_QUEUE_MAX] =
        (struct entry){.job = job, .asked_boot_ms = host_boot_ms()};
    queue->count++;
    queue->desk->any = true;
    count_add(queue->desk->counters, COUNT_MODBUS_WRITES_ASKED, 1);
}

static bool outcomes_make(struct desk_unit *unit)
{
    if (unit->last == NULL) {
        unit->last = calloc(unit->map->channels, sizeof *unit->last);
    }
    if (unit->asked == NULL) {
        unit->asked = calloc(unit->map->channels, sizeof *unit->asked);
    }
    return unit->last != NULL && unit->asked != NULL;
}

static enum err ask(struct recalibration_desk *desk, const char *device, const uint16_t *channels,
                    uint32_t count, char detail[160])
{
    uint32_t at = 0;
    struct recalibration_queue *queue = queue_of(desk, device, &at);
    enum err err = ERR_OK;
    struct desk_unit *unit;

    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        err = check(desk, device, channels[i], detail);
    }
    if (err != ERR_OK || count == 0) {
        return err;
    }
    unit = &queue->units[at];
    if (unit->map->recalibrate.stride == 0) {
        count = 1;
    }
    if (queue->count + count > RECALIBRATION_QUEUE_MAX) {
        (void)snprintf(detail, 160, "%u writes wait on the device's line already", queue->count);
        return ERR_OVERLOADED;
    }
    if (!outcomes_make(unit)) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t channel =
            unit->map->recalibrate.stride == 0 ? 0 : channels[i] - unit->map->first_channel;

        put(queue, (struct recalibration_job){.unit = at, .channel = channel});
    }
    halt_ring(queue->halt, &queue->waits);
    return ERR_OK;
}

enum err recalibration_ask(struct recalibration_desk *desk, const char *device,
                           const uint16_t *channels, uint32_t count, char detail[160])
{
    enum err err;

    pthread_mutex_lock(&desk->lock);
    err = ask(desk, device, channels, count, detail);
    pthread_mutex_unlock(&desk->lock);
    return err;
}

bool recalibration_last(struct recalibration_desk *desk, const char *device, uint16_t channel,
                        struct recalibration *out)
{
    uint32_t at = 0;
    const struct recalibration_queue *queue;
    bool found = false;

    pthread_mutex_lock(&desk->lock);
    queue = desk->any ? queue_of(desk, device, &at) : NULL;
    if (queue != NULL && queue->units[at].asked != NULL) {
        const struct desk_unit *unit = &queue->units[at];
        const uint32_t i =
            unit->map->recalibrate.stride == 0 ? 0 : channel - unit->map->first_channel;

        found = i < unit->map->channels && unit->asked[i];
        if (found) {
            *out = unit->last[i];
        }
    }
    pthread_mutex_unlock(&desk->lock);
    return found;
}

/* --- the port --- */

static enum err port_check(void *ctx, const char *device, uint16_t channel, bool *whole_unit,
                           char detail[160])
{
    return recalibration_check(ctx, device, channel, whole_unit, detail);
}

static enum err port_ask(void *ctx, const char *device, const uint16_t *channels, uint32_t count,
                         char detail[160])
{
    return recalibration_ask(ctx, device, channels, count, detail);
}

static bool port_last(void *ctx, const char *device, uint16_t channel, struct recalibration *out)
{
    return recalibration_last(ctx, device, channel, out);
}

struct recalibration_port recalibration_port_of(struct recalibration_desk *desk)
{
    return (struct recalibration_port){desk, port_check, port_ask, port_last};
}
