#ifndef GATEWAY_CLI_VERBS_H
#define GATEWAY_CLI_VERBS_H

#include <stddef.h>

/** `bowei COMMAND VERB ...`: one row a verb. */
struct verb {
    const char *name;
    /** argv[0] is the command's name, argv[1] what stands behind the verb. An exit code. */
    int (*run)(int argc, char **argv);
};

/** Runs the verb that argv[1] names; without one says which there are and returns CLI_USAGE. */
int verbs_run(int argc, char **argv, const struct verb *rows, size_t count);

#endif
