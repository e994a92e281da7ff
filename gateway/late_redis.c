/* The thread that reads a Redis which came after the start: recover_late here -> late_images -> the
 * core thread. Main starts it, asks whether it is done, and stops it. */
#include "gateway/late_redis.h"
#include "bowei/base/city_clock.h"
#include <time.h>

#define EVERY_MS 2000 /* between two tries */

static void on_restore(void *ctx, const struct image *image)
{
    struct late_redis *late = ctx;

    late->refused = !runner_late_image(late->runner, image) || late->refused;
}

static void on_replay(void *ctx, const struct input *input)
{
    (void)ctx;
    (void)input; /* the journal was replayed at start */
}

static void wait_a_while(struct late_redis *late)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* a wall clock set back would wait for hours */
    until.tv_sec += EVERY_MS / 1000;
    pthread_mutex_lock(&late->lock);
    if (!atomic_load(&late->halt)) {
        (void)pthread_cond_timedwait(&late->halted, &late->lock, &until);
    }
    pthread_mutex_unlock(&late->lock);
}

static void *run(void *ctx)
{
    struct late_redis *late = ctx;
    const struct recover_calls calls = {late, on_restore, on_replay};

    while (!atomic_load(&late->halt)) {
        late->refused = false;
        if (recover_late(&late->params, &calls, late->recovery) == ERR_OK && !late->refused) {
            atomic_store(&late->done, true);
            break;
        }
        late->recovery->redis_read = false; /* without memory for an image: once more */
        wait_a_while(late);
    }
    return NULL;
}

static bool sync_init(struct late_redis *late)
{
    pthread_condattr_t attributes;
    bool ok;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
         pthread_cond_init(&late->halted, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (ok && pthread_mutex_init(&late->lock, NULL) != 0) {
        pthread_cond_destroy(&late->halted);
        ok = false;
    }
    return ok;
}

static void sync_finish(struct late_redis *late)
{
    pthread_cond_destroy(&late->halted);
    pthread_mutex_destroy(&late->lock);
}

bool late_redis_start(struct late_redis *late, const struct recover_params *params,
                      struct recovery *recovery, struct runner *runner)
{
    *late = (struct late_redis){
        .redis = *params->redis, .params = *params, .recovery = recovery, .runner = runner};
    late->redis.halt = &late->halt;
    late->params.redis = &late->redis;
    if (!sync_init(late)) {
        return false;
    }
    late->started = pthread_create(&late->thread, NULL, run, late) == 0;
    if (!late->started) {
        sync_finish(late);
    }
    return late->started;
}

static void join(struct late_redis *late)
{
    (void)pthread_join(late->thread, NULL);
    sync_finish(late);
    late->started = false;
}

bool late_redis_done(struct late_redis *late)
{
    if (!late->started || !atomic_load(&late->done)) {
        return false;
    }
    join(late);
    return true;
}

void late_redis_stop(struct late_redis *late)
{
    if (!late->started) {
        return;
    }
    pthread_mutex_lock(&late->lock);
    atomic_store(&late->halt, true);
    pthread_cond_signal(&late->halted);
    pthread_mutex_unlock(&late->lock);
    join(late);
}
