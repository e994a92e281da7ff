#ifndef GATEWAY_CONFIG_CONFIG_CHECK_H
#define GATEWAY_CONFIG_CONFIG_CHECK_H

#include "gateway/config/config_source.h"
#include <string.h>

/* The themes of config_check (config_read.h), each in its file. They work on a config with faults,
 * too: a refused text is NULL, and what the source says is refused has its fault already. */

#define CONFIG_REQUEST_WORDS 125 /* Modbus application protocol V1.1b3, 6.3 */

/** Names of maps, and of lines, links and pushes together, that must differ. */
void config_check_names(struct config_source *source, const struct config *config);
/** What no single row of maps can check: addresses, masks and thresholds that must fit. */
void config_check_maps(struct config_source *source, const struct config *config);
/** Lines and their units: ports and units that must differ, maps that must exist. */
void config_check_lines(struct config_source *source, const struct config *config);
/** What talks to a broker, links and MQTT out: ids that must differ, certificates. */
void config_check_links(struct config_source *source, const struct config *config);
/** Platforms that push: their secrets. */
void config_check_push(struct config_source *source, const struct config *config);

/** Registers a value of the map takes. */
uint32_t config_check_value_words(const struct register_map *map);

/** Two texts that were given and are alike. */
static inline bool config_check_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

#endif
