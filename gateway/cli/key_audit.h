#ifndef GATEWAY_CLI_KEY_AUDIT_H
#define GATEWAY_CLI_KEY_AUDIT_H

#include "bowei/keys.h"

/** Who changed which key by `bowei keys`: a line of JSON in <keys>.audit, forced to the disk. The
 * gateway's own audit has what was done over the API; this works without a gateway. `row` has what
 * is known of the key, at least its prefix. The file is only ever appended to. */
enum err key_audit(const char *keys, const char *action, const struct key_row *row,
                   int64_t wall_ms) MUST_CHECK;

#endif
