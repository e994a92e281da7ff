/* Fences, bikes, alerts and mutes of the core into items of a slice: what is written where, and
 * what goes. Core thread only. */
#include "gateway/keep/redis/fleet_fill.h"
#include "gateway/keep/redis/fleet_roots.h"
#include <string.h>

static void shift(int64_t *ms, int64_t shift_ms)
{
    *ms += *ms != 0 ? shift_ms : 0;
}

static void shift_radio(struct bike_radio *radio, int64_t shift_ms)
{
    shift(&radio->heard_ms, shift_ms);
    shift(&radio->strong_ms, shift_ms);
    shift(&radio->weak_ms, shift_ms);
}

/* Never before the moment it stands for. */
static void shift_seconds(uint32_t *s, int64_t shift_ms)
{
    *s = *s != 0 ? (uint32_t)((*s * INT64_C(1000) + shift_ms + 999) / 1000) : 0;
}

/* order_ms are network times: never city time. */
static void shift_bike(struct bike_image *bike, int64_t shift_ms)
{
    int64_t *const times[] = {&bike->fixed_ms, &bike->parked_ms, &bike->heard_ms,  &bike->moved_ms,
                              &bike->rival_ms, &bike->since_ms,  &bike->outside_ms};

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        shift(times[i], shift_ms);
    }
    shift_seconds(&bike->flat_s, shift_ms);
    shift_seconds(&bike->dragged_s, shift_ms);
    shift_radio(&bike->radio, shift_ms);
    shift_radio(&bike->rival, shift_ms);
}

static void shift_fence(struct fence_image *fence, int64_t shift_ms)
{
    shift(&fence->changed_ms, shift_ms);
    for (unsigned i = 0; i < fence->listener_count; i++) {
        shift(&fence->listeners[i].heard_ms, shift_ms);
        shift(&fence->listeners[i].scan_ms, shift_ms);
    }
}

static void shift_alert(struct alert_image *alert, int64_t shift_ms)
{
    int64_t *const times[] = {&alert->opened_ms,     &alert->changed_ms,   &alert->acked_ms,
                              &alert->dispatched_ms, &alert->closed_ms,    &alert->due_ack_ms,
                              &alert->due_onsite_ms, &alert->due_clear_ms, &alert->disputed_ms};

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        shift(times[i], shift_ms);
    }
    for (unsigned i = 0; i < alert->evidence_count; i++) {
        shift(&alert->evidence[i].time_ms, shift_ms);
    }
}

void fleet_shift(struct image *image, int64_t shift_ms)
{
    switch (image->kind) {
    case IMAGE_FENCE: shift_fence(&image->fence, shift_ms); return;
    case IMAGE_BIKE: shift_bike(&image->bike, shift_ms); return;
    case IMAGE_ALERT: shift_alert(&image->alert, shift_ms); return;
    case IMAGE_MUTE:
        shift(&image->mute.from_ms, shift_ms);
        shift(&image->mute.until_ms, shift_ms);
        return;
    case IMAGE_SPACE:
    case IMAGE_LOT:
    case IMAGE_OVERRIDE:
    case IMAGE_SUSPECT:
    case IMAGE_AUDIT:
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY:
    case IMAGE_KIND_COUNT: return;
    }
}

static struct slice_item *item_next(struct flush *flush)
{
    struct slice_item *item = &flush->filling->items[flush->filling->count++];

    item->flags = 0;
    return item;
}

static void fill_fence(struct flush *flush, uint32_t fence, int64_t shift_ms)
{
    const struct inv_fence *is = &flush->inv->fences[fence];
    struct slice_item *item = item_next(flush);

    if (is->removed != 0) {
        item->image = (struct image){.kind = IMAGE_FENCE, .fence.key = is->key};
        item->flags = ITEM_REMOVED;
        return;
    }
    flush->source.fence(flush->source.ctx, fence, &item->image);
    fleet_shift(&item->image, shift_ms);
    item->capacity = is->capacity;
    item->use = is->use;
}

/* Here it is written, or it is not here (any more). One that may be anywhere goes on to the next
 * district; one that moved is written in the other. */
static void fill_bike(struct flush *flush, struct lane *lane, uint32_t slot, int64_t shift_ms)
{
    struct home *home = &flush->fleet[FLEET_BIKE].homes[slot];
    struct image image;
    struct slice_item *item;
    uint32_t adcode;
    bool parked;

    if (!flush->source.bike(flush->source.ctx, slot, &image)) {
        *home = (struct home){.adcode = NO_HOME};
        return; /* forgotten only after it was written as gone */
    }
    parked = (image.bike.flags & BIKE_GONE) == 0;
    adcode = fleet_roots_adcode(flush, &image);
    item = item_next(flush);
    if (parked && adcode == lane->adcode) {
        item->image = image;
        item->flags = home->listed ? 0 : ITEM_INDEX_ADD;
        fleet_shift(&item->image, shift_ms);
        home->listed = 1;
    } else {
        item->image = (struct image){.kind = IMAGE_BIKE};
        memcpy(item->image.bike.ref, image.bike.ref, sizeof image.bike.ref);
        item->flags = ITEM_REMOVED | ITEM_INDEX_LEAVE;
        home->listed = 0;
    }
    if (home->seeking && lane->adcode != ADCODE_CITY && lane[1].adcode != ADCODE_CITY) {
        home->listed = 0;
        fleet_roots_move(flush, FLEET_BIKE, slot, lane[1].adcode);
        return;
    }
    home->seeking = 0;
    if (!parked) {
        *home = (struct home){.adcode = NO_HOME, .cleared = 1};
    } else if (adcode != lane->adcode) {
        fleet_roots_move(flush, FLEET_BIKE, slot, adcode);
    }
}

static void alert_leaves(struct flush *flush, uint64_t id, unsigned flags)
{
    struct slice_item *item = item_next(flush);

    item->image = (struct image){.kind = IMAGE_ALERT, .alert.id = id};
    item->flags = (uint16_t)(ITEM_REMOVED | ITEM_INDEX_LEAVE | flags);
}

static void fill_alert(struct flush *flush, struct lane *lane, uint32_t slot, int64_t shift_ms)
{
    struct home *home = &flush->fleet[FLEET_ALERT].homes[slot];
    uint64_t *written = &flush->fleet[FLEET_ALERT].ids[slot];
    struct image image;
    struct slice_item *item;
    uint32_t adcode;
    const bool is = flush->source.alert(flush->source.ctx, slot, &image);

    if (*written != 0 && (!is || image.alert.id != *written)) {
        alert_leaves(flush, *written, ITEM_KEY_STAYS);
        *written = 0;
        home->listed = 0;
    }
    if (!is) {
        *home = (struct home){.adcode = NO_HOME};
        return;
    }
    adcode = fleet_roots_adcode(flush, &image);
    if (adcode != lane->adcode) {
        if (*written != 0) {
            alert_leaves(flush, *written, 0);
        }
        *written = 0;
        home->listed = 0;
        fleet_roots_move(flush, FLEET_ALERT, slot, adcode);
        return;
    }
    item = item_next(flush);
    item->image = image;
    item->flags = home->listed ? 0 : ITEM_INDEX_ADD;
    fleet_shift(&item->image, shift_ms);
    home->listed = 1;
    *written = image.alert.id;
}

void fill_event(struct flush *flush)
{
    const char *codes[ALERT_VIEWERS_MAX];
    const struct image *image;
    struct slice_item *item;

    if (!event_queue_take(&flush->events, &image)) {
        return;
    }
    item = item_next(flush);
    item->image = *image; /* in city time, which orders them */
    item->flags = ITEM_EVENT;
    item->wrong_logs = 0;
    flush->filling->entries += alert_viewers(&image->alert, codes);
}

static void fill_mute(struct flush *flush, uint32_t index, int64_t shift_ms)
{
    struct slice_item *item = &flush->filling->items[flush->filling->count];

    if (flush->source.mute(flush->source.ctx, index, &item->image)) {
        item->flags = 0;
        fleet_shift(&item->image, shift_ms);
        flush->filling->count++;
    }
}

void fill_fleet(struct flush *flush, struct lane *lane, enum fleet_kind kind, uint32_t slot,
                int64_t shift_ms)
{
    switch (kind) {
    case FLEET_FENCE: fill_fence(flush, slot, shift_ms); return;
    case FLEET_BIKE: fill_bike(flush, lane, slot, shift_ms); return;
    case FLEET_ALERT: fill_alert(flush, lane, slot, shift_ms); return;
    case FLEET_MUTE: fill_mute(flush, slot, shift_ms); return;
    case FLEET_CASE:
    case FLEET_CASE_ROW:
    case FLEET_STAY: fill_case(flush, lane, kind, slot, shift_ms); return;
    case FLEET_KIND_COUNT: return;
    }
}
