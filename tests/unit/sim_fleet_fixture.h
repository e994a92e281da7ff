#ifndef TESTS_UNIT_SIM_FLEET_FIXTURE_H
#define TESTS_UNIT_SIM_FLEET_FIXTURE_H

/* A plan of the simulated bike world for a whole test program, and worlds that live by it. Included
 * by one source a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensors/sim/fleet/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1795305600000) /* 2026-11-22T00:00:00Z, eight in the morning in China */
#define MINUTE   INT64_C(60000)
#define HOUR     (60 * MINUTE)
#define BIKES    600

static struct world_plan *plan;

static inline int set_up(void **state)
{
    const struct world_plan_params params = {.bikes = BIKES, .seed = 7};

    (void)state;
    return world_plan_create(&params, &plan) == ERR_OK ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    world_plan_destroy(plan);
    return 0;
}

static inline struct world *world_of(const struct world_plan *p, const struct script *script)
{
    struct world_params params = world_params_default();
    struct world *f = NULL;

    params.plan = p;
    params.script = script;
    params.start_ms = START_MS;
    assert_int_equal(world_create(&params, &f), ERR_OK);
    return f;
}

static inline double metres(struct position_e7 a, struct position_e7 b)
{
    return (double)distance_mm(a, b) / 1000;
}

#endif
