#ifndef GATEWAY_CONFIGURATION_H
#define GATEWAY_CONFIGURATION_H

#include "bowei/cli.h"
#include "bowei/field.h"
#include "bowei/intake.h"
#include "bowei/push.h"
#include "bowei/state_folder.h"

/* The configurations of a running gateway: the one it was started with, the one in force, and those
 * that a line or link still reads. Main thread only; what they hold is immutable, so that threads
 * read the one they were given without a lock. */

struct configuration;

/** What a reload works on; borrowed for the call. */
struct configuration_parts {
    struct state_folder *state;
    struct counters *counters;
    struct status *status;
    struct field *field;
    struct push *push;
    struct intake *intake;
    const struct inventory *inventory; /**< in force */
    uint32_t build;                    /**< for the inventory, when it is built anew */
};

/** Takes `config`, also when it returns NULL (no memory). The origin's texts are borrowed. */
struct configuration *configuration_create(const struct cli_origin *origin, struct config *config);
void configuration_destroy(struct configuration *c);
const struct config *configuration_now(const struct configuration *c);
/** Leaves what is in force in the state folder, for `bowei plan` and `bowei reload`. */
void configuration_started(struct configuration *c, struct state_folder *state);
/** Reads the file again and takes it over, all of it or nothing; the outcome is logged, counted,
 * shown in the status and left in the state folder. busy: why it cannot be done now, or NULL. */
void configuration_reload(struct configuration *c, const struct configuration_parts *parts,
                          const char *busy);

#endif
