/* What the broker knows of a link: its session, which it may have lost, and the subscriptions,
 * which are made again on every connection. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/mqtt/link_parts.h"

#define AREA           "mqtt"
#define SUBACK_REFUSED 0x80

static void subscribe_all(struct link *link)
{
    const struct link_config *config = link->params.config;

    link_left_unsubscribe(link);
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

void link_on_connect(struct mosquitto *client, void *ctx, int code, int flags)
{
    struct link *link = ctx;

    (void)client;
    if (code != 0) {
        link_count(link, COUNT_MQTT_DENIED);
        log_rate(LOG_ERROR, &link->denied_gate, 60000, AREA, "%s: the broker refuses us: %s",
                 link_name(link), mosquitto_connack_string(code));
        return;
    }
    link_count(link, COUNT_MQTT_CONNECTS);
    link->connected = true;
    link->connected_boot_ms = host_boot_ms();
    if ((flags & 1) == 0) {
        link_count(link, COUNT_MQTT_SESSION_LOST);
        link->gone = true;
        /* what anybody said between his last word and now may be lost, also who spoke last */
        link->gone_wall_ms = host_wall_ms();
    }
    link_sign_of_life(link);
    subscribe_all(link);
    link_up_set(link, true);
    log_line(LOG_INFO, AREA, "%s: connected to %s:%u%s", link_name(link), link->params.config->host,
             link->params.config->port, (flags & 1) != 0 ? "" : ", a new session");
}

void link_on_subscribe(struct mosquitto *client, void *ctx, int mid, int n, const int *granted)
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
            link_count(link, COUNT_MQTT_DENIED);
            log_line(LOG_ERROR, AREA, "%s: the broker refuses the subscription to %s", config->name,
                     config->subscriptions[i].topic);
        } else if (granted[0] < (int)config->subscriptions[i].qos) {
            log_line(LOG_WARNING, AREA, "%s: %s granted with QoS %d only", config->name,
                     config->subscriptions[i].topic, granted[0]);
        }
    }
}

void link_session_lost_tell(struct link *link)
{
    const struct intake_port *intake = &link->params.ports->intake;

    link->gone = intake->session_lost(intake->ctx, link_name(link), link->gone_wall_ms) != ERR_OK;
}
