#ifndef API_STREAM_SOURCE_H
#define API_STREAM_SOURCE_H

#include "api/stream.h"
#include "bowei/alert.h"
#include "bowei/base/geo.h"
#include <microhttpd.h>

/* What stream.c and the rings it reads from share: one stream, and how a ring is read for it. */

#define STREAM_EVENT_MAX 32768u /* the longest is an alert with every operator's share */
#define STREAM_SKIPS_MAX 4096u  /* entries passed over in one go */

struct stream_source {
    uint64_t (*epoch)(const struct api *api);
    uint64_t (*newest)(const struct api *api);
    /** Is that number still in the ring? */
    bool (*kept)(const struct api *api, uint64_t number);
    /** Puts the next piece into s->out. False: nothing to say now; then s->looked is the newest
     * number it has seen, and s->due_ms when it wants to look without a new one. */
    bool (*fill)(struct stream *s, const struct inventory *inv, struct view_now now);
};

extern const struct stream_source stream_of_changes, stream_of_alerts;

/** A run of openings that are told as one. */
struct storm_run {
    uint32_t count;
    uint32_t kinds[ALERT_KIND_COUNT];
    uint32_t operator_count;

    struct {
        char code[OPERATOR_CODE + 1]; /**< "" = the city's */
        uint32_t count;
    } operators[OPERATORS_MAX + 1];

    int64_t due_ms; /**< boottime */
};

struct stream {
    const struct stream_source *source;
    struct api *api;
    struct connection *slot;
    struct MHD_Connection *mhd;
    struct stream *next, *previous; /**< guarded by streams.lock */
    bool asleep, beat, over;        /**< guarded by streams.lock */
    int64_t end_ms, beat_ms;        /**< boottime; guarded by streams.lock */
    /* the MHD thread's; the acceptor reads looked and due_ms of streams that sleep */
    uint64_t wanted; /**< number of the next entry to send */
    uint64_t looked; /**< newest number seen */
    int64_t due_ms;  /**< boottime */
    uint64_t start;  /**< newest entry when the stream began */
    uint32_t topics;
    space_key lot; /**< 0 = all */
    bool boxed;
    struct geo_box box;
    enum crs crs;
    char operator_code[OPERATOR_CODE + 1]; /**< who listens; "" = staff, or everybody */

    enum { SEND_LOTS, SEND_SPACES, SEND_FENCES, SEND_POSITION, SEND_CHANGES } phase;

    bool greeted, reset;
    uint32_t at_index; /**< of the snapshot */
    struct storm_run storm;
    struct strbuf out;
    size_t out_at;
};

/** Tells the listener to load again, and goes on behind the newest. */
void stream_reset(struct stream *s);

#endif
