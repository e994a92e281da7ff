#ifndef GATEWAY_CORE_STEP_ZOMBIES_H
#define GATEWAY_CORE_STEP_ZOMBIES_H

#include "gateway/core/step/core_state.h"

/* The zombie watch within the step. */

/** What is known of a space changes: see struct place. */
void zombies_known(void *ctx, uint32_t slot, const struct space *former, enum space_state state,
                   int64_t since_ms);
/** After a report: the bike it moved is looked at soon. */
void zombies_moved(struct core *core);
void zombies_advance(struct core *core);
/** Adds what the watch did in this step to the effects, before bikes_effects. */
void zombies_effects(struct core *core);
enum err zombies_command(struct core *core, struct command *command, const struct input *input);

#endif
