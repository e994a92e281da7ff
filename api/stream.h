#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/scene.h"
#include "bowei/change_ring.h"
#include <pthread.h>
#include <stdatomic.h>

/* Event streams: each follows the change ring at its own pace. A stream with nothing to say is
 * suspended; the acceptor resumes it on changes, heartbeats and at the end of its life. */

struct api;
struct stream;

struct streams {
    pthread_mutex_t lock; /**< rank 22 */
    struct stream *first; /**< guarded by lock */
    _Atomic uint32_t count;
    bool ending; /**< guarded by lock */
    struct api *api;
};

enum err streams_init(struct streams *streams, struct api *api) MUST_CHECK;
void streams_finish(struct streams *streams);
/** Resumes all that sleep: there are changes. */
void streams_wake(struct streams *streams);
/** Heartbeats and the end of lives. */
void streams_tick(struct streams *streams, int64_t boot_ms);
/** Ends them all: the server stops. */
void streams_end(struct streams *streams);
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
