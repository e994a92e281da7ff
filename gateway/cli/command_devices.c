/* `bowei devices VERB`: what a technician does with sensors, over the REST interface. One row a
 * verb; a verb of some size has its own file and is declared in device_verbs.h. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *verb;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"bind",        device_verb_bind       },
    {"list",        device_verb_list       },
    {"recalibrate", device_verb_recalibrate},
    {"show",        device_verb_show       },
    {"swap",        device_verb_swap       },
    {"test",        device_verb_test       },
};

/* "bowei devices: list, show, ...; bowei help devices" */
static int say_verbs(const char *command)
{
    fprintf(stderr, "bowei %s: needs one of", command);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", verbs[i].verb);
    }
    fprintf(stderr, "; bowei help %s\n", command);
    return CLI_USAGE;
}

int command_devices(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(argv[1], verbs[i].verb) == 0) {
            argv[1] = argv[0]; /* messages name the command */
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    return say_verbs(argv[0]);
}
