#ifndef GATEWAY_CLI_REST_PROBLEM_H
#define GATEWAY_CLI_REST_PROBLEM_H

#include "bowei/base/strbuf.h"
#include <stdbool.h>

/** What was asked: the target and, when there was one, the JSON body. Borrowed. */
struct rest_asked {
    const char *path, *body;
};

/** Says a refusal in one line: "TITLE: FIELD=VALUE: what it may be; ... (INSTANCE: STATUS)", with
 * the values that were sent. False when `text` is no problem+json (RFC 9457); nothing is written
 * then. */
bool rest_problem_write(const struct rest_asked *asked, const char *text, size_t len,
                        struct strbuf *out);
/** Appends text for a terminal: control bytes as '?', at most `max` bytes and then "...". */
void rest_problem_plain(struct strbuf *out, const char *text, size_t max);

#endif
