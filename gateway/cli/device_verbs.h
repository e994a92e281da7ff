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

/** Reads the options that all verbs have (--json, --key-file, --url) and `count` more, then the
 * key. `more` has room for DEVICE_OPTIONS behind its count rows. CLI_OK or an exit code. */
#define DEVICE_OPTIONS 3
struct option;
int device_options(int argc, char **argv, struct option *more, size_t count,
                   struct rest_call *call);
/** "/v1/devices/<device escaped><tail>", NUL-terminated; the caller finishes it. */
void device_path(struct strbuf *out, const char *device, const char *tail);

#endif
