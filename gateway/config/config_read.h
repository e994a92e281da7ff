#ifndef GATEWAY_CONFIG_CONFIG_READ_H
#define GATEWAY_CONFIG_CONFIG_READ_H

#include "gateway/config/config_source.h"

/** Reads the YAML text and the overrides into a zeroed config and fills in the defaults. What is
 * wrong goes to the report; false only on no memory. */
bool config_read(struct config_source *source, const char *const *overrides, uint32_t count,
                 struct config *config);
/** Checks what no single row can: names that must differ, ranges that must fit, maps that must
 * exist. */
void config_check(struct config_source *source, struct config *config);

#endif
