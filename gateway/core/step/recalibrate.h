#ifndef GATEWAY_CORE_STEP_RECALIBRATE_H
#define GATEWAY_CORE_STEP_RECALIBRATE_H

#include "gateway/core/step/core_state.h"

/** COMMAND_DEVICE_RECALIBRATE: ERR_OK when it may be written, and audited; changes nothing. */
enum err command_recalibrate(struct core *core, struct command *command, const struct input *input);

#endif
