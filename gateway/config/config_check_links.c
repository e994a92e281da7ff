/* Cross-checks of what talks to a broker: links, and MQTT out. A broker knows each by its client
 * id, so these must differ, the derived ones, too. */
#include "gateway/config/config_check.h"
#include <stdio.h>

#define CLIENT_ID_ROOM 80 /* of mqtt_out's own id: instance and "-out" */

static void check_link_id(struct config_source *s, const struct config *c, uint32_t i)
{
    const struct link_config *link = &c->links[i];

    for (uint32_t k = 0; k < i; k++) {
        const struct link_config *other = &c->links[k];

        if (config_check_same(other->client_id, link->client_id) &&
            config_check_same(other->host, link->host) && other->port == link->port) {
            config_source_fault_of(s, &link->client_id, link,
                                   "links[%u].client_id: the broker knows links[%u] by \"%s\"", i,
                                   k, link->client_id);
        }
    }
}

static void check_each_link(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->link_count; i++) {
        const struct link_config *link = &c->links[i];

        check_link_id(s, c, i);
        if (link->password != NULL && link->username == NULL) {
            config_source_fault_of(s, &link->password, link, "links[%u].password: without username",
                                   i);
        }
        if (!link->tls && (link->ca_file != NULL || link->cert_file != NULL)) {
            config_source_fault_of(s, link->ca_file != NULL ? &link->ca_file : &link->cert_file,
                                   link, "links[%u].tls: certificates are given, but tls is false",
                                   i);
        }
        if ((link->cert_file == NULL) != (link->key_file == NULL)) {
            config_source_fault_of(s, link->cert_file != NULL ? &link->cert_file : &link->key_file,
                                   link, "links[%u]: cert_file and key_file belong together", i);
        }
        for (uint32_t k = 1; k < link->subscription_count; k++) {
            for (uint32_t j = 0; j < k; j++) {
                if (config_check_same(link->subscriptions[j].topic, link->subscriptions[k].topic)) {
                    config_source_fault_of(s, &link->subscriptions[k].topic,
                                           &link->subscriptions[k],
                                           "links[%u].subscriptions[%u].topic: stands twice", i, k);
                }
            }
        }
    }
}

/* One broker must know MQTT out and the links by different names, those that nobody has set, too.
 */
static void check_mqtt_out_id(struct config_source *s, const struct config *c)
{
    const struct mqtt_out_config *out = &c->mqtt_out;
    char own[CLIENT_ID_ROOM] = "";

    (void)snprintf(own, sizeof own, "%s-out", c->instance == NULL ? "" : c->instance);
    for (uint32_t i = 0; i < c->link_count; i++) {
        const struct link_config *link = &c->links[i];

        if (!config_check_same(link->host, out->host) || link->port != out->port) {
            continue;
        }
        if (out->client_id != NULL && config_check_same(link->client_id, out->client_id)) {
            config_source_fault_of(s, &out->client_id, NULL,
                                   "mqtt_out.client_id: the broker knows links[%u] by \"%s\"", i,
                                   out->client_id);
        } else if (out->client_id == NULL && config_check_same(link->client_id, own)) {
            config_source_fault_of(s, link->client_id_derived ? &link->name : &link->client_id,
                                   link,
                                   "links[%u]: the broker knows mqtt_out by \"%s\"; set one of "
                                   "their client_id",
                                   i, own);
        }
    }
}

static void check_mqtt_out(struct config_source *s, const struct config *c)
{
    const struct mqtt_out_config *out = &c->mqtt_out;

    if (out->host == NULL) {
        return;
    }
    if (out->area == NULL) {
        config_source_fault_of(s, &out->host, NULL,
                               "mqtt_out.area: must be set with mqtt_out.host; best the county's "
                               "code, as 150402");
    }
    if (!out->spaces && !out->operators) {
        config_source_fault_of(s, &out->spaces, NULL,
                               "mqtt_out: neither spaces nor operators is true");
    }
    if (out->password != NULL && out->username == NULL) {
        config_source_fault_of(s, &out->password, NULL, "mqtt_out.password: without username");
    }
    if (!out->tls && (out->ca_file != NULL || out->cert_file != NULL)) {
        config_source_fault_of(s, out->ca_file != NULL ? &out->ca_file : &out->cert_file, NULL,
                               "mqtt_out.tls: certificates are given, but tls is false");
    }
    if ((out->cert_file == NULL) != (out->key_file == NULL)) {
        config_source_fault_of(s, out->cert_file != NULL ? &out->cert_file : &out->key_file, NULL,
                               "mqtt_out: cert_file and key_file belong together");
    }
    check_mqtt_out_id(s, c);
}

void config_check_links(struct config_source *s, const struct config *c)
{
    check_each_link(s, c);
    check_mqtt_out(s, c);
}
