/* Every second batch is the helper's, while requests wait: so the HTTP thread goes on making
 * answers, and each waking of the other pays for a whole batch. What the helper has not come to
 * when the HTTP thread would hand it another batch, or would sleep, that one takes: nobody waits
 * for the other. The word of the helper's batch says all of it, so that a socket is taken by
 * exactly one; its descriptor is read before the word is changed and counts only if that succeeds.
 */
#define _GNU_SOURCE /* pthread_setname_np, sched_getaffinity */
#include "api/sendoff.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#define SHARED_LEAST 4u     /* fewer are sent off before the helper is awake */
#define JUDGED       1024u  /* answers after which it is judged anew whether to share */
#define EACH_MAX     100000 /* ns: a longer one tells of the machine, not of the answer */

/* the word of a batch */
#define COUNT_AT  8
#define NUMBER_AT 16
#define BYTE      0xffu

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* tcp(7): setting TCP_NODELAY "forces an explicit flush of pending output, even if TCP_CORK is
 * currently set". So a connection stays corked from answer to answer, one call each. Of a socket
 * that has been closed, and even of one that got its number since, nothing worse comes of it. */
static void send_off(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Takes the next of the batch: its descriptor, -1 when none is left. */
static int take(struct sendoff *s)
{
    uint64_t batch = atomic_load(&s->batch);

    while ((batch & BYTE) < (batch >> COUNT_AT & BYTE)) {
        int fd = atomic_load_explicit(&s->fds[batch & BYTE], memory_order_relaxed);

        if (atomic_compare_exchange_weak(&s->batch, &batch, batch + 1)) {
            return fd;
        }
    }
    return -1;
}

/* Sends off what the other leaves; returns how many. */
static uint32_t take_all(struct sendoff *s)
{
    uint32_t n = 0;

    for (int fd = take(s); fd >= 0; fd = take(s)) {
        send_off(fd);
        n++;
    }
    return n;
}

static void *help(void *arg)
{
    struct sendoff *s = arg;

    (void)pthread_setname_np(pthread_self(), "bowei-sendoff");
    while (!atomic_load(&s->over)) {
        if (sem_wait(&s->work) == 0) {
            count_add(s->counters, COUNT_HTTP_SENT_BY_HELPER, take_all(s));
        }
    }
    return NULL;
}

static bool two_processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

void sendoff_start(struct sendoff *s, struct counters *counters)
{
    s->counters = counters;
    s->helped = false;
    if (two_processors() && sem_init(&s->work, 0, 0) == 0) {
        s->helped = pthread_create(&s->thread, NULL, help, s) == 0;
        if (!s->helped) {
            sem_destroy(&s->work);
        }
    }
}

void sendoff_stop(struct sendoff *s)
{
    if (!s->helped) {
        return;
    }
    atomic_store(&s->over, true);
    sem_post(&s->work);
    pthread_join(s->thread, NULL);
    sem_destroy(&s->work);
    s->helped = false;
}

void sendoff_begin(struct sendoff *s)
{
    s->began_ns = now_ns();
}

static void batch_publish(struct sendoff *s, const int *fds, uint32_t count)
{
    uint64_t number = (atomic_load(&s->batch) >> NUMBER_AT) + 1;

    for (uint32_t i = 0; i < count; i++) {
        atomic_store_explicit(&s->fds[i], fds[i], memory_order_relaxed);
    }
    atomic_store(&s->batch, number << NUMBER_AT | (uint64_t)count << COUNT_AT);
}

/* Wakes the helper unless it was woken already and has not looked yet. */
static void helper_wake(struct sendoff *s)
{
    int waiting = 0;

    if (sem_getvalue(&s->work, &waiting) == 0 && waiting == 0) {
        sem_post(&s->work);
    }
}

int64_t sendoff_age_us(const struct sendoff *s)
{
    return (now_ns() - s->began_ns) / 1000;
}

static int64_t at_most(int64_t ns, uint32_t answers)
{
    return ns < answers * (int64_t)EACH_MAX ? ns : answers * (int64_t)EACH_MAX;
}

/* Cheap answers leave no processor idle at the other end: a third at work would only be in the way
 * of the two. */
static void sharing_judge(struct sendoff *s)
{
    if (s->made < JUDGED || s->sent == 0) {
        return;
    }
    s->shared = s->making_ns * s->sent > s->sending_ns * s->made;
    s->making_ns = s->sending_ns = 0;
    s->made = s->sent = 0;
}

static bool is_empty(const struct sendoff *s)
{
    const uint64_t batch = atomic_load(&s->batch);

    return (batch & BYTE) == (batch >> COUNT_AT & BYTE);
}

/* Is this batch the helper's? */
static bool is_helpers(struct sendoff *s, uint32_t count, bool more)
{
    if (!s->helped || !s->shared || !more || count < SHARED_LEAST || !is_empty(s)) {
        return false;
    }
    s->turn = !s->turn;
    return s->turn;
}

void sendoff_run(struct sendoff *s, const int *fds, uint32_t count, uint32_t made, bool more)
{
    const int64_t made_ns = now_ns();
    uint32_t sent = 0;

    if (is_helpers(s, count, more)) {
        batch_publish(s, fds, count);
        helper_wake(s);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            send_off(fds[i]);
        }
        sent = count + take_all(s);
    }
    s->making_ns += at_most(made_ns - s->began_ns, made);
    s->made += made;
    s->began_ns = now_ns();
    s->sending_ns += at_most(s->began_ns - made_ns, sent);
    s->sent += sent;
    sharing_judge(s);
}

void sendoff_rest(struct sendoff *s)
{
    (void)take_all(s);
}
