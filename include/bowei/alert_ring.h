#ifndef BOWEI_ALERT_RING_H
#define BOWEI_ALERT_RING_H

#include "bowei/alert.h"
#include "bowei/change_ring.h"

/* The alert ring: changes of episodes, for the streams of operators and staff. A reader gets only
 * what the journal's sync has released. */

#define ALERT_RING 1024 /**< a power of two */

struct alert_ring;
struct alert_ring *alert_ring_create(uint64_t epoch);
void alert_ring_destroy(struct alert_ring *ring);
/** Core thread only: the alert as it is after the change, not readable before
 * alert_ring_release. Returns its number,
 * +1 per change within an epoch. */
uint64_t alert_ring_put(struct alert_ring *ring, const struct alert_image *alert);
uint64_t alert_ring_epoch(const struct alert_ring *ring);
/** Everything up to that number is durable: readers may have it. Any thread. */
void alert_ring_release(struct alert_ring *ring, uint64_t number);
/** Number of the newest that readers may have, 0 = none yet. */
uint64_t alert_ring_newest(const struct alert_ring *ring);
/** Copies the change of that number. Any thread. */
enum change_read alert_ring_get(const struct alert_ring *ring, uint64_t number,
                                struct alert_image *out);

#endif
