/* From an image of the core to an item of a slice: what is worth a write, which keys it touches,
 * and wall time instead of city time. Core thread only. */
#include "gateway/keep/redis/fill.h"
#include "bowei/shown.h"
#include "gateway/keep/redis/case_fill.h"
#include "gateway/keep/redis/fleet_fill.h"
#include <string.h>

#define DIGEST_MASK ((UINT64_C(1) << DIGEST_BITS) - 1)
#define SEEN_MASK   ((1U << SEEN_BITS) - 1)
#define SEEN_MIN_S                                                                                 \
    30 /* seen is rewritten when older than max(30 s, limit/4): DATA_FORMAT, "Redis" */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

/* Of everything but seen, counters and health, which alone are not worth a write. */
static uint64_t digest_of(const struct space_image *s)
{
    uint64_t h = mix(s->key, (uint64_t)s->shown_state | (uint64_t)s->shown_reason << 8 |
                                 (uint64_t)s->state << 16 | (uint64_t)s->reason << 24 |
                                 (uint64_t)s->known_state << 32 | (uint64_t)s->sensor_count << 40);

    h = mix(h, (uint64_t)s->shown_since_ms);
    h = mix(h, (uint64_t)s->since_ms);
    h = mix(h, (uint64_t)s->known_since_ms);
    h = mix(h, (uint64_t)s->held_ms);
    h = mix(h, (uint64_t)s->limit_ms << 32 | s->gap_s);
    for (unsigned i = 0; i < s->sensor_count && i < SENSORS_PER_SPACE_MAX; i++) {
        const struct sensor_image *sensor = &s->sensors[i];

        h = mix(h, (uint64_t)sensor->tag << 32 | (uint64_t)sensor->value << 24 |
                       (uint64_t)sensor->flags << 16 | (uint64_t)sensor->join << 8 |
                       sensor->pending);
        h = mix(h, sensor->changes);
    }
    h >>= 64 - DIGEST_BITS;
    return h != 0 ? h : 1;
}

static uint32_t seen_s_of(const struct space_image *s)
{
    return (uint32_t)(s->seen_ms / 1000) & SEEN_MASK;
}

static bool seen_is_due(const struct space_image *s, const struct written *written)
{
    uint32_t limit_s = s->limit_ms / 1000 / 4;
    uint32_t behind_s = (seen_s_of(s) - (uint32_t)written->seen_s) & SEEN_MASK;

    return behind_s >= (limit_s > SEEN_MIN_S ? limit_s : SEEN_MIN_S);
}

static void shift(int64_t *ms, int64_t shift_ms)
{
    *ms += *ms != 0 ? shift_ms : 0;
}

/* City time -> wall time, for a clock that was set back: what Redis holds is wall time. */
static void shift_image(struct image *image, int64_t shift_ms)
{
    if (shift_ms == 0) {
        return;
    }
    switch (image->kind) {
    case IMAGE_SPACE:
        shift(&image->space.since_ms, shift_ms);
        shift(&image->space.known_since_ms, shift_ms);
        shift(&image->space.seen_ms, shift_ms);
        shift(&image->space.held_ms, shift_ms);
        shift(&image->space.shown_since_ms, shift_ms);
        for (unsigned i = 0; i < SENSORS_PER_SPACE_MAX; i++) {
            shift(&image->space.sensors[i].heard_ms, shift_ms);
            shift(&image->space.sensors[i].pending_ms, shift_ms);
            shift(&image->space.sensors[i].quiet_ms, shift_ms);
        }
        return;
    case IMAGE_LOT:
        shift(&image->lot.since_ms, shift_ms);
        shift(&image->lot.seen_ms, shift_ms);
        for (unsigned i = 0; i < GATES_PER_LOT_MAX; i++) {
            shift(&image->lot.gates[i].heard_ms, shift_ms);
        }
        return;
    case IMAGE_OVERRIDE:
        shift(&image->override.since_ms, shift_ms);
        shift(&image->override.until_ms, shift_ms);
        return;
    case IMAGE_SUSPECT:
        shift(&image->suspect.since_ms, shift_ms);
        shift(&image->suspect.test_until_ms, shift_ms);
        return;
    case IMAGE_AUDIT: shift(&image->audit.at_ms, shift_ms); return;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE: fleet_shift(image, shift_ms); return;
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY: case_shift(image, shift_ms); return;
    case IMAGE_KIND_COUNT: return;
    }
}

static void put_source(const struct flush *flush, struct slice_item *item)
{
    uint32_t sensor = item->image.space.source;

    item->source_len = 0;
    if (sensor < flush->inv->sensor_count) {
        const struct inv_device *device = &flush->inv->devices[flush->inv->sensors[sensor].device];

        item->source_len = device->id_len < DEVICE_ID_MAX ? device->id_len : DEVICE_ID_MAX;
        memcpy(item->source, inventory_text(flush->inv, device->id), item->source_len);
    }
}

/* A decision of staff travels with a space that is written in full. */
static void put_override(struct flush *flush, struct slice *slice, uint32_t slot, int64_t shift_ms)
{
    struct slice_item *item = &slice->items[slice->count];

    if (flush->source.override(flush->source.ctx, flush->inv->spaces[slot].key, &item->image)) {
        item->flags = 0;
        shift_image(&item->image, shift_ms);
        slice->count++;
    }
}

static void put_removed(struct flush *flush, struct slice *slice, uint32_t slot)
{
    struct slice_item *item = &slice->items[slice->count];

    if (flush->spaces[slot].digest != 0) {
        return;
    }
    item->image = (struct image){.kind = IMAGE_SPACE, .space.key = flush->inv->spaces[slot].key};
    item->flags = ITEM_REMOVED | ITEM_FREE_LEAVE | ITEM_CHANGED;
    flush->spaces[slot].digest = 1;
    slice->count++;
}

void fill_space(struct flush *flush, struct lane *lane, uint32_t slot, int64_t shift_ms)
{
    struct slice *slice = flush->filling;
    struct slice_item *item = &slice->items[slice->count];
    struct written *written = &flush->spaces[slot];
    const struct space_image *s = &item->image.space;
    bool forced = written->digest == 0;
    uint64_t digest;
    bool is_free;

    if (flush->inv->spaces[slot].removed != 0) {
        put_removed(flush, slice, slot);
        return;
    }
    flush->source.space(flush->source.ctx, slot, &item->image);
    digest = digest_of(s);
    if (digest == written->digest && !seen_is_due(s, written)) {
        return;
    }
    is_free = s->shown_state == SPACE_FREE;
    item->flags = digest != written->digest ? ITEM_CHANGED : 0;
    if (is_free && (forced || !written->free)) {
        item->flags |= ITEM_FREE_ADD;
    } else if (!is_free && (forced || written->free)) {
        item->flags |= ITEM_FREE_LEAVE;
    }
    lane->free_count += (uint32_t)is_free - (uint32_t)written->free;
    *written = (struct written){
        .digest = digest & DIGEST_MASK, .seen_s = seen_s_of(s) & SEEN_MASK, .free = is_free};
    item->place = flush->inv->spaces[slot].at;
    put_source(flush, item);
    shift_image(&item->image, shift_ms);
    slice->count++;
    if (forced) {
        put_override(flush, slice, slot, shift_ms);
    }
}

void fill_lot(struct flush *flush, uint32_t lot, int64_t shift_ms)
{
    struct slice *slice = flush->filling;
    struct slice_item *item = &slice->items[slice->count++];

    item->flags = ITEM_CHANGED;
    if (flush->inv->lots[lot].removed != 0) {
        item->image = (struct image){.kind = IMAGE_LOT, .lot.key = flush->inv->lots[lot].key};
        item->flags |= ITEM_REMOVED;
        return;
    }
    flush->source.lot(flush->source.ctx, lot, &item->image);
    shift_image(&item->image, shift_ms);
}

void fill_kept(struct flush *flush, const struct image *image, int64_t shift_ms)
{
    struct slice_item *item = &flush->filling->items[flush->filling->count++];

    item->image = *image;
    item->flags = 0;
    shift_image(&item->image, shift_ms);
}
