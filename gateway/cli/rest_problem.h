#ifndef GATEWAY_CLI_REST_PROBLEM_H
#define GATEWAY_CLI_REST_PROBLEM_H

#include "bowei/base/strbuf.h"
#include <stdbool.h>

/** Says a refusal in one line: "TITLE: FIELD=VALUE: what it may be; ... (INSTANCE: STATUS)", the
 * values out of the `body` that was sent (NULL = none). False when `text` is no problem+json (RFC
 * 9457); nothing is written then. */
bool rest_problem_write(const char *body, const char *text, size_t len, struct strbuf *out);
/** Appends text for a terminal, tidied, at most `max` bytes (512) and then "...". */
void rest_problem_plain(struct strbuf *out, const char *text, size_t max);

#endif
