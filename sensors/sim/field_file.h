#ifndef SENSORS_SIM_FIELD_FILE_H
#define SENSORS_SIM_FIELD_FILE_H

#include "bowei/base/err.h"
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/world/city.h"
#include <stdint.h>

/* What `make` leaves for `run`: <folder>/field.txt (parameters and ports), and <folder>/field.yaml,
 * the lines, links and maps of the gateway's configuration. */

struct field_file {
    struct city_params params;
    struct world_plan_params fleet; /**< bikes 0 = none */
    uint16_t broker_port;
    uint32_t lines;
    uint16_t ports[CITY_LINES_MAX]; /**< per TCP line */
};

/** ERR_NOT_FOUND: there is none, or it is no such file. */
enum err field_file_read(const char *folder, struct field_file *out) MUST_CHECK;
/** Writes both files; serial: absolute path of the serial line's terminal. */
enum err field_file_write(const char *folder, const struct field_file *file,
                          const struct city *city) MUST_CHECK;
/** A free port of 127.0.0.1; 0 when there is none. */
uint16_t field_port_free(void);
bool field_port_is_free(uint16_t port);

#endif
