/* The core thread's side of Redis: the flush under way. Which roots are dirty is place_roots.c's
 * and fleet_roots.c's, slices are filled in pass.c. Never waits: when Redis is away only the dirty
 * queues stand still.
 *
 * A flush covers everything that was dirty at its target position S. Districts ("lanes") are
 * written one after another, because a transaction belongs to one district; the last slice of a
 * lane says applied = S. When the last slice is confirmed, S is confirmed. Dirty is a bit a root: a
 * flush is one pass of each lane over its part of them, and what gets dirty behind the pass waits
 * for the next. */
#include "bowei/base/log.h"
#include "gateway/keep/redis/fleet_roots.h"
#include "gateway/keep/redis/kept_queue.h"
#include "gateway/keep/redis/lanes.h"
#include "gateway/keep/redis/pass.h"
#include "gateway/keep/redis/place_roots.h"
#include <stdlib.h>
#include <string.h>

#define LOOKS_PER_STEP  (IMAGES_PER_STEP * LOOKS_AN_IMAGE)
#define FREE_REBUILD_MS 60000 /* the geo set is built anew at most once a minute and district */

struct flush *flush_create(struct redis_writer *writer, const struct image_source *source)
{
    struct flush *flush = calloc(1, sizeof *flush);

    if (flush != NULL) {
        flush->writer = writer;
        flush->source = *source;
    }
    return flush;
}

void flush_destroy(struct flush *flush)
{
    if (flush == NULL) {
        return;
    }
    lanes_free(flush->lanes, flush->lane_count);
    free(flush->spaces);
    dirty_finish(&flush->dirty);
    fleet_roots_finish(flush);
    event_queue_finish(&flush->events);
    free(flush);
}

void flush_mark(struct flush *flush, enum dirty_kind kind, uint32_t index)
{
    if (flush->inv == NULL) {
        return;
    }
    switch (kind) {
    case DIRTY_SPACE:
        if (index < flush->inv->space_count) {
            place_roots_mark(flush, index);
        }
        return;
    case DIRTY_LOT:
        if (index < flush->inv->lot_count) {
            place_roots_mark(flush, flush->space_cap + index);
        }
        return;
    case DIRTY_FENCE: fleet_roots_mark(flush, FLEET_FENCE, index); return;
    case DIRTY_BIKE: fleet_roots_mark(flush, FLEET_BIKE, index); return;
    case DIRTY_ALERT: fleet_roots_mark(flush, FLEET_ALERT, index); return;
    case DIRTY_MUTE: fleet_roots_mark(flush, FLEET_MUTE, index); return;
    case DIRTY_CASE: fleet_roots_mark(flush, FLEET_CASE, index); return;
    case DIRTY_CASE_ROW: fleet_roots_mark(flush, FLEET_CASE_ROW, index); return;
    case DIRTY_STAY: fleet_roots_mark(flush, FLEET_STAY, index); return;
    }
}

void flush_event(struct flush *flush, const struct image *image)
{
    event_queue_put(&flush->events, image, redis_writer_counters(flush->writer));
}

/* --- the inventory --- */

enum err flush_reserve(struct flush *flush, const struct inventory *inv)
{
    struct dirty dirty = {0};
    struct written *spaces = calloc((size_t)inv->space_count + 1, sizeof *spaces);
    struct lane *lanes = spaces != NULL && dirty_init(&dirty, inv->space_count + inv->lot_count)
                             ? lanes_make(flush, inv)
                             : NULL;

    if (flush->filling != NULL && flush->filling->count > 0 && lanes != NULL) {
        pass_post(flush, &flush->lanes[flush->lane], false, flush->filling->as_of_ms);
    }
    if (lanes == NULL) {
        dirty_finish(&dirty);
        free(spaces);
        return ERR_NO_MEMORY;
    }
    if (flush->spaces != NULL) {
        uint32_t n = flush->space_cap < inv->space_count ? flush->space_cap : inv->space_count;

        memcpy(spaces, flush->spaces, n * sizeof *spaces);
    }
    lanes_free(flush->lanes, flush->lane_count);
    free(flush->spaces);
    dirty_finish(&flush->dirty);
    flush->spaces = spaces;
    flush->dirty = dirty;
    flush->lanes = lanes;
    flush->lane_count = inv->district_count + 1u;
    flush->space_cap = inv->space_count;
    flush->lot_cap = inv->lot_count;
    place_roots_compare(flush, flush->inv, inv);
    const bool first = flush->inv == NULL;
    flush->inv = inv;
    place_roots_recount_free(flush);
    fleet_roots_recount(flush);
    /* All is looked at again; the digests tell what has to be written. The flush under way begins
     * anew. */
    place_roots_mark_all(flush);
    if (first) {
        fleet_roots_mark_all(flush);
    } else {
        fleet_roots_mark_fences(flush);
    }
    pass_begin(flush);
    return ERR_OK;
}

/* --- the step --- */

static void free_rebuild(struct flush *flush, uint32_t adcode, int64_t at_ms)
{
    struct lane *lane = NULL;

    for (uint32_t i = 0; i + 1 < flush->lane_count; i++) {
        if (flush->lanes[i].adcode == adcode) {
            lane = &flush->lanes[i];
        }
    }
    if (lane == NULL ||
        (lane->free_rebuilt_ms != 0 && at_ms - lane->free_rebuilt_ms < FREE_REBUILD_MS)) {
        return;
    }
    log_line(LOG_WARNING, "redis",
             "the set of free spaces of %06u is not what was written: built anew", adcode);
    lane->free_rebuilt_ms = at_ms;
    lane->free_drop = true;
    lane->as_of_ms = 0;
    for (uint32_t i = 0; i < flush->inv->space_count; i++) {
        if (flush->spaces[i].free && place_roots_lane(flush, i) == lane) {
            place_roots_forget(flush, i);
            place_roots_mark(flush, i);
        }
    }
}

void flush_all(struct flush *flush)
{
    struct image image;

    if (flush->inv == NULL) {
        return;
    }
    if (flush->filling != NULL && flush->filling->count > 0) {
        pass_post(flush, &flush->lanes[flush->lane], false, flush->filling->as_of_ms);
    }
    for (uint32_t i = 0; i < flush->inv->space_count; i++) {
        place_roots_forget(flush, i);
    }
    place_roots_mark_all(flush);
    fleet_roots_mark_all(flush);
    for (uint32_t i = 0; i < flush->inv->device_count; i++) {
        if (flush->source.suspect(flush->source.ctx, i, &image) &&
            flush_keep(flush, &image) != ERR_OK) {
            log_line(LOG_ERROR, "redis", "too many suspect devices wait for Redis");
            break;
        }
    }
    event_queue_again(&flush->events, flush->news.losses);
    kept_queue_again(flush);
    /* The flush under way may only be confirmed when all of this is written. */
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        flush->lanes[i].rewriting = true;
        flush->lanes[i].index_begin = true;
        flush->lanes[i].as_of_ms = 0;
    }
    pass_begin(flush);
}

static void finish_if_confirmed(struct flush *flush)
{
    if (flush->running && flush->lane == flush->lane_count &&
        flush->news.confirmed >= flush->slice_number) {
        flush->running = false;
        if (flush->events.whole) {
            flush->confirmed = flush->target; /* else the journal still has events for the logs */
        }
        count_add(redis_writer_counters(flush->writer), COUNT_REDIS_FLUSHES, 1);
    }
}

static void hear_news(struct flush *flush, int64_t at_ms)
{
    redis_writer_news(flush->writer, &flush->news);
    if (flush->news.lost) {
        flush_all(flush);
    } else if (flush->news.free_wrong) {
        free_rebuild(flush, flush->news.adcode, at_ms);
    }
    finish_if_confirmed(flush);
}

static void begin(struct flush *flush, struct position newest, int64_t at_ms)
{
    bool due = false;

    if (!fleet_roots_complete(flush)) {
        return; /* nothing may be confirmed while something is dirty that is not marked */
    }
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        const struct lane *lane = &flush->lanes[i];

        due = due || lane->count > 0 || flush->events.count > 0 || lane->kept_count > 0 ||
              fleet_roots_count(lane) > 0 || pass_meta_due(flush, lane, newest, at_ms);
    }
    if (!due) {
        return;
    }
    flush->running = true;
    flush->target = newest;
    flush->events.whole = !flush->events.refilling && !flush->rows.refilling;
    pass_begin(flush);
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        flush->lanes[i].written = false;
    }
}

void flush_step(struct flush *flush, struct position newest, int64_t at_ms, int64_t shift_ms)
{
    unsigned looks = LOOKS_PER_STEP;

    if (flush->inv == NULL) {
        return;
    }
    hear_news(flush, at_ms);
    if (flush->news.stepped_down) {
        return;
    }
    const bool events_more =
        event_queue_refill(&flush->events, &flush->source, redis_writer_counters(flush->writer));
    if (kept_queue_refill(flush) || events_more) {
        redis_writer_wake_core(flush->writer);
    }
    if (!flush->running) {
        begin(flush, newest, at_ms);
    }
    while (flush->running && flush->lane < flush->lane_count) {
        if (looks == 0) {
            redis_writer_wake_core(flush->writer);
            return;
        }
        if (!pass_step(flush, at_ms, shift_ms, &looks)) {
            return;
        }
        if (flush->lane == flush->lane_count && flush->again) {
            pass_begin(flush);
        }
    }
    finish_if_confirmed(flush);
}

struct position flush_confirmed(const struct flush *flush)
{
    return flush->confirmed;
}

uint64_t flush_pending(const struct flush *flush)
{
    uint64_t n = flush->events.count + flush->events.refilling + flush->rows.refilling;

    for (uint32_t i = 0; i < flush->lane_count; i++) {
        n += flush->lanes[i].count + flush->lanes[i].kept_count +
             fleet_roots_count(&flush->lanes[i]);
    }
    return n;
}

bool flush_drain(struct flush *flush, struct position newest, struct now now, int drain_ms)
{
    int64_t until_ms = host_boot_ms() + drain_ms;

    for (;;) {
        flush_step(flush, newest, now.at_ms, now.shift_ms);
        if (flush_pending(flush) == 0 && !flush->running) {
            return true;
        }
        if (flush->news.stepped_down || host_boot_ms() >= until_ms) {
            return false;
        }
        redis_writer_await(flush->writer, 5);
    }
}
