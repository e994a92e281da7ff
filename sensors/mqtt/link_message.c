/* What a broker sends, on its way to the link's hearing. A message is acknowledged after its
 * reading is in the journal: libmosquitto queues the PUBACK and writes it after the callback has
 * returned. When the journal refuses, the socket is shut inside the callback: the PUBACK cannot
 * leave, the broker delivers again. */
#include "bowei/base/log.h"
#include "sensors/mqtt/link_parts.h"
#include <string.h>
#include <sys/socket.h>

#define AREA             "mqtt"
#define LARGE_EVERY_MS   60000 /* in the log; each one is counted */
#define REFUSED_EVERY_MS 60000 /* the same, of one reason */

/* What the topics of its messages match: of "$share/<group>/<filter>" the filter. */
static const char *filter_of(const char *topic)
{
    static const char share[] = "$share/";
    const char *behind =
        strncmp(topic, share, sizeof share - 1) == 0 ? strchr(topic + sizeof share - 1, '/') : NULL;

    return behind == NULL ? topic : behind + 1;
}

static const struct envelope *envelope_of(const struct link *link, const char *topic)
{
    const struct link_config *config = link->params.config;

    for (uint32_t i = 0; i < config->subscription_count; i++) {
        bool matches = false;

        if (mosquitto_topic_matches_sub(filter_of(config->subscriptions[i].topic), topic,
                                        &matches) == MOSQ_ERR_SUCCESS &&
            matches) {
            return link->envelopes[i];
        }
    }
    return NULL;
}

/* libmosquitto 2.0.11 takes a message whole before it shows it, twice its size of memory and up to
 * 256 MB, and has no bound for that; to leave the connection instead would bring a QoS 1 message
 * back for ever. Only the broker can keep it away, so its people are told. */
static void large_say(struct link *link, const struct mosquitto_message *m)
{
    if (m->payloadlen > PAYLOAD_MAX) {
        log_rate(LOG_WARNING, &link->large_gate, LARGE_EVERY_MS, AREA,
                 "%s: a message of %d bytes on %.*s is refused (up to %d): the broker should not "
                 "let it through, as max_packet_size 40960 of mosquitto does",
                 link_name(link), m->payloadlen, TOPIC_MAX, m->topic, PAYLOAD_MAX);
    }
}

/* Whose a message is that cannot be read nobody knows but by its topic. */
static void refused_say(struct link *link, const struct mosquitto_message *m)
{
    const enum decode_fault fault = link->hearing.heard.fault;

    if (fault != DECODE_OK && fault != DECODE_SIZE) { /* size: large_say's */
        log_rate(LOG_WARNING, &link->refused_gates[fault], REFUSED_EVERY_MS, AREA,
                 "%s: a message on %.*s is refused (%s); those of this reason that follow within a "
                 "minute are only counted",
                 link_name(link), TOPIC_MAX, m->topic, decode_fault_name(fault));
    }
}

/* It matches no subscription of the configuration. */
static void foreign_say(struct link *link, const struct mosquitto_message *m)
{
    log_rate(LOG_WARNING, &link->foreign_gate, REFUSED_EVERY_MS, AREA,
             "%s: a message on %.*s, which is not subscribed to, is refused; the broker's session "
             "of %s may have a topic that was taken out while the gateway stood still: delete the "
             "session there",
             link_name(link), TOPIC_MAX, m->topic, link->params.config->client_id);
}

void link_on_message(struct mosquitto *client, void *ctx, const struct mosquitto_message *m)
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
        link_sign_of_life(link);
        link->stamped = true;
    }
    if (link_hears_itself(link, m)) {
        return;
    }
    link_count(link, COUNT_MQTT_MESSAGES);
    large_say(link, m);
    envelope = envelope_of(link, m->topic);
    if (envelope == NULL) {
        hearing_refuse(&link->hearing, DECODE_TOPIC);
        foreign_say(link, m);
        return;
    }
    message = (struct heard_message){.topic = m->topic,
                                     .payload = m->payloadlen > 0 ? m->payload : "",
                                     .len = m->payloadlen > 0 ? (size_t)m->payloadlen : 0,
                                     .retained = m->retain,
                                     .wall_ms = link->heard_wall_ms};
    err = hearing_take(&link->hearing, envelope, &message);
    refused_say(link, m);
    if (err != ERR_OK) {
        link->refused = true;
        (void)shutdown(mosquitto_socket(client), SHUT_RDWR);
        link_count(link, COUNT_MQTT_STOPPED);
        log_line(LOG_ERROR, AREA,
                 "%s: a reading was not kept (%s): connection shut, nothing acknowledged",
                 link_name(link), err_code(err));
    }
}
