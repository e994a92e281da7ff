/* Bench: the bare counting callback that ingest is compared with: subscribes, counts, and prints
 * the monotonic time of the last of MESSAGES messages, in seconds.
 *     count_messages PORT TOPIC QOS MESSAGES
 * Prints "ready" when subscribed. */

#include <mosquitto.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static _Atomic long received;
static _Atomic int subscribed;
static double last_at; /* network thread until `received` is complete */
static long expected;
static const char *topic;
static int qos;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_connect(struct mosquitto *client, void *ctx, int rc)
{
    (void)ctx;
    if (rc == 0) {
        mosquitto_subscribe(client, NULL, topic, qos);
    }
}

static void on_subscribe(struct mosquitto *client, void *ctx, int mid, int count,
                         const int *granted)
{
    (void)client;
    (void)ctx;
    (void)mid;
    (void)count;
    (void)granted;
    atomic_store(&subscribed, 1);
}

static void on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *message)
{
    (void)client;
    (void)ctx;
    (void)message;
    long n = atomic_load_explicit(&received, memory_order_relaxed) + 1;
    if (n == expected) {
        last_at = seconds();
    }
    atomic_store_explicit(&received, n, memory_order_release);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: count_messages PORT TOPIC QOS MESSAGES\n");
        return 2;
    }
    topic = argv[2];
    qos = atoi(argv[3]);
    expected = atol(argv[4]);
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(NULL, true, NULL);
    if (client == NULL) {
        return 1;
    }
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_max_inflight_messages_set(client, 100);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_loop_start(client) != MOSQ_ERR_SUCCESS) {
        return 1;
    }
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!atomic_load(&subscribed)) {
        nanosleep(&pause, NULL);
    }
    puts("ready");
    fflush(stdout);
    while (atomic_load_explicit(&received, memory_order_acquire) < expected) {
        nanosleep(&pause, NULL);
    }
    printf("%.6f\n", last_at);
    mosquitto_disconnect(client);
    mosquitto_loop_stop(client, false);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return 0;
}
