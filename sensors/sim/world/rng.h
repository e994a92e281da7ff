#ifndef SENSORS_SIM_WORLD_RNG_H
#define SENSORS_SIM_WORLD_RNG_H

#include <stdint.h>

/* Seeded numbers: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * 2014). Every space and lot has its own stream, so that what one does never shifts what another
 * will do. */

static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/** The stream number `index` of a seed. */
static inline uint64_t rng_stream(uint64_t seed, uint64_t index)
{
    return rng_mix(rng_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^
                   (index * UINT64_C(0xd1342543de82ef95)));
}

static inline uint64_t rng_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return rng_mix(*state);
}

/** 0 .. below - 1. */
static inline uint32_t rng_below(uint64_t *state, uint32_t below)
{
    return (uint32_t)(((rng_next(state) >> 32) * below) >> 32);
}

/** Uniform in (0, 1]. */
static inline double rng_unit(uint64_t *state)
{
    return (double)((rng_next(state) >> 11) + 1) / 9007199254740992.0; /* 2^53 */
}

#endif
