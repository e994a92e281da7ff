#ifndef GATEWAY_MQTT_OUT_OUT_SPACES_H
#define GATEWAY_MQTT_OUT_OUT_SPACES_H

#include "bowei/change_ring.h"

/* Which spaces are still to be told: two bits a space. What changed goes before the rest, so that a
 * change does not wait behind the whole city after a connect. A space that changes again before it
 * was told is told once, as it is then. One thread. */

struct out_spaces {
    uint64_t *changed, *rest; /**< bit per slot */
    uint32_t words;           /**< room of each */
    uint32_t changed_count, rest_count;
    uint32_t changed_at, rest_at; /**< where the next look begins */
    uint64_t wanted;              /**< number of the next change to look at */
    uint64_t version;             /**< of the inventory that was looked at last */
};

/** Begins behind the newest change; call out_spaces_all for what there is. */
void out_spaces_init(struct out_spaces *spaces, const struct change_ring *ring);
void out_spaces_finish(struct out_spaces *spaces);
/** All are to be told: after a connect. */
void out_spaces_all(struct out_spaces *spaces, const struct inventory *inv);
/** Takes changes and new inventories over. False: no memory for so many spaces, the former ones
 * stay. */
bool out_spaces_follow(struct out_spaces *spaces, const struct change_ring *ring,
                       const struct inventory *inv);
/** The next one to be told, which is told then; NO_SLOT when there is none. */
uint32_t out_spaces_take(struct out_spaces *spaces);
/** It was not told after all. */
void out_spaces_give_back(struct out_spaces *spaces, uint32_t slot);

#endif
