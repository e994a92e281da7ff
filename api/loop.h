#ifndef API_LOOP_H
#define API_LOOP_H

#include "api/sendoff.h"
#include "bowei/base/err.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The HTTP thread: it runs libmicrohttpd round by round, takes in the sockets that the acceptor
 * hands over, and lets answers leave together, by batches. */

struct api;
struct connection;

struct loop {
    int requests;          /**< libmicrohttpd's own set of epoll */
    int door_in, door_out; /**< a pipe of struct newcomer: queue and wake-up in one */
    pthread_t thread;
    _Atomic bool over;
    struct sendoff sendoff;
    struct connection *held[SENDOFF_MAX]; /**< corked; HTTP thread only */
    uint32_t held_count;
    int64_t round_ms;        /**< boottime at which this round began; HTTP thread only */
    int64_t round_cpu_ns;    /**< ... and the thread's processor time then */
    uint32_t round_requests; /**< so many came in it; HTTP thread only */
    int32_t shed_ms;         /**< a round longer than this refuses who has no key (rate.c) ... */
    uint32_t shed_after;     /**< ... but not its first so many */
};

/** In a round of more than this the rest of it is refused, so who was served waited for two such
 * rounds at most. Half of it at least must have been work: a machine that paused or gave the
 * processor to others gets no faster by refusals, which cost as much as most answers. */
#define LOOP_SHED_MS    25
#define LOOP_SHED_AFTER 16

/** Makes the descriptors. */
enum err loop_init(struct loop *loop) MUST_CHECK;
/** Closes them, and the sockets still waiting at the door. After loop_stop. */
void loop_finish(struct loop *loop);
/** Starts the thread; api.daemon stands. */
enum err loop_start(struct api *api) MUST_CHECK;
/** Ends the thread. */
void loop_stop(struct api *api);
/** Hands an accepted socket over to the thread; false: the door is full, the socket stays the
 * caller's. Acceptor thread. */
bool loop_hand_over(struct loop *loop, int fd, const struct sockaddr_storage *from,
                    socklen_t from_len);
/** Ends the thread's sleep: after MHD_resume_connection from another thread, which in this mode
 * wakes nobody by itself. Any thread. */
void loop_wake(struct loop *loop);
/** At boot_ms this round takes longer, with work of its own, than who waits can bear (shed_ms).
 * HTTP thread. */
bool loop_round_is_long(const struct loop *loop, int64_t boot_ms);
/** An answer is about to be sent, or has just been: it leaves with its batch. HTTP thread. */
void loop_hold(struct loop *loop, struct connection *slot);
/** What comes now leaves at once: a stream, a "100 Continue". HTTP thread. */
void loop_uncork(struct loop *loop, struct connection *slot);
/** The connection is about to be closed. HTTP thread. */
void loop_forget(struct loop *loop, struct connection *slot);

#endif
