/* The change ring as an event stream: spaces, lots and fences as they change, with the present
 * state first when it is asked for. */
#include "api/server.h"
#include "api/stream_source.h"

static bool fence_wanted(const struct stream *s, const struct inventory *inv, uint32_t fence)
{
    return (s->topics & TOPIC_FENCES) != 0 && s->lot == 0 && !inv->fences[fence].removed &&
           (!s->boxed || geo_box_has(&s->box, inv->fences[fence].centre));
}

static bool place_wanted(const struct stream *s, const struct inventory *inv, bool lot,
                         uint32_t index)
{
    space_key key = lot ? inv->lots[index].key : inv->lots[inv->spaces[index].lot].key;
    struct position_e7 at = lot ? inv->lots[index].at : inv->spaces[index].at;

    return s->topics & (lot ? TOPIC_LOTS : TOPIC_SPACES) && (s->lot == 0 || s->lot == key) &&
           (!s->boxed || geo_box_has(&s->box, at));
}

/* Is it there in this inventory, and asked for? */
static bool change_wanted(const struct stream *s, const struct inventory *inv,
                          const struct change *change)
{
    switch (change->kind) {
    case CHANGE_SPACE:
        return change->index < inv->space_count && place_wanted(s, inv, false, change->index);
    case CHANGE_LOT:
        return change->index < inv->lot_count && place_wanted(s, inv, true, change->index);
    case CHANGE_FENCE:
        return change->index < inv->fence_count && fence_wanted(s, inv, change->index);
    case CHANGE_BIKE:
    case CHANGE_ALERT:
    case CHANGE_MUTE:
    case CHANGE_CASE:
    case CHANGE_CASE_ROW:
    case CHANGE_STAY:
    case CHANGE_KIND_COUNT: break;
    }
    return false;
}

/* The next change that the stream wants. False: none yet. */
static bool change_fill(struct stream *s, const struct inventory *inv)
{
    const struct change_ring *ring = s->api->p.changes;

    for (uint32_t i = 0; i < STREAM_SKIPS_MAX; i++) {
        struct change change;

        switch (change_ring_get(ring, s->wanted, &change)) {
        case CHANGE_NONE_YET: s->looked = s->wanted - 1; return false;
        case CHANGE_OVERRUN: stream_reset(s); return true;
        case CHANGE_READ: break;
        }
        s->wanted++;
        if (change_wanted(s, inv, &change) &&
            event_write(&s->out, inv, change_ring_epoch(ring), &change)) {
            count_add(s->api->p.counters, COUNT_SSE_EVENTS, 1);
            return true;
        }
    }
    return true; /* look again: the caller loops while something may come */
}

/* One lot or space of the snapshot; at its end the next phase. */
static void snapshot_fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    bool lots = s->phase == SEND_LOTS;
    uint32_t all = lots ? inv->lot_count : inv->space_count;

    while (s->at_index < all) {
        uint32_t index = s->at_index++;

        if ((lots ? inv->lots[index].removed : inv->spaces[index].removed) ||
            !place_wanted(s, inv, lots, index)) {
            continue;
        }
        if (lots) {
            struct lot_view view;

            view_lot(s->api->p.view, index, &now, &view);
            event_lot(&s->out, inv, index, &view, now.as_of_ms);
        } else {
            struct space_view view;

            view_space(s->api->p.view, inv, index, &now, &view);
            event_space(&s->out, inv, index, &view, now.as_of_ms);
        }
        return;
    }
    s->at_index = 0;
    s->phase = lots ? SEND_SPACES : SEND_FENCES;
}

/* One fence of the snapshot. */
static void fences_fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    while (s->at_index < inv->fence_count) {
        const uint32_t fence = s->at_index++;
        struct fence_view view;

        if (fence_wanted(s, inv, fence)) {
            view_fence(s->api->p.view, fence, &view);
            fence_event_write(&s->out, inv, fence, &view.brief, now.as_of_ms);
            return;
        }
    }
    s->at_index = 0;
    s->phase = SEND_POSITION;
}

static bool fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    switch (s->phase) {
    case SEND_LOTS:
    case SEND_SPACES: snapshot_fill(s, inv, now); return true;
    case SEND_FENCES: fences_fill(s, inv, now); return true;
    case SEND_POSITION:
        /* an id without data: the client notes it, no event is raised (WHATWG HTML 9.2.6) */
        strbuf_printf(&s->out, "id: %llu-%llu\n\n",
                      (unsigned long long)change_ring_epoch(s->api->p.changes),
                      (unsigned long long)s->start);
        s->phase = SEND_CHANGES;
        return true;
    case SEND_CHANGES: break;
    }
    return change_fill(s, inv);
}

static uint64_t epoch(const struct api *api)
{
    return change_ring_epoch(api->p.changes);
}

static uint64_t newest(const struct api *api)
{
    return change_ring_newest(api->p.changes);
}

static bool kept(const struct api *api, uint64_t number)
{
    struct change change;

    return change_ring_get(api->p.changes, number, &change) != CHANGE_OVERRUN;
}

const struct stream_source stream_of_changes = {epoch, newest, kept, fill};
