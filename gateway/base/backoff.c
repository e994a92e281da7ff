/* Pauses of reconnecting lines and links: they grow so that a dead peer is not hammered, and are
 * jittered so that a hundred gateways do not come back in one second. */
#include "bowei/base/backoff.h"

#define DOUBLINGS_MAX 16

void backoff_init(struct backoff *b, const char *name, int64_t salt)
{
    b->tries = 0;
    b->seed = 0x9e3779b97f4a7c15u ^ (uint64_t)salt;
    for (const char *p = name; *p != '\0'; p++) {
        b->seed = (b->seed ^ (uint8_t)*p) * 1099511628211u;
    }
    b->seed |= 1;
}

int64_t backoff_next_ms(struct backoff *b, int64_t base_ms, int64_t cap_ms)
{
    uint32_t doublings = b->tries < DOUBLINGS_MAX ? b->tries : DOUBLINGS_MAX;
    int64_t whole = base_ms << doublings;

    b->tries++;
    if (whole > cap_ms) {
        whole = cap_ms;
    }
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;
    return whole - (int64_t)(b->seed % (uint64_t)(whole / 2 + 1));
}

void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}
