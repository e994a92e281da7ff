/* The dirty fences, bikes, alerts, mutes, cases, rows and stays. flush.c marks them and goes
 * through them lane by lane; fleet_fill.c makes items of them. Core thread.
 *
 * A slot has a home: the district its key is in. It is found with the first mark and kept, so that
 * the key goes when the bike does; one that was gone before its home was known is looked for in
 * each district. */
#include "gateway/keep/redis/fleet_roots.h"
#include <stdlib.h>

#define ROOM_FIRST 256u

static struct lane *lane_find(const struct flush *flush, uint32_t adcode)
{
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        if (flush->lanes[i].adcode == adcode) {
            return &flush->lanes[i];
        }
    }
    return NULL;
}

static uint32_t known_adcode(const struct flush *flush, uint32_t adcode)
{
    return adcode != 0 && lane_find(flush, adcode) != NULL ? adcode : flush->lanes[0].adcode;
}

static uint32_t fence_adcode(const struct flush *flush, uint32_t fence)
{
    return flush->inv->districts[flush->inv->fences[fence].district].adcode;
}

static uint32_t space_adcode(const struct flush *flush, space_key key)
{
    const uint32_t slot = inventory_space(flush->inv, key);

    return slot == NO_SLOT
               ? flush->lanes[0].adcode
               : flush->inv->districts[flush->inv->lots[flush->inv->spaces[slot].lot].district]
                     .adcode;
}

uint32_t fleet_roots_adcode(const struct flush *flush, const struct image *image)
{
    uint32_t fence;

    switch (image->kind) {
    case IMAGE_BIKE: return known_adcode(flush, image->bike.adcode);
    case IMAGE_ALERT:
        fence = image->alert.fence == 0 ? NO_FENCE : fences_find(flush->inv, image->alert.fence);
        return fence == NO_FENCE ? flush->lanes[0].adcode : fence_adcode(flush, fence);
    case IMAGE_FENCE:
        fence = fences_find(flush->inv, image->fence.key);
        return fence == NO_FENCE ? flush->lanes[0].adcode : fence_adcode(flush, fence);
    case IMAGE_CASE: return known_adcode(flush, case_id_adcode(image->case_.id));
    case IMAGE_CASE_ROW: return known_adcode(flush, case_id_adcode(image->case_row.id));
    case IMAGE_STAY: return space_adcode(flush, image->stay.key);
    case IMAGE_SPACE:
    case IMAGE_LOT:
    case IMAGE_OVERRIDE:
    case IMAGE_SUSPECT:
    case IMAGE_AUDIT:
    case IMAGE_MUTE:
    case IMAGE_KIND_COUNT: break;
    }
    return ADCODE_CITY;
}

/* Where is it? False: nowhere, and nothing of it is in Redis. */
static bool home_find(const struct flush *flush, enum fleet_kind kind, uint32_t slot,
                      struct home *home)
{
    const struct image_source *source = &flush->source;
    struct image image;

    switch (kind) {
    case FLEET_FENCE: home->adcode = fence_adcode(flush, slot) & NO_HOME; return true;
    case FLEET_MUTE: home->adcode = ADCODE_CITY & NO_HOME; return true;
    case FLEET_ALERT:
        if (!source->alert(source->ctx, slot, &image)) {
            return false;
        }
        home->adcode = fleet_roots_adcode(flush, &image) & NO_HOME;
        return true;
    case FLEET_BIKE:
        if (!source->bike(source->ctx, slot, &image)) {
            return false;
        }
        if ((image.bike.flags & BIKE_GONE) == 0) {
            home->adcode = fleet_roots_adcode(flush, &image) & NO_HOME;
            return true;
        }
        if (home->cleared) {
            return false;
        }
        home->adcode = flush->lanes[0].adcode & NO_HOME;
        home->seeking = 1;
        return true;
    case FLEET_CASE:
    case FLEET_CASE_ROW:
    case FLEET_STAY:
        if (!fill_case_image(flush, kind, slot, &image)) {
            return false;
        }
        home->adcode = fleet_roots_adcode(flush, &image) & NO_HOME;
        return true;
    case FLEET_KIND_COUNT: break;
    }
    return false;
}

static bool with_ids(enum fleet_kind kind)
{
    return kind == FLEET_ALERT || kind == FLEET_CASE;
}

static bool reserve(struct fleet_roots *roots, enum fleet_kind kind, uint32_t count)
{
    uint32_t room = roots->room < ROOM_FIRST ? ROOM_FIRST : roots->room;
    struct home *homes;
    uint64_t *ids;

    while (room < count) {
        room = room > UINT32_MAX / 2 ? count : room * 2;
    }
    if (count <= roots->room) {
        return true;
    }
    homes = realloc(roots->homes, room * sizeof *homes);
    if (homes == NULL) {
        return false;
    }
    roots->homes = homes;
    if (with_ids(kind)) {
        ids = realloc(roots->ids, room * sizeof *ids);
        if (ids == NULL) {
            return false;
        }
        roots->ids = ids;
    }
    if (!dirty_grow(&roots->dirty, room)) {
        return false;
    }
    for (uint32_t i = roots->room; i < room; i++) {
        roots->homes[i] = (struct home){.adcode = NO_HOME};
        if (with_ids(kind)) {
            roots->ids[i] = 0;
        }
    }
    roots->room = room;
    return true;
}

static void put(struct flush *flush, enum fleet_kind kind, uint32_t slot)
{
    struct fleet_roots *roots = &flush->fleet[kind];
    struct lane *lane = lane_find(flush, roots->homes[slot].adcode);

    if (lane != NULL && dirty_put(&roots->dirty, slot)) {
        lane->fleet_count[kind]++;
    }
}

void fleet_roots_mark(struct flush *flush, enum fleet_kind kind, uint32_t slot)
{
    struct fleet_roots *roots = &flush->fleet[kind];
    struct home *home;

    if (kind == FLEET_FENCE && slot >= flush->inv->fence_count) {
        return;
    }
    if (slot >= roots->room && !reserve(roots, kind, slot + 1)) {
        roots->missed = true;
        count_add(redis_writer_counters(flush->writer), COUNT_REDIS_MARKS_MISSED, 1);
        return;
    }
    home = &roots->homes[slot];
    if (home->adcode != NO_HOME || home_find(flush, kind, slot, home)) {
        put(flush, kind, slot);
    }
}

static uint32_t slots_of(const struct flush *flush, enum fleet_kind kind)
{
    uint32_t counts[FLEET_KIND_COUNT] = {[FLEET_FENCE] = flush->inv->fence_count};

    if (flush->source.slots != NULL) {
        flush->source.slots(flush->source.ctx, &counts[FLEET_BIKE], &counts[FLEET_ALERT],
                            &counts[FLEET_MUTE]);
    }
    if (flush->source.case_slots != NULL) {
        flush->source.case_slots(flush->source.ctx, &counts[FLEET_CASE], &counts[FLEET_CASE_ROW],
                                 &counts[FLEET_STAY]);
    }
    return flush->source.fence == NULL ? 0 : counts[kind];
}

static void mark_kind(struct flush *flush, enum fleet_kind kind)
{
    const uint32_t count = slots_of(flush, kind);

    for (uint32_t slot = 0; slot < count; slot++) {
        fleet_roots_mark(flush, kind, slot);
    }
}

void fleet_roots_mark_fences(struct flush *flush)
{
    mark_kind(flush, FLEET_FENCE);
}

void fleet_roots_mark_all(struct flush *flush)
{
    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        struct fleet_roots *roots = &flush->fleet[kind];

        for (uint32_t slot = 0; slot < roots->room; slot++) {
            roots->homes[slot].listed = 0;
            roots->homes[slot].cleared = 0;
        }
        mark_kind(flush, (enum fleet_kind)kind);
    }
}

bool fleet_roots_complete(struct flush *flush)
{
    bool complete = true;

    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        struct fleet_roots *roots = &flush->fleet[kind];

        if (roots->missed) {
            roots->missed = false;
            mark_kind(flush, (enum fleet_kind)kind); /* may miss again */
        }
        complete = complete && !roots->missed;
    }
    return complete;
}

void fleet_roots_recount(struct flush *flush)
{
    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        struct fleet_roots *roots = &flush->fleet[kind];

        for (uint32_t slot = 0; slot < roots->room; slot++) {
            struct home *home = &roots->homes[slot];

            if (home->adcode != NO_HOME && lane_find(flush, home->adcode) == NULL) {
                *home = (struct home){.adcode = NO_HOME}; /* a district that is no more */
                dirty_clear(&roots->dirty, slot);
                fleet_roots_mark(flush, (enum fleet_kind)kind, slot);
            } else if (dirty_next(&roots->dirty, slot, slot + 1) == slot) {
                lane_find(flush, home->adcode)->fleet_count[kind]++;
            }
        }
    }
}

void fleet_roots_begin(struct lane *lane)
{
    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        lane->fleet_at[kind] = 0;
    }
}

bool fleet_roots_left(const struct lane *lane)
{
    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        if (lane->fleet_count[kind] > 0 && lane->fleet_at[kind] != NO_SLOT) {
            return true;
        }
    }
    return false;
}

uint64_t fleet_roots_count(const struct lane *lane)
{
    uint64_t n = 0;

    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        n += lane->fleet_count[kind];
    }
    return n;
}

/* Of one kind; lane->fleet_at goes to NO_SLOT at its end. */
static uint32_t next_of(struct flush *flush, struct lane *lane, enum fleet_kind kind,
                        unsigned *looks)
{
    struct fleet_roots *roots = &flush->fleet[kind];

    while (*looks > 0 && lane->fleet_count[kind] > 0 && lane->fleet_at[kind] < roots->room) {
        const uint32_t slot = dirty_next(&roots->dirty, lane->fleet_at[kind], roots->room);

        if (slot == roots->room) {
            break;
        }
        lane->fleet_at[kind] = slot + 1;
        --*looks;
        if (roots->homes[slot].adcode == lane->adcode) {
            dirty_clear(&roots->dirty, slot);
            lane->fleet_count[kind]--;
            return slot;
        }
    }
    if (*looks > 0) {
        lane->fleet_at[kind] = NO_SLOT;
    }
    return NO_SLOT;
}

uint32_t fleet_roots_next(struct flush *flush, struct lane *lane, enum fleet_kind *kind,
                          unsigned *looks)
{
    for (unsigned k = 0; k < FLEET_KIND_COUNT; k++) {
        const uint32_t slot = lane->fleet_at[k] == NO_SLOT
                                  ? NO_SLOT
                                  : next_of(flush, lane, (enum fleet_kind)k, looks);

        if (slot != NO_SLOT) {
            *kind = (enum fleet_kind)k;
            return slot;
        }
    }
    return NO_SLOT;
}

void fleet_roots_move(struct flush *flush, enum fleet_kind kind, uint32_t slot, uint32_t adcode)
{
    flush->fleet[kind].homes[slot].adcode = adcode & NO_HOME;
    put(flush, kind, slot);
    flush->again = true;
}

void fleet_roots_finish(struct flush *flush)
{
    for (unsigned kind = 0; kind < FLEET_KIND_COUNT; kind++) {
        dirty_finish(&flush->fleet[kind].dirty);
        free(flush->fleet[kind].homes);
        free(flush->fleet[kind].ids);
    }
}
