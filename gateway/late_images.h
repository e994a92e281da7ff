#ifndef GATEWAY_LATE_IMAGES_H
#define GATEWAY_LATE_IMAGES_H

#include "bowei/image.h"
#include <pthread.h>

/* Images that Redis held and a start without Redis has not seen, on their way from the
 * thread that reads it to the core thread. Bounded: the reader waits while the core has many before
 * it. */

#define LATE_RING 2048

struct late_images {
    pthread_mutex_t lock; /* rank 2; guards what follows */
    pthread_cond_t room;
    struct image *ring; /**< made with the first image, freed when all were taken */
    size_t first, count;
    bool ended; /**< no more will come */
};

void late_images_init(struct late_images *late);
void late_images_finish(struct late_images *late);
/** Reader: waits for room; false when there is no memory. */
bool late_images_put(struct late_images *late, const struct image *image);
/** Main: all were given. */
void late_images_end(struct late_images *late);
/** Core: takes up to n in order. *all: these are the last; true once. */
size_t late_images_take(struct late_images *late, struct image *out, size_t n, bool *all);

#endif
