#ifndef TESTS_UNIT_API_CITY_H
#define TESTS_UNIT_API_CITY_H

/* The one city of a test program and its HTTP server: set-up and tear-down for cmocka. Included by
 * one source a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/api_fixture.h"

static struct api_city *city;

/* The usual city; a test that wants another makes it in a set-up of its own (city_make). */
static inline int city_set_up(void **state)
{
    (void)state;
    city = city_open();
    return 0;
}

static inline int city_tear_down(void **state)
{
    (void)state;
    city_close(city);
    return 0;
}

/* Before each test: the core has just turned, so nothing lags. */
static inline int city_fresh(void **state)
{
    (void)state;
    city_beat(city);
    return 0;
}

/* The header lines of the city's staff, and with a body of JSON; good until the next call. */
static inline const char *staff_head(void)
{
    static char head[KEY_TEXT_MAX + 32];

    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", city->staff);
    return head;
}

static inline const char *staff_json_head(void)
{
    static char head[KEY_TEXT_MAX + 80];

    (void)snprintf(head, sizeof head, "%sContent-Type: application/json\r\n", staff_head());
    return head;
}

#endif
