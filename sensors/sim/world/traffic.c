/* The seeded process of arrivals and departures; see traffic.h. Driven by simulation.c, pure. */
#include "sensors/sim/world/traffic.h"
#include "sensors/sim/world/rng.h"
#include <math.h>
#include <stdlib.h>

#define HOUR_MS  INT64_C(3600000)
#define CHINA_MS (8 * HOUR_MS)
/* A stay lasts a quarter of an hour on average: shorter than in life, so that a small city shows
 * changes each second. */
#define STAY_MEAN_MS 900000.0
/* Nobody parks shorter; also keeps a polled sensor's debounce (3 samples) and the flapping rule (10
 * changes in 10 min) out of play. */
#define STAY_LEAST_MS 30000.0

/* Occupancy in permille at each full hour: streets with shops, lots of offices, temporary bays near
 * a market. */
static const uint16_t rhythm[TRAFFIC_PROFILES][24] = {
    {620, 620, 610, 600, 590, 570, 520, 560, 680, 760, 800, 820,
     830, 810, 800, 800, 810, 830, 850, 840, 800, 740, 680, 640},
    {180, 170, 160, 160, 160, 180, 260, 480, 740, 880, 920, 920,
     860, 880, 920, 910, 880, 760, 560, 440, 360, 300, 240, 200},
    {120, 110, 110, 120, 200, 460, 720, 820, 840, 800, 740, 700,
     640, 560, 520, 540, 620, 720, 700, 560, 400, 280, 200, 150},
};

uint32_t traffic_rhythm(uint8_t profile, int64_t now_ms)
{
    const int64_t local = now_ms + CHINA_MS;
    const uint32_t hour = (uint32_t)(local / HOUR_MS % 24);
    const uint32_t part = (uint32_t)(local % HOUR_MS);
    const uint16_t *row = rhythm[profile % TRAFFIC_PROFILES];
    const int64_t step = (int64_t)row[(hour + 1) % 24] - row[hour];

    return (uint32_t)(row[hour] + step * part / HOUR_MS);
}

/* Mean length of a phase. The mean free time follows from the wanted occupancy p: p = stay / (stay
 * + free). */
static double phase_mean_ms(const struct traffic_space *s, int64_t now_ms)
{
    const double p = traffic_rhythm(s->profile, now_ms) / 1000.0;

    return s->occupied ? STAY_MEAN_MS : STAY_MEAN_MS * (1 - p) / p;
}

/* Length of the phase that begins now. */
static int64_t phase_ms(const struct traffic *t, struct traffic_space *s, int64_t now_ms)
{
    const double mean = phase_mean_ms(s, now_ms);
    const double rest = mean > STAY_LEAST_MS ? mean - STAY_LEAST_MS : 1;

    return 1 + (int64_t)((STAY_LEAST_MS - rest * log(rng_unit(&s->rng))) / t->speed);
}

/* What is left of the phase that was under way when the simulation began. */
static int64_t rest_ms(const struct traffic *t, struct traffic_space *s, int64_t now_ms)
{
    return 1 + (int64_t)(-phase_mean_ms(s, now_ms) * log(rng_unit(&s->rng)) / t->speed);
}

static bool before(const struct traffic *t, uint32_t a, uint32_t b)
{
    const int64_t da = t->spaces[a].due_ms;
    const int64_t db = t->spaces[b].due_ms;

    return da < db || (da == db && a < b);
}

static void sift_down(struct traffic *t, uint32_t i)
{
    for (;;) {
        uint32_t least = i;
        const uint32_t left = 2 * i + 1;
        uint32_t moved;

        if (left < t->count && before(t, t->heap[left], t->heap[least])) {
            least = left;
        }
        if (left + 1 < t->count && before(t, t->heap[left + 1], t->heap[least])) {
            least = left + 1;
        }
        if (least == i) {
            return;
        }
        moved = t->heap[i];
        t->heap[i] = t->heap[least];
        t->heap[least] = moved;
        i = least;
    }
}

enum err traffic_init(struct traffic *t, const struct traffic_params *params, int64_t now_ms)
{
    *t = (struct traffic){.count = params->count, .speed = params->speed};
    t->spaces = calloc(params->count, sizeof *t->spaces);
    t->heap = calloc(params->count, sizeof *t->heap);
    if (t->spaces == NULL || t->heap == NULL) {
        traffic_finish(t);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < params->count; i++) {
        struct traffic_space *s = &t->spaces[i];

        s->rng = rng_stream(params->seed, (uint64_t)i + 1);
        s->profile = params->profiles[i];
        s->occupied = rng_below(&s->rng, 1000) < traffic_rhythm(s->profile, now_ms);
        s->due_ms = now_ms + rest_ms(t, s, now_ms);
        t->heap[i] = i;
    }
    for (uint32_t i = params->count / 2; i-- > 0;) {
        sift_down(t, i);
    }
    return ERR_OK;
}

void traffic_finish(struct traffic *t)
{
    free(t->spaces);
    free(t->heap);
    *t = (struct traffic){0};
}

void traffic_step(struct traffic *t, int64_t now_ms, traffic_change *change, void *ctx)
{
    while (t->count > 0) {
        const uint32_t i = t->heap[0];
        struct traffic_space *s = &t->spaces[i];
        const int64_t at_ms = s->due_ms;

        if (at_ms > now_ms) {
            return;
        }
        s->occupied = !s->occupied;
        s->due_ms = at_ms + phase_ms(t, s, at_ms);
        sift_down(t, 0);
        change(ctx, i, s->occupied, at_ms);
    }
}
