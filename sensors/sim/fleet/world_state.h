#ifndef SENSORS_SIM_FLEET_WORLD_STATE_H
#define SENSORS_SIM_FLEET_WORLD_STATE_H

#include "sensors/sim/fleet/due_heap.h"
#include "sensors/sim/fleet/world.h"

/* The inside of a fleet, between its files: world.c steps it, world_place.c chooses where to stop,
 * world_radio.c hears, world_load.c counts fences, world_fault.c plays the script, world_say.c
 * makes the words. */

#define WORLD_BAND_MM  24000 /* three times 8 m: what noise can move a position */
#define WORLD_HELD_MAX 65536

struct world_bike {
    uint64_t rng;   /**< rides and places */
    uint64_t noise; /**< of its receiver: how often it reports changes nothing else */
    int64_t since_ms, change_ms, report_ms, episode_ms;
    struct position_e7 at;
    struct plan_place place;
    uint32_t listener, next, previous; /**< ring of those a listener hears; WORLD_NONE = none */
    uint32_t stud[WORLD_STUDS_HEARD];
    int8_t stud_dbm[WORLD_STUDS_HEARD];
    uint8_t stud_count;
    uint8_t class; /**< enum world_class */
    uint16_t faults;
    uint16_t drift_m;
    uint16_t words; /**< lock messages so far */
    uint8_t battery_pct;
    uint8_t
        told; /**< enum world_episode_kind + 1 of the episode of its stop that was told; 0 = none */
    bool opened; /**< its first step is done */
    bool parked, radio;
    bool spoiled; /**< something was wrong with it during this stop: any verdict */
    bool holds;   /**< `reorder`: a report waits for the one behind it */
};

struct fence_load {
    uint32_t sure, possible, peak;
    int64_t over_ms; /**< since when over; 0 = not */
    bool told;
};

struct listener_state {
    uint64_t rng;
    int64_t silent_ms; /**< since when */
    uint32_t first;    /**< of its bikes, WORLD_NONE = none */
    bool silent;
};

struct world {
    struct world_params params;
    const struct world_plan *plan;
    struct world_bike *bikes;
    struct listener_state *listeners;
    struct fence_load *loads;
    struct due_heap due; /**< bikes, listeners, fences, the script */
    struct world_report *held;
    uint32_t held_count;
    struct world_report *swapped; /**< by bike, when the script has `reorder` */
    struct world_advert *adverts; /**< room of one scan */
    uint64_t dropped;             /**< reports that found no room while held back */
    bool feed_wrong[WORLD_OPERATORS_MAX];
    int64_t feed_ms[WORLD_OPERATORS_MAX];
    world_sink *sink; /**< of the present step */
    void *ctx;
};

static inline bool world_has(const struct world_bike *b, enum fault_kind kind)
{
    return (b->faults >> kind & 1) != 0;
}

/** Where the bike's next stop is; sets at and place. */
void world_place_choose(struct world *f, uint32_t bike, int64_t now_ms);
enum world_class world_place_class(const struct world *f, const struct world_bike *b);
/** Mean length of a stop begun now. */
int64_t world_place_stay_ms(int64_t now_ms);

/** When a stop becomes a true episode; INT64_MAX = never. */
int64_t world_place_episode_ms(const struct world *f, const struct world_bike *b);

void world_radio_park(struct world *f, uint32_t bike);
void world_radio_leave(struct world *f, uint32_t bike);
/** Adds the studs it hears now. */
void world_radio_studs(struct world_bike *b, struct world_report *out);
void world_radio_scan(struct world *f, uint32_t listener, int64_t now_ms);

/** A bike stands, or leaves, by what its stop is known to be. */
void world_load_change(struct world *f, uint32_t bike, bool stands, int64_t now_ms);
void world_load_due(struct world *f, uint32_t fence, int64_t now_ms);

/** What of the script holds for the bikes now. */
void world_fault_bikes(struct world *f, int64_t now_ms);
/** The same for bikes, listeners and feeds; held back reports get through. */
void world_fault_turn(struct world *f, int64_t now_ms);
int64_t world_fault_next_ms(const struct world *f, int64_t now_ms);

/** The bike's word of the moment, by its own voice. first: it has just been locked or unlocked. */
void world_say(struct world *f, uint32_t bike, int64_t time_ms, int64_t now_ms, bool first);
/** Held back reports of bikes that are not `late` any more get through. */
void world_say_held(struct world *f, int64_t now_ms);
void world_say_stop(struct world *f, uint32_t bike, bool leaves, int64_t now_ms);
void world_say_episode(struct world *f, const struct world_episode *episode, int64_t now_ms);
void world_emit(struct world *f, struct world_event *event);

#endif
