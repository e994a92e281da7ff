/* citysens, as the city of Ulm publishes its bays: one object a bay, or a list of them.
 * Source: ParkenDD/parkapi-sources-v3 docs/mapping/ulm_sensors.md and its test data.
 *   id, timestamp, occupied true/false, packettype (Status, Heartbeat, Startup), resetreason
 * A mapping, not code: the example of mapped.c. Other packet types are refused as unknown. */
#include "sensors/mqtt/envelopes/mapped.h"

static const struct mapping citysens = {
    .name = "citysens",
    .device = "id",
    .occupied = "occupied",
    .type = "packettype",
    .types = "Status=status,Heartbeat=heartbeat,Startup=startup",
    .time = "timestamp",
};

const struct envelope envelope_citysens = {
    .name = "citysens",
    .doc = "citysens bay states as the city of Ulm publishes them (a mapping)",
    .open = mapped_open,
    .mapping = &citysens,
};
