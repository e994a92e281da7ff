#ifndef GATEWAY_CLI_CHECK_CERTIFICATES_H
#define GATEWAY_CLI_CHECK_CERTIFICATES_H

#include "bowei/config.h"

/** Faults of the certificate and key files that a configuration names: the API's own, those of the
 * links and of MQTT out. */
void check_certificates(struct config_source *source, const struct config *config);

#endif
