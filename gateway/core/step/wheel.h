#ifndef GATEWAY_CORE_STEP_WHEEL_H
#define GATEWAY_CORE_STEP_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A timer wheel over numbered nodes, one timer each, 10 bytes a node. A node is never taken out and
 * only moved to earlier: one that fires too early is armed again by whoever asks what is really
 * due, so that putting a deadline off (each renewal of each sensor) costs nothing. */

#define WHEEL_TICK_MS 250  /* STATES 8: at most this late */
#define WHEEL_SLOTS   4096 /* 17 min; what is due later comes round again */
#define WHEEL_NONE    UINT32_MAX

struct wheel {
    uint32_t *prev, *next;
    uint16_t *slot; /**< WHEEL_SLOTS = not armed */
    uint32_t nodes;
    int64_t tick; /**< all slots up to this tick have fired */
    uint32_t head[WHEEL_SLOTS];
    uint64_t occupied[WHEEL_SLOTS / 64];
};

void wheel_init(struct wheel *wheel);
void wheel_finish(struct wheel *wheel);
/** Makes room for that many nodes; false on no memory. Never shrinks. */
bool wheel_reserve(struct wheel *wheel, uint32_t nodes);
/** Says what time it is to a wheel that never fired. */
void wheel_start(struct wheel *wheel, int64_t now_ms);
/** Fires the node at or after due_ms, at the next tick when that has passed; INT64_MAX = not at
 * all. */
void wheel_arm(struct wheel *wheel, uint32_t node, int64_t due_ms);

/** A hint that the node is armed next. */
static inline void wheel_expect(const struct wheel *wheel, uint32_t node)
{
    __builtin_prefetch(&wheel->slot[node]);
}

/** Takes out the next node whose tick is reached, WHEEL_NONE when there is none. */
uint32_t wheel_fire(struct wheel *wheel, int64_t now_ms);
/** City time of the next tick with a node; INT64_MAX = none. */
int64_t wheel_due(const struct wheel *wheel);
size_t wheel_memory(const struct wheel *wheel);

#endif
