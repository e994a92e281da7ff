/* `bowei devices VERB`: what a technician does with sensors, over the REST interface. One row a
 * verb; a verb of some size has its own file and is declared in device_verbs.h. */
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/verbs.h"

static const struct verb verbs[] = {
    {"bind",        device_verb_bind       },
    {"list",        device_verb_list       },
    {"recalibrate", device_verb_recalibrate},
    {"show",        device_verb_show       },
    {"swap",        device_verb_swap       },
    {"test",        device_verb_test       },
};

int command_devices(int argc, char **argv)
{
    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
