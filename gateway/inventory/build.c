/* From a checked draft to the snapshot the program runs on: slots, sensors, maps, spatial indexes.
 * Main calls it at start and with every import; a place keeps its slot as long as the process
 * lives. */
#include "gateway/inventory/build.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/fences/fence_build.h"
#include "gateway/inventory/hilbert.h"
#include "gateway/inventory/lookup.h"
#include "gateway/inventory/spatial.h"
#include "gateway/inventory/territory/coverage_build.h"
#include "gateway/inventory/territory/territory_map.h"
#include <stdlib.h>
#include <string.h>

/* calloc that never asks for nothing, so that NULL always means no memory. */
static void *rows_alloc(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

enum err build_text(struct build *b, uint32_t from, uint32_t *to)
{
    const char *text = draft_text(b->draft, from);
    size_t len = strlen(text);

    if (from == 0 || len == 0) {
        *to = 0;
        return ERR_OK;
    }
    /* the arena was allocated as large as the draft's, and nothing is copied twice */
    if (len + 1 > b->text_cap - b->text_len) {
        return ERR_INTERNAL;
    }
    *to = b->text_len;
    memcpy(b->inv->text + b->text_len, text, len + 1);
    b->text_len += (uint32_t)len + 1;
    return ERR_OK;
}

/* --- lots --- */

static enum lot_kind lot_kind_of(space_key key)
{
    switch (space_key_kind(key)) {
    case PLACE_ON_STREET: return LOT_ROAD_SECTION;
    case PLACE_TEMPORARY: return LOT_TEMPORARY;
    case PLACE_BIKE_AREA:
    case PLACE_FENCE:
    case PLACE_LOT:
    case PLACE_NO_PARKING:
    case PLACE_KIND_COUNT: break;
    }
    return LOT_LOT;
}

/* What a tombstone of an earlier version keeps: its key, place and lot; nothing it could be found
 * by. */
static void lots_keep(struct build *b)
{
    for (uint32_t i = 0; b->previous != NULL && i < b->previous->lot_count; i++) {
        const struct inv_lot *old = &b->previous->lots[i];

        b->inv->lots[i] = (struct inv_lot){.key = old->key,
                                           .at = old->at,
                                           .kind = old->kind,
                                           .counting = old->counting,
                                           .district = old->district,
                                           .removed = 1};
    }
}

static enum err lot_fill(struct build *b, const struct draft_lot *from, struct inv_lot *to)
{
    enum err e;

    *to = (struct inv_lot){.key = from->key,
                           .at = from->at,
                           .kind = (uint8_t)lot_kind_of(from->key),
                           .counting = from->counting,
                           .height_cm = from->height_cm,
                           .capacity = from->counting == COUNT_GATES ? from->capacity : 0,
                           .entrances = from->entrances,
                           .entrances_count = from->entrance_count};
    if ((e = build_text(b, from->name_zh, &to->name_zh)) != ERR_OK ||
        (e = build_text(b, from->name_en, &to->name_en)) != ERR_OK ||
        (e = build_text(b, from->address, &to->address)) != ERR_OK ||
        (e = build_text(b, from->hours, &to->hours)) != ERR_OK ||
        (e = build_text(b, from->fee, &to->fee)) != ERR_OK) {
        return e;
    }
    return ERR_OK;
}

static enum err lots_build(struct build *b)
{
    const struct draft *d = b->draft;
    const struct draft_lot *rows = DRAFT_LOTS(d);
    uint32_t count = d->tables[TABLE_LOT].count;
    uint32_t old = b->previous == NULL ? 0 : b->previous->lot_count;

    b->inv->lots = rows_alloc((size_t)old + count, sizeof *b->inv->lots);
    b->inv->entrances = rows_alloc(d->entrance_count, sizeof *b->inv->entrances);
    b->lot_slots = rows_alloc(count, sizeof *b->lot_slots);
    if (b->inv->lots == NULL || b->inv->entrances == NULL || b->lot_slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < d->entrance_count; i++) {
        b->inv->entrances[i] = d->entrances[i];
    }
    b->inv->lot_count = old;
    lots_keep(b);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = old == 0 ? NO_SLOT : inventory_lot(b->previous, rows[i].key);
        enum err e;

        slot = slot == NO_SLOT ? b->inv->lot_count++ : slot;
        b->lot_slots[i] = slot;
        e = lot_fill(b, &rows[i], &b->inv->lots[slot]);
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_OK;
}

/* Index of the lot in the draft, which is sorted by key; NO_SLOT when there is none. */
static uint32_t draft_lot_index(const struct draft *d, space_key key)
{
    const struct draft_lot *rows = DRAFT_LOTS(d);
    uint32_t low = 0;
    uint32_t high = d->tables[TABLE_LOT].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (rows[mid].key < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < d->tables[TABLE_LOT].count && rows[low].key == key ? low : NO_SLOT;
}

/* --- spaces --- */

static void spaces_keep(struct build *b)
{
    for (uint32_t i = 0; b->previous != NULL && i < b->previous->space_count; i++) {
        const struct inv_space *old = &b->previous->spaces[i];

        b->inv->spaces[i] =
            (struct inv_space){.key = old->key, .at = old->at, .lot = old->lot, .removed = 1};
    }
}

static enum err space_fill(struct build *b, const struct draft_space *from, uint32_t slot)
{
    uint32_t lot = draft_lot_index(b->draft, from->lot);

    if (lot == NO_SLOT) {
        return ERR_CONFLICT;
    }
    b->inv->spaces[slot] = (struct inv_space){
        .key = from->key, .at = from->at, .lot = b->lot_slots[lot], .attributes = from->attributes};
    b->inv->lots[b->lot_slots[lot]].capacity++;
    return ERR_OK;
}

/* New spaces in Hilbert order; known ones stay where they are. */
static enum err spaces_build(struct build *b)
{
    const struct draft *d = b->draft;
    const struct draft_space *rows = DRAFT_SPACES(d);
    uint32_t count = d->tables[TABLE_SPACE].count;
    uint32_t old = b->previous == NULL ? 0 : b->previous->space_count;
    struct hilbert_item *items = rows_alloc(count, sizeof *items);
    enum err e = ERR_NO_MEMORY;
    uint32_t fresh = 0;

    for (uint32_t i = 0; items != NULL && i < count; i++) {
        if (old == 0 || inventory_space(b->previous, rows[i].key) == NO_SLOT) {
            items[fresh++] = (struct hilbert_item){hilbert_place(rows[i].at), i};
        }
    }
    b->inv->spaces = rows_alloc((size_t)old + fresh, sizeof *b->inv->spaces);
    if (items == NULL || b->inv->spaces == NULL || (e = hilbert_sort(items, fresh)) != ERR_OK) {
        free(items);
        return e;
    }
    b->inv->space_count = old + fresh;
    b->inv->live_spaces = count;
    spaces_keep(b);
    for (uint32_t i = 0; e == ERR_OK && i < fresh; i++) {
        e = space_fill(b, &rows[items[i].row], old + i);
    }
    for (uint32_t i = 0; e == ERR_OK && old != 0 && i < count; i++) {
        uint32_t slot = inventory_space(b->previous, rows[i].key);

        e = slot == NO_SLOT ? ERR_OK : space_fill(b, &rows[i], slot);
    }
    free(items);
    return e;
}

/* --- the rest of the places --- */

static enum err tombstones_build(struct build *b)
{
    const struct draft_retired *rows = DRAFT_RETIRED(b->draft);
    uint32_t count = b->draft->tables[TABLE_RETIRED].count;

    b->inv->tombstones = rows_alloc(count, sizeof *b->inv->tombstones);
    if (b->inv->tombstones == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        b->inv->tombstones[i] = (struct inv_tombstone){rows[i].key, rows[i].replaced_by};
    }
    b->inv->tombstone_count = count;
    return ERR_OK;
}

static enum err indexes_build(struct build *b)
{
    struct inventory *inv = b->inv;
    uint32_t most = inv->space_count > inv->lot_count ? inv->space_count : inv->lot_count;
    struct spatial_place *places = rows_alloc(most, sizeof *places);
    uint32_t n = 0;
    enum err e;

    if (places == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->space_count; i++) {
        if (!inv->spaces[i].removed) {
            places[n++] = (struct spatial_place){inv->spaces[i].at, i};
        }
    }
    e = spatial_build(places, n, &inv->spaces_index);
    n = 0;
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        if (!inv->lots[i].removed) {
            places[n++] = (struct spatial_place){inv->lots[i].at, i};
        }
    }
    if (e == ERR_OK) {
        e = spatial_build(places, n, &inv->lots_index);
    }
    free(places);
    return e;
}

static enum err aliases_build(struct build *b)
{
    const struct draft_alias *rows = DRAFT_ALIASES(b->draft);
    uint32_t count = b->draft->tables[TABLE_ALIAS].count;
    struct inv_lookup *l = b->inv->lookup;
    uint32_t scheme = 0;
    const char *last = "";

    l->alias_rows = rows_alloc(count, sizeof *l->alias_rows);
    if (l->alias_rows == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct inv_alias *to = &l->alias_rows[i];
        enum err e = ERR_OK;

        if (strcmp(last, draft_text(b->draft, rows[i].scheme)) != 0) {
            e = build_text(b, rows[i].scheme, &scheme);
            last = draft_text(b->draft, rows[i].scheme);
        }
        *to = (struct inv_alias){.scheme = scheme, .key = rows[i].key};
        if (e != ERR_OK || (e = build_text(b, rows[i].value, &to->value)) != ERR_OK) {
            return e;
        }
    }
    l->alias_count = count;
    return ERR_OK;
}

uint32_t build_space(const struct build *b, space_key key)
{
    uint32_t slot = inventory_space(b->inv, key);

    return slot == NO_SLOT || b->inv->spaces[slot].removed ? NO_SLOT : slot;
}

uint32_t build_lot(const struct build *b, space_key key)
{
    uint32_t lot = inventory_lot(b->inv, key);

    return lot == NO_SLOT || b->inv->lots[lot].removed ? NO_SLOT : lot;
}

static enum err places_map(struct build *b)
{
    return lookup_places(b->inv);
}

static enum err names_map(struct build *b)
{
    return lookup_names(b->inv);
}

typedef enum err build_step(struct build *b);

static build_step *const steps[] = {
    lots_build,      spaces_build,  places_map,        fence_build,    tombstones_build,
    build_districts, build_devices, fence_build_bikes, build_sensors,  aliases_build,
    indexes_build,   names_map,     territory_build,   coverage_build,
};

static enum err build_begin(struct build *b, uint64_t version)
{
    b->inv = calloc(1, sizeof *b->inv);
    if (b->inv == NULL) {
        return ERR_NO_MEMORY;
    }
    b->inv->version = version;
    b->text_cap = b->draft->text_len;
    /* Zeroed and so untouched: what stays unused (texts a draft holds twice) is never resident. */
    b->text_len = 1;
    b->inv->text = calloc(1, b->text_cap);
    b->inv->lookup = calloc(1, sizeof *b->inv->lookup);
    return b->inv->text == NULL || b->inv->lookup == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err inventory_build(const struct draft *draft, uint64_t version,
                         const struct inventory *previous, const struct timing_source *timing,
                         struct inventory **out)
{
    struct build b = {.draft = draft, .previous = previous, .timing = timing};
    enum err e = build_begin(&b, version);

    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(steps); i++) {
        e = steps[i](&b);
    }
    free(b.lot_slots);
    free(b.device_of);
    free(b.target_of);
    if (e != ERR_OK) {
        inventory_destroy(b.inv);
        return e; /* NOLINT(clang-analyzer-unix.Malloc): destroyed */
    }
    *out = b.inv;
    return ERR_OK;
}
