#ifndef GATEWAY_CORE_STEP_DEVICE_COMMANDS_H
#define GATEWAY_CORE_STEP_DEVICE_COMMANDS_H

#include "gateway/core/step/core_state.h"

/* Rows of commands.c's table about devices and about the reasoning of a space. Each gives the
 * command's result. */

enum err command_device_suspect(struct core *core, struct command *command,
                                const struct input *input);
enum err command_device_test(struct core *core, struct command *command, const struct input *input);
enum err command_device_installed(struct core *core, struct command *command,
                                  const struct input *input);
enum err command_device_one(struct core *core, struct command *command, const struct input *input);
enum err command_device_page(struct core *core, struct command *command, const struct input *input);
enum err command_space_why(struct core *core, struct command *command, const struct input *input);

#endif
