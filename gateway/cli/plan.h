#ifndef GATEWAY_CLI_PLAN_H
#define GATEWAY_CLI_PLAN_H

#include "bowei/base/json_write.h"
#include "bowei/config.h"
#include "bowei/inventory_file.h"

/* The parts of `bowei plan`: lines and their time, and which spaces a new configuration affects.
 * Each is made first and then printed as text or as JSON. */

/** Why the answer is no, in order; whole sentences. */
struct plan_faults {
    struct strbuf text; /**< one a line */
    uint32_t count;
};

/** Prints what each line will do with its time; one of `w` and `out` is used. Notes lines that
 * cannot keep their periods. */
enum err plan_lines(const struct config *config, struct json_writer *w, struct strbuf *out,
                    struct plan_faults *faults) MUST_CHECK;

/** What an edit means for one sensor of a place. */
enum plan_effect {
    PLAN_SENSOR_LOST,
    PLAN_SENSOR_GAINED,
    PLAN_LIMIT,
    PLAN_PERIOD,
    PLAN_MEANING, /**< its register is read as something else */
    PLAN_WIRE,    /**< it comes from another port, address or unit */
    PLAN_EFFECT_COUNT
};

struct plan_space_effect {
    space_key key; /**< space, or lot of a gate */
    uint32_t sensor;
    uint8_t effect; /**< enum plan_effect */
    struct sensor_timing before, after;
};

/** The effects on all places of an inventory, sorted by ID. `text` is what ids point into. */
struct plan_spaces {
    const struct inventory *inventory;
    struct plan_space_effect *effects;
    uint32_t count, cap;
    uint32_t spaces;      /**< places with an effect */
    uint32_t left_silent; /**< of those, places that lose the last sensor that is configured */
};

/** Zeroed before; plan_spaces_finish whatever is returned. */
enum err plan_spaces_make(const struct draft *draft, uint64_t version, const struct config *before,
                          const struct config *after, struct plan_spaces *out) MUST_CHECK;
void plan_spaces_finish(struct plan_spaces *spaces);
void plan_spaces_json(const struct plan_spaces *spaces, struct json_writer *w);
/** The first `most` effects, then how many more there are. */
void plan_spaces_text(const struct plan_spaces *spaces, uint32_t most, struct strbuf *out);

#endif
