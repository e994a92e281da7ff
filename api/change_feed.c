/* The HTTP thread's copy of the change ring: between the core's ring and the streams. Invariant:
 * for every object, last[kind][index] is the number of its newest change that was taken over, if
 * that is feed.since or later. */
#include "api/change_feed.h"
#include "api/stream.h"
#include "bowei/fences.h"
#include <stdlib.h>
#include <string.h>

enum err change_feed_start(struct change_feed *feed, const struct change_ring *ring,
                           const struct inventory *inv)
{
    const uint64_t newest = change_ring_newest(ring);

    if (feed->entries != NULL) {
        return ERR_OK;
    }
    feed->texts = calloc(FEED_TEXTS, sizeof *feed->texts);
    feed->entries = calloc(CHANGE_RING, sizeof *feed->entries);
    if (feed->entries == NULL || feed->texts == NULL) {
        change_feed_finish(feed);
        return ERR_NO_MEMORY;
    }
    feed->newest = newest > CHANGE_RING ? newest - CHANGE_RING : 0;
    feed->since = feed->newest + 1;
    change_feed_pull(feed, ring, inv, newest);
    return ERR_OK;
}

void change_feed_finish(struct change_feed *feed)
{
    for (unsigned kind = 0; kind <= CHANGE_FENCE; kind++) {
        free(feed->last[kind]);
    }
    free(feed->entries);
    free(feed->texts);
    strbuf_finish(&feed->scratch);
    *feed = (struct change_feed){0};
}

/* Room for the inventory's objects. Without memory for it the past is forgotten. */
static bool last_reserve(struct change_feed *feed, const struct inventory *inv)
{
    const uint32_t counts[CHANGE_FENCE + 1] = {inv->space_count, inv->lot_count, inv->fence_count};

    for (unsigned kind = 0; kind <= CHANGE_FENCE; kind++) {
        const uint32_t had = feed->last_count[kind];
        uint64_t *grown;

        if (counts[kind] <= had) {
            continue;
        }
        grown = realloc(feed->last[kind], counts[kind] * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        memset(grown + had, 0, (counts[kind] - had) * sizeof *grown);
        feed->last[kind] = grown;
        feed->last_count[kind] = counts[kind];
    }
    return true;
}

static struct feed_entry entry_of(const struct inventory *inv, const struct change *change)
{
    const uint32_t index = change->index;
    struct feed_entry entry = {.kind = CHANGE_KIND_COUNT};

    if (change->kind == CHANGE_SPACE && index < inv->space_count) {
        entry = (struct feed_entry){.place = inv->lots[inv->spaces[index].lot].key,
                                    .at = inv->spaces[index].at};
    } else if (change->kind == CHANGE_LOT && index < inv->lot_count) {
        entry = (struct feed_entry){.place = inv->lots[index].key, .at = inv->lots[index].at};
    } else if (change->kind == CHANGE_FENCE && index < inv->fence_count) {
        entry =
            (struct feed_entry){.place = inv->fences[index].key, .at = inv->fences[index].centre};
    } else {
        return entry;
    }
    entry.index = index;
    entry.kind = change->kind;
    return entry;
}

void change_feed_pull(struct change_feed *feed, const struct change_ring *ring,
                      const struct inventory *inv, uint64_t newest)
{
    const bool room = last_reserve(feed, inv);

    while (feed->newest < newest) {
        const uint64_t number = feed->newest + 1;
        struct feed_entry *entry = &feed->entries[number % CHANGE_RING];
        struct change change;

        *entry = (struct feed_entry){.kind = CHANGE_KIND_COUNT};
        if (change_ring_get(ring, number, &change) == CHANGE_READ) {
            *entry = entry_of(inv, &change);
        }
        if (entry->kind != CHANGE_KIND_COUNT && room) {
            feed->last[entry->kind][entry->index] = number;
        } else {
            feed->since = number + 1; /* whose change that was is not known */
        }
        feed->newest = number;
    }
}

const struct feed_entry *change_feed_entry(const struct change_feed *feed, uint64_t number)
{
    return number + CHANGE_RING <= feed->newest || number < feed->since
               ? NULL
               : &feed->entries[number % CHANGE_RING];
}

bool change_feed_superseded(const struct change_feed *feed, const struct feed_entry *entry,
                            uint64_t number)
{
    return feed->last[entry->kind][entry->index] > number;
}

bool change_feed_changed(const struct change_feed *feed, enum change_kind kind, uint32_t index,
                         uint64_t from)
{
    return from == 0 || (index < feed->last_count[kind] && feed->last[kind][index] >= from);
}

const char *change_feed_text(struct change_feed *feed, const struct change_ring *ring,
                             const struct inventory *inv, uint64_t number, size_t *len)
{
    struct feed_text *kept = &feed->texts[number % FEED_TEXTS];
    struct change change;

    if (kept->number == number && kept->inventory == inv->version && kept->build == inv->build) {
        *len = kept->len;
        return kept->text;
    }
    strbuf_clear(&feed->scratch);
    if (change_ring_get(ring, number, &change) != CHANGE_READ ||
        !event_write(&feed->scratch, inv, change_ring_epoch(ring), &change) ||
        feed->scratch.failed) {
        return NULL;
    }
    *len = feed->scratch.len;
    if (*len <= FEED_TEXT_MAX && number + FEED_TEXTS > feed->newest) {
        memcpy(kept->text, feed->scratch.data, *len);
        kept->number = number;
        kept->inventory = inv->version;
        kept->build = inv->build;
        kept->len = (uint32_t)*len;
    }
    return feed->scratch.data;
}
