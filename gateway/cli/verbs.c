/* Commands with verbs: finds the row and hands the rest of the line over. */
#include "gateway/cli/verbs.h"
#include "bowei/cli.h"
#include <stdio.h>
#include <string.h>

/* "bowei devices: needs one of list, show, ...; bowei help devices" */
static int say_verbs(const char *command, const struct verb *rows, size_t count)
{
    fprintf(stderr, "bowei %s: needs one of", command);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", rows[i].name);
    }
    fprintf(stderr, "; bowei help %s\n", command);
    return CLI_USAGE;
}

int verbs_run(int argc, char **argv, const struct verb *rows, size_t count)
{
    for (size_t i = 0; argc > 1 && i < count; i++) {
        if (strcmp(argv[1], rows[i].name) == 0) {
            argv[1] = argv[0]; /* messages name the command */
            return rows[i].run(argc - 1, argv + 1);
        }
    }
    return say_verbs(argv[0], rows, count);
}
