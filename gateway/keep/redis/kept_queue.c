/* The queues of kept images before the lanes. While rows of the audit are refilled, new ones are
 * not put in: the journal has them, behind those that come first. */
#include "gateway/keep/redis/kept_queue.h"
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX       8192 /* that wait; the others are bounded by the inventory */
#define LOOKS_PER_CALL 64   /* calls of the source, each of which reads a bounded part */

static struct lane *city_lane(struct flush *flush)
{
    return &flush->lanes[flush->lane_count - 1];
}

static struct lane *lane_of_kept(struct flush *flush, const struct image *image)
{
    uint32_t slot;
    uint32_t lot;

    if (image->kind != IMAGE_OVERRIDE) {
        return city_lane(flush);
    }
    slot = inventory_space(flush->inv, image->override.key);
    if (slot == NO_SLOT) {
        return NULL;
    }
    lot = flush->inv->spaces[slot].lot;
    return &flush->lanes[flush->inv->lots[lot].district];
}

static bool same_entity(const struct image *a, const struct image *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == IMAGE_OVERRIDE) {
        return a->override.key == b->override.key;
    }
    return a->kind == IMAGE_SUSPECT && a->suspect.device_len == b->suspect.device_len &&
           memcmp(a->suspect.device, b->suspect.device, a->suspect.device_len) == 0;
}

/* The newer image of what waits already, when many do. */
static bool replaced(struct lane *lane, const struct image *image)
{
    for (uint32_t i = lane->kept_at; i < lane->kept_count; i++) {
        if (same_entity(&lane->kept[i], image)) {
            lane->kept[i] = *image;
            return true;
        }
    }
    return false;
}

static enum err push(struct lane *lane, const struct image *image)
{
    if (lane->kept_count >= ROWS_MAX) {
        if (image->kind == IMAGE_AUDIT) {
            return ERR_OVERLOADED;
        }
        if (replaced(lane, image)) {
            return ERR_OK;
        }
    }
    if (lane->kept_count == lane->kept_cap) {
        uint32_t cap = lane->kept_cap == 0 ? 16 : lane->kept_cap * 2;
        struct image *kept = realloc(lane->kept, cap * sizeof *kept);

        if (kept == NULL) {
            return ERR_NO_MEMORY;
        }
        lane->kept = kept;
        lane->kept_cap = cap;
    }
    lane->kept[lane->kept_count++] = *image;
    return ERR_OK;
}

/* A lot has a root of its own, which is written as it is by then, in the lot's district. */
static enum err keep_lot(struct flush *flush, space_key key)
{
    const uint32_t lot = inventory_lot(flush->inv, key);

    if (lot == NO_SLOT) {
        return ERR_NOT_FOUND;
    }
    flush_mark(flush, DIRTY_LOT, lot);
    return ERR_OK;
}

enum err flush_keep(struct flush *flush, const struct image *image)
{
    struct lane *lane = flush->inv != NULL ? lane_of_kept(flush, image) : NULL;
    const bool row = image->kind == IMAGE_AUDIT;
    enum err e;

    if (lane == NULL) {
        return ERR_NOT_FOUND;
    }
    if (image->kind == IMAGE_LOT) {
        return keep_lot(flush, image->lot.key);
    }
    if (row && flush->rows.refilling) {
        return ERR_OK; /* its turn comes */
    }
    e = push(lane, image);
    if (row && e == ERR_OK) {
        flush->rows.newest = image->at;
    } else if (row && flush->source.row != NULL) {
        flush->rows.refilling = flush->rows.rewind = true;
        count_add(redis_writer_counters(flush->writer), COUNT_ROWS_OVERFLOWED, 1);
        return ERR_OK;
    }
    return e;
}

void kept_queue_shift(struct lane *lane)
{
    uint32_t n = lane->kept_at;

    if (n > 0) {
        memmove(lane->kept, lane->kept + n, (lane->kept_count - n) * sizeof *lane->kept);
        lane->kept_count -= n;
        lane->kept_todo -= n;
        lane->kept_at = 0;
    }
}

/* Rows in the queue go: older ones come before them. */
static void drop_rows(struct lane *lane)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < lane->kept_count; i++) {
        if (lane->kept[i].kind != IMAGE_AUDIT) {
            lane->kept[n++] = lane->kept[i];
        }
    }
    lane->kept_count = lane->kept_todo = n;
}

void kept_queue_again(struct flush *flush)
{
    if (flush->source.row == NULL) {
        return;
    }
    kept_queue_shift(city_lane(flush));
    drop_rows(city_lane(flush));
    flush->rows.newest = (struct position){0, 0};
    flush->rows.refilling = flush->rows.rewind = true;
}

/* False: no room for it now. */
static bool take_in(struct flush *flush, const struct image *image)
{
    if (position_compare(image->at, flush->rows.newest) <= 0) {
        return true; /* it waits, or went out, before the journal was asked */
    }
    if (push(city_lane(flush), image) != ERR_OK) {
        flush->rows.rewind = true;
        return false;
    }
    flush->rows.newest = image->at;
    count_add(redis_writer_counters(flush->writer), COUNT_ROWS_REFILLED, 1);
    return true;
}

bool kept_queue_refill(struct flush *flush)
{
    struct image image;

    if (flush->events.losses == 0) {
        return false; /* the first connection counts as a loss: then all is handed over */
    }
    for (unsigned looks = 0; flush->rows.refilling && city_lane(flush)->kept_count < ROWS_MAX;
         looks++) {
        const bool first = flush->rows.rewind;

        if (looks == LOOKS_PER_CALL) {
            return true;
        }
        flush->rows.rewind = false;
        switch (flush->source.row(flush->source.ctx, first, &image)) {
        case EVENT_FOUND:
            if (!take_in(flush, &image)) {
                return false;
            }
            break;
        case EVENT_SEARCHING: break;
        case EVENT_NO_MORE: flush->rows.refilling = false; break;
        }
    }
    return false;
}
