#ifndef API_EVENT_MEMORY_H
#define API_EVENT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The ids of telemetry events that were taken lately, so that a batch that is sent again is
 * answered as what it is. Bounded and forgetful: the oldest of a bucket goes. What it forgot does
 * no harm; the core's order drops a repeat. MHD thread only. */

struct event_memory;

struct event_memory *event_memory_create(void); /**< NULL on no memory */
void event_memory_destroy(struct event_memory *memory);
bool event_memory_has(const struct event_memory *memory, uint64_t event);
void event_memory_put(struct event_memory *memory, uint64_t event);

#endif
