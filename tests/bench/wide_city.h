#ifndef TESTS_BENCH_WIDE_CITY_H
#define TESTS_BENCH_WIDE_CITY_H

#include "tests/unit/api_fixture.h"
#include <sys/resource.h>

/* The API's fixture with a city of ten thousand spaces and room for thousands of connections. */

#define WIDE_LOTS   999u /* as a street has sites */
#define WIDE_SPACES 10u  /* of a lot */

static inline struct inventory *wide_inventory(void)
{
    struct draft *d = draft_create();
    struct inventory *inv;

    assert(d != NULL);
    for (uint32_t l = 0; l < WIDE_LOTS; l++) {
        city_lot_add(d, city_key(l + 1, 0),
                     (struct position_e7){422500000 + (int32_t)l * 1000, 1188800000});
    }
    for (uint32_t i = 0; i < WIDE_LOTS * WIDE_SPACES; i++) {
        city_space_add(d, city_key(i / WIDE_SPACES + 1, 1 + i % WIDE_SPACES),
                       (struct position_e7){422500000 + (int32_t)(i / WIDE_SPACES) * 1000,
                                            1188800000 + (int32_t)(i % WIDE_SPACES) * 1820});
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static inline void city_widen(struct api_city *c)
{
    struct rlimit files = {0};

    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    inventory_destroy(c->inv);
    c->inv = wide_inventory();
    (void)inventory_publish(&c->board, c->inv);
    city_view_fill(c);
    c->config.http.connections = 3000;
    c->config.http.streams = 3000;
}

#endif
