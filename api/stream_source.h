#ifndef API_STREAM_SOURCE_H
#define API_STREAM_SOURCE_H

#include "api/stream.h"
#include "bowei/alert.h"
#include "bowei/base/geo.h"
#include <microhttpd.h>

/* What stream.c and the rings it reads from share: one stream, and how a ring is read for it. */

#define STREAM_EVENT_MAX 32768u /* the longest is an alert with every operator's share */
#define STREAM_SKIPS_MAX 4096u  /* entries passed over in one go */
/* A listener further behind gets only the newest change of each object: 200 is what comes in one
 * round at 10 000 changes a second. */
#define STREAM_BEHIND 256u

struct stream_source {
    uint64_t (*epoch)(const struct api *api);
    uint64_t (*newest)(const struct api *api);
    /** Makes s go on behind the event of that number, which is not above the newest. False: what
     * came since is not kept. */
    bool (*resume)(struct stream *s, uint64_t number);
    /** Has a stream that sleeps something to say? May move it past what it does not want. */
    bool (*ready)(struct stream *s, int64_t boot_ms);
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
    struct stream *next, *previous;
    bool asleep, beat, over;
    int64_t end_ms, beat_ms; /**< boottime */
    char key[9];             /**< prefix of the key it was opened with; "" = none */
    uint64_t wanted;         /**< number of the next entry to send */
    uint64_t looked;         /**< newest number seen */
    uint64_t whole_to;       /**< of a return: up to here nothing is passed over */
    int64_t due_ms;          /**< boottime */
    uint64_t start;          /**< newest entry when the stream, or its walk, began */
    uint32_t topics;
    space_key lot;   /**< 0 = all */
    space_key fence; /**< 0 = all */
    bool boxed;
    struct geo_box box;
    enum crs crs;
    char operator_code[OPERATOR_CODE + 1]; /**< who listens; "" = staff, or everybody */

    /** Up to SEND_POSITION it walks over what is there: all of it, or what changed since `from`. */
    enum { SEND_LOTS, SEND_SPACES, SEND_FENCES, SEND_POSITION, SEND_CHANGES } phase;

    bool greeted, reset;
    uint32_t at_index; /**< of the walk */
    uint64_t from;     /**< of the walk: only objects that changed at or after it; 0 = all */
    struct storm_run storm;
    struct strbuf out;
    size_t out_at;
};

/** Tells the listener to load again, and goes on behind the newest. */
void stream_reset(struct stream *s);

#endif
