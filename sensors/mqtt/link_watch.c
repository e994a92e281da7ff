/* Is the broker alive? TCP does not say (a stopped process keeps its sockets). Every half
 * keep-alive the link publishes to a topic of its own; when for 0.9 keep-alives neither that nor
 * anything else comes back, the client is thrown away. The first echo after a connect also says
 * that the broker's backlog is drained: it is queued behind it. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/mqtt/link_parts.h"
#include <stdio.h>
#include <string.h>

#define AREA             "mqtt"
#define CONNECT_LIMIT_MS 10000 /* from the TCP connect to the CONNACK */
#define DEAF_EVERY_MS    3600000

void link_sign_of_life(struct link *link)
{
    link->heard_boot_ms = host_boot_ms();
    link->heard_wall_ms = host_wall_ms();
}

bool link_hears_itself(struct link *link, const struct mosquitto_message *m)
{
    char number[12];
    int len;

    if (strcmp(m->topic, link->ping_topic) == 0) {
        len = snprintf(number, sizeof number, "%u", link->connection);
        if (m->payloadlen == len && memcmp(m->payload, number, (size_t)len) == 0) {
            link->drained = true;
            link->echoed = true;
        }
        return true;
    }
    return strcmp(m->topic, link->status_topic) == 0;
}

static void ping(struct link *link, int64_t boot_ms)
{
    char number[12];
    int len = snprintf(number, sizeof number, "%u", link->connection);

    link->pinged_boot_ms = boot_ms;
    (void)mosquitto_publish(link->client, NULL, link->ping_topic, len, number, 1, false);
}

/* Nothing comes back, and never did: the broker's rules keep the ping from us, without a word (an
 * ACL of mosquitto grants the subscription all the same). It is no silent broker; one that is will
 * be noticed by MQTT's own keep-alive. */
static void deaf_take(struct link *link)
{
    const struct link_config *config = link->params.config;

    link->drained = true; /* no echo will say so */
    log_rate(LOG_WARNING, &link->deaf_gate, DEAF_EVERY_MS, AREA,
             "%s: does not hear what it says on %s; do the broker's rules let %s write and read "
             "it? A silent broker is noticed later",
             link_name(link), link->ping_topic,
             config->username != NULL ? config->username : config->client_id);
}

bool link_tick(struct link *link)
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
        link_session_lost_tell(link);
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
    if (boot_ms - link->heard_boot_ms <= keepalive_ms / 2 + keepalive_ms * 9 / 10) {
        return true;
    }
    if (!link->echoed) {
        deaf_take(link);
        return true;
    }
    link_count(link, COUNT_MQTT_REBUILDS);
    log_line(LOG_WARNING, AREA, "%s: the broker has been silent for %lld s, connecting anew",
             link_name(link), (long long)(boot_ms - link->heard_boot_ms) / 1000);
    return false;
}
