/* citysens, as the city of Ulm publishes its bays: one object a bay, or a list of them.
 * Source: ParkenDD/parkapi-sources-v3 docs/mapping/ulm_sensors.md and its test data.
 *   id, timestamp, occupied true/false, packettype (Status, Heartbeat, Startup), resetreason
 * A mapping, not code: the example of mapped.c. Other packet types are refused as unknown. */
#include "sensors/mqtt/envelopes/mapped.h"

#define TEXT(text)                                                                                 \
    ((char *)(uintptr_t)(text)) /* the struct owns texts elsewhere; these are never freed */

static const struct mapping citysens = {
    .name = TEXT("citysens"),
    .device = TEXT("id"),
    .occupied = TEXT("occupied"),
    .type = TEXT("packettype"),
    .types = TEXT("Status=status,Heartbeat=heartbeat,Startup=startup"),
    .time = TEXT("timestamp"),
};

const struct envelope envelope_citysens = {
    .name = "citysens",
    .doc = "citysens bay states as the city of Ulm publishes them (a mapping)",
    .open = mapped_open,
    .mapping = &citysens,
};
