/* libmosquitto without its thread; see broker.h. Used by the announcer and the load generator. */
#include "sensors/sim/mqtt/broker.h"
#include "bowei/base/log.h"
#include <mosquitto.h>
#include <stdio.h>
#include <string.h>

#define KEEPALIVE_S   30
#define RETRY_MS      500
#define CONNECTING_MS 5000
#define MISC_MS       1000
#define LOOP_PACKETS  100

void broker_library_init(void)
{
    (void)mosquitto_lib_init();
}

void broker_library_finish(void)
{
    (void)mosquitto_lib_cleanup();
}

void broker_init(struct broker *b, const char *name, uint16_t port)
{
    *b = (struct broker){.port = port};
    (void)snprintf(b->name, sizeof b->name, "%s", name);
}

static void on_connect(struct mosquitto *client, void *obj, int rc)
{
    struct broker *b = obj;

    (void)client;
    b->connected = rc == 0;
}

static void on_publish(struct mosquitto *client, void *obj, int mid)
{
    struct broker *b = obj;

    (void)client;
    if (b->inflight > 0) {
        b->inflight--;
    }
    if (b->acknowledged != NULL) {
        b->acknowledged(b->ctx, (uint16_t)mid);
    }
}

void broker_finish(struct broker *b)
{
    if (b->client != NULL) {
        if (b->connected) {
            (void)mosquitto_disconnect(b->client);
        }
        mosquitto_destroy(b->client);
    }
    b->client = NULL;
    b->connected = false;
    b->inflight = 0;
}

static void connect_try(struct broker *b, int64_t now_ms)
{
    b->retry_ms = now_ms + RETRY_MS;
    b->client = mosquitto_new(NULL, true, b); /* a clean session needs no name of its own */
    if (b->client == NULL) {
        return;
    }
    mosquitto_connect_callback_set(b->client, on_connect);
    mosquitto_publish_callback_set(b->client, on_publish);
    (void)mosquitto_int_option(b->client, MOSQ_OPT_TCP_NODELAY, 1);
    (void)mosquitto_max_inflight_messages_set(b->client, 0); /* the window is ours */
    if (mosquitto_connect(b->client, "127.0.0.1", b->port, KEEPALIVE_S) != MOSQ_ERR_SUCCESS) {
        mosquitto_destroy(b->client);
        b->client = NULL;
        return;
    }
    b->retry_ms = now_ms + CONNECTING_MS;
}

static void drop(struct broker *b, int64_t now_ms)
{
    b->breaks += b->connected;
    b->connected = false;
    b->inflight = 0;
    mosquitto_destroy(b->client);
    b->client = NULL;
    b->retry_ms = now_ms + RETRY_MS;
    if (b->lost != NULL) {
        b->lost(b->ctx);
    }
}

int broker_fd(const struct broker *b, bool *writes)
{
    if (b->client == NULL) {
        return -1;
    }
    *writes = mosquitto_want_write(b->client);
    return mosquitto_socket(b->client);
}

void broker_turn(struct broker *b, int64_t now_ms)
{
    int rc;

    if (b->client == NULL) {
        if (now_ms >= b->retry_ms) {
            connect_try(b, now_ms);
        }
        return;
    }
    rc = mosquitto_loop_read(b->client, LOOP_PACKETS);
    if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(b->client)) {
        rc = mosquitto_loop_write(b->client, LOOP_PACKETS);
    }
    if (rc == MOSQ_ERR_SUCCESS && now_ms >= b->misc_ms) {
        b->misc_ms = now_ms + MISC_MS;
        rc = mosquitto_loop_misc(b->client);
    }
    if (rc != MOSQ_ERR_SUCCESS || (!b->connected && now_ms >= b->retry_ms)) {
        drop(b, now_ms);
    }
}

bool broker_ready(const struct broker *b)
{
    return b->connected && b->inflight < BROKER_WINDOW;
}

enum err broker_publish(struct broker *b, const struct broker_message *message, uint16_t *mid)
{
    int id = 0;

    b->inflight++; /* at QoS 0 the callback comes before the call returns */
    if (mosquitto_publish(b->client, &id, message->topic, (int)message->len, message->body,
                          message->qos, false) != MOSQ_ERR_SUCCESS) {
        b->inflight--;
        return ERR_IO;
    }
    *mid = (uint16_t)id;
    return ERR_OK;
}
