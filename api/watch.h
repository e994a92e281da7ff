#ifndef API_WATCH_H
#define API_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Watch streams for technicians: the raw frames of one bay's or one device's sensors as they come,
 * and the reasoning of its space whenever it changes. Few and short-lived, so they are looked at
 * every tick of the acceptor instead of being woken by each frame. */

#define WATCHES_MAX 16 /**< at a time; also the devices whose frames are kept apart */

struct api;
struct request;
struct watch;

struct watches {
    pthread_mutex_t lock; /**< rank 23 */
    struct watch *first;  /**< guarded by lock */
    _Atomic uint32_t count;
    bool ending; /**< guarded by lock */
    struct api *api;
};

int watches_init(struct watches *watches, struct api *api);
void watches_finish(struct watches *watches);
/** Lets each look whether there is something to send. Acceptor thread. */
void watches_tick(struct watches *watches, int64_t boot_ms);
/** Ends them all: the server stops. */
void watches_end(struct watches *watches);

#endif
