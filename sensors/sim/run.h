#ifndef SENSORS_SIM_RUN_H
#define SENSORS_SIM_RUN_H

#include <stdint.h>

/* The commands of bowei-sim; each returns the exit status. */

struct make_options {
    const char *dir;
    uint32_t spaces, seed, lines, heartbeat_s;
    uint32_t bikes, fences; /**< fences 0 = as many as fit the bikes */
    uint16_t broker_port;
};

struct run_options {
    const char *dir;
    const char *truth;       /**< or NULL */
    const char *faults;      /**< or NULL */
    const char *truth_bikes; /**< or NULL */
    const char *api;      /**< "http://host:port" that takes telemetry, or NULL: none is posted */
    const char *keys;     /**< file with the operators' keys, needed with api */
    uint32_t interval_s;  /**< between reports of a locked bike */
    uint16_t broker_port; /**< 0 = as made */
    double speed;
    uint32_t duration_s; /**< 0 = until a signal */
    uint32_t dwell_s;    /**< the gateway's, for the truth of episodes */
};

struct load_options {
    uint16_t broker_port;
    uint32_t devices, rate, seconds;
    int qos;
    const char *prefix;
};

int make_command(const struct make_options *options);
int run_command(const struct run_options *options);
int load_command(const struct load_options *options);

#endif
