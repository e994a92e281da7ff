#ifndef GATEWAY_CORE_STEP_CASES_H
#define GATEWAY_CORE_STEP_CASES_H

#include "gateway/core/step/core_state.h"

/* The casebook within the step. */

/** Alerts that were not cleared in time become cases: the first alert is a reminder only. */
void cases_of_expired(struct core *core);
/** Adds what the casebook did in this step to the effects, before bikes_effects. */
void cases_effects(struct core *core);
enum err cases_command(struct core *core, struct command *command, const struct input *input);

#endif
