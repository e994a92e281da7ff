#ifndef GATEWAY_CLI_HTTP_GET_H
#define GATEWAY_CLI_HTTP_GET_H

#include "bowei/base/strbuf.h"

/** An answer; zeroed is valid. */
struct http_answer {
    int status; /**< 0 = none came */
    struct strbuf body;
    char why[160]; /**< why none came */
    char next[64]; /**< cursor of the page behind, as the Link header says it; "" = none */
};

/** What is asked; texts are borrowed. */
struct http_ask {
    const char *method, *path;
    const char *body; /**< JSON; NULL = none */
    const char *key;  /**< bearer; NULL = none */
};

/** Sends one request to base = "http://host[:port]". False when the server cannot be reached or
 * does not answer within timeout_ms: why says it. The caller finishes answer->body. */
bool http_ask(const char *base, const struct http_ask *ask, int timeout_ms,
              struct http_answer *answer);
/** Sends one request and hands each line of the answer's body to `line` (without its end) as it
 * comes, until that returns false, the server ends it, or nothing comes for idle_ms. The status
 * stands in answer->status; an answer other than 2xx is read whole into answer->body instead. False
 * when no head came: why says it. */
bool http_lines(const char *base, const struct http_ask *ask, int idle_ms,
                bool (*line)(void *ctx, const char *text), void *ctx, struct http_answer *answer);
/** GET base + path, base = "http://host[:port]". False when the server cannot be reached or does
 * not answer within timeout_ms: why says it. The caller finishes answer->body. */
bool http_get(const char *base, const char *path, int timeout_ms, struct http_answer *answer);
/** Appends text to a URL, percent-encoded. */
void http_get_escape(const char *text, struct strbuf *url);

#endif
