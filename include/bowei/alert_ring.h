#ifndef BOWEI_ALERT_RING_H
#define BOWEI_ALERT_RING_H

#include "bowei/alert.h"
#include "bowei/change_ring.h"
#include "bowei/event_feed.h"

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
/** Once, before the first put: the place of the newest event before this process. */
void alert_ring_begin(struct alert_ring *ring, struct event_place base);
/** Is every event behind `after` in the ring, or not released yet? Then *number is that of the
 * first of them, which may be one above alert_ring_newest: there is none yet. Any thread. */
bool alert_ring_reaches(const struct alert_ring *ring, struct event_place after, uint64_t *number);
/** Place of the newest event that is durable: released, or from before this process. Any thread. */
struct event_place alert_ring_place(const struct alert_ring *ring);

#endif
