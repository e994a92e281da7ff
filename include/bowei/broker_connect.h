#ifndef BOWEI_BROKER_CONNECT_H
#define BOWEI_BROKER_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

struct mosquitto;

/* Connecting without being at the resolver's mercy: libmosquitto looks names up inside its connect,
 * for as long as the name servers are silent (10 s and more), and nothing stops it meanwhile. */

struct broker_address {
    const char *host;
    uint32_t port, keepalive_s;
    uint32_t turn; /**< of several addresses of a name this one is tried first */
};

/** Asked every few dozen ms while a name is looked up. */
struct broker_stop {
    bool (*asked)(void *ctx);
    void *ctx;
};

/** mosquitto_connect_async to the first of the host's addresses, from its turn on, that does not
 * refuse at once; its code, and errno. One that refuses later is the caller's to leave:
 * libmosquitto itself would try it for ever. MOSQ_ERR_EAI: the name cannot be resolved, or a stop
 * was asked for: a look-up that is left alone ends on a thread of its own. */
int broker_connect(struct mosquitto *client, const struct broker_address *to,
                   const struct broker_stop *stop);

#endif
