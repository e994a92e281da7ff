#ifndef GATEWAY_CORE_STEP_BIKES_H
#define GATEWAY_CORE_STEP_BIKES_H

#include "gateway/core/step/core_state.h"

/* The non-motor half within the step. */

/** Adds what the fleet did in this step to the effects. */
void bikes_effects(struct core *core);
enum err bikes_command(struct core *core, struct command *command, const struct input *input);

#endif
