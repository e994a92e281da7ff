#ifndef TESTS_UNIT_HEARING_SCENE_H
#define TESTS_UNIT_HEARING_SCENE_H

/* A hearing of the link "city" for the devices of a test: messages in, readings at the fixture's
 * intake. Included by one source a program, which gives the devices to hearing_begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensors/hearing.h"
#include "tests/unit/field_fixture.h"

#define UP_TOPIC "application/17c82e96/device/0101010101010101/event/up"
#define WALL_MS  INT64_C(1790000000000)

static struct fixture *f;
static struct hearing hearing;

static inline void hearing_begin(const struct device_row *rows, uint32_t count)
{
    f = fixture_create(rows, count);
    hearing_init(&hearing, &f->params, "city");
}

static inline int hearing_end(void **state)
{
    (void)state;
    fixture_destroy(f);
    return 0;
}

/* What hearing makes of a message; of an exact copy, so that a sanitizer shows what is read behind
 * it. */
static inline enum err take(const char *envelope, const char *topic, const char *payload,
                            size_t len, bool retained)
{
    char *exact = malloc(len > 0 ? len : 1);
    const struct heard_message m = {
        .topic = topic, .payload = exact, .len = len, .retained = retained, .wall_ms = WALL_MS};
    enum err e;

    assert_non_null(exact);
    memcpy(exact, payload, len);
    e = hearing_take(&hearing, envelope_find(envelope), &m);
    free(exact);
    return e;
}

/* All refusals, whatever the reason. */
static inline uint64_t refused_total(void)
{
    uint64_t sum = 0;

    for (int i = COUNT_MQTT_REFUSED_SIZE; i <= COUNT_MQTT_REFUSED_RETAINED; i++) {
        sum += count_get(&f->counters, (enum counter)i);
    }
    return sum;
}

#endif
