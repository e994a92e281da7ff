/* Looks a broker's name up on a thread of its own, which frees what it shares with the asker when
 * it is the last to let go, and connects to an address of it. Links and MQTT out begin each
 * connection so. */
#include "bowei/broker_connect.h"
#include <arpa/inet.h>
#include <mosquitto.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HOST_MAX      256
#define ADDRESSES_MAX 8
#define ADDRESS_MAX   80
#define LOOK_MS       50 /* between two looks whether to stop */
#define NS_PER_SEC    1000000000L

struct look_up {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    /* guarded by lock */
    unsigned users; /* the asker and the thread */
    bool done;
    /* the thread's until done */
    char host[HOST_MAX];
    char addresses[ADDRESSES_MAX][ADDRESS_MAX];
    uint32_t count;
};

static void let_go(struct look_up *l)
{
    bool last;

    pthread_mutex_lock(&l->lock);
    last = --l->users == 0;
    pthread_mutex_unlock(&l->lock);
    if (last) {
        (void)pthread_cond_destroy(&l->ended);
        (void)pthread_mutex_destroy(&l->lock);
        free(l);
    }
}

static void *look_up_main(void *ctx)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct look_up *l = ctx;
    struct addrinfo *all;

    if (getaddrinfo(l->host, NULL, &hints, &all) == 0) {
        for (struct addrinfo *a = all; a != NULL && l->count < ADDRESSES_MAX; a = a->ai_next) {
            l->count += getnameinfo(a->ai_addr, a->ai_addrlen, l->addresses[l->count], ADDRESS_MAX,
                                    NULL, 0, NI_NUMERICHOST) == 0;
        }
        freeaddrinfo(all);
    }
    pthread_mutex_lock(&l->lock);
    l->done = true;
    (void)pthread_cond_signal(&l->ended);
    pthread_mutex_unlock(&l->lock);
    let_go(l);
    return NULL;
}

static bool cond_make(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    bool made;

    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    made = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(cond, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return made;
}

static bool thread_start(struct look_up *l)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, look_up_main, l) != 0) {
        return false;
    }
    (void)pthread_detach(thread);
    return true;
}

/* NULL: no memory or no thread. */
static struct look_up *look_up_begin(const char *host)
{
    struct look_up *l = calloc(1, sizeof *l);

    if (l == NULL || strlen(host) >= sizeof l->host || pthread_mutex_init(&l->lock, NULL) != 0) {
        goto undo_memory;
    }
    if (!cond_make(&l->ended)) {
        goto undo_lock;
    }
    memcpy(l->host, host, strlen(host));
    l->users = 2;
    if (!thread_start(l)) {
        goto undo_cond;
    }
    return l;
undo_cond:
    (void)pthread_cond_destroy(&l->ended);
undo_lock:
    (void)pthread_mutex_destroy(&l->lock);
undo_memory:
    free(l);
    return NULL;
}

/* Waits a little; true when the thread is done. */
static bool look_up_wait(struct look_up *l)
{
    struct timespec until;
    bool done;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / NS_PER_SEC;
    until.tv_nsec %= NS_PER_SEC;
    pthread_mutex_lock(&l->lock);
    while (!l->done && pthread_cond_timedwait(&l->ended, &l->lock, &until) == 0) {
    }
    done = l->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int connect_to(struct mosquitto *client, const struct broker_address *to,
                      const char *address)
{
    return mosquitto_connect_async(client, address, (int)to->port, (int)to->keepalive_s);
}

int broker_connect(struct mosquitto *client, const struct broker_address *to,
                   const struct broker_stop *stop)
{
    int code = MOSQ_ERR_EAI;
    struct look_up *l;

    if (is_address(to->host)) {
        return connect_to(client, to, to->host);
    }
    l = look_up_begin(to->host);
    if (l == NULL) {
        return MOSQ_ERR_NOMEM;
    }
    while (!look_up_wait(l)) {
        if (stop->asked(stop->ctx)) {
            let_go(l);
            return MOSQ_ERR_EAI;
        }
    }
    for (uint32_t i = 0; i < l->count && code != MOSQ_ERR_SUCCESS; i++) {
        code = connect_to(client, to, l->addresses[(to->turn + i) % l->count]);
    }
    let_go(l);
    return code;
}
