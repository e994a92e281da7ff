#ifndef SENSORS_FRAME_LOG_H
#define SENSORS_FRAME_LOG_H

#include "bowei/device_ledger.h"

/* Raw frames: one ring of bytes for the newest of all devices, and rings of LEDGER_FRAMES for the
 * few that are watched. No lock of its own: the ledger's. */

struct watched_frames;

struct frame_log {
    uint8_t *ring;
    size_t size;        /**< of the ring; entries never wrap */
    size_t first, next; /**< offsets of the oldest entry and behind the newest */
    size_t wrap;        /**< where the upper part ends while first > next */
    bool empty;
    uint64_t newest;     /**< number of the newest frame */
    uint64_t watch_turn; /**< +1 with every frame_log_watch */
    struct watched_frames *watched[LEDGER_WATCHED_MAX];
};

bool frame_log_init(struct frame_log *log, uint32_t kib);
void frame_log_finish(struct frame_log *log);
/** Gives the frame its number and keeps it; everywhere = in the ring of all, too. */
void frame_log_put(struct frame_log *log, uint64_t device, const struct frame_record *rec,
                   bool everywhere);
bool frame_log_is_watched(const struct frame_log *log, uint64_t device);
void frame_log_watch(struct frame_log *log, uint64_t device);
/** As device_ledger_frames. */
uint32_t frame_log_read(const struct frame_log *log, uint64_t device, uint64_t after,
                        struct frame_record *out, uint32_t n);
/** What a device is known by here: 64 bits of its id, so that a new inventory changes nothing. */
uint64_t frame_device(const char *id, size_t len);

#endif
