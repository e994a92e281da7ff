#ifndef GATEWAY_DELIVERY_WIRE_H
#define GATEWAY_DELIVERY_WIRE_H

#include "bowei/base/err.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

/* libcurl's side of delivery's thread: its transfers, and the sleep between two turns. libcurl and
 * its TLS are 2 MiB of memory, so they are set up when the first webhook needs them. */

struct wire {
    CURLM *multi; /**< NULL: no transfer was needed yet */
    int wake_fd;
};

/** ERR_IO: no descriptor. */
enum err wire_init(struct wire *wire) MUST_CHECK;
/** No transfer may be under way. */
void wire_finish(struct wire *wire);
/** Before the first transfer and before URLs are looked at. False: no memory. */
bool wire_open(struct wire *wire);
/** Ends the sleep. Any thread. */
void wire_wake(const struct wire *wire);
/** Moves what is under way; calls for each transfer that is over. True: one was. */
bool wire_turn(const struct wire *wire, void (*over)(void *ctx, CURL *easy, CURLcode code),
               void *ctx);
/** Until something comes, somebody wakes us, or so long. */
void wire_sleep(const struct wire *wire, int64_t ms);

#endif
