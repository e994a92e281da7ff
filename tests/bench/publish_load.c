/* Bench: publishes numbered native readings of about 200 bytes as fast as the broker takes them.
 *     publish_load PORT TOPIC DEVICES MESSAGES QOS FIRST_COUNTER PHASE
 * Message m is of device m % DEVICES, on TOPIC followed by the device. In phase 0 three of ten
 * devices say free, in phase 1 the other seven, so a change of phase changes every state. Prints
 * the monotonic time of the first message, in seconds. */

#include <mosquitto.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IN_FLIGHT = 1000, PAUSE_NS = 200000 };

static _Atomic long published;
static _Atomic int connected;

static void on_connect(struct mosquitto *client, void *ctx, int rc)
{
    (void)client;
    (void)ctx;
    atomic_store(&connected, rc == 0 ? 1 : -1);
}

static void on_publish(struct mosquitto *client, void *ctx, int mid)
{
    (void)client;
    (void)ctx;
    (void)mid;
    atomic_fetch_add(&published, 1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void pause_shortly(void)
{
    const struct timespec t = {.tv_nsec = PAUSE_NS};
    nanosleep(&t, NULL);
}

struct load {
    const char *topic;
    long devices, messages, first;
    int qos;
    bool phase;
};

static void publish(struct mosquitto *client, const struct load *load, long m)
{
    long device = m % load->devices, counter = load->first + m / load->devices;
    bool says_free = (device % 10 < 3) != load->phase;
    char topic[64], body[256];
    snprintf(topic, sizeof topic, "%sdev-%ld", load->topic, device);
    int len = snprintf(
        body, sizeof body,
        "{\"device\":\"dev-%ld\",\"channel\":0,\"occupied\":%s,\"counter\":%ld,\"battery_v\":3.61,"
        "\"temperature_c\":21.5,\"rssi\":-87,\"note\":\"padding to the size of a usual uplink, "
        "about two hundred bytes in all ....\"}",
        device, says_free ? "false" : "true", counter);
    while (mosquitto_publish(client, NULL, topic, len, body, load->qos, false) !=
           MOSQ_ERR_SUCCESS) {
        pause_shortly();
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr,
                "usage: publish_load PORT TOPIC DEVICES MESSAGES QOS FIRST_COUNTER PHASE\n");
        return 2;
    }
    const struct load load = {.topic = argv[2],
                              .devices = atol(argv[3]),
                              .messages = atol(argv[4]),
                              .qos = atoi(argv[5]),
                              .first = atol(argv[6]),
                              .phase = atoi(argv[7]) != 0};
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(NULL, true, NULL);
    if (client == NULL) {
        return 1;
    }
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_max_inflight_messages_set(client, IN_FLIGHT);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_loop_start(client) != MOSQ_ERR_SUCCESS) {
        return 1;
    }
    while (atomic_load(&connected) == 0) {
        pause_shortly();
    }
    double begin = seconds();
    for (long m = 0; m < load.messages; m++) {
        while (m - atomic_load(&published) >= IN_FLIGHT) {
            pause_shortly();
        }
        publish(client, &load, m);
    }
    while (atomic_load(&published) < load.messages) {
        pause_shortly();
    }
    printf("%.6f\n", begin);
    mosquitto_disconnect(client);
    mosquitto_loop_stop(client, false);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return 0;
}
