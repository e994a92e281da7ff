/* The writer's new connection: whose Redis is it, does it hold what was confirmed, did the slice in
 * doubt arrive? */
#include "bowei/base/log.h"
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/retired.h"
#include "gateway/keep/redis/stream.h"
#include "gateway/keep/redis/writer.h"
#include <string.h>

/* One district: whose it is, and whether it holds what we confirmed. False: down or stepped down.
 */
static bool examine_seat(struct redis_writer *w, const struct seat *seat, bool *data_lost)
{
    struct epoch_state found;
    uint64_t other = 0;

    redis_link_limit(&w->link, w->link.timeout_ms);
    if (!redis_epoch_read(&w->link, seat->adcode, &found)) {
        writer_down(w);
        return false;
    }
    if (seat->written && (!found.has_meta || position_compare(found.applied, seat->applied) < 0)) {
        *data_lost = true;
    }
    switch (redis_epoch_take(&w->link, seat->adcode, w->params.epoch, true, &other)) {
    case EPOCH_TAKEN: return true;
    case EPOCH_FOREIGN:
        if (other > w->params.epoch) {
            writer_step_down(w, other);
            return false;
        }
        w->link.fault = FAULT_SPEECH; /* touched while we took it: look again on a new connection */
        break;
    case EPOCH_FAILED: break;
    }
    writer_down(w);
    return false;
}

bool writer_examine(struct redis_writer *w)
{
    char run_id[RUN_ID_MAX];
    bool data_lost;

    w->watched = false;
    redis_link_limit(&w->link, w->link.timeout_ms);
    w->txns[0].number = 0;
    w->txns[1].number = 0;
    if (!redis_link_run_id(&w->link, run_id)) {
        writer_down(w);
        return false;
    }
    data_lost = w->run_id[0] == '\0' || strcmp(run_id, w->run_id) != 0;
    if (!writer_seats_update(w)) {
        w->link.fault = FAULT_NO_MEMORY;
        writer_down(w);
        return false;
    }
    for (size_t i = 0; i < w->seat_count; i++) {
        if (!examine_seat(w, &w->seats[i], &data_lost)) {
            return false;
        }
    }
    redis_link_limit(&w->link, w->link.timeout_ms);
    if (!event_log_read(&w->link, &w->log)) { /* {city} is ours now: nobody else writes them */
        writer_down(w);
        return false;
    }
    if (data_lost && !writer_drop_retired(w)) {
        return false;
    }
    memcpy(w->run_id, run_id, sizeof run_id);
    if (data_lost) {
        writer_lost(w);
    }
    return true;
}

/* Did the slice in doubt arrive? Its id on the change stream tells. */
static bool arrived(struct redis_writer *w)
{
    const struct slice *slice = w->current;
    struct redis_key key;
    struct stream_id newest;
    bool found;

    if (slice == NULL || (slice->flags & SLICE_IN_DOUBT) == 0 || !txn_on_stream(slice)) {
        return false;
    }
    redis_key_district(&key, slice->adcode, KEY_CHANGES);
    return stream_newest(&w->link, &key, &newest, &found) && found &&
           newest.first == w->params.epoch && newest.second == slice->number;
}

bool writer_connect(struct redis_writer *w)
{
    if (!redis_link_open(&w->link, &w->params.redis)) {
        writer_down(w);
        return false;
    }
    count_add(w->params.counters, COUNT_REDIS_CONNECTS, 1);
    if (!writer_examine(w)) {
        return false;
    }
    redis_link_limit(&w->link, w->link.timeout_ms);
    if (arrived(w)) {
        writer_confirm(w);
    }
    return w->link.context != NULL;
}
