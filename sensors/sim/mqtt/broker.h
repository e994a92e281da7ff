#ifndef SENSORS_SIM_MQTT_BROKER_H
#define SENSORS_SIM_MQTT_BROKER_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A publisher's connection to the broker: libmosquitto driven by our own loop, so that everything
 * of the simulator is on one thread. At most BROKER_WINDOW messages wait for their acknowledgement;
 * after a break the client is made anew and its messages are given up. */

#define BROKER_WINDOW 200

struct broker {
    struct mosquitto *client;
    uint16_t port;
    char name[24];
    bool connected;
    uint32_t inflight;
    int64_t retry_ms; /**< not connected: next try; connecting: give up */
    int64_t misc_ms;
    uint64_t breaks;
    void (*acknowledged)(void *ctx, uint16_t mid);
    void (*lost)(void *ctx); /**< all that was in flight is given up */
    void *ctx;
};

/** Once per process, before and after. */
void broker_library_init(void);
void broker_library_finish(void);
/** Fills the fields; connects at the first turn. acknowledged, lost and ctx are set by the caller.
 */
void broker_init(struct broker *b, const char *name, uint16_t port);
void broker_finish(struct broker *b);
/** Socket to poll, -1 when there is none; *writes: for writing, too. */
int broker_fd(const struct broker *b, bool *writes);
/** Connects, reads, writes, pings. */
void broker_turn(struct broker *b, int64_t now_ms);
bool broker_ready(const struct broker *b);

struct broker_message {
    const char *topic;
    const char *body;
    size_t len;
    int qos;
};

/** Hands a message over; *mid names it in `acknowledged`. */
enum err broker_publish(struct broker *b, const struct broker_message *message,
                        uint16_t *mid) MUST_CHECK;

#endif
