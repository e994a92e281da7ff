#ifndef GATEWAY_CORE_FLEET_JUDGE_H
#define GATEWAY_CORE_FLEET_JUDGE_H

#include "gateway/core/fence/fence.h"

/* The verdict on one parked bike: inside, outside or uncertain, by which rule, with which fence.
 * Radio evidence first, then GNSS with its accuracy, a buffer, a dwell, and a memory (a verdict
 * once given in a stop holds against noise). Pure: reads the bike, the fences and the inventory. */

struct judge {
    const struct inventory *inv;
    const struct fence *fences; /**< by fence index */
    const struct bike_context *context;
    bool feed_suspect; /**< the bike's operator posts shifted positions */
    bool afresh;       /**< after fences changed: what fresh ones have a say in is decided anew */
};

struct judgement {
    enum verdict verdict;
    enum verdict_rule rule;
    uint32_t fence;      /**< index; NO_FENCE = none */
    int32_t distance_mm; /**< signed, from its edge; INT32_MAX = not known */
    bool decided;        /**< inside or outside was decided: holds in this stop against positions */
    bool forget;         /**< what was decided before in this stop counts no more
                          */
    bool outside;        /**< the evidence says outside (the dwell may still run) */
    int64_t due_ms;      /**< city time to judge again when nothing is heard; INT64_MAX = never */
};

void judge_bike(const struct judge *judge, const struct bike_image *bike, struct judgement *out);

#endif
