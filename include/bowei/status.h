#ifndef BOWEI_STATUS_H
#define BOWEI_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is wrong right now: shared by readyz, /v1/city's `degraded`, metrics and the watchdog. Each
 * part writes its own fields; anyone reads. Zeroed is valid. */

/** One bit each; codes in degraded.def. */
/* clang-format off: a table is included */
enum degraded {

#define DEGRADED(name, code, en) DEGRADED_##name,
#include "bowei/degraded.def"
#undef DEGRADED
    DEGRADED_COUNT
};
/* clang-format on */

const char *degraded_code(enum degraded d);

#define STATUS_LINKS_MAX 432 /**< names since the start: twice as many as a configuration has */

struct status {
    _Atomic uint32_t degraded; /**< bit per enum degraded */
    _Atomic bool ready;        /**< answers are correct or unknown; links opened and drained once */
    _Atomic bool stopping;
    _Atomic uint32_t links;          /**< used entries of link */
    _Atomic uint32_t config_waiting; /**< settings of the file that wait for a restart */

    struct {
        char name[32];
        char kind[8];      /**< "mqtt" or "modbus" */
        _Atomic bool gone; /**< not in the configuration any more */
        _Atomic bool up;
        _Atomic bool polled; /**< drained or polled once since start */
        _Atomic int64_t since_boot_ms;
    } link[STATUS_LINKS_MAX];
};

void status_set(struct status *status, enum degraded which, bool on);
bool status_is(const struct status *status, enum degraded which);
/** Index of a link that is not gone, or -1. */
int status_find_link(const struct status *status, const char *kind, const char *name);
/** Adds a link, or brings back one that is gone; returns its index, or -1 when the table is full.
 * One thread adds and removes; names never change, so anyone may read meanwhile. */
int status_add_link(struct status *status, const char *kind, const char *name);
void status_remove_link(struct status *status, int link);
void status_link_up(struct status *status, int link, bool up, int64_t boot_ms);

#endif
