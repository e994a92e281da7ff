/* Topics that an edit took out of a link. The session that the broker keeps still has them, and
 * would hand out their messages for ever: what was subscribed before a reload and is not any more
 * is unsubscribed on each connection of the link that follows. What was edited while the gateway
 * stood still nobody here knows of; its messages match nothing, and are refused and named. */
#include "bowei/base/log.h"
#include "sensors/mqtt/link_parts.h"
#include <stdlib.h>
#include <string.h>

#define AREA "mqtt"

static bool subscribes(const struct link_config *config, const char *topic)
{
    for (uint32_t i = 0; i < config->subscription_count; i++) {
        if (strcmp(config->subscriptions[i].topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_left(const struct link_left *left, const char *topic)
{
    for (uint32_t i = 0; i < left->count; i++) {
        if (strcmp(left->topics[i], topic) == 0) {
            return true;
        }
    }
    return false;
}

/* False: no memory. */
static bool leave(struct link *link, const char *topic)
{
    struct link_left *left = &link->left;

    if (subscribes(link->params.config, topic) || is_left(left, topic)) {
        return true;
    }
    if (left->count == LINK_LEFT_MAX) {
        log_line(LOG_WARNING, AREA, "%s: too many topics were taken out: %s stays subscribed",
                 link_name(link), topic);
        return true;
    }
    left->topics[left->count] = strdup(topic);
    if (left->topics[left->count] == NULL) {
        return false;
    }
    left->count++;
    return true;
}

static bool same_session(const struct link_config *a, const struct link_config *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0 &&
           strcmp(a->client_id, b->client_id) == 0;
}

bool link_left_take(struct link *link, const struct link *former)
{
    const struct link_config *was = former == NULL ? NULL : former->params.config;
    bool good = true;

    if (was == NULL || !same_session(was, link->params.config)) {
        return true;
    }
    for (uint32_t i = 0; good && i < was->subscription_count; i++) {
        good = leave(link, was->subscriptions[i].topic);
    }
    for (uint32_t i = 0; good && i < former->left.count; i++) {
        good = leave(link, former->left.topics[i]); /* it may never have been connected */
    }
    return good;
}

void link_left_free(struct link_left *left)
{
    for (uint32_t i = 0; i < left->count; i++) {
        free(left->topics[i]);
    }
    left->count = 0;
}

void link_left_unsubscribe(struct link *link)
{
    for (uint32_t i = 0; i < link->left.count; i++) {
        (void)mosquitto_unsubscribe(link->client, NULL, link->left.topics[i]);
        log_line(LOG_INFO, AREA, "%s: no longer subscribed to %s", link_name(link),
                 link->left.topics[i]);
    }
}
