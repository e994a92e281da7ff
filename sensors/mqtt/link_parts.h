#ifndef SENSORS_MQTT_LINK_PARTS_H
#define SENSORS_MQTT_LINK_PARTS_H

#include "bowei/base/backoff.h"
#include "bowei/broker_quarrel.h"
#include "bowei/broker_tls.h"
#include "sensors/hearing.h"
#include "sensors/mqtt/link.h"
#include <mosquitto.h>

/* The inside of a link, shared by its files: link.c (its thread), link_client.c (one connection),
 * link_session.c (what the broker knows of us), link_message.c (what it sends), link_watch.c (is it
 * alive?). All of it runs on the link's thread. */

#define LINK_LEFT_MAX (2 * CONFIG_SUBSCRIPTIONS_MAX)

/** Topics of the broker's session that the configuration no longer has. */
struct link_left {
    char *topics[LINK_LEFT_MAX];
    uint32_t count;
};

struct link {
    struct link_params params; /* immutable after link_start */
    struct link_left left;     /* the same */
    const struct envelope *envelopes[CONFIG_SUBSCRIPTIONS_MAX];
    struct envelope mapped[CONFIG_SUBSCRIPTIONS_MAX]; /* room for those the configuration makes */
    char ping_topic[TOPIC_MAX];
    char status_topic[TOPIC_MAX];
    pthread_t thread;
    /* the rest belongs to the link's thread */
    struct hearing hearing;
    struct mosquitto *client;
    struct backoff backoff;
    struct broker_tls tls; /* of this connection */
    int mids[CONFIG_SUBSCRIPTIONS_MAX];
    int ping_mid;
    int goodbye_mid;
    bool connected; /* CONNACK 0 came on this connection */
    bool was_up;
    bool refused; /* the intake did not keep a message: nothing more may be acknowledged */
    bool watched; /* the broker granted us our own ping */
    bool echoed;  /* and lets us hear it, on this connection */
    bool gone;    /* session_lost is still to be told to the intake */
    bool drained;
    bool stamped;          /* the sign of life of this turn is noted */
    uint32_t connection;   /* number of this connection, the ping's payload */
    uint32_t connect_turn; /* which of the broker's addresses is tried first */
    uint64_t messages;     /* heard so far, own ones included */
    int64_t began_boot_ms;
    int64_t connected_boot_ms;
    int64_t pinged_boot_ms;
    int64_t heard_boot_ms;
    int64_t heard_wall_ms; /* the last sign of life */
    int64_t gone_wall_ms;  /* when a new session began */
    int64_t denied_gate, lost_gate, large_gate, foreign_gate, deaf_gate; /* of the log */
    int64_t refused_gates[DECODE_FAULT_COUNT];                           /* the same, by reason */
    char lost_why[BROKER_TLS_WHY_MAX];                                   /* as the log has it */
    struct broker_quarrel quarrel;
};

void link_count(const struct link *link, enum counter which);
const char *link_name(const struct link *link);
/** Tells health and status; costs nothing when nothing has changed. */
void link_up_set(struct link *link, bool up);

/* link_client.c */

/** A new client for the next connection; false: none could be made (logged). */
bool link_client_make(struct link *link);
/** Connects and serves until the connection ends or the field stops. */
void link_connection_run(struct link *link);

/* link_session.c */

void link_on_connect(struct mosquitto *client, void *ctx, int code, int flags);
void link_on_subscribe(struct mosquitto *client, void *ctx, int mid, int n, const int *granted);
/** Tells the intake that the broker forgot us, until it has taken it. */
void link_session_lost_tell(struct link *link);

/* link_left.c */

/** Notes what the former link subscribed to in the same session and this one does not; NULL =
 * there was none. False: no memory. */
bool link_left_take(struct link *link, const struct link *former);
void link_left_free(struct link_left *left);
/** Takes them out of the session. */
void link_left_unsubscribe(struct link *link);

/* link_message.c */

void link_on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *m);

/* link_watch.c */

void link_sign_of_life(struct link *link);
/** Is it one of our own words coming back? */
bool link_hears_itself(struct link *link, const struct mosquitto_message *m);
/** Between two turns of the loop; false when the connection is to be given up. */
bool link_tick(struct link *link);

#endif
