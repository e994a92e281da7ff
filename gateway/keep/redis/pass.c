/* A pass of a flush over its lanes: slices are filled with what is dirty of a lane and handed to
 * the writer, some at a time, so that the core is not held up. */
#include "gateway/keep/redis/pass.h"
#include "gateway/keep/redis/fleet_roots.h"
#include "gateway/keep/redis/kept_queue.h"
#include "gateway/keep/redis/lanes.h"
#include "gateway/keep/redis/place_roots.h"

#define EXPECTED_MAX 16 /* roots fetched ahead */

bool pass_meta_due(const struct flush *flush, const struct lane *lane, struct position newest,
                   int64_t at_ms)
{
    const int64_t each_ms = (int64_t)flush->lane_count * FOLLOW_EACH_MS;
    const int64_t follow_ms = each_ms > FOLLOW_MS ? each_ms : FOLLOW_MS;
    const int64_t age_ms = at_ms - lane->as_of_ms;

    return age_ms >= HEARTBEAT_MS ||
           (age_ms >= follow_ms && position_compare(newest, lane->applied) > 0);
}

void pass_begin(struct flush *flush)
{
    flush->lane = 0;
    flush->again = false;
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        struct lane *lane = &flush->lanes[i];

        lane->at = lane->count > 0 ? lane->first : place_roots_end(flush);
        lane->kept_todo = lane->kept_count;
        fleet_roots_begin(lane);
    }
    flush->events.todo = flush->events.count;
}

static bool events_left(const struct flush *flush, const struct lane *lane)
{
    return lane->adcode == ADCODE_CITY && flush->events.todo > 0;
}

/* May something be left of the lane in this flush? */
static bool lane_has_work(const struct flush *flush, const struct lane *lane)
{
    return (lane->count > 0 && lane->at < place_roots_end(flush)) ||
           lane->kept_at < lane->kept_todo || fleet_roots_left(lane) || events_left(flush, lane);
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
        roots[n] = place_roots_next(flush, lane, looks);
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

void pass_post(struct flush *flush, struct lane *lane, bool last, int64_t as_of_ms)
{
    struct slice *slice = flush->filling;

    slice->number = ++flush->slice_number;
    slice->adcode = lane->adcode;
    slice->wrong_keys = 0;
    slice->mended = 0;
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

bool pass_step(struct flush *flush, int64_t at_ms, int64_t shift_ms, unsigned *looks)
{
    struct lane *lane = &flush->lanes[flush->lane];
    bool due = lane->written || pass_meta_due(flush, lane, flush->target, at_ms);
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
            pass_post(flush, lane, !work, at_ms + shift_ms);
            lane->as_of_ms = at_ms;
            lane->applied = !work ? flush->target : lane->applied;
        }
    }
    flush->lane += work ? 0 : 1;
    return true;
}
