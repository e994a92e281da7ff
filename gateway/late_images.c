/* A bounded queue of images: recover_late in late_redis.c -> here -> the core thread between two
 * steps. */
#include "gateway/late_images.h"
#include <stdlib.h>

void late_images_init(struct late_images *late)
{
    *late = (struct late_images){0};
    pthread_mutex_init(&late->lock, NULL);
    pthread_cond_init(&late->room, NULL);
}

void late_images_finish(struct late_images *late)
{
    free(late->ring);
    pthread_cond_destroy(&late->room);
    pthread_mutex_destroy(&late->lock);
}

bool late_images_put(struct late_images *late, const struct image *image)
{
    bool put = false;

    pthread_mutex_lock(&late->lock);
    if (late->ring == NULL) {
        late->ring = calloc(LATE_RING, sizeof *late->ring);
    }
    while (late->ring != NULL && late->count == LATE_RING) {
        pthread_cond_wait(&late->room, &late->lock);
    }
    if (late->ring != NULL) {
        late->ring[(late->first + late->count++) % LATE_RING] = *image;
        put = true;
    }
    pthread_mutex_unlock(&late->lock);
    return put;
}

void late_images_end(struct late_images *late)
{
    pthread_mutex_lock(&late->lock);
    late->ended = true;
    pthread_mutex_unlock(&late->lock);
}

size_t late_images_take(struct late_images *late, struct image *out, size_t n, bool *all)
{
    size_t got = 0;

    pthread_mutex_lock(&late->lock);
    for (; got < n && late->count > 0; got++, late->count--) {
        out[got] = late->ring[late->first];
        late->first = (late->first + 1) % LATE_RING;
    }
    *all = late->ended && late->count == 0;
    if (*all) {
        late->ended = false;
        free(late->ring);
        late->ring = NULL;
    }
    if (got > 0) {
        pthread_cond_signal(&late->room);
    }
    pthread_mutex_unlock(&late->lock);
    return got;
}
