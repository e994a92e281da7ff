/* The feed of changes as event streams: spaces, lots and fences as they change, with the present
 * state first when it is asked for. A listener that falls behind gets the newest change of each
 * object and not those before it; one that the ring has overrun gets the present state of each
 * object that changed since. Either way the last state of none is left out: a change is passed over
 * only while a newer one of the same object is still to come. */
#include "api/server.h"
#include "api/stream_source.h"

static bool box_has(const struct stream *s, struct position_e7 at)
{
    /* the box round it first: converting each position costs far more than the rest of the look */
    return !s->boxed || (at.lat >= s->box.south_west.lat && at.lat <= s->box.north_east.lat &&
                         at.lon >= s->box.south_west.lon && at.lon <= s->box.north_east.lon &&
                         geo_box_has(&s->box, at));
}

static bool entry_wanted(const struct stream *s, const struct feed_entry *entry)
{
    static const uint32_t topics[CHANGE_KIND_COUNT + 1] = {
        [CHANGE_SPACE] = TOPIC_SPACES,
        [CHANGE_LOT] = TOPIC_LOTS,
        [CHANGE_FENCE] = TOPIC_FENCES,
    };
    const space_key only = entry->kind == CHANGE_FENCE ? s->fence : s->lot;

    return (s->topics & topics[entry->kind]) != 0 && (only == 0 || only == entry->place) &&
           box_has(s, entry->at);
}

/* Sends the newest state of everything that changed from `from` on (0: of everything there is). */
static void walk_begin(struct stream *s, uint64_t from)
{
    s->phase = SEND_LOTS;
    s->at_index = 0;
    s->from = from;
    s->start = s->api->streams.feed.newest;
    s->wanted = s->start + 1;
    s->looked = s->start;
}

/* The entry `from` is not kept any more. What changed since is known by object; when it is not, a
 * part of the city is sent as a whole, but not the city: that is better loaded page by page. */
static bool catch_up(struct stream *s, uint64_t from)
{
    const bool known = from >= s->api->streams.feed.since;

    if (!known && s->lot == 0 && s->fence == 0 && !s->boxed) {
        return false;
    }
    count_add(s->api->p.counters, COUNT_SSE_CATCH_UPS, 1);
    walk_begin(s, known ? from : 0);
    return true;
}

/* Puts the change at s->wanted into s->out if the stream wants it. False: it is not kept. */
static bool change_take(struct stream *s, const struct inventory *inv)
{
    struct change_feed *feed = &s->api->streams.feed;
    const struct feed_entry *entry = change_feed_entry(feed, s->wanted);
    const char *text;
    size_t len;

    if (entry == NULL) {
        return false;
    }
    if (!entry_wanted(s, entry)) {
        s->wanted++;
        return true;
    }
    if (s->wanted > s->whole_to && feed->newest - s->wanted >= STREAM_BEHIND &&
        change_feed_superseded(feed, entry, s->wanted)) {
        count_add(s->api->p.counters, COUNT_SSE_COALESCED, 1);
        s->wanted++;
        return true;
    }
    text = change_feed_text(feed, s->api->p.changes, inv, s->wanted, &len);
    if (text == NULL) {
        return false;
    }
    strbuf_add(&s->out, text, len);
    count_add(s->api->p.counters, COUNT_SSE_EVENTS, 1);
    s->wanted++;
    return true;
}

/* The next change that the stream wants. False: none yet. */
static bool change_fill(struct stream *s, const struct inventory *inv)
{
    while (s->wanted <= s->api->streams.feed.newest) {
        if (!change_take(s, inv)) {
            if (!catch_up(s, s->wanted)) {
                stream_reset(s);
            }
            return true;
        }
        if (s->out.len > 0) {
            return true;
        }
    }
    s->looked = s->wanted - 1;
    return false;
}

/* The place of the walk's present phase as the stream's filters see it; kind CHANGE_KIND_COUNT when
 * it is not there any more. */
static struct feed_entry walk_entry(const struct stream *s, const struct inventory *inv)
{
    const uint32_t i = s->at_index;
    const struct feed_entry gone = {.kind = CHANGE_KIND_COUNT};

    switch (s->phase) {
    case SEND_LOTS:
        return inv->lots[i].removed
                   ? gone
                   : (struct feed_entry){inv->lots[i].key, inv->lots[i].at, i, CHANGE_LOT};
    case SEND_SPACES:
        return inv->spaces[i].removed ? gone
                                      : (struct feed_entry){inv->lots[inv->spaces[i].lot].key,
                                                            inv->spaces[i].at, i, CHANGE_SPACE};
    case SEND_FENCES:
        return inv->fences[i].removed ? gone
                                      : (struct feed_entry){inv->fences[i].key,
                                                            inv->fences[i].centre, i, CHANGE_FENCE};
    case SEND_POSITION:
    case SEND_CHANGES: break;
    }
    return gone;
}

/* What is true of it now. */
static void state_write(struct stream *s, const struct inventory *inv, struct view_now now,
                        const struct feed_entry *entry)
{
    const struct view *view = s->api->p.view;

    if (entry->kind == CHANGE_LOT) {
        struct lot_view lot;

        view_lot(view, entry->index, &now, &lot);
        event_lot(&s->out, inv, entry->index, &lot, now.as_of_ms);
    } else if (entry->kind == CHANGE_SPACE) {
        struct space_view space;

        view_space(view, inv, entry->index, &now, &space);
        event_space(&s->out, inv, entry->index, &space, now.as_of_ms);
    } else {
        struct fence_view fence;

        view_fence(view, entry->index, &fence);
        fence_event_write(&s->out, inv, entry->index, &fence.brief, now.as_of_ms);
    }
    count_add(s->api->p.counters, COUNT_SSE_EVENTS, 1);
}

/* The next state of the walk; at the end of a phase the next one. */
static void walk_fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    const uint32_t counts[SEND_POSITION] = {inv->lot_count, inv->space_count, inv->fence_count};

    static const enum change_kind kinds[SEND_POSITION] = {CHANGE_LOT, CHANGE_SPACE, CHANGE_FENCE};

    for (; s->at_index < counts[s->phase]; s->at_index++) {
        if (change_feed_changed(&s->api->streams.feed, kinds[s->phase], s->at_index, s->from)) {
            const struct feed_entry entry = walk_entry(s, inv);

            if (entry_wanted(s, &entry)) {
                state_write(s, inv, now, &entry);
                s->at_index++;
                return;
            }
        }
    }
    s->at_index = 0;
    s->phase++;
}

static bool fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    switch (s->phase) {
    case SEND_LOTS:
    case SEND_SPACES:
    case SEND_FENCES: walk_fill(s, inv, now); return true;
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
    return api->streams.feed.newest;
}

static bool resume(struct stream *s, uint64_t number)
{
    const struct change_feed *feed = &s->api->streams.feed;

    s->wanted = number + 1;
    s->whole_to = feed->newest; /* what was missed comes as others had it */
    return number == feed->newest || change_feed_entry(feed, number + 1) != NULL ||
           catch_up(s, number + 1);
}

/* Moves it past what it does not want, so that a round looks at each change once. */
static bool ready(struct stream *s, int64_t boot_ms)
{
    const struct change_feed *feed = &s->api->streams.feed;

    (void)boot_ms;
    for (; s->wanted <= feed->newest; s->wanted++) {
        const struct feed_entry *entry = change_feed_entry(feed, s->wanted);

        if (entry == NULL || entry_wanted(s, entry)) {
            return true;
        }
    }
    s->looked = feed->newest;
    return false;
}

const struct stream_source stream_of_changes = {epoch, newest, resume, ready, fill};
