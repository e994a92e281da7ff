#ifndef TESTS_UNIT_RECOVER_START_H
#define TESTS_UNIT_RECOVER_START_H

/* What a start finds: a real Redis, a state folder with its journal, and a city whose readings find
 * their sensors. A test that keeps more has this first in its struct. */
#include "tests/unit/redis_fixture.h"

#include "bowei/journal.h"
#include "bowei/recover.h"
#include "tests/unit/scratch_folder.h"

struct recover_start {
    struct redis_server server;
    struct city city;
    struct counters counters;
    struct redis_params redis;
    char folder[256], path[300]; /**< path: of the state, within the folder */
    struct state_folder *state;
    struct journal *journal;
};

static inline void recover_start_open(struct recover_start *s, uint32_t spaces, uint32_t timeout_ms)
{
    pid_t owner;

    server_start(&s->server, NULL);
    city_make(&s->city, spaces);
    assert_int_equal(lookup_names(&s->city.inv), ERR_OK);
    s->city.inv.device_sensors = calloc(spaces, sizeof *s->city.inv.device_sensors);
    assert_non_null(s->city.inv.device_sensors);
    for (uint32_t i = 0; i < spaces; i++) {
        s->city.inv.devices[i].sensors_of = i;
        s->city.inv.device_sensors[i] = i;
    }
    s->redis = (struct redis_params){.socket = s->server.socket, .timeout_ms = timeout_ms};
    scratch_folder_make(s->folder, sizeof s->folder);
    (void)snprintf(s->path, sizeof s->path, "%s/state", s->folder);
    assert_int_equal(state_folder_open(s->path, &s->state, &owner), ERR_OK);
    const struct journal_params journal = {.folder = state_folder_journal(s->state),
                                           .counters = &s->counters};
    assert_int_equal(journal_open(&journal, &s->journal), ERR_OK);
}

static inline void recover_start_close(struct recover_start *s)
{
    journal_close(s->journal);
    state_folder_close(s->state);
    scratch_folder_remove(s->folder);
    server_stop(&s->server);
    free(s->city.inv.device_sensors);
    city_drop(&s->city);
}

/* A reading of the one sensor of a space. */
static inline void recover_start_reading(struct recover_start *s, uint32_t slot, struct position at,
                                         int64_t now_ms)
{
    const struct record_stamp stamp = {.at = at, .now = {.at_ms = now_ms}, .inventory_version = 1};
    struct reading reading = {.sensor = slot,
                              .root = s->city.inv.spaces[slot].key,
                              .value = VALUE_OCCUPIED,
                              .device_len = CITY_DEVICE_LEN};

    memcpy(reading.device, inventory_text(&s->city.inv, s->city.inv.devices[slot].id),
           CITY_DEVICE_LEN);
    assert_int_equal(journal_append_readings(s->journal, &stamp, &reading, 1), ERR_OK);
}

#endif
