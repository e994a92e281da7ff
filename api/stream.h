#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/change_feed.h"
#include "api/scene.h"
#include <stdatomic.h>

/* Event streams: each follows its ring at its own pace. A stream with nothing to say is suspended;
 * a round of the HTTP thread resumes those that have, on changes, heartbeats and at the end of
 * their lives. All is the HTTP thread's but what says otherwise. */

struct api;
struct stream;

struct streams {
    struct stream *first;
    struct change_feed feed;
    _Atomic uint32_t count; /**< any thread */
    _Atomic bool due;       /**< a round is asked for; any thread */
    _Atomic bool following; /**< the feed was made; any thread */
    _Atomic bool ending;    /**< any thread */
    int64_t keys_ms;        /**< boottime from which the streams' keys are looked at again */
    struct api *api;
};

void streams_init(struct streams *streams, struct api *api);
void streams_finish(struct streams *streams);
/** Asks for a round: there are changes, or time has passed. Wakes the HTTP thread only when there
 * is somebody to serve. Any thread. */
void streams_call(struct streams *streams, bool changes);
/** The round, if one was asked for: takes the changes over, and resumes who has something to say.
 */
void streams_round(struct streams *streams, int64_t boot_ms);
/** Ends them all: the server stops. Any thread. */
void streams_end(struct streams *streams);
/** Any thread. */
uint32_t streams_count(const struct streams *streams);

/** Event text of a change: `id`, `event`, `data`; the same bytes whenever it is rendered. False
 * when its place is not in inv. */
bool event_write(struct strbuf *out, const struct inventory *inv, uint64_t epoch,
                 const struct change *change);
/** The same form of what is true now, without an id: the snapshot. */
void event_space(struct strbuf *out, const struct inventory *inv, uint32_t slot,
                 const struct space_view *view, int64_t at_ms);
void event_lot(struct strbuf *out, const struct inventory *inv, uint32_t lot,
               const struct lot_view *view, int64_t at_ms);

/** One fence as an event: its figures as they were. handlers/fences.c */
void fence_event_write(struct strbuf *out, const struct inventory *inv, uint32_t fence,
                       const struct fence_brief *brief, int64_t at_ms);

#endif
