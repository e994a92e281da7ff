#ifndef BOWEI_BROKER_QUARREL_H
#define BOWEI_BROKER_QUARREL_H

#include <stdbool.h>
#include <stdint.h>

/* Two gateways with one client id throw each other out of the broker, for ever. Who is cut at once
 * more than a few times a minute rests, so that the other one is heard. Plain data of one
 * connection's thread; zeroed is valid. */

#define BROKER_QUARREL_SHORT_MS 10000  /**< a connection that lived less was cut at once */
#define BROKER_QUARREL_MOST     3      /**< of them in */
#define BROKER_QUARREL_IN_MS    60000  /**< that long; one more, and then */
#define BROKER_QUARREL_REST_MS  300000 /**< rest */

struct broker_quarrel {
    int64_t short_lives[BROKER_QUARREL_MOST]; /**< boottimes of their ends, a ring */
    uint32_t count;
};

/** A connection that the broker had accepted ended at boot_ms after life_ms. True: it is time to
 * rest; the count begins anew. */
bool broker_quarrel_note(struct broker_quarrel *quarrel, int64_t boot_ms, int64_t life_ms);

#endif
