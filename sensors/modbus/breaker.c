/* The breaker of one (line, unit): after three failures in a row, or the first of a unit that never
 * answered, the unit is only probed, one short request a round. */
#include "sensors/modbus/breaker.h"

#define PROBE_MIN_MS   50
#define PROBE_FULL_8TH 8

static uint32_t limit(const struct breaker *b)
{
    return b->answered ? BREAKER_FAILURES : 1;
}

bool breaker_is_open(const struct breaker *b)
{
    return b->failures >= limit(b);
}

bool breaker_fail(struct breaker *b)
{
    if (b->failures < UINT32_MAX) {
        b->failures++;
    }
    return b->failures == limit(b);
}

void breaker_succeed(struct breaker *b, uint32_t took_ms)
{
    b->failures = 0;
    b->answered = true;
    b->probes = 0;
    if (took_ms > b->slowest_ms) {
        b->slowest_ms = took_ms;
    }
}

uint32_t breaker_short_ms(uint32_t wire_ms, uint32_t slowest_ms)
{
    return slowest_ms * 2 > PROBE_MIN_MS + wire_ms ? slowest_ms * 2 : PROBE_MIN_MS + wire_ms;
}

uint32_t breaker_timeout_ms(struct breaker *b, uint32_t full_ms, uint32_t short_ms)
{
    uint32_t probe_ms = b->slowest_ms * 2 > short_ms ? b->slowest_ms * 2 : short_ms;

    if (!breaker_is_open(b)) {
        return full_ms;
    }
    b->probes++;
    return b->probes % PROBE_FULL_8TH == 0 || probe_ms > full_ms ? full_ms : probe_ms;
}
