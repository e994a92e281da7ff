/* The certificates and keys that a configuration names, judged by the code that will use them: part
 * of what check-config, serve and a reload look at before anything is started. */
#include "gateway/cli/check_certificates.h"
#include "bowei/broker_tls.h"
#include "bowei/tls.h"
#include <stdio.h>

static void check_http(struct config_source *source, const struct config *config)
{
    const char *certificate = config->http.tls.certificate_file;
    const char *key = config->http.tls.key_file;
    char why[TLS_FAULT_MAX] = "";
    bool key_at_fault = false;

    if (certificate == NULL || key == NULL ||
        tls_files_check(certificate, key, why, &key_at_fault)) {
        return;
    }
    config_fault(source,
                 key_at_fault ? &config->http.tls.key_file : &config->http.tls.certificate_file,
                 NULL, "http.tls.%s: %s: %s", key_at_fault ? "key_file" : "certificate_file",
                 key_at_fault ? key : certificate, why);
}

/* Towards one broker. The three fields are those of the configuration, so that a fault finds its
 * line; item: the list's item they stand in, or NULL; path: "links[0]". */
static void check_broker(struct config_source *source, char *const *fields[BROKER_TLS_FILE_COUNT],
                         const char *host, const void *item, const char *path)
{
    static const char *const keys[BROKER_TLS_FILE_COUNT] = {[BROKER_TLS_CA] = "ca_file",
                                                            [BROKER_TLS_CERT] = "cert_file",
                                                            [BROKER_TLS_KEY] = "key_file"};
    const struct broker_tls_files files = {.host = host,
                                           .ca_file = *fields[BROKER_TLS_CA],
                                           .cert_file = *fields[BROKER_TLS_CERT],
                                           .key_file = *fields[BROKER_TLS_KEY]};
    char why[BROKER_TLS_WHY_MAX] = "";
    enum broker_tls_file at_fault;

    if ((files.cert_file == NULL) != (files.key_file == NULL) ||
        broker_tls_check(&files, why, &at_fault)) {
        return; /* half a pair is a fault already */
    }
    config_fault(source, fields[at_fault], item, "%s.%s: %s: %s", path, keys[at_fault],
                 *fields[at_fault] == NULL ? "those of the system" : *fields[at_fault], why);
}

void check_certificates(struct config_source *source, const struct config *config)
{
    const struct mqtt_out_config *out = &config->mqtt_out;
    char path[24];

    check_http(source, config);
    for (uint32_t i = 0; i < config->link_count; i++) {
        const struct link_config *link = &config->links[i];
        char *const *fields[BROKER_TLS_FILE_COUNT] = {&link->ca_file, &link->cert_file,
                                                      &link->key_file};

        snprintf(path, sizeof path, "links[%u]", i);
        if (link->tls) {
            check_broker(source, fields, link->host, link, path);
        }
    }
    if (out->host != NULL && out->tls) {
        char *const *fields[BROKER_TLS_FILE_COUNT] = {&out->ca_file, &out->cert_file,
                                                      &out->key_file};

        check_broker(source, fields, out->host, NULL, "mqtt_out");
    }
}
