#ifndef GATEWAY_CORE_FENCE_FENCE_H
#define GATEWAY_CORE_FENCE_FENCE_H

#include "gateway/core/bike/bike.h"

/* One fence: the root of its listeners, how many bikes are judged inside, and how fast it fills. */

#define FENCE_MINUTES 15 /* of net arrivals, for what comes next */

struct fence {
    struct position at; /**< of the newest listener report applied */
    struct listener_image listeners[FENCE_LISTENERS_MAX];
    uint8_t listener_count;
    uint8_t listener_room; /**< how many the inventory has there; whoever is above it is gone */
    bool silent;
    bool in_force;  /**< by its window, when it was looked at last */
    bool fresh;     /**< begun, new or moved: until all bikes were judged by it */
    uint32_t count; /**< bikes judged inside; of a no-parking zone those that stand in it */
    uint32_t version;
    uint16_t by_operator[OPERATORS_MAX];
    int64_t changed_ms;
    uint32_t first;                    /**< list of the bikes its listeners hear, by slot */
    uint32_t alerts[ALERT_KIND_COUNT]; /**< slots of its newest episodes, NO_ALERT */
    int64_t crowded_ms;                /**< since when it is over capacity * ratio, 0 = it is not */
    int16_t net[FENCE_MINUTES];        /**< arrivals less departures, by minute */
    int64_t minute;                    /**< of net[0] */
};

void fence_begin(struct fence *fence);
/** The inventory has so many listeners there now: those unheard for longest are forgotten. */
void fence_listeners_keep(struct fence *fence, uint32_t count);
/** Applies a listener's report. */
enum bike_took fence_report_apply(struct fence *fence, const struct bike_report *report,
                                  const struct bike_context *context);
/** Works out whether its listeners are silent, those never heard too; INT64_MAX or when to ask
 * again. */
int64_t fence_listen(struct fence *fence, const struct bike_context *context);
/** Is this listener live, and when was its newest full scan? */
bool fence_listener_live(const struct fence *fence, uint64_t listener,
                         const struct bike_context *context, int64_t *scan_ms);
void fence_count(struct fence *fence, uint8_t operator_index, int change, int64_t now_ms);
/** Net arrivals of the last FENCE_MINUTES. */
int fence_net(struct fence *fence, int64_t now_ms);

#endif
