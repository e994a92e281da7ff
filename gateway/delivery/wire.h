#ifndef GATEWAY_DELIVERY_WIRE_H
#define GATEWAY_DELIVERY_WIRE_H

#include "bowei/base/err.h"
#include "gateway/delivery/libcurl.h"
#include <stdbool.h>
#include <stdint.h>

/* libcurl's side of delivery's thread: its transfers, and the sleep between two turns. libcurl is
 * loaded and set up when the first webhook needs it (libcurl.h). */

struct wire {
    CURLM *multi;        /**< NULL: no webhook was there yet, or it could not be opened */
    struct libcurl curl; /**< filled in while multi is there */
    int wake_fd;
};

/** ERR_IO: no descriptor. */
enum err wire_init(struct wire *wire) MUST_CHECK;
/** No transfer may be under way. */
void wire_finish(struct wire *wire);
/** Before the first transfer and before URLs are looked at; again does nothing. False with the
 * reason: libcurl is not there, or no memory. */
bool wire_open(struct wire *wire, char why[LIBCURL_WHY_MAX]);
/** Ends the sleep. Any thread. */
void wire_wake(const struct wire *wire);
/** Moves what is under way; calls for each transfer that is over. True: one was. */
bool wire_turn(const struct wire *wire, void (*over)(void *ctx, CURL *easy, CURLcode code),
               void *ctx);
/** Until something comes, somebody wakes us, or so long. */
void wire_sleep(const struct wire *wire, int64_t ms);

#endif
