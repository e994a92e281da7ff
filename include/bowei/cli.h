#ifndef BOWEI_CLI_H
#define BOWEI_CLI_H

#include "bowei/config.h"
#include <stddef.h>

/* The command line: one program with subcommands, each a row of a table. Data goes to standard
 * output, talk to standard error. */

/** Exit codes of all commands but `serve`. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILURE = 1,   /**< it did not work, or the answer is no */
    CLI_USAGE = 2,     /**< the command line is wrong */
    CLI_BAD_INPUT = 3, /**< the configuration or an input file is not valid */
    CLI_NOT_FOUND = 4,
    CLI_AUTH = 5,
    CLI_UNREACHABLE = 6, /**< the server cannot be reached or did not answer in time */
    CLI_CONFLICT = 7,
};

struct cli_command {
    const char *name;
    const char *summary;               /**< one line, lower case, no full stop */
    const char *usage;                 /**< "bowei import ..." lines, then what the options mean */
    int (*run)(int argc, char **argv); /**< argv[0] is the command's name */
};

/** Runs argv[1] from the own commands or the extra ones (main's `serve`). Returns the exit code. */
int cli_run(int argc, char **argv, const struct cli_command *extra, size_t extra_count);

/** Takes --config FILE and --set KEY=VALUE from a command's arguments and loads the file; faults
 * are printed. 0, or CLI_USAGE, CLI_BAD_INPUT, CLI_FAILURE. The caller owns *out. */
int cli_load_config(int argc, char **argv, struct config **out);

#define CLI_SETS_MAX 64

/** Which configuration a command was given; borrowed from argv. */
struct cli_origin {
    const char *path;
    const char *sets[CLI_SETS_MAX];
    uint32_t set_count;
};

/** As cli_load_config, and says which file and --set it was, to read it again. */
int cli_load_origin(int argc, char **argv, struct cli_origin *origin, struct config **out);
/** Reads and checks a configuration as all commands do, with what the field side knows; prints
 * nothing. */
enum err cli_read_config(const struct config_origin *origin, struct config_report *report,
                         struct config **out) MUST_CHECK;

#endif
