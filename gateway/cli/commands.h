#ifndef GATEWAY_CLI_COMMANDS_H
#define GATEWAY_CLI_COMMANDS_H

#include "bowei/cli.h"
#include <stdbool.h>

/* The commands, one function each; rows in commands.def. */
#define COMMAND(name, function, summary, usage) int function(int argc, char **argv);
#include "gateway/cli/commands.def"
#undef COMMAND

/** Writes the buffer to standard output and finishes it. CLI_OK, or CLI_FAILURE when it cannot. */
int commands_print(struct strbuf *text);
/** Says that the command line is wrong. Returns CLI_USAGE. */
int commands_usage(const char *command, const char *why);

struct option_list;
/** Loads a configuration with its --set; faults are printed. 0, CLI_BAD_INPUT or CLI_FAILURE. */
int command_config_load(const char *path, const struct option_list *sets, struct config **out);

#define COMMANDS_STATE_DEFAULT "/var/lib/bowei" /* as settings.def has it */

/** Where a command finds the gateway's files: --state DIR, or --config FILE, or the default folder.
 */
struct place {
    const char *state_option, *config_option;
    char state[512];
    char keys[600];
};

/** Fills state and keys. 0, or an exit code with a message printed. */
int command_place_find(struct place *place, const char *command);

#endif
