/* What a snapshot numbers in few bits: the links and lines that carry devices, the classes of
 * heartbeat and stale limit, and the districts. Refused here, where the rows are, not when a
 * gateway builds it. */
#include "gateway/inventory/build.h"
#include "gateway/inventory/complete.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/slot_map.h"
#include <string.h>

/* Rows are numbered through: devices first, then listeners. */
static const char *source_of(const struct draft *d, uint32_t row)
{
    const uint32_t devices = d->tables[TABLE_DEVICE].count;

    return draft_text(d, row < devices ? DRAFT_DEVICES(d)[row].source
                                       : DRAFT_LISTENERS(d)[row - devices].source);
}

static bool source_is_new(const struct draft *d, struct slot_map *seen, uint32_t row)
{
    const char *name = source_of(d, row);
    const uint64_t hash = slot_hash_text(name, strlen(name));
    struct slot_walk walk;
    uint32_t other;

    slot_map_begin(seen, hash, &walk);
    do {
        other = slot_map_next(seen, &walk);
    } while (other != NO_SLOT && strcmp(source_of(d, other), name) != 0);
    if (other == NO_SLOT) {
        slot_map_put(seen, hash, row);
    }
    return other == NO_SLOT;
}

static enum err sources_check(struct merge *m)
{
    const struct draft *d = m->draft;
    const uint32_t devices = d->tables[TABLE_DEVICE].count;
    const uint32_t rows = devices + d->tables[TABLE_LISTENER].count;
    struct slot_map seen;
    uint32_t sources = 0;
    enum err e = slot_map_init(&seen, rows);

    for (uint32_t i = 0; e == ERR_OK && i < rows && sources <= SOURCES_MAX; i++) {
        sources += source_is_new(d, &seen, i);
        if (sources > SOURCES_MAX) {
            complete_fault(m, i < devices ? TABLE_DEVICE : TABLE_LISTENER,
                           i < devices ? (const void *)&DRAFT_DEVICES(d)[i]
                                       : (const void *)&DRAFT_LISTENERS(d)[i - devices],
                           "source", "more than 256 different links and lines");
        }
    }
    slot_map_finish(&seen);
    return e;
}

static bool timing_is_new(const struct draft_device *rows, struct slot_map *seen, uint32_t row)
{
    const struct draft_device *one = &rows[row];
    const uint64_t hash = slot_hash_key((uint64_t)one->heartbeat_s << 32 | one->stale_limit_s);
    struct slot_walk walk;
    uint32_t other;

    slot_map_begin(seen, hash, &walk);
    do {
        other = slot_map_next(seen, &walk);
    } while (other != NO_SLOT && (rows[other].heartbeat_s != one->heartbeat_s ||
                                  rows[other].stale_limit_s != one->stale_limit_s));
    if (other == NO_SLOT) {
        slot_map_put(seen, hash, row);
    }
    return other == NO_SLOT;
}

static enum err timings_check(struct merge *m)
{
    const struct draft_device *rows = DRAFT_DEVICES(m->draft);
    const uint32_t count = m->draft->tables[TABLE_DEVICE].count;
    struct slot_map seen;
    uint32_t timings = 0;
    enum err e = slot_map_init(&seen, count);

    for (uint32_t i = 0; e == ERR_OK && i < count && timings <= TIMING_CLASSES_MAX; i++) {
        timings += timing_is_new(rows, &seen, i);
        if (timings > TIMING_CLASSES_MAX) {
            complete_fault(m, TABLE_DEVICE, &rows[i],
                           rows[i].stale_limit_s != 0 ? "stale_limit_s" : "heartbeat_s",
                           "more than 512 different pairs of heartbeat_s and stale_limit_s: round "
                           "them");
        }
    }
    slot_map_finish(&seen);
    return e;
}

/* Of lots and fences, which are sorted by their IDs, so by their counties. */
static void districts_check(struct merge *m)
{
    const struct draft_lot *lots = DRAFT_LOTS(m->draft);
    const struct draft_fence *fences = DRAFT_FENCES(m->draft);
    const uint32_t lot_count = m->draft->tables[TABLE_LOT].count;
    const uint32_t fence_count = m->draft->tables[TABLE_FENCE].count;
    uint32_t districts = 0;
    uint32_t last = 0;
    uint32_t lot = 0;
    uint32_t fence = 0;

    while (districts <= DISTRICTS_MAX && (lot < lot_count || fence < fence_count)) {
        const bool of_lot =
            fence == fence_count || (lot < lot_count && lots[lot].key <= fences[fence].key);
        const uint32_t adcode = space_key_adcode(of_lot ? lots[lot].key : fences[fence].key);

        districts += adcode != last;
        last = adcode;
        if (districts > DISTRICTS_MAX) {
            complete_fault(m, of_lot ? TABLE_LOT : TABLE_FENCE,
                           of_lot ? (const void *)&lots[lot] : (const void *)&fences[fence], "id",
                           "more than 4096 different counties");
        }
        lot += of_lot;
        fence += !of_lot;
    }
}

enum err complete_devices(struct merge *m)
{
    const enum err e = sources_check(m);

    districts_check(m);
    return e != ERR_OK ? e : timings_check(m);
}
