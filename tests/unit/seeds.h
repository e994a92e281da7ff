#ifndef TESTS_UNIT_SEEDS_H
#define TESTS_UNIT_SEEDS_H

/* Random histories: which seeds a test takes, and the word of which one it was in when it failed.
 * Included by one source a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dice.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

/* The seed under way: for (seed_now = seeds.first; seed_now < seeds.end; seed_now++). */
static uint64_t seed_now;

struct seeds {
    uint64_t first, end;
    bool asked; /**< somebody said how many: time is no matter */
};

/* As many as `usual` from 1 on, under a sanitizer (BOWEI_QUICK) as `quick`; BOWEI_SEEDS says how
 * many else, BOWEI_FIRST_SEED from which on. */
static inline struct seeds seeds_wanted(uint64_t usual, uint64_t quick)
{
    const char *asked = getenv("BOWEI_SEEDS");
    const char *first = getenv("BOWEI_FIRST_SEED");
    const uint64_t count = asked != NULL                   ? strtoull(asked, NULL, 10)
                           : getenv("BOWEI_QUICK") != NULL ? quick
                                                           : usual;
    struct seeds seeds = {.first = first != NULL ? strtoull(first, NULL, 10) : 1,
                          .asked = asked != NULL};

    seeds.end = seeds.first + count;
    return seeds;
}

static inline int seed_said(void **state)
{
    (void)state;
    print_message("the last seed was %" PRIu64 "\n", seed_now);
    return 0;
}

/* A test that says its last seed when it ends, however it ends. */
#define SEEDED_TEST(name) cmocka_unit_test_teardown(name, seed_said)

#endif
