#ifndef GATEWAY_MQTT_OUT_OUT_ALERTS_H
#define GATEWAY_MQTT_OUT_OUT_ALERTS_H

#include "bowei/alert_ring.h"
#include "bowei/inventory.h"

/* Which change of which alert goes to which operator next. What the broker has not confirmed when
 * a connection ends is sent again on the next: a reader may get a change twice, never out of its
 * alert's order. One thread. */

#define OUT_ALERTS_UNDER_WAY 16u

struct out_alerts {
    uint64_t next;           /**< number of the change that is being sent */
    uint32_t operator_index; /**< who of the inventory's is next to get it */
    uint64_t inventory;      /**< its version */
    uint64_t missed;         /**< changes the ring went over before they were sent */

    struct {
        int mid; /**< 0 = free */
        uint64_t number;
    } under_way[OUT_ALERTS_UNDER_WAY];

    uint32_t under_way_count;
};

/** One message to be sent. */
struct out_alert {
    struct alert_image alert;
    uint64_t number;
    const char *operator_code; /**< in the inventory that was given */
};

/** Begins behind the newest change. */
void out_alerts_init(struct out_alerts *alerts, const struct alert_ring *ring);
/** The next message; false: none now, or enough are under way. It stays the next one until
 * out_alerts_sent. */
bool out_alerts_next(struct out_alerts *alerts, const struct alert_ring *ring,
                     const struct inventory *inv, struct out_alert *out);
void out_alerts_sent(struct out_alerts *alerts, const struct out_alert *sent, int mid);
/** The broker has it. */
void out_alerts_confirmed(struct out_alerts *alerts, int mid);
/** The connection ended: goes back to the oldest that was not confirmed. */
void out_alerts_rewind(struct out_alerts *alerts);

#endif
