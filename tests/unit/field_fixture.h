#ifndef TESTS_UNIT_FIELD_FIXTURE_H
#define TESTS_UNIT_FIELD_FIXTURE_H

#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "bowei/field.h"
#include "gateway/inventory/lookup.h"
#include "tests/unit/waiting.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The field side's surroundings for its tests: a small inventory and an intake that writes down
 * what it is given. */

#define HEARD_MAX 65536

struct device_row {
    const char *id, *source, *model;
    uint16_t first_channel, channels; /* bound one to one to spaces */
};

struct fixture {
    struct config config;
    struct inventory_board board;
    struct counters counters;
    struct status status;
    struct unknown_devices *unknown;
    struct field_params params;
    pthread_mutex_t lock;
    /* guarded by lock */
    struct reading heard[HEARD_MAX];
    uint32_t heard_count;
    _Atomic uint32_t calls, sessions_lost;
    _Atomic int64_t session_lost_since_ms;
    char session_lost_of[SOURCE_NAME_MAX + 1]; /* set before sessions_lost counts */
    enum err answer;                           /* what the intake says */
};

static inline enum err fixture_readings(void *ctx, uint64_t version, const struct reading *readings,
                                        size_t n)
{
    struct fixture *f = ctx;
    enum err answer;

    assert(version == 1 || version == 2);
    pthread_mutex_lock(&f->lock);
    answer = f->answer;
    f->calls++;
    for (size_t i = 0; i < n && answer == ERR_OK && f->heard_count < HEARD_MAX; i++) {
        f->heard[f->heard_count++] = readings[i];
    }
    pthread_mutex_unlock(&f->lock);
    return answer;
}

static inline enum err fixture_session_lost(void *ctx, const char *link, int64_t since_wall_ms)
{
    struct fixture *f = ctx;

    pthread_mutex_lock(&f->lock);
    (void)snprintf(f->session_lost_of, sizeof f->session_lost_of, "%s", link);
    f->session_lost_since_ms = since_wall_ms;
    f->sessions_lost++;
    pthread_mutex_unlock(&f->lock);
    return ERR_OK;
}

/* Index of a name in a growing table of names. */
static inline uint32_t fixture_name(const char **names, uint32_t *count, const char *name)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    names[*count] = name;
    return (*count)++;
}

static inline struct inventory *fixture_inventory(const struct device_row *rows, uint32_t n,
                                                  uint64_t version)
{
    struct inventory *inv = calloc(1, sizeof *inv);
    uint32_t sensors = 0;
    uint32_t text = 1;

    for (uint32_t i = 0; i < n; i++) {
        sensors += rows[i].channels;
    }
    inv->version = version;
    inv->spaces = calloc(sensors + 1, sizeof *inv->spaces);
    inv->sensors = calloc(sensors + 1, sizeof *inv->sensors);
    inv->device_sensors = calloc(sensors + 1, sizeof *inv->device_sensors);
    inv->devices = calloc(n, sizeof *inv->devices);
    inv->models = calloc(n, sizeof *inv->models);
    inv->sources = calloc(n, sizeof *inv->sources);
    inv->text = calloc(n, DEVICE_ID_MAX + 2);
    inv->lookup = calloc(1, sizeof *inv->lookup);
    for (uint32_t i = 0; i < n; i++) {
        struct inv_device *d = &inv->devices[inv->device_count++];
        const struct sensor_model *model = sensor_model_find(rows[i].model, strlen(rows[i].model));

        d->id = text;
        d->id_len = (uint8_t)strlen(rows[i].id);
        memcpy(inv->text + text, rows[i].id, d->id_len);
        text += d->id_len + 1u;
        d->source = (uint8_t)fixture_name(inv->sources, &inv->source_count, rows[i].source);
        d->model = (uint16_t)fixture_name(inv->models, &inv->model_count, rows[i].model);
        d->timing = (uint16_t)inv->timing_count;
        inv->timings[inv->timing_count++] =
            model != NULL
                ? model->timing
                : (struct sensor_timing){.period_ms = 1000, .limit_ms = 15000, .confidence = 97};
        d->sensors_of = inv->sensor_count;
        d->sensor_count = rows[i].channels;
        for (uint16_t c = 0; c < rows[i].channels; c++) {
            uint32_t s = inv->sensor_count++;

            inv->sensors[s] = (struct inv_sensor){.device = i,
                                                  .target = inv->space_count,
                                                  .channel = (uint16_t)(rows[i].first_channel + c)};
            inv->device_sensors[s] = s;
            inv->spaces[inv->space_count].key = 1000 + s;
            inv->space_count++;
        }
    }
    inv->live_spaces = inv->space_count;
    if (lookup_places(inv) != ERR_OK || lookup_names(inv) != ERR_OK) {
        abort();
    }
    return inv;
}

static inline struct fixture *fixture_create(const struct device_row *rows, uint32_t n)
{
    struct fixture *f = calloc(1, sizeof *f);
    static char instance[] = "test";

    pthread_mutex_init(&f->lock, NULL);
    f->config.instance = instance;
    f->unknown = unknown_devices_create();
    (void)inventory_publish(&f->board, fixture_inventory(rows, n, 1));
    f->params = (struct field_params){
        .config = &f->config,
        .intake = {.ctx = f, .readings = fixture_readings, .session_lost = fixture_session_lost},
        .board = &f->board,
        .counters = &f->counters,
        .status = &f->status,
        .unknown = f->unknown
    };
    return f;
}

static inline void fixture_destroy(struct fixture *f)
{
    inventory_destroy(atomic_load(&f->board.current));
    unknown_devices_destroy(f->unknown);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static inline uint32_t fixture_heard(struct fixture *f)
{
    uint32_t n;

    pthread_mutex_lock(&f->lock);
    n = f->heard_count;
    pthread_mutex_unlock(&f->lock);
    return n;
}

static inline struct reading fixture_last(struct fixture *f)
{
    struct reading last = {0};

    pthread_mutex_lock(&f->lock);
    if (f->heard_count > 0) {
        last = f->heard[f->heard_count - 1];
    }
    pthread_mutex_unlock(&f->lock);
    return last;
}

static inline void fixture_forget(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    f->heard_count = 0;
    pthread_mutex_unlock(&f->lock);
}

static inline void fixture_answer(struct fixture *f, enum err answer)
{
    pthread_mutex_lock(&f->lock);
    f->answer = answer;
    pthread_mutex_unlock(&f->lock);
}

#endif
