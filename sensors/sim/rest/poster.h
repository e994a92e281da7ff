#ifndef SENSORS_SIM_REST_POSTER_H
#define SENSORS_SIM_REST_POSTER_H

#include "bowei/base/err.h"
#include "bowei/base/strbuf.h"
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Posts telemetry to the gateway's REST API as the operators' back ends do: each with its own key,
 * in batches, one request at a time. What the gateway does not take is kept and tried again, up to
 * a bound. libcurl's multi interface on our own loop: one thread. */

#define POSTER_OPERATORS 8
#define POSTER_BATCH     200   /* items of a request */
#define POSTER_KEEP      20000 /* items of an operator that wait; then the oldest go */

struct poster_counts {
    uint64_t accepted, duplicate, refused; /**< results of items */
    uint64_t posted;                       /**< requests answered 2xx */
    uint64_t failed;                       /**< requests not answered so, and tried again */
    uint64_t dropped; /**< items that found no room, or that the gateway would not read */
    uint64_t waiting; /**< items */
    long last_status; /**< of the last failed request; 0 = no answer */
};

struct poster;

/** url: "http://host:port". keys: file with lines "OP KEY"; op number i has code codes[i].
 * ERR_NOT_FOUND: the file, or the key of an operator is missing. Free with poster_destroy. */
enum err poster_create(const char *url, const char *keys, const char *const *codes, uint32_t count,
                       struct poster **out) MUST_CHECK;
void poster_destroy(struct poster *p);
/** Copies a ready JSON item. Out of memory: counted as dropped. */
void poster_add(struct poster *p, uint32_t op, const char *item, size_t len);
/** Sends, receives, tries again. now_ms: of a clock that only grows. */
void poster_turn(struct poster *p, int64_t now_ms);
/** Like poll(2) over the caller's descriptors and the poster's own. */
void poster_wait(struct poster *p, struct pollfd *fds, uint32_t count, int wait_ms);
struct poster_counts poster_counts(const struct poster *p);

#endif
