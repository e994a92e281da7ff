#ifndef API_LAST_WORD_H
#define API_LAST_WORD_H

#include "bowei/base/err.h"
#include "bowei/base/strbuf.h"

/* Answers without libmicrohttpd: to whom no connection is made, and to whom misses a deadline.
 * Always a problem and the end of the connection. Acceptor thread. */

struct api;

/** A whole answer, `headers` (lines, or "") among its own. Empty when there can be none: with TLS
 * it could be told only behind a handshake, and by the session alone. */
void last_word_write(const struct api *api, struct strbuf *text, enum err why, const char *headers,
                     const char *detail);
/** Sends it, and closes the socket behind what has come of a request. */
void last_word_send(const struct api *api, int fd, enum err why, const char *headers,
                    const char *detail);

#endif
