#ifndef BOWEI_INTAKE_H
#define BOWEI_INTAKE_H

#include "bowei/journal.h"

/* Intake: gives each input its position and its now under one short lock (rank 1), appends readings
 * to the journal, and queues all for the core in that same order. The queue is a ring that is the
 * journal's tail: when the core lags a whole ring behind, it reads the readings it missed from the
 * journal, so nothing accepted is lost. */

#define INTAKE_RING 8192 /**< inputs, a power of two */

struct intake;

struct intake_params {
    struct journal *journal;
    struct counters *counters;
    uint64_t epoch;
    uint64_t next_seq;        /**< above everything in the journal */
    int64_t wall_ms, boot_ms; /**< clock start */
    int64_t at_least_ms; /**< city time begins no earlier (restart within one boot of the clock) */
};

struct intake *intake_create(const struct intake_params *params);
void intake_destroy(struct intake *intake);
/** The port drivers and handlers are given. */
struct intake_port intake_port_of(struct intake *intake);
/** Queues a new snapshot (journals an I record; a full disk does not hold it up). Never dropped: a
 * side list takes it when the ring is overrun. Taken on ERR_OK; ERR_NO_MEMORY otherwise. */
enum err intake_inventory(struct intake *intake, const struct inventory *inventory) MUST_CHECK;
/** Core thread: takes up to n inputs in order, waiting until `until_boot_ms` for the first. Returns
 * how many; `inputs` are copies. *now is the clock at return (for core_advance), not older than any
 * input's; while intake_blocked that of the newest input given out. */
size_t intake_take(struct intake *intake, struct input *inputs, size_t n, int64_t until_boot_ms,
                   struct now *now);
/** Core thread: appends effects or images at the position of the input that caused them. */
enum err intake_append_images(struct intake *intake, enum record_type type, struct position at,
                              struct now now, uint64_t inventory_version,
                              const struct image *images, size_t n) MUST_CHECK;
/** Position of the newest input given out. Any thread. */
struct position intake_newest(const struct intake *intake);
/** Wakes intake_take (the Redis writer wants a slice, or stop). Any thread. */
void intake_wake(struct intake *intake);
/** A new epoch was taken (Redis came later than the start); a smaller one is ignored. */
void intake_set_epoch(struct intake *intake, uint64_t epoch);
/** Readings that only the journal has cannot be read back out of it: none is taken past them, and
 * until the core has them all, what it shows may be older than what was accepted. Any thread. */
bool intake_blocked(const struct intake *intake);
/** Core thread: accepted readings that the journal holds no more, since the last call. */
uint64_t intake_lost(struct intake *intake);
/** Inputs waiting for the core. */
uint64_t intake_lag(const struct intake *intake);

#endif
