#ifndef GATEWAY_CLI_DEVICE_VERBS_H
#define GATEWAY_CLI_DEVICE_VERBS_H

#include "gateway/cli/rest.h"

/* The verbs of `bowei devices`. argv[0] is the command's name, argv[1] what stands behind the verb;
 * each returns an exit code. */

int device_verb_list(int argc, char **argv);
int device_verb_show(int argc, char **argv);
int device_verb_recalibrate(int argc, char **argv);
int device_verb_swap(int argc, char **argv);
int device_verb_bind(int argc, char **argv);
int device_verb_test(int argc, char **argv);

/** "/v1/devices/<device escaped><tail>", NUL-terminated; the caller finishes it. */
void device_path(struct strbuf *out, const char *device, const char *tail);

#endif
