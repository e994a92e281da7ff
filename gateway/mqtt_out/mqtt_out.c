/* The thread that tells a broker what the gateway shows: change ring and alert ring -> here ->
 * broker. It publishes only while connected and only while fewer than max_inflight messages wait
 * for their PUBACK, so libmosquitto never holds more than those (what is published without a
 * connection it would queue without bound, reliability of 2.0.11). Every connection gets a new
 * client and tells all spaces again: a broker that lost its retained messages has them soon. */
#include "bowei/mqtt_out.h"
#include "bowei/alert_text.h"
#include "bowei/base/backoff.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "bowei/broker_connect.h"
#include "bowei/broker_error.h"
#include "bowei/broker_quarrel.h"
#include "bowei/broker_tls.h"
#include "bowei/space_text.h"
#include "gateway/mqtt_out/out_alerts.h"
#include "gateway/mqtt_out/out_spaces.h"
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define AREA             "mqtt_out"
#define LOOP_MS          50    /* between two looks at the rings */
#define CONNECT_LIMIT_MS 10000 /* from the TCP connect to the CONNACK */
#define GOODBYE_MS       2000
#define BACKOFF_BASE_MS  1000
#define BACKOFF_CAP_MS   60000
#define STEADY_MS        30000 /* a connection that lived so long resets the back-off */
#define LOG_EVERY_MS     60000
#define TOPIC_MAX        128 /* "bowei/" 32 "/operators/" OP "/alerts" */
#define CLIENT_ID_MAX    80

struct mqtt_out {
    struct mqtt_out_params params; /* immutable */
    pthread_t thread;
    int stop_fd;
    _Atomic bool stopping;
    /* the rest belongs to the thread */
    uint32_t reader;
    struct mosquitto *client;
    struct backoff backoff;
    struct broker_tls tls;
    struct broker_quarrel quarrel;
    struct out_spaces spaces;
    struct out_alerts alerts;
    struct strbuf text;
    char status_topic[TOPIC_MAX];
    char client_id[CLIENT_ID_MAX];
    bool connected;
    uint32_t in_flight;
    uint32_t connect_turn; /* which of the broker's addresses is tried first */
    int goodbye_mid;
    int64_t connected_ms; /* boottime */
    int64_t log_gate, missed_gate, lost_gate;
    char lost_why[BROKER_TLS_WHY_MAX]; /* as the log has it */
    uint64_t missed_told;
};

static void count(const struct mqtt_out *out, enum counter which)
{
    count_add(out->params.counters, which, 1);
}

/* --- callbacks, on the thread --- */

static void on_connect(struct mosquitto *client, void *ctx, int code)
{
    struct mqtt_out *out = ctx;
    const struct inventory *inv;

    (void)client;
    if (code != 0) {
        count(out, COUNT_MQTT_OUT_DENIED);
        log_rate(LOG_ERROR, &out->log_gate, LOG_EVERY_MS, AREA, "the broker refuses us: %s",
                 mosquitto_connack_string(code));
        return;
    }
    count(out, COUNT_MQTT_OUT_CONNECTS);
    out->connected = true;
    out->connected_ms = host_boot_ms();
    inv = inventory_get(out->params.board, out->reader);
    if (inv != NULL) {
        out_spaces_all(&out->spaces, inv);
    }
    inventory_put(out->params.board, out->reader);
    log_line(LOG_INFO, AREA, "connected to %s:%u", out->params.config->host,
             out->params.config->port);
}

static void on_publish(struct mosquitto *client, void *ctx, int mid)
{
    struct mqtt_out *out = ctx;

    (void)client;
    out->in_flight -= out->in_flight > 0;
    out_alerts_confirmed(&out->alerts, mid);
    if (mid == out->goodbye_mid) {
        out->goodbye_mid = 0;
    }
}

/* --- what is said --- */

/* False: not now. */
static bool publish(struct mqtt_out *out, const char *topic, const struct strbuf *text,
                    bool retained, int *mid)
{
    if (mosquitto_publish(out->client, mid, topic, (int)text->len, text->data, 1, retained) !=
        MOSQ_ERR_SUCCESS) {
        return false;
    }
    out->in_flight++;
    return true;
}

static bool status_say(struct mqtt_out *out, const char *word, int *mid)
{
    strbuf_clear(&out->text);
    strbuf_puts(&out->text, word);
    return publish(out, out->status_topic, &out->text, true, mid);
}

/* A removed space is taken back: an empty retained message is none. */
static bool space_say(struct mqtt_out *out, const struct inventory *inv, uint32_t slot,
                      const struct view_now *now)
{
    char topic[TOPIC_MAX];
    char id[SPACE_ID_LEN + 1];
    struct space_view view;
    struct json_writer w;
    int mid;

    if (slot >= inv->space_count) {
        return true; /* of an inventory that is no more */
    }
    space_id_format(inv->spaces[slot].key, id);
    (void)snprintf(topic, sizeof topic, "bowei/%s/spaces/%s", out->params.config->area, id);
    strbuf_clear(&out->text);
    if (!inv->spaces[slot].removed) {
        view_space(out->params.view, inv, slot, now, &view);
        json_writer_init(&w, &out->text);
        space_text_write(&w, inv, slot, &view, now->as_of_ms);
    }
    return !out->text.failed && publish(out, topic, &out->text, true, &mid);
}

static void spaces_say(struct mqtt_out *out, const struct inventory *inv,
                       const struct view_now *now)
{
    if (!out_spaces_follow(&out->spaces, out->params.changes, inv)) {
        log_rate(LOG_ERROR, &out->log_gate, LOG_EVERY_MS, AREA,
                 "no memory for %u spaces: not all of them are told", inv->space_count);
    }
    /* all would be unknown until the core is heard again, which the status of the API says */
    while (!now->lagging && out->in_flight < out->params.config->max_inflight) {
        const uint32_t slot = out_spaces_take(&out->spaces);

        if (slot == NO_SLOT) {
            break;
        }
        if (!space_say(out, inv, slot, now)) {
            out_spaces_give_back(&out->spaces, slot);
            break;
        }
        count(out, COUNT_MQTT_OUT_SPACES);
    }
}

static void alerts_say(struct mqtt_out *out, const struct inventory *inv,
                       const struct view_now *now)
{
    struct out_alert next;

    while (out->in_flight < out->params.config->max_inflight &&
           out_alerts_next(&out->alerts, out->params.alerts, inv, &next)) {
        const struct alert_reader reader = {next.operator_code, CRS_WGS84, now->shift_ms};
        char topic[TOPIC_MAX];
        struct json_writer w;
        int mid;

        (void)snprintf(topic, sizeof topic, "bowei/%s/operators/%s/alerts",
                       out->params.config->area, next.operator_code);
        strbuf_clear(&out->text);
        json_writer_init(&w, &out->text);
        alert_write(&reader, &w, &next.alert);
        if (out->text.failed || !publish(out, topic, &out->text, false, &mid)) {
            break;
        }
        out_alerts_sent(&out->alerts, &next, mid);
        count(out, COUNT_MQTT_OUT_ALERTS);
    }
    if (out->alerts.missed > out->missed_told) {
        count_add(out->params.counters, COUNT_MQTT_OUT_MISSED,
                  out->alerts.missed - out->missed_told);
        out->missed_told = out->alerts.missed;
        log_rate(LOG_WARNING, &out->missed_gate, LOG_EVERY_MS, AREA,
                 "changes of alerts were passed over while the broker was away; "
                 "GET /v1/alerts has them");
    }
}

static void say(struct mqtt_out *out)
{
    const struct inventory *inv = inventory_get(out->params.board, out->reader);
    const struct view_now now = view_now(out->params.view, host_boot_ms());

    if (inv != NULL && out->params.config->operators) {
        alerts_say(out, inv, &now);
    }
    if (inv != NULL && out->params.config->spaces) {
        spaces_say(out, inv, &now);
    }
    inventory_put(out->params.board, out->reader);
}

/* --- the client and its connections --- */

static bool tls_set(struct mqtt_out *out, struct mosquitto *client)
{
    const struct mqtt_out_config *config = out->params.config;
    const struct broker_tls_files files = {config->host, config->ca_file, config->cert_file,
                                           config->key_file};

    out->tls.why[0] = '\0';
    return !config->tls || broker_tls_set(&out->tls, &files, client);
}

static void on_log(struct mosquitto *client, void *ctx, int level, const char *text)
{
    (void)client;
    (void)level;
    broker_tls_hear(&((struct mqtt_out *)ctx)->tls, text);
}

static bool client_make(struct mqtt_out *out)
{
    const struct mqtt_out_config *config = out->params.config;
    struct mosquitto *client = mosquitto_new(out->client_id, true, out);

    if (client == NULL) {
        return false;
    }
    if (mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
        mosquitto_max_inflight_messages_set(client, config->max_inflight + 2) !=
            MOSQ_ERR_SUCCESS || /* and online or offline */
        (config->username != NULL &&
         mosquitto_username_pw_set(client, config->username, config->password) !=
             MOSQ_ERR_SUCCESS) ||
        mosquitto_will_set(client, out->status_topic, 7, "offline", 1, true) != MOSQ_ERR_SUCCESS ||
        !tls_set(out, client)) {
        log_rate(LOG_ERROR, &out->log_gate, LOG_EVERY_MS, AREA, "the client cannot be set up: %s",
                 out->tls.why[0] == '\0' ? "no memory" : out->tls.why);
        mosquitto_destroy(client);
        return false;
    }
    mosquitto_log_callback_set(client, on_log);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    out->client = client;
    out->connected = false;
    out->in_flight = 0;
    return true;
}

/* Says offline ourselves: the will is for when we cannot. */
static void goodbye(struct mqtt_out *out)
{
    const int64_t until = host_boot_ms() + GOODBYE_MS;
    int mid;

    if (!out->connected || !status_say(out, "offline", &mid)) {
        return;
    }
    out->goodbye_mid = mid;
    while (out->goodbye_mid != 0 && host_boot_ms() < until &&
           mosquitto_loop(out->client, LOOP_MS, 1) == MOSQ_ERR_SUCCESS) {
    }
    (void)mosquitto_disconnect(out->client);
}

/* One turn of the loop. */
static int turn(struct mqtt_out *out)
{
    int error;

    if (out->connected || !out->params.config->tls) {
        return mosquitto_loop(out->client, LOOP_MS, 1);
    }
    error = broker_tls_wait(out->client, LOOP_MS);
    errno = error;
    return error != 0 ? MOSQ_ERR_ERRNO : mosquitto_loop(out->client, 0, 1);
}

/* Why a connection is no more; what TLS says goes before what the library says. */
static void lost_say(struct mqtt_out *out, const char *why)
{
    if (out->tls.why[0] != '\0') {
        why = out->tls.why;
        count_add(out->params.counters, COUNT_MQTT_OUT_TLS, out->connected ? 0 : 1);
    }
    if (strncmp(out->lost_why, why, sizeof out->lost_why - 1) != 0) {
        out->lost_gate = 0; /* another reason is news */
        (void)snprintf(out->lost_why, sizeof out->lost_why, "%s", why);
    }
    log_rate(LOG_WARNING, &out->lost_gate, LOG_EVERY_MS, AREA, "no connection to %s:%u: %s",
             out->params.config->host, out->params.config->port, why);
}

static bool stop_asked(void *ctx)
{
    struct mqtt_out *out = ctx;

    return atomic_load(&out->stopping);
}

/* Connects and serves until the connection ends or a stop is asked for. */
static void connection_run(struct mqtt_out *out)
{
    const struct mqtt_out_config *config = out->params.config;
    const struct broker_stop stop = {stop_asked, out};
    const struct broker_address to = {config->host, config->port, config->keepalive_s,
                                      out->connect_turn};
    bool greeted = false;
    int mid;
    int code = broker_connect(out->client, &to, &stop);
    const int64_t began_ms = host_boot_ms();

    while (code == MOSQ_ERR_SUCCESS && !atomic_load(&out->stopping)) {
        code = turn(out);
        if (!out->connected && host_boot_ms() - began_ms > CONNECT_LIMIT_MS) {
            code = MOSQ_ERR_KEEPALIVE;
        } else if (code == MOSQ_ERR_SUCCESS && out->connected && !greeted) {
            greeted = status_say(out, "online", &mid);
        }
        if (code == MOSQ_ERR_SUCCESS && greeted) {
            say(out);
        }
    }
    if (atomic_load(&out->stopping)) {
        goodbye(out);
        return;
    }
    out->connect_turn += out->connected ? 0 : 1;
    lost_say(out, broker_error_text(code, errno));
}

/* How long to wait before the next connection. */
static int64_t pause_ms(struct mqtt_out *out)
{
    const int64_t boot_ms = host_boot_ms();
    const int64_t life_ms = boot_ms - out->connected_ms;

    if (out->connected && life_ms >= STEADY_MS) {
        backoff_reset(&out->backoff);
    }
    if (out->connected && broker_quarrel_note(&out->quarrel, boot_ms, life_ms)) {
        count(out, COUNT_MQTT_OUT_TAKEOVERS);
        log_line(LOG_ERROR, AREA,
                 "connections keep being cut at once; is another gateway using the client id %s? "
                 "Resting 5 minutes",
                 out->client_id);
        return BROKER_QUARREL_REST_MS;
    }
    return backoff_next_ms(&out->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
}

static void *run(void *ctx)
{
    struct mqtt_out *out = ctx;

    while (!atomic_load(&out->stopping)) {
        struct pollfd stop = {.fd = out->stop_fd, .events = POLLIN};

        if (client_make(out)) {
            connection_run(out);
            mosquitto_destroy(out->client);
            out->client = NULL;
            out_alerts_rewind(&out->alerts);
        }
        (void)poll(&stop, 1, (int)pause_ms(out));
    }
    return NULL;
}

enum err mqtt_out_start(const struct mqtt_out_params *params, struct mqtt_out **out)
{
    struct mqtt_out *made;

    *out = NULL;
    if (params->config->host == NULL) {
        return ERR_OK;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL || mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        free(made);
        return ERR_NO_MEMORY;
    }
    made->params = *params;
    made->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    made->reader = inventory_reader(params->board);
    backoff_init(&made->backoff, params->instance, host_boot_ms());
    out_spaces_init(&made->spaces, params->changes);
    out_alerts_init(&made->alerts, params->alerts);
    if (params->config->client_id != NULL) {
        (void)snprintf(made->client_id, sizeof made->client_id, "%s", params->config->client_id);
    } else {
        (void)snprintf(made->client_id, sizeof made->client_id, "%s-out", params->instance);
    }
    (void)snprintf(made->status_topic, sizeof made->status_topic, "bowei/%s/status",
                   params->config->area);
    if (made->stop_fd < 0 || pthread_create(&made->thread, NULL, run, made) != 0) {
        goto undo_reader;
    }
    *out = made;
    return ERR_OK;
undo_reader:
    inventory_reader_return(params->board, made->reader);
    if (made->stop_fd >= 0) {
        close(made->stop_fd);
    }
    mosquitto_lib_cleanup();
    free(made);
    return ERR_NO_MEMORY;
}

void mqtt_out_stop(struct mqtt_out *out)
{
    const uint64_t one = 1;

    if (out == NULL) {
        return;
    }
    atomic_store(&out->stopping, true);
    if (write(out->stop_fd, &one, sizeof one) < 0) {
        log_line(LOG_ERROR, AREA, "cannot be woken: %s", strerror(errno));
    }
    (void)pthread_join(out->thread, NULL);
    inventory_reader_return(out->params.board, out->reader);
    out_spaces_finish(&out->spaces);
    strbuf_finish(&out->text);
    close(out->stop_fd);
    mosquitto_lib_cleanup();
    free(out);
}
