#ifndef GATEWAY_CORE_STEP_CORE_STATE_H
#define GATEWAY_CORE_STEP_CORE_STATE_H

#include "bowei/core.h"
#include "gateway/core/case/casebook.h"
#include "gateway/core/fleet/fleet.h"
#include "gateway/core/lot/lot.h"
#include "gateway/core/space/space.h"
#include "gateway/core/step/kept.h"
#include "gateway/core/step/undo.h"
#include "gateway/core/step/wheel.h"
#include "gateway/core/zombie/watch.h"

/* The core's state and what the files of step/ share of it. Nothing outside step/ includes this. */

#define CORE_SOURCES  256  /* inv_device.source is a byte */
#define CORE_FIRE_MAX 1024 /* timers in one core_advance; the rest is due at once again */
#define CORE_KEPT_MAX 2    /* an entity and its audit row */
#define TIMER_SPACES  8    /* neighbouring slots share a timer: what is due of one looks at all */

struct core {
    const struct inventory *inv;
    struct counters *counters;
    struct now now;
    bool clock_suspect;
    bool lots_wait;                                /**< for Redis: core_lots_wait */
    struct space *spaces;                          /**< by slot */
    struct lot *lots;                              /**< by lot index */
    struct sensor *sensors;                        /**< by sensor index of inv */
    uint32_t space_count, lot_count, sensor_count; /**< what the arrays hold */
    struct wheel space_wheel, lot_wheel;           /**< nodes: core_timer_of(slot); lot index */
    struct override_list overrides;
    struct suspect_list suspects;
    uint64_t *epochs; /**< of packed positions; [0] = 0 */
    uint32_t epoch_count, epoch_room;
    int64_t break_ms[CORE_SOURCES]; /**< last session loss of each source */
    struct city_view city;
    struct effects effects;
    struct touched *touched;
    size_t touched_room;
    struct image kept[CORE_KEPT_MAX];
    struct counters unseen; /**< where a replay counts */
    struct undo undo;
    struct fleet *fleet; /**< bikes, fences, episodes */
    struct casebook *casebook;
    struct zombie_watch *watch;
    bool from_expired_alerts; /**< of the rules of cases */
    bool running;             /**< core_restored or a step came: counts and timers are kept */
};

/** What the outside sees of a space, and by what readers judge its age and confidence. */
struct shown {
    enum space_state state;
    enum reason reason;
    enum space_state known;
    int64_t since_ms, known_since_ms;
    unsigned source, flag_pct;
};

/** The timer of a slot. */
static inline uint32_t core_timer_of(uint32_t slot)
{
    return slot / TIMER_SPACES;
}

/* --- core.c --- */
void core_place(struct core *core, uint32_t slot, struct place *out);
void core_yard(struct core *core, uint32_t lot, struct yard *out);
void core_shown(const struct core *core, uint32_t slot, struct shown *out);
/** The same as if its lot were `lot`: how it was before the lot was closed or opened. */
void core_shown_in(const struct core *core, uint32_t slot, const struct lot *lot,
                   struct shown *out);

/** Applies to a slot all that fell due by now, and follows up on it. */
void core_settle(struct core *core, uint32_t slot);
/** Fuses a slot anew and follows up on what changed from `before`. */
void core_rejudge(struct core *core, uint32_t slot, const struct shown *before, bool wrote);

/* --- effects.c --- */
void effects_begin(struct core *core, struct now now);
/** Makes room for that many touched roots; false on no memory. */
bool effects_reserve(struct core *core, size_t roots);
/** After slot may have changed from `before`: counts, lot, city, timer, effects. wrote: its root
 * was written. */
void effects_space(struct core *core, uint32_t slot, const struct shown *before, bool wrote);
/** The same without counts, lot and city. */
void effects_shown(struct core *core, uint32_t slot, const struct shown *before, bool wrote);
/** After a lot that was `former` was closed or opened: all its spaces and their counts, not the lot
 * itself. Room as by effects_reserve_lot. */
void effects_lot_turned(struct core *core, uint32_t lot, const struct lot *former);
/** Room for all spaces of a lot, their lot and what else a step touches; false on no memory. */
bool effects_reserve_lot(struct core *core, uint32_t lot);
/** Judges the lot anew; wrote: its root was written. */
void effects_lot(struct core *core, uint32_t index, bool wrote);
/** Makes one of what touched a space twice; for steps that touch few. */
void effects_merge(struct core *core);
/** Adds an image to what must be journalled. */
void effects_keep(struct core *core, const struct image *image);

/* --- positions.c --- */
#define POSITION_NONE 0
/** POSITION_NONE when there is no memory for another epoch. */
uint64_t position_pack(struct core *core, struct position at);
struct position position_unpack(const struct core *core, uint64_t packed);

/* --- commands.c --- */

void commands_apply(struct core *core, struct command *command, const struct input *input);

/** Notes why a command is refused; returns `why`. */
enum err command_refuse(struct command *command, enum err why, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum err command_no_memory(struct core *core, struct command *command);

/* --- override.c: out of service, on top of the fused state --- */
/** The entry that is set and not over; NULL = in service. */
const struct override_entry *override_of(const struct core *core, uint32_t slot);
/** When the override of a slot ends; INT64_MAX = it has no end or is not set. */
int64_t override_due(const struct core *core, uint32_t slot);
/** Ends the override of a slot when its time is over. */
void override_settle(struct core *core, uint32_t slot);

/* --- swap.c --- */
/** Arrays for a first inventory; false on no memory. */
bool swap_first(struct core *core);
void swap_inventory(struct core *core, const struct inventory *next);
/** Adds up lots and city from nothing; touches nobody. */
void swap_recount(struct core *core);

#endif
