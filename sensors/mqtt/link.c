/* One broker link. One thread owns one libmosquitto client in threaded mode: there PUBACKs are
 * queued and written only after the message callback has returned, so a message is acknowledged
 * after its reading is in the journal. When the journal refuses, the socket is shut inside the
 * callback: the PUBACK cannot leave, the broker delivers again. The loop is ours rather than
 * loop_start's, so that reconnecting, its back-off and rebuilding a silent client need no second
 * thread; every connection gets a new client, so nothing queued for an old one can leave on the
 * next.
 * Is the broker alive? TCP does not say (a stopped process keeps its sockets). Every half
 * keep-alive the link publishes to a topic of its own; when for 0.9 keep-alives neither that nor
 * anything else comes back, the client is thrown away. The first echo after a connect also says
 * that the broker's backlog is drained: it is queued behind it.
 */
#include "sensors/mqtt/link.h"
#include "bowei/base/backoff.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/hearing.h"
#include <errno.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define AREA    "mqtt"
#define LOOP_MS 100
/* Messages read in one turn and acknowledged together; a broker that has fewer under way without an
 * answer just ends the turn early. */
#define READS_MAX        32
#define CONNECT_LIMIT_MS 10000 /* from the TCP connect to the CONNACK */
#define BACKOFF_BASE_MS  1000
#define BACKOFF_CAP_MS   60000
#define FULL_CAP_MS      5000  /* a full disk is looked at again soon: the space is ours to free */
#define STEADY_MS        30000 /* a connection that lived so long resets the back-off */
#define GOODBYE_MS       1000

/* Two gateways with one client id throw each other out: more than 3 short connections a minute,
 * then rest. */
#define SHORT_LIFE_MS          10000
#define TAKEOVERS_MAX          3
#define TAKEOVER_IN_MS         60000
#define TAKEOVER_REST_MS       300000

#define SUBACK_REFUSED         0x80
#define CONNACK_BAD_LOGIN      4
#define CONNACK_NOT_AUTHORISED 5

struct link {
    struct link_params params; /* immutable after link_start */
    const struct envelope *envelopes[CONFIG_SUBSCRIPTIONS_MAX];
    struct envelope mapped[CONFIG_SUBSCRIPTIONS_MAX]; /* room for those the configuration makes */
    char ping_topic[TOPIC_MAX];
    char status_topic[TOPIC_MAX];
    pthread_t thread;
    /* the rest belongs to the link's thread */
    struct hearing hearing;
    struct mosquitto *client;
    struct backoff backoff;
    int mids[CONFIG_SUBSCRIPTIONS_MAX];
    int ping_mid;
    int goodbye_mid;
    bool connected; /* CONNACK 0 came on this connection */
    bool was_up;
    bool refused; /* the intake did not keep a message: nothing more may be acknowledged */
    bool watched; /* the broker lets us hear our own ping */
    bool gone;    /* session_lost is still to be told to the intake */
    bool drained;
    bool stamped;        /* the sign of life of this turn is noted */
    uint32_t connection; /* number of this connection, the ping's payload */
    uint64_t messages;   /* heard so far, own ones included */
    int64_t began_boot_ms;
    int64_t connected_boot_ms;
    int64_t pinged_boot_ms;
    int64_t heard_boot_ms;
    int64_t heard_wall_ms; /* the last sign of life: what came later and is lost began here */
    int64_t gone_wall_ms;
    int64_t short_lives[TAKEOVERS_MAX];
    uint32_t short_count;
};

static void count(const struct link *link, enum counter which)
{
    count_add(link->params.ports->counters, which, 1);
}

static const char *name_of(const struct link *link)
{
    return link->params.config->name;
}

static void up_set(struct link *link, bool up)
{
    if (link->was_up != up) {
        link->was_up = up;
        field_health_change(link->params.health, DEGRADED_BROKER_DOWN, !up);
    }
    status_link_up(link->params.ports->status, link->params.status_index, up, host_boot_ms());
}

static void sign_of_life(struct link *link)
{
    link->heard_boot_ms = host_boot_ms();
    link->heard_wall_ms = host_wall_ms();
}

/* --- callbacks, on the link's thread --- */

static void subscribe_all(struct link *link)
{
    const struct link_config *config = link->params.config;

    for (uint32_t i = 0; i < config->subscription_count; i++) {
        const struct subscription_config *s = &config->subscriptions[i];

        link->mids[i] = -1;
        if (mosquitto_subscribe(link->client, &link->mids[i], s->topic,
                                s->qos > 1 ? 1 : (int)s->qos) != MOSQ_ERR_SUCCESS) {
            log_line(LOG_ERROR, AREA, "%s: cannot subscribe to %s", config->name, s->topic);
        }
    }
    (void)mosquitto_subscribe(link->client, &link->ping_mid, link->ping_topic, 1);
    (void)mosquitto_publish(link->client, NULL, link->status_topic, 6, "online", 1, true);
}

static void on_connect(struct mosquitto *client, void *ctx, int code, int flags)
{
    struct link *link = ctx;
    static int64_t gate;

    (void)client;
    if (code != 0) {
        if (code == CONNACK_BAD_LOGIN || code == CONNACK_NOT_AUTHORISED) {
            count(link, COUNT_MQTT_DENIED);
        }
        log_rate(LOG_ERROR, &gate, 60000, AREA, "%s: the broker refuses us: %s", name_of(link),
                 mosquitto_connack_string(code));
        return;
    }
    count(link, COUNT_MQTT_CONNECTS);
    link->connected = true;
    link->connected_boot_ms = host_boot_ms();
    if ((flags & 1) == 0) {
        count(link, COUNT_MQTT_SESSION_LOST);
        link->gone = true;
        link->gone_wall_ms = link->heard_wall_ms;
    }
    sign_of_life(link);
    subscribe_all(link);
    up_set(link, true);
    log_line(LOG_INFO, AREA, "%s: connected to %s:%u%s", name_of(link), link->params.config->host,
             link->params.config->port, (flags & 1) != 0 ? "" : ", a new session");
}

static void on_subscribe(struct mosquitto *client, void *ctx, int mid, int n, const int *granted)
{
    struct link *link = ctx;
    const struct link_config *config = link->params.config;
    bool refused = n < 1 || granted[0] == SUBACK_REFUSED;

    (void)client;
    if (mid == link->ping_mid) {
        link->watched = !refused;
        if (refused) {
            link->drained = true; /* no echo will say so */
            log_line(LOG_WARNING, AREA,
                     "%s: may not subscribe to %s; a silent broker is noticed later", config->name,
                     link->ping_topic);
        }
        return;
    }
    for (uint32_t i = 0; i < config->subscription_count; i++) {
        if (link->mids[i] != mid) {
            continue;
        }
        if (refused) {
            count(link, COUNT_MQTT_DENIED);
            log_line(LOG_ERROR, AREA, "%s: the broker refuses the subscription to %s", config->name,
                     config->subscriptions[i].topic);
        } else if (granted[0] < (int)config->subscriptions[i].qos) {
            log_line(LOG_WARNING, AREA, "%s: %s granted with QoS %d only", config->name,
                     config->subscriptions[i].topic, granted[0]);
        }
    }
}

static void on_publish(struct mosquitto *client, void *ctx, int mid)
{
    struct link *link = ctx;

    (void)client;
    if (mid == link->goodbye_mid) {
        link->goodbye_mid = -1;
    }
}

/* Our own words coming back. */
static bool own_message(struct link *link, const struct mosquitto_message *m)
{
    char number[12];
    int len;

    if (strcmp(m->topic, link->ping_topic) == 0) {
        len = snprintf(number, sizeof number, "%u", link->connection);
        if (m->payloadlen == len && memcmp(m->payload, number, (size_t)len) == 0) {
            link->drained = true;
        }
        return true;
    }
    return strcmp(m->topic, link->status_topic) == 0;
}

static const struct envelope *envelope_of(const struct link *link, const char *topic)
{
    const struct link_config *config = link->params.config;

    for (uint32_t i = 0; i < config->subscription_count; i++) {
        bool matches = false;

        if (mosquitto_topic_matches_sub(config->subscriptions[i].topic, topic, &matches) ==
                MOSQ_ERR_SUCCESS &&
            matches) {
            return link->envelopes[i];
        }
    }
    return NULL;
}

static void on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *m)
{
    struct link *link = ctx;
    const struct envelope *envelope;
    struct heard_message message;
    enum err err;

    if (link->refused) {
        return; /* it will come again: the socket is shut, this one is not acknowledged either */
    }
    link->messages++;
    if (!link->stamped) {
        sign_of_life(link);
        link->stamped = true;
    }
    if (own_message(link, m)) {
        return;
    }
    count(link, COUNT_MQTT_MESSAGES);
    envelope = envelope_of(link, m->topic);
    if (envelope == NULL) {
        hearing_refuse(&link->hearing, DECODE_TOPIC);
        return;
    }
    message = (struct heard_message){.topic = m->topic,
                                     .payload = m->payloadlen > 0 ? m->payload : "",
                                     .len = m->payloadlen > 0 ? (size_t)m->payloadlen : 0,
                                     .retained = m->retain,
                                     .wall_ms = link->heard_wall_ms};
    err = hearing_take(&link->hearing, envelope, &message);
    if (err != ERR_OK) {
        link->refused = true;
        (void)shutdown(mosquitto_socket(client), SHUT_RDWR);
        count(link, COUNT_MQTT_STOPPED);
        log_line(LOG_ERROR, AREA,
                 "%s: a reading was not kept (%s): connection shut, nothing acknowledged",
                 name_of(link), err_code(err));
    }
}

/* --- the client --- */

static bool tls_set(struct mosquitto *client, const struct link_config *config)
{
    return !config->tls ||
           (mosquitto_tls_set(client, config->ca_file,
                              config->ca_file == NULL ? "/etc/ssl/certs" : NULL, config->cert_file,
                              config->key_file, NULL) == MOSQ_ERR_SUCCESS &&
            mosquitto_tls_opts_set(client, 1, "tlsv1.2", NULL) == MOSQ_ERR_SUCCESS &&
            mosquitto_tls_insecure_set(client, false) == MOSQ_ERR_SUCCESS);
}

static bool client_make(struct link *link)
{
    const struct link_config *config = link->params.config;
    struct mosquitto *client = mosquitto_new(config->client_id, false, link);

    if (client == NULL) {
        return false;
    }
    if (mosquitto_threaded_set(client, true) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
        mosquitto_max_inflight_messages_set(client, config->max_inflight) != MOSQ_ERR_SUCCESS ||
        (config->username != NULL &&
         mosquitto_username_pw_set(client, config->username, config->password) !=
             MOSQ_ERR_SUCCESS) ||
        mosquitto_will_set(client, link->status_topic, 7, "offline", 1, true) != MOSQ_ERR_SUCCESS ||
        !tls_set(client, config)) {
        log_line(LOG_ERROR, AREA, "%s: the client cannot be set up (certificates readable?)",
                 config->name);
        mosquitto_destroy(client);
        return false;
    }
    mosquitto_connect_with_flags_callback_set(client, on_connect);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_message_callback_set(client, on_message);
    link->client = client;
    link->connected = false;
    link->refused = false;
    link->watched = false;
    link->ping_mid = -1;
    link->goodbye_mid = -1;
    link->pinged_boot_ms = 0;
    link->connection++;
    return true;
}

/* --- one connection --- */

static void ping(struct link *link, int64_t boot_ms)
{
    char number[12];
    int len = snprintf(number, sizeof number, "%u", link->connection);

    link->pinged_boot_ms = boot_ms;
    (void)mosquitto_publish(link->client, NULL, link->ping_topic, len, number, 1, false);
}

/* Tells the intake that the broker forgot us, until it has taken it. */
static void session_lost_tell(struct link *link)
{
    const struct field_params *ports = link->params.ports;
    const struct inventory *inv = inventory_get(ports->board, link->hearing.reader);
    uint32_t source = 0;

    while (inv != NULL && source < inv->source_count &&
           strcmp(inv->sources[source], name_of(link)) != 0) {
        source++;
    }
    if (inv == NULL || source >= inv->source_count ||
        ports->intake.session_lost(ports->intake.ctx, (uint8_t)source, link->gone_wall_ms) ==
            ERR_OK) {
        link->gone = false; /* no device of ours, or told */
    }
    inventory_put(ports->board, link->hearing.reader);
}

/* Between two turns of the loop; false when the connection is to be given up. */
static bool tick(struct link *link)
{
    int64_t boot_ms = host_boot_ms();
    int64_t keepalive_ms = (int64_t)link->params.config->keepalive_s * 1000;

    if (link->refused) {
        return false;
    }
    if (!link->connected) {
        return boot_ms - link->began_boot_ms < CONNECT_LIMIT_MS;
    }
    if (link->gone) {
        session_lost_tell(link);
    }
    if (link->drained) {
        atomic_store(&link->params.ports->status->link[link->params.status_index].polled, true);
    }
    if (!link->watched) {
        return true;
    }
    if (boot_ms - link->pinged_boot_ms >= keepalive_ms / 2) {
        ping(link, boot_ms);
    }
    if (boot_ms - link->heard_boot_ms > keepalive_ms / 2 + keepalive_ms * 9 / 10) {
        count(link, COUNT_MQTT_REBUILDS);
        log_line(LOG_WARNING, AREA, "%s: the broker has been silent for %lld s, connecting anew",
                 name_of(link), (long long)(boot_ms - link->heard_boot_ms) / 1000);
        return false;
    }
    return true;
}

/* Says offline ourselves: the will is for when we cannot. */
static void goodbye(struct link *link)
{
    int64_t until = host_boot_ms() + GOODBYE_MS;

    if (!link->connected || link->refused ||
        mosquitto_publish(link->client, &link->goodbye_mid, link->status_topic, 7, "offline", 1,
                          true) != MOSQ_ERR_SUCCESS) {
        return;
    }
    while (link->goodbye_mid != -1 && host_boot_ms() < until &&
           mosquitto_loop(link->client, LOOP_MS, 1) == MOSQ_ERR_SUCCESS) {
    }
    if (!link->refused) {
        (void)mosquitto_disconnect(link->client);
        (void)mosquitto_loop(link->client, 0, 1);
    }
}

/* Reads messages while they keep coming; what they are acknowledged with is only queued. */
static int read_many(struct link *link)
{
    uint64_t before;
    int code;
    unsigned n = 0;

    do {
        before = link->messages;
        code = mosquitto_loop_read(link->client, 1);
    } while (code == MOSQ_ERR_SUCCESS && link->messages != before && ++n < READS_MAX);
    return code;
}

/* Writes what is queued, in one segment: libmosquitto writes each PUBACK on its own. */
static int write_queued(struct link *link, int fd)
{
    const int on = 1;
    const int off = 0;
    int code;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    code = mosquitto_loop_write(link->client, 1);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    return code;
}

/* One turn of the loop. mosquitto_loop selects before every message; on a plain connection this one
 * waits once for many. */
static int turn(struct link *link)
{
    struct pollfd fd = {.fd = mosquitto_socket(link->client), .events = POLLIN};
    int code = MOSQ_ERR_SUCCESS;

    link->stamped = false;
    if (!link->connected || link->params.config->tls || fd.fd < 0) {
        return mosquitto_loop(link->client, LOOP_MS, 1);
    }
    fd.events |= mosquitto_want_write(link->client) ? POLLOUT : 0;
    if (poll(&fd, 1, LOOP_MS) < 0) {
        return errno == EINTR ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ERRNO;
    }
    if ((fd.revents & ~POLLOUT) != 0) {
        code = read_many(link);
    }
    if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write(link->client)) {
        code = write_queued(link, fd.fd);
    }
    return code == MOSQ_ERR_SUCCESS ? mosquitto_loop_misc(link->client) : code;
}

/* Connects and serves until the connection ends or the field stops. */
static void connection_run(struct link *link)
{
    const struct link_config *config = link->params.config;
    int code;
    static int64_t gate;

    link->began_boot_ms = host_boot_ms();
    code = mosquitto_connect_async(link->client, config->host, (int)config->port,
                                   (int)config->keepalive_s);
    while (code == MOSQ_ERR_SUCCESS) {
        code = turn(link);
        if (!tick(link)) {
            code = MOSQ_ERR_CONN_LOST;
        }
        if (halt_wait(link->params.halt, 0)) {
            goodbye(link);
            return;
        }
    }
    log_rate(LOG_WARNING, &gate, 10000, AREA, "%s: no connection to %s:%u: %s", config->name,
             config->host, config->port,
             code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
}

/* Notes a short connection; true when there were too many in a minute. */
static bool taken_over(struct link *link, int64_t boot_ms)
{
    uint32_t slot = link->short_count % TAKEOVERS_MAX;
    bool many =
        link->short_count >= TAKEOVERS_MAX && boot_ms - link->short_lives[slot] < TAKEOVER_IN_MS;

    link->short_lives[slot] = boot_ms;
    link->short_count++;
    return many;
}

/* How long to pause before the next connection. */
static int64_t pause_ms(struct link *link)
{
    int64_t boot_ms = host_boot_ms();
    int64_t life_ms = link->connected ? boot_ms - link->connected_boot_ms : 0;

    if (link->connected && life_ms >= STEADY_MS) {
        backoff_reset(&link->backoff);
    }
    if (link->refused) {
        return backoff_next_ms(&link->backoff, BACKOFF_BASE_MS, FULL_CAP_MS);
    }
    if (link->connected && life_ms < SHORT_LIFE_MS && taken_over(link, boot_ms)) {
        count(link, COUNT_MQTT_TAKEOVERS);
        link->short_count = 0;
        log_line(
            LOG_ERROR, AREA,
            "%s: connections keep being cut at once; is another gateway using the client id %s? "
            "Resting 5 minutes",
            name_of(link), link->params.config->client_id);
        return TAKEOVER_REST_MS;
    }
    return backoff_next_ms(&link->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
}

static void *link_main(void *ctx)
{
    struct link *link = ctx;

    (void)halt_pass(link->params.halt); /* a stop ends the loop before it begins */
    sign_of_life(link);
    while (!halt_wait(link->params.halt, 0)) {
        if (client_make(link)) {
            connection_run(link);
            mosquitto_destroy(link->client);
            link->client = NULL;
        }
        up_set(link, false);
        if (halt_wait(link->params.halt, pause_ms(link))) {
            break;
        }
    }
    return NULL;
}

/* Topics of our own and the envelope of each subscription. */
static bool link_prepare(struct link *link)
{
    const struct link_config *config = link->params.config;
    const char *instance = link->params.ports->config->instance;
    int status_len =
        snprintf(link->status_topic, sizeof link->status_topic, "bowei/%s/status", instance);
    int ping_len = snprintf(link->ping_topic, sizeof link->ping_topic, "bowei/%s/%s/ping", instance,
                            config->name);

    if (status_len < 0 || (size_t)status_len >= sizeof link->status_topic || ping_len < 0 ||
        (size_t)ping_len >= sizeof link->ping_topic ||
        mosquitto_pub_topic_check(link->ping_topic) != MOSQ_ERR_SUCCESS) {
        log_line(LOG_ERROR, AREA, "%s: the instance or link name does not fit in a topic",
                 config->name);
        return false;
    }
    for (uint32_t i = 0; i < config->subscription_count; i++) {
        link->envelopes[i] = envelope_choose(link->params.ports->config,
                                             config->subscriptions[i].envelope, &link->mapped[i]);
        if (link->envelopes[i] == NULL) {
            log_line(LOG_ERROR, AREA, "%s: there is no envelope %s", config->name,
                     config->subscriptions[i].envelope);
            return false;
        }
    }
    return true;
}

struct link *link_start(const struct link_params *params)
{
    struct link *link = calloc(1, sizeof *link);

    if (link == NULL) {
        return NULL;
    }
    link->params = *params;
    if (!link_prepare(link)) {
        goto undo_link;
    }
    hearing_init(&link->hearing, params->ports, params->config->name);
    backoff_init(&link->backoff, params->config->client_id, host_boot_ms());
    field_health_change(params->health, DEGRADED_BROKER_DOWN, true);
    if (pthread_create(&link->thread, NULL, link_main, link) != 0) {
        field_health_change(params->health, DEGRADED_BROKER_DOWN, false);
        hearing_finish(&link->hearing);
        goto undo_link;
    }
    return link;

undo_link:
    free(link);
    return NULL;
}

void link_join(struct link *link)
{
    if (link != NULL) {
        (void)pthread_join(link->thread, NULL);
        if (!link->was_up) {
            field_health_change(link->params.health, DEGRADED_BROKER_DOWN,
                                false); /* counts no more */
        }
        hearing_finish(&link->hearing);
        free(link);
    }
}
