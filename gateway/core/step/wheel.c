/* The core's timers. Owned by the step; nodes are space slots in one wheel and lots in another. */
#include "gateway/core/step/wheel.h"
#include <stdlib.h>
#include <string.h>

#define MASK (WHEEL_SLOTS - 1)

void wheel_init(struct wheel *wheel)
{
    memset(wheel, 0, sizeof *wheel);
    memset(wheel->head, 0xff, sizeof wheel->head);
}

void wheel_finish(struct wheel *wheel)
{
    free(wheel->prev);
    free(wheel->next);
    free(wheel->slot);
    wheel->prev = NULL;
    wheel->next = NULL;
    wheel->slot = NULL;
    wheel->nodes = 0;
}

static bool grow_links(uint32_t **links, uint32_t nodes)
{
    uint32_t *larger = realloc(*links, nodes * sizeof *larger);

    *links = larger != NULL ? larger : *links;
    return larger != NULL;
}

bool wheel_reserve(struct wheel *wheel, uint32_t nodes)
{
    uint16_t *slot;

    if (nodes <= wheel->nodes) {
        return true;
    }
    if (!grow_links(&wheel->prev, nodes) || !grow_links(&wheel->next, nodes)) {
        return false;
    }
    slot = realloc(wheel->slot, nodes * sizeof *slot);
    if (slot == NULL) {
        return false;
    }
    wheel->slot = slot;
    for (uint32_t node = wheel->nodes; node < nodes; node++) {
        wheel->slot[node] = WHEEL_SLOTS;
    }
    wheel->nodes = nodes;
    return true;
}

void wheel_start(struct wheel *wheel, int64_t now_ms)
{
    if (wheel->tick == 0) {
        wheel->tick = now_ms / WHEEL_TICK_MS;
    }
}

static void take_out(struct wheel *wheel, uint32_t node)
{
    const uint32_t slot = wheel->slot[node];

    if (wheel->prev[node] != WHEEL_NONE) {
        wheel->next[wheel->prev[node]] = wheel->next[node];
    } else {
        wheel->head[slot] = wheel->next[node];
    }
    if (wheel->next[node] != WHEEL_NONE) {
        wheel->prev[wheel->next[node]] = wheel->prev[node];
    }
    if (wheel->head[slot] == WHEEL_NONE) {
        wheel->occupied[slot / 64] &= ~(1ULL << (slot % 64));
    }
    wheel->slot[node] = WHEEL_SLOTS;
}

static void put_in(struct wheel *wheel, uint32_t node, uint32_t slot)
{
    const uint32_t first = wheel->head[slot];

    wheel->prev[node] = WHEEL_NONE;
    wheel->next[node] = first;
    if (first != WHEEL_NONE) {
        wheel->prev[first] = node;
    }
    wheel->head[slot] = node;
    wheel->slot[node] = (uint16_t)slot;
    wheel->occupied[slot / 64] |= 1ULL << (slot % 64);
}

/* Ticks from now on until the slot comes up, 1..WHEEL_SLOTS. */
static uint32_t ticks_until(const struct wheel *wheel, uint32_t slot)
{
    return ((slot - (uint32_t)wheel->tick - 1) & MASK) + 1;
}

void wheel_arm(struct wheel *wheel, uint32_t node, int64_t due_ms)
{
    int64_t ahead;
    uint32_t slot;

    if (due_ms == INT64_MAX) {
        return;
    }
    ahead = (due_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS - wheel->tick;
    ahead = ahead < 1 ? 1 : ahead > WHEEL_SLOTS - 1 ? WHEEL_SLOTS - 1 : ahead;
    if (wheel->slot[node] != WHEEL_SLOTS) {
        if ((int64_t)ticks_until(wheel, wheel->slot[node]) <= ahead) {
            return;
        }
        take_out(wheel, node);
    }
    slot = (uint32_t)(wheel->tick + ahead) & MASK;
    put_in(wheel, node, slot);
}

/* First occupied slot at or after `from`, in the circle; WHEEL_SLOTS = none. */
static uint32_t next_occupied(const struct wheel *wheel, uint32_t from)
{
    const uint32_t words = WHEEL_SLOTS / 64;

    for (uint32_t i = 0; i <= words; i++) {
        const uint32_t word = (from / 64 + i) % words;
        uint64_t bits = wheel->occupied[word];

        if (i == 0) {
            bits &= ~0ULL << (from % 64);
        }
        if (bits != 0) {
            return word * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    return WHEEL_SLOTS;
}

int64_t wheel_due(const struct wheel *wheel)
{
    const uint32_t slot = next_occupied(wheel, (uint32_t)(wheel->tick + 1) & MASK);

    return slot == WHEEL_SLOTS ? INT64_MAX
                               : (wheel->tick + ticks_until(wheel, slot)) * WHEEL_TICK_MS;
}

uint32_t wheel_fire(struct wheel *wheel, int64_t now_ms)
{
    const int64_t now_tick = now_ms / WHEEL_TICK_MS;
    int64_t due_ms;
    uint32_t node;
    uint32_t slot;

    /* time jumped past the horizon: one round finds everybody */
    if (now_tick - wheel->tick > WHEEL_SLOTS) {
        wheel->tick = now_tick - WHEEL_SLOTS;
    }
    due_ms = wheel_due(wheel);
    if (due_ms > now_ms) {
        wheel->tick = now_tick > wheel->tick ? now_tick : wheel->tick;
        return WHEEL_NONE;
    }
    wheel->tick = due_ms / WHEEL_TICK_MS - 1;
    slot = (uint32_t)(due_ms / WHEEL_TICK_MS) & MASK;
    node = wheel->head[slot];
    take_out(wheel, node);
    return node;
}

size_t wheel_memory(const struct wheel *wheel)
{
    return (size_t)wheel->nodes * (2 * sizeof(uint32_t) + sizeof(uint16_t));
}
