/* The core thread's side of Redis: which roots are dirty, the flush under way, and filling slices
 * for the writer. Never waits: when Redis is away only the dirty queues stand still.
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
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_MS    1500 /* meta.as_of at least every 2 s; readers give up at 10 s */
#define IMAGES_PER_STEP 4096 /* looked at in one step, so that the core is not held up */
#define LOOKS_AN_IMAGE  16   /* as many roots of other lanes are passed over in its time */
#define LOOKS_PER_STEP  (IMAGES_PER_STEP * LOOKS_AN_IMAGE)
#define EXPECTED_MAX    16    /* roots fetched ahead */
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

/* --- what is dirty --- */

static uint32_t roots_of(const struct flush *flush)
{
    return flush->space_cap + flush->lot_cap;
}

static struct lane *lane_of(struct flush *flush, uint32_t root)
{
    uint32_t lot = root < flush->space_cap ? flush->inv->spaces[root].lot : root - flush->space_cap;

    return &flush->lanes[flush->inv->lots[lot].district];
}

static void mark(struct flush *flush, uint32_t root)
{
    if (dirty_put(&flush->dirty, root)) {
        lane_of(flush, root)->count++;
    }
}

static void mark_all(struct flush *flush)
{
    for (uint32_t root = 0; root < roots_of(flush); root++) {
        mark(flush, root);
    }
}

void flush_mark(struct flush *flush, enum dirty_kind kind, uint32_t index)
{
    if (flush->inv == NULL) {
        return;
    }
    switch (kind) {
    case DIRTY_SPACE:
        if (index < flush->inv->space_count) {
            mark(flush, index);
        }
        return;
    case DIRTY_LOT:
        if (index < flush->inv->lot_count) {
            mark(flush, flush->space_cap + index);
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

/* The next dirty root of the lane in this pass; NO_SLOT: none, or *looks is used up. */
static uint32_t lane_next(struct flush *flush, struct lane *lane, unsigned *looks)
{
    while (*looks > 0 && lane->at < roots_of(flush)) {
        const uint32_t spaces_end = lane->at < lane->behind ? lane->behind : lane->at;
        uint32_t root = dirty_next(&flush->dirty, lane->at, spaces_end);

        if (root == spaces_end) {
            const uint32_t lots = root < flush->space_cap ? flush->space_cap : root;

            root = dirty_next(&flush->dirty, lots, roots_of(flush));
        }
        lane->at = root < roots_of(flush) ? root + 1 : root;
        if (root == roots_of(flush)) {
            return NO_SLOT;
        }
        if (lane_of(flush, root) == lane) {
            *looks -= *looks < LOOKS_AN_IMAGE ? *looks : LOOKS_AN_IMAGE;
            dirty_clear(&flush->dirty, root);
            lane->count--;
            return root;
        }
        --*looks;
    }
    return NO_SLOT;
}

/* What was written of this space no longer counts: it is written in full when its turn comes. */
static void forget(struct flush *flush, uint32_t slot)
{
    struct written *written = &flush->spaces[slot];

    if (written->free) {
        lane_of(flush, slot)->free_count--;
    }
    *written = (struct written){0};
}

void flush_event(struct flush *flush, const struct image *image)
{
    event_queue_put(&flush->events, image, redis_writer_counters(flush->writer));
}

/* Every lane's pass begins, the first lane's first. */
static void lanes_begin(struct flush *flush)
{
    flush->lane = 0;
    flush->again = false;
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        struct lane *lane = &flush->lanes[i];

        lane->at = lane->count > 0 ? lane->first : roots_of(flush);
        lane->kept_todo = lane->kept_count;
        fleet_roots_begin(lane);
    }
    flush->events.todo = flush->events.count;
}

/* --- filling slices --- */

static bool events_left(const struct flush *flush, const struct lane *lane)
{
    return lane->adcode == ADCODE_CITY && flush->events.todo > 0;
}

/* May something be left of the lane in this flush? */
static bool lane_has_work(const struct flush *flush, const struct lane *lane)
{
    return (lane->count > 0 && lane->at < roots_of(flush)) || lane->kept_at < lane->kept_todo ||
           fleet_roots_left(lane) || events_left(flush, lane);
}

/* The next fence, bike, alert or mute of the lane. */
static void fill_next_fleet(struct flush *flush, struct lane *lane, int64_t shift_ms,
                            unsigned *looks)
{
    enum fleet_kind kind;
    const uint32_t slot = fleet_roots_next(flush, lane, &kind, looks);

    if (slot != NO_SLOT) {
        *looks -= *looks < LOOKS_AN_IMAGE ? *looks : LOOKS_AN_IMAGE;
        fill_fleet(flush, lane, kind, slot, shift_ms);
    }
}

/* The next dirty roots of the lane, some at a time, so that what their images need is fetched all
 * at once. A space may bring its override along, so each counts twice. False: there is none. */
static bool fill_roots(struct flush *flush, struct lane *lane, int64_t shift_ms, unsigned *looks)
{
    const uint32_t room = (SLICE_IMAGES - 1 - flush->filling->count) / 2;
    const uint32_t most = room > EXPECTED_MAX ? EXPECTED_MAX : room;
    uint32_t roots[EXPECTED_MAX];
    uint32_t n = 0;
    uint32_t spaces = 0;

    do {
        roots[n] = lane_next(flush, lane, looks);
        if (roots[n] == NO_SLOT) {
            break;
        }
        if (roots[n] < flush->space_cap) {
            __builtin_prefetch(&flush->spaces[roots[n]], 1);
            spaces = n + 1; /* lots stand behind all spaces */
        }
        n++;
    } while (n < most && lane->count > 0);
    if (spaces > 1 && flush->source.expect != NULL) {
        flush->source.expect(flush->source.ctx, roots, spaces);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (i < spaces) {
            fill_space(flush, lane, roots[i], shift_ms);
        } else {
            fill_lot(flush, roots[i] - flush->space_cap, shift_ms);
        }
    }
    return n > 0;
}

/* One item is kept back for what a space or an alert brings along, and entries for one event. */
static bool slice_full(const struct slice *slice)
{
    return slice->count >= SLICE_IMAGES - 1 || slice->entries + ALERT_VIEWERS_MAX > SLICE_ENTRIES;
}

static void fill_lane(struct flush *flush, struct lane *lane, int64_t shift_ms, unsigned *looks)
{
    struct slice *slice = flush->filling;

    while (!slice_full(slice) && *looks > 0 && lane_has_work(flush, lane)) {
        if (events_left(flush, lane)) {
            --*looks;
            fill_event(flush);
            continue;
        }
        if (lane->kept_at < lane->kept_todo) {
            --*looks;
            fill_kept(flush, &lane->kept[lane->kept_at++], shift_ms);
            continue;
        }
        if (!fill_roots(flush, lane, shift_ms, looks)) {
            fill_next_fleet(flush, lane, shift_ms, looks);
        }
    }
}

static void post(struct flush *flush, struct lane *lane, bool last, int64_t as_of_ms)
{
    struct slice *slice = flush->filling;

    slice->number = ++flush->slice_number;
    slice->adcode = lane->adcode;
    slice->wrong_keys = 0;
    slice->as_of_ms = as_of_ms;
    slice->applied = flush->target;
    slice->free_expected = lane->free_count;
    slice->losses = flush->events.losses;
    slice->events_from = flush->events.from;
    slice->flags =
        (flush->events.from_known ? (uint32_t)SLICE_EVENTS : 0) |
        (flush->source.row != NULL ? (uint32_t)SLICE_ROWS_AGAIN : 0) |
        (last ? (uint32_t)SLICE_LAST : 0) | (lane->rewriting ? (uint32_t)SLICE_REWRITE : 0) |
        (lane->free_drop ? (uint32_t)SLICE_FREE_DROP : 0) | lanes_index_flags(lane, slice, last);
    if (last && !lane->rewriting && lane->adcode != ADCODE_CITY) {
        slice->flags |= SLICE_FREE_CHECK;
    }
    lane->free_drop = false;
    lane->rewriting = lane->rewriting && !last;
    lane->written = true;
    kept_queue_shift(lane);
    flush->filling = NULL;
    redis_writer_post(flush->writer, slice);
}

/* Moves the lane on by at most one slice. False: no slice is free. */
static bool lane_step(struct flush *flush, int64_t at_ms, int64_t shift_ms, unsigned *looks)
{
    struct lane *lane = &flush->lanes[flush->lane];
    bool due = at_ms - lane->as_of_ms >= HEARTBEAT_MS || lane->written;
    bool work = lane_has_work(flush, lane);

    if (work || due || (flush->filling != NULL && flush->filling->count > 0)) {
        if (flush->filling == NULL) {
            flush->filling = redis_writer_slice(flush->writer);
            if (flush->filling == NULL) {
                return false;
            }
            flush->filling->count = flush->filling->entries = 0;
        }
        flush->filling->as_of_ms = at_ms + shift_ms;
        fill_lane(flush, lane, shift_ms, looks);
        work = lane_has_work(flush, lane);
        if (work && !slice_full(flush->filling)) {
            return true; /* looked long enough: the rest in the next step */
        }
        if (work || due || flush->filling->count > 0) {
            post(flush, lane, !work, at_ms + shift_ms);
            lane->as_of_ms = at_ms;
        }
    }
    flush->lane += work ? 0 : 1;
    return true;
}

/* --- the inventory --- */

/* A place that moved or left is written in full; the others keep what is known of them. */
static void compare_places(struct flush *flush, const struct inventory *before,
                           const struct inventory *inv)
{
    for (uint32_t i = 0; i < inv->space_count; i++) {
        const struct inv_space *now = &inv->spaces[i];

        if (before == NULL || i >= before->space_count) {
            continue;
        }
        if (memcmp(&before->spaces[i].at, &now->at, sizeof now->at) != 0 ||
            before->spaces[i].removed != now->removed) {
            flush->spaces[i] = (struct written){0};
        }
    }
}

static void recount_free(struct flush *flush)
{
    for (uint32_t i = 0; i < flush->inv->space_count; i++) {
        if (flush->spaces[i].free) {
            lane_of(flush, i)->free_count++;
        }
    }
}

enum err flush_reserve(struct flush *flush, const struct inventory *inv)
{
    struct dirty dirty = {0};
    struct written *spaces = calloc((size_t)inv->space_count + 1, sizeof *spaces);
    struct lane *lanes = spaces != NULL && dirty_init(&dirty, inv->space_count + inv->lot_count)
                             ? lanes_make(flush, inv)
                             : NULL;

    if (flush->filling != NULL && flush->filling->count > 0 && lanes != NULL) {
        post(flush, &flush->lanes[flush->lane], false, flush->filling->as_of_ms);
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
    compare_places(flush, flush->inv, inv);
    const bool first = flush->inv == NULL;
    flush->inv = inv;
    recount_free(flush);
    fleet_roots_recount(flush);
    /* All is looked at again; the digests tell what has to be written. The flush under way begins
     * anew. */
    mark_all(flush);
    if (first) {
        fleet_roots_mark_all(flush);
    } else {
        fleet_roots_mark_fences(flush);
    }
    lanes_begin(flush);
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
        if (flush->spaces[i].free && lane_of(flush, i) == lane) {
            forget(flush, i);
            mark(flush, i);
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
        post(flush, &flush->lanes[flush->lane], false, flush->filling->as_of_ms);
    }
    for (uint32_t i = 0; i < flush->inv->space_count; i++) {
        forget(flush, i);
    }
    mark_all(flush);
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
    lanes_begin(flush);
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
              fleet_roots_count(lane) > 0 || at_ms - lane->as_of_ms >= HEARTBEAT_MS;
    }
    if (!due) {
        return;
    }
    flush->running = true;
    flush->target = newest;
    flush->events.whole = !flush->events.refilling && !flush->rows.refilling;
    lanes_begin(flush);
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
        if (!lane_step(flush, at_ms, shift_ms, &looks)) {
            return;
        }
        if (flush->lane == flush->lane_count && flush->again) {
            lanes_begin(flush);
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
