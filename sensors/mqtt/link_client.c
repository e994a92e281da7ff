/* One connection of a link: its client in threaded mode, the turns of its loop, its end. The loop
 * is ours rather than loop_start's, so that reconnecting, its back-off and rebuilding a silent
 * client need no second thread; every connection gets a new client, so nothing queued for an old
 * one can leave on the next. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "bowei/broker_connect.h"
#include "bowei/broker_error.h"
#include "sensors/mqtt/link_parts.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define AREA    "mqtt"
#define LOOP_MS 100
/* Messages read in one turn and acknowledged together; a broker that has fewer under way without an
 * answer just ends the turn early. */
#define READS_MAX     32
#define GOODBYE_MS    1000
#define LOST_EVERY_MS 10000 /* of one reason in the log */

static void on_publish(struct mosquitto *client, void *ctx, int mid)
{
    struct link *link = ctx;

    (void)client;
    if (mid == link->goodbye_mid) {
        link->goodbye_mid = -1;
    }
}

static bool tls_set(struct link *link, struct mosquitto *client)
{
    const struct link_config *config = link->params.config;
    const struct broker_tls_files files = {config->host, config->ca_file, config->cert_file,
                                           config->key_file};

    link->tls.why[0] = '\0';
    return !config->tls || broker_tls_set(&link->tls, &files, client);
}

static void on_log(struct mosquitto *client, void *ctx, int level, const char *text)
{
    (void)client;
    (void)level;
    broker_tls_hear(&((struct link *)ctx)->tls, text);
}

bool link_client_make(struct link *link)
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
        !tls_set(link, client)) {
        log_line(LOG_ERROR, AREA, "%s: the client cannot be set up: %s", config->name,
                 link->tls.why[0] == '\0' ? "no memory" : link->tls.why);
        mosquitto_destroy(client);
        return false;
    }
    mosquitto_log_callback_set(client, on_log);
    mosquitto_connect_with_flags_callback_set(client, link_on_connect);
    mosquitto_subscribe_callback_set(client, link_on_subscribe);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_message_callback_set(client, link_on_message);
    link->client = client;
    link->connected = false;
    link->refused = false;
    link->watched = false;
    link->echoed = false;
    link->ping_mid = -1;
    link->goodbye_mid = -1;
    link->pinged_boot_ms = 0;
    link->connection++;
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
    if (!link->connected && link->params.config->tls) {
        code = broker_tls_wait(link->client, LOOP_MS);
        errno = code;
        return code != 0 ? MOSQ_ERR_ERRNO : mosquitto_loop(link->client, 0, 1);
    }
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

/* Why a connection is no more; what TLS says goes before what the library says. */
static void lost_say(struct link *link, const char *why)
{
    const struct link_config *config = link->params.config;

    if (link->tls.why[0] != '\0') {
        why = link->tls.why;
        count_add(link->params.ports->counters, COUNT_MQTT_TLS, link->connected ? 0 : 1);
    }
    if (strncmp(link->lost_why, why, sizeof link->lost_why - 1) != 0) {
        link->lost_gate = 0; /* another reason is news */
        (void)snprintf(link->lost_why, sizeof link->lost_why, "%s", why);
    }
    log_rate(LOG_WARNING, &link->lost_gate, LOST_EVERY_MS, AREA, "%s: no connection to %s:%u: %s",
             config->name, config->host, config->port, why);
}

static bool stop_asked(void *ctx)
{
    const struct link *link = ctx;

    return halt_wait(link->params.halt, 0);
}

void link_connection_run(struct link *link)
{
    const struct link_config *config = link->params.config;
    const struct broker_stop stop = {stop_asked, link};
    const struct broker_address to = {config->host, config->port, config->keepalive_s,
                                      link->connect_turn};
    int code = broker_connect(link->client, &to, &stop);

    if (code != MOSQ_ERR_SUCCESS && stop_asked(link)) {
        return;
    }
    link->began_boot_ms = host_boot_ms();
    while (code == MOSQ_ERR_SUCCESS) {
        code = turn(link);
        if (!link_tick(link)) {
            code = link->refused ? MOSQ_ERR_CONN_LOST : MOSQ_ERR_KEEPALIVE;
        }
        if (halt_wait(link->params.halt, 0)) {
            goodbye(link);
            return;
        }
    }
    link->connect_turn += link->connected ? 0 : 1;
    lost_say(link, broker_error_text(code, errno));
}
