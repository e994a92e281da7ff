/* One broker link: the thread that connects, rests and connects again. Its connections are
 * link_client.c's; what is inside a link, and which file does what, is in link_parts.h. */
#include "sensors/mqtt/link.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/mqtt/link_parts.h"
#include <stdio.h>
#include <stdlib.h>

#define AREA            "mqtt"
#define BACKOFF_BASE_MS 1000
#define BACKOFF_CAP_MS  60000
#define FULL_CAP_MS     5000  /* a full disk is looked at again soon: the space is ours to free */
#define STEADY_MS       30000 /* a connection that lived so long resets the back-off */

void link_count(const struct link *link, enum counter which)
{
    count_add(link->params.ports->counters, which, 1);
}

const char *link_name(const struct link *link)
{
    return link->params.config->name;
}

void link_up_set(struct link *link, bool up)
{
    if (link->was_up != up) {
        link->was_up = up;
        field_health_change(link->params.health, DEGRADED_BROKER_DOWN, !up);
    }
    status_link_up(link->params.ports->status, link->params.status_index, up, host_boot_ms());
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
    if (link->connected && broker_quarrel_note(&link->quarrel, boot_ms, life_ms)) {
        link_count(link, COUNT_MQTT_TAKEOVERS);
        log_line(
            LOG_ERROR, AREA,
            "%s: connections keep being cut at once; is another gateway using the client id %s, or "
            "do the broker's rules not let it write below bowei/%s/? Resting 5 minutes",
            link_name(link), link->params.config->client_id, link->params.ports->config->instance);
        return BROKER_QUARREL_REST_MS;
    }
    return backoff_next_ms(&link->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
}

static void *link_main(void *ctx)
{
    struct link *link = ctx;

    (void)halt_pass(link->params.halt); /* a stop ends the loop before it begins */
    link_sign_of_life(link);
    while (!halt_wait(link->params.halt, 0)) {
        if (link_client_make(link)) {
            link_connection_run(link);
            mosquitto_destroy(link->client);
            link->client = NULL;
        }
        link_up_set(link, false);
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
    int status_len = snprintf(link->status_topic, sizeof link->status_topic, "bowei/%s/%s/status",
                              instance, config->name);
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
    link->params.former = NULL;
    if (!link_prepare(link) || !link_left_take(link, params->former)) {
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
    link_left_free(&link->left);
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
        link_left_free(&link->left);
        free(link);
    }
}
