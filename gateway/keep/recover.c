/* Recovery: the journal and Redis become one state again. Newest position wins, so neither has to
 * be complete: what Redis lost is in the journal, what was trimmed from the journal is in Redis,
 * what neither has is unknown. */
#include "bowei/recover.h"
#include "bowei/base/log.h"
#include "bowei/event_log.h"
#include "bowei/intake.h"
#include <stdlib.h>
#include <time.h>

#define RETRY_MS 100

struct walk {
    const struct recover_calls *calls;
    const struct inventory *inventory;
    struct recovery *out;
};

static void saw(struct recovery *out, struct position at, int64_t at_ms)
{
    if (position_compare(at, out->newest) > 0) {
        out->newest = at;
    }
    if (at.seq >= out->next_seq) {
        out->next_seq = at.seq + 1;
    }
    if (at_ms > out->high_water_ms) {
        out->high_water_ms = at_ms;
    }
}

static bool visit_image(void *ctx, const struct record *record)
{
    struct walk *walk = ctx;

    /* an image written to shorten the journal stands for what is older than its position */
    if (walk->out->oldest.epoch == 0 && record->type != RECORD_IMAGE) {
        walk->out->oldest = record->at;
    }
    saw(walk->out, record->at, record->now.at_ms);
    if (record->type == RECORD_EFFECT || record->type == RECORD_IMAGE) {
        saw(walk->out, record->image.at, 0);
        if (record->image.kind != IMAGE_SUSPECT) {
            walk->calls->restore(walk->calls->ctx, &record->image);
        }
        walk->out->images++;
    }
    return true;
}

/* The sensor that the device's channel is today, when it is still bound to the place it spoke of.
 */
static uint32_t resolve(const struct inventory *inv, const struct record *record)
{
    const struct reading *reading = &record->reading;
    uint32_t device = inventory_device(inv, reading->device, reading->device_len);
    uint32_t sensor =
        device == NO_SLOT ? NO_SENSOR : inventory_sensor(inv, device, reading->channel);
    const struct inv_sensor *bound;

    if (sensor == NO_SENSOR) {
        return NO_SENSOR;
    }
    bound = &inv->sensors[sensor];
    if (bound->gate) {
        return inv->lots[bound->target].key == record->root ? sensor : NO_SENSOR;
    }
    return inv->spaces[bound->target].key == record->root ? sensor : NO_SENSOR;
}

static bool visit_reading(void *ctx, const struct record *record)
{
    struct walk *walk = ctx;
    struct input input = {.at = record->at,
                          .now = record->now,
                          .inventory_version = walk->inventory->version,
                          .kind = INPUT_READING};

    if (record->type == RECORD_EFFECT && record->image.kind == IMAGE_SUSPECT) {
        walk->calls->restore(walk->calls->ctx, &record->image);
    }
    if (record->type == RECORD_REPORT) {
        saw(walk->out, record->at, record->now.at_ms);
        input.kind = INPUT_REPORT;
        input.report = record->report;
        walk->calls->replay(walk->calls->ctx, &input);
        walk->out->replayed++;
    }
    if (record->type != RECORD_READING) {
        return true;
    }
    saw(walk->out, record->at, record->now.at_ms);
    input.reading = record->reading;
    input.reading.sensor = resolve(walk->inventory, record);
    if (input.reading.sensor == NO_SENSOR) {
        walk->out->skipped++;
        return true;
    }
    walk->calls->replay(walk->calls->ctx, &input);
    walk->out->replayed++;
    return true;
}

static enum err walk_journal(const char *journal,
                             bool (*visit)(void *ctx, const struct record *record),
                             struct walk *walk)
{
    uint32_t schema;
    enum err e = journal_read_at_start(journal, visit, walk, &schema);

    if (e == ERR_NEWER_SCHEMA) {
        log_line(LOG_ERROR, "recover", "the journal has schema %u, this program knows up to %u",
                 (unsigned)schema, (unsigned)JOURNAL_SCHEMA);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err recover_images(const char *journal, const struct recover_calls *calls,
                        struct recovery *out)
{
    struct walk walk = {.calls = calls, .out = out};

    return walk_journal(journal, visit_image, &walk);
}

enum err recover_readings(const char *journal, const struct inventory *inventory,
                          const struct recover_calls *calls, struct recovery *out)
{
    struct walk walk = {.calls = calls, .inventory = inventory, .out = out};

    return walk_journal(journal, visit_reading, &walk);
}

/* --- Redis --- */

struct load {
    const struct recover_calls *calls;
    struct held_suspects *held; /**< NULL: after the start, everything at once */
    struct recovery *out;
    uint64_t refused; /**< images of an epoch that nobody can have written in */
};

void recover_redis_image(const struct recover_calls *calls, const struct recovery *recovery,
                         struct held_suspects *held, const struct image *image)
{
    if (held != NULL && image->kind == IMAGE_SUSPECT && recovery->oldest.epoch != 0 &&
        position_compare(image->at, recovery->oldest) >= 0 &&
        held->count < ARRAY_LEN(held->images)) {
        held->images[held->count++] = *image;
        return;
    }
    calls->restore(calls->ctx, image);
}

void recover_suspects(const struct recover_calls *calls, const struct held_suspects *held)
{
    for (size_t i = 0; i < held->count; i++) {
        calls->restore(calls->ctx, &held->images[i]);
    }
}

static void load_image(void *ctx, const struct image *image)
{
    struct load *load = ctx;

    if (image->at.epoch >= load->out->epoch) {
        load->refused++;
        return;
    }
    saw(load->out, image->at, 0);
    recover_redis_image(load->calls, load->out, load->held, image);
    load->out->images++;
}

static enum err load_redis(const struct recover_params *params, const struct redis_params *redis,
                           struct load load)
{
    struct recovery *out = load.out;
    struct position newest = {0, 0};
    int64_t high_water_ms = 0;
    enum err e = redis_load(redis, params->inventory, load_image, &load, &newest, &high_water_ms);

    if (e == ERR_OK) {
        e = event_log_newest(redis, &out->event);
    }
    if (load.refused > 0) {
        log_line(LOG_WARNING, "recover",
                 "%llu keys of Redis claim an epoch that is still to come, and are left out",
                 (unsigned long long)load.refused);
    }
    if (e == ERR_OK) {
        saw(out, newest.epoch < out->epoch ? newest : (struct position){0, 0}, high_water_ms);
        out->redis_read = true;
    }
    return e;
}

/* Redis may still be loading its own file: asked again until the time is up. */
static enum err take_epoch(const struct recover_params *params, struct redis_params *redis,
                           uint64_t at_least, uint64_t *epoch)
{
    static const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    int64_t until_ms = host_boot_ms() + RECOVER_REDIS_MS;
    enum err e;

    for (;;) {
        int64_t left_ms = until_ms - host_boot_ms();

        redis->timeout_ms = left_ms > RETRY_MS ? (uint32_t)left_ms : RETRY_MS;
        redis->until_boot_ms = host_boot_ms() + redis->timeout_ms;
        e = redis_take_epoch(redis, params->inventory, at_least, epoch);
        if (e != ERR_UNAVAILABLE || host_boot_ms() + RETRY_MS >= until_ms) {
            return e;
        }
        (void)nanosleep(&pause, NULL);
    }
}

/* With Redis as far as it is there; only a newer schema is an error. */
static enum err from_redis(const struct recover_params *params, const struct load *load)
{
    struct recovery *out = load->out;
    struct redis_params redis = *params->redis;
    uint64_t epoch = 0;
    enum err e = take_epoch(params, &redis, out->epoch + 1, &epoch);

    if (e == ERR_OK) {
        out->epoch_taken = true;
        out->epoch = epoch;
        redis.timeout_ms = RECOVER_REDIS_MS;
        redis.until_boot_ms = host_boot_ms() + RECOVER_LOAD_MS;
        e = load_redis(params, &redis, *load);
    }
    if (e == ERR_NEWER_SCHEMA) {
        return e;
    }
    if (e != ERR_OK) {
        log_line(LOG_WARNING, "recover",
                 "Redis cannot be read (%s): what the journal does not hold is unknown",
                 err_text(e, 0));
    }
    return ERR_OK;
}

/* Without Redis nobody knows how many starts there were: of another gateway meanwhile, or before
 * the state folder was made. What is accepted now must not be older than their images, so a blind
 * start counts in seconds, which starts never catch up with. */
static uint64_t blind_epoch(uint64_t known, int64_t wall_ms)
{
    const uint64_t seconds = wall_ms > 0 ? (uint64_t)wall_ms / 1000 : 0;

    return seconds > known ? seconds : known + 1;
}

/* Epoch, images, readings, in that order. */
static enum err recover_all(const struct recover_params *params, const struct load *load)
{
    const char *journal = state_folder_journal(params->state);
    struct recovery *out = load->out;
    int64_t begin_ms = host_boot_ms();
    enum err e = recover_images(journal, load->calls, out);

    out->journal_ms = host_boot_ms() - begin_ms;
    if (e != ERR_OK) {
        return e;
    }
    if (out->newest.epoch > out->epoch) {
        out->epoch = out->newest.epoch;
    }
    if (params->redis != NULL) {
        begin_ms = host_boot_ms();
        e = from_redis(params, load);
        out->redis_ms = host_boot_ms() - begin_ms;
        if (e != ERR_OK) {
            return e;
        }
    }
    if (!out->epoch_taken) {
        out->epoch = blind_epoch(out->epoch, params->wall_ms);
    }
    e = state_folder_set_epoch(params->state, out->epoch);
    if (e != ERR_OK) {
        return e;
    }
    begin_ms = host_boot_ms();
    e = recover_readings(journal, params->inventory, load->calls, out);
    recover_suspects(load->calls, load->held);
    out->journal_ms += host_boot_ms() - begin_ms;
    return e;
}

enum err recover_run(const struct recover_params *params, const struct recover_calls *calls,
                     struct recovery *out)
{
    struct held_suspects *held = calloc(1, sizeof *held);
    const struct load load = {.calls = calls, .held = held, .out = out};
    enum err e;

    *out = (struct recovery){.next_seq = 1};
    if (held == NULL) {
        return ERR_NO_MEMORY;
    }
    if (state_folder_epoch(params->state, &out->epoch) != ERR_OK) {
        log_line(LOG_WARNING, "recover",
                 "the epoch file cannot be read; the journal's epoch is used");
    }
    e = recover_all(params, &load);
    free(held);
    count_add(params->counters, COUNT_RECOVER_REPLAYED, out->replayed);
    count_add(params->counters, COUNT_RECOVER_SKIPPED, out->skipped);
    /* the slew of a running clock may leave it so far ahead of the wall */
    out->clock_suspect = params->wall_ms + CITY_CLOCK_JUMP_MS < out->high_water_ms;
    return e;
}

enum err recover_late(const struct recover_params *params, const struct recover_calls *calls,
                      struct recovery *recovery)
{
    struct redis_params redis = *params->redis;
    uint64_t epoch = 0;
    enum err e;

    if (!recovery->epoch_taken) {
        e = redis_take_epoch(&redis, params->inventory, recovery->epoch + 1, &epoch);
        if (e != ERR_OK) {
            return e;
        }
        e = state_folder_set_epoch(params->state, epoch);
        if (e != ERR_OK) {
            return e;
        }
        recovery->epoch = epoch;
        recovery->epoch_taken = true;
    }
    redis.timeout_ms = RECOVER_REDIS_MS;
    return load_redis(params, &redis, (struct load){.calls = calls, .out = recovery});
}
