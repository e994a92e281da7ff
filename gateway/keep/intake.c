/* Intake: the one door to the core. Drivers' and handlers' threads come in through intake_port, the
 * core thread takes out. Under one short lock (rank 1) an input gets its position and its now, a
 * reading is written to the journal, and all is queued in that same order. The core's side is
 * intake_take.c.
 *
 * The ring is the journal's tail. When it is overrun, readings stay in the journal only
 * (`lagging`). What is not in the journal and must not be lost (inventory, session) waits in a side
 * list sorted by position; unchanged samples are dropped and counted, commands are refused. */
#include "bowei/base/log.h"
#include "gateway/keep/intake_queue.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Commands are refused beyond this many waiting inputs: an answer must not come too late. */
#define COMMAND_ROOM (INTAKE_RING / 2)
#define CACHE_LINE   64

struct now intake_now_locked(struct intake *in)
{
    uint64_t jumps = in->clock.jumps_ahead;
    uint64_t steps = in->clock.steps_back;
    struct now now = city_clock_read(&in->clock, host_wall_ms(), host_boot_ms());

    if (in->clock.jumps_ahead != jumps) {
        count_add(in->counters, COUNT_CLOCK_JUMPS_AHEAD, in->clock.jumps_ahead - jumps);
    }
    if (in->clock.steps_back != steps) {
        count_add(in->counters, COUNT_CLOCK_STEPS_BACK, in->clock.steps_back - steps);
    }
    return now;
}

static void wake_locked(struct intake *in)
{
    if (in->waiting) {
        pthread_cond_signal(&in->wake);
    }
}

void intake_lag_locked(struct intake *in)
{
    atomic_store_explicit(&in->lag, in->head - in->tail + in->missed_count + in->side_count,
                          memory_order_relaxed);
}

static uint64_t ring_room(const struct intake *in)
{
    return in->lagging ? 0 : INTAKE_RING - (in->head - in->tail);
}

static struct input *ring_next(struct intake *in)
{
    return &in->ring[in->head++ & (INTAKE_RING - 1)];
}

/* The core on another processor was the last to touch the ring's next place: fetched while the
 * journal is written. */
static void ring_expect(const struct intake *in)
{
    const char *next = (const char *)&in->ring[in->head & (INTAKE_RING - 1)];

    for (size_t at = 0; at < sizeof(struct input); at += CACHE_LINE) {
        __builtin_prefetch(next + at, 1);
    }
}

static void lagging_locked(struct intake *in)
{
    if (!in->lagging) {
        in->lagging = true;
        count_add(in->counters, COUNT_CORE_LAGGED, 1);
    }
}

/* Into the ring, or as what it is when that is full. */
static void queue_reading(struct intake *in, const struct record_stamp *stamp,
                          const struct reading *reading)
{
    if (ring_room(in) > 0) {
        struct input *input = ring_next(in);

        input->at = stamp->at;
        input->now = stamp->now;
        input->inventory_version = stamp->inventory_version;
        input->kind = INPUT_READING;
        input->reading = *reading;
        return;
    }
    if (reading->unchanged) {
        count_add(in->counters, COUNT_SAMPLES_DROPPED, 1);
        return;
    }
    lagging_locked(in);
    in->missed = stamp->at;
    in->missed_count++;
}

static enum err take_readings(void *ctx, uint64_t inventory_version, const struct reading *readings,
                              size_t n)
{
    struct intake *in = ctx;
    struct record_stamp stamp;
    enum err e;

    if (n == 0) {
        return ERR_OK;
    }
    pthread_mutex_lock(&in->lock);
    ring_expect(in);
    stamp = (struct record_stamp){
        .at = in->next, .now = intake_now_locked(in), .inventory_version = inventory_version};
    e = journal_append_readings(in->journal, &stamp, readings, n);
    if (e == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            queue_reading(in, &stamp, &readings[i]);
            stamp.at.seq++;
        }
        in->next = stamp.at;
        count_add(in->counters, COUNT_READINGS_ACCEPTED, n);
        intake_lag_locked(in);
        wake_locked(in);
    }
    pthread_mutex_unlock(&in->lock);
    return e;
}

/* Into the ring, or only into the journal, which has it already. */
static void queue_report(struct intake *in, const struct record_stamp *stamp,
                         const struct bike_report *report)
{
    if (ring_room(in) > 0) {
        struct input *input = ring_next(in);

        input->at = stamp->at;
        input->now = stamp->now;
        input->inventory_version = stamp->inventory_version;
        input->kind = INPUT_REPORT;
        input->report = *report;
        return;
    }
    lagging_locked(in);
    in->missed = stamp->at;
    in->missed_count++;
}

static enum err take_reports(void *ctx, uint64_t inventory_version,
                             const struct bike_report *reports, size_t n)
{
    struct intake *in = ctx;
    struct record_stamp stamp;
    enum err e;

    if (n == 0) {
        return ERR_OK;
    }
    if (n > REPORTS_MAX) {
        return ERR_OVERLOADED;
    }
    pthread_mutex_lock(&in->lock);
    stamp = (struct record_stamp){
        .at = in->next, .now = intake_now_locked(in), .inventory_version = inventory_version};
    e = journal_append_reports(in->journal, &stamp, reports, n);
    if (e == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            queue_report(in, &stamp, &reports[i]);
            stamp.at.seq++;
        }
        in->next = stamp.at;
        count_add(in->counters, COUNT_REPORTS_ACCEPTED, n);
        intake_lag_locked(in);
        wake_locked(in);
    }
    pthread_mutex_unlock(&in->lock);
    return e;
}

static void take_synced(void *ctx, void (*done)(void *done_ctx, enum err result), void *done_ctx)
{
    const struct intake *in = ctx;

    journal_sync_then(in->journal, done, done_ctx);
}

static enum err take_command(void *ctx, struct command *command)
{
    struct intake *in = ctx;
    enum err e = ERR_OVERLOADED;

    pthread_mutex_lock(&in->lock);
    if (ring_room(in) > COMMAND_ROOM) {
        struct input *input = ring_next(in);

        *input = (struct input){.at = in->next,
                                .now = intake_now_locked(in),
                                .kind = INPUT_COMMAND,
                                .command = command};
        input->inventory_version = command->inventory_version;
        in->next.seq++;
        intake_lag_locked(in);
        wake_locked(in);
        e = ERR_OK;
    }
    pthread_mutex_unlock(&in->lock);
    return e;
}

/* Of a link whose session was lost once more before the core got to it: the newer loss says all
 * that the older one does, so that of each link at most one waits. */
static void side_forget_session_locked(struct intake *in, const char *link)
{
    size_t kept = 0;

    for (size_t i = 0; i < in->side_count; i++) {
        if (in->side[i].kind != INPUT_SESSION_LOST ||
            strcmp(in->side[i].session_lost.link, link) != 0) {
            in->side[kept++] = in->side[i];
        }
    }
    in->side_count = kept;
}

/* What must not be lost and is in no journal. */
static enum err queue_kept_locked(struct intake *in, const struct input *input)
{
    if (ring_room(in) > 0) {
        *ring_next(in) = *input;
    } else {
        if (in->side_count == in->side_cap) {
            struct input *more = realloc(in->side, (in->side_cap + 16) * sizeof *more);

            if (more == NULL) {
                return ERR_NO_MEMORY;
            }
            in->side = more;
            in->side_cap += 16;
        }
        in->side[in->side_count++] = *input;
        lagging_locked(in); /* what comes later must not overtake it through the ring */
    }
    in->next.seq++;
    intake_lag_locked(in);
    wake_locked(in);
    return ERR_OK;
}

static enum err take_session_lost(void *ctx, const char *link, int64_t since_wall_ms)
{
    struct intake *in = ctx;
    struct input input = {.kind = INPUT_SESSION_LOST};
    enum err e;

    assert(strlen(link) <= SOURCE_NAME_MAX);
    memcpy(input.session_lost.link, link, strlen(link) + 1);
    pthread_mutex_lock(&in->lock);
    input.at = in->next;
    input.now = intake_now_locked(in);
    input.session_lost.since_ms = since_wall_ms - input.now.shift_ms;
    side_forget_session_locked(in, link);
    e = queue_kept_locked(in, &input);
    pthread_mutex_unlock(&in->lock);
    return e;
}

enum err intake_inventory(struct intake *in, const struct inventory *inventory)
{
    struct input input = {.kind = INPUT_INVENTORY};
    struct record record = {.type = RECORD_INVENTORY};
    enum err e;

    pthread_mutex_lock(&in->lock);
    input.at = in->next;
    input.now = intake_now_locked(in);
    input.inventory_version = inventory->version;
    input.inventory = inventory;
    record.at = input.at;
    record.now = input.now;
    record.inventory_version = inventory->version;
    e = queue_kept_locked(in, &input);
    if (e == ERR_OK && journal_append(in->journal, &record, 1) != ERR_OK) {
        log_line(LOG_WARNING, "intake", "the journal has no record of inventory version %llu",
                 (unsigned long long)inventory->version);
    }
    pthread_mutex_unlock(&in->lock);
    return e;
}

enum err intake_append_images(struct intake *in, enum record_type type, struct position at,
                              struct now now, uint64_t inventory_version,
                              const struct image *images, size_t n)
{
    const struct record_stamp stamp = {
        .at = at, .now = now, .inventory_version = inventory_version};

    return journal_append_images(in->journal, type, &stamp, images, n);
}

struct position intake_newest(const struct intake *in)
{
    struct intake *self = in->self;
    struct position newest;

    pthread_mutex_lock(&self->lock);
    newest = self->newest;
    pthread_mutex_unlock(&self->lock);
    return newest;
}

void intake_wake(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->woken = true;
    wake_locked(in);
    pthread_mutex_unlock(&in->lock);
}

void intake_set_epoch(struct intake *in, uint64_t epoch)
{
    pthread_mutex_lock(&in->lock);
    if (epoch > in->next.epoch) {
        in->next.epoch = epoch;
    }
    pthread_mutex_unlock(&in->lock);
}

bool intake_blocked(const struct intake *in)
{
    return atomic_load(&in->blocked);
}

uint64_t intake_lost(struct intake *in)
{
    const uint64_t lost = in->lost;

    in->lost = 0;
    return lost;
}

uint64_t intake_lag(const struct intake *in)
{
    return atomic_load_explicit(&in->lag, memory_order_relaxed);
}

struct intake_port intake_port_of(struct intake *in)
{
    return (struct intake_port){.ctx = in,
                                .readings = take_readings,
                                .reports = take_reports,
                                .synced = take_synced,
                                .command = take_command,
                                .session_lost = take_session_lost};
}

static bool init_locks(struct intake *in)
{
    pthread_condattr_t attr;
    bool ok;

    if (pthread_mutex_init(&in->lock, NULL) != 0) {
        return false;
    }
    ok = pthread_condattr_init(&attr) == 0;
    if (ok) {
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        ok = pthread_cond_init(&in->wake, &attr) == 0;
        pthread_condattr_destroy(&attr);
    }
    if (!ok) {
        pthread_mutex_destroy(&in->lock);
    }
    return ok;
}

struct intake *intake_create(const struct intake_params *params)
{
    struct intake *in = calloc(1, sizeof *in);
    int64_t start_ms =
        params->wall_ms > params->at_least_ms ? params->wall_ms : params->at_least_ms;

    if (in == NULL) {
        return NULL;
    }
    in->ring = calloc(INTAKE_RING, sizeof *in->ring);
    if (in->ring == NULL || !init_locks(in)) {
        free(in->ring);
        free(in);
        return NULL;
    }
    in->self = in;
    in->journal = params->journal;
    in->counters = params->counters;
    in->next = (struct position){params->epoch, params->next_seq};
    if (params->next_seq > 0) {
        in->newest = in->read = (struct position){params->epoch, params->next_seq - 1};
    }
    city_clock_init(&in->clock, start_ms, params->boot_ms);
    in->given = (struct now){.at_ms = start_ms};
    return in;
}

void intake_destroy(struct intake *in)
{
    if (in == NULL) {
        return;
    }
    journal_cursor_close(in->cursor);
    pthread_cond_destroy(&in->wake);
    pthread_mutex_destroy(&in->lock);
    free(in->side);
    free(in->ring);
    free(in);
}
