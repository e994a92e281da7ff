/* The rest of the non-motor half of a snapshot: what marks and listens at fences, whose bikes there
 * are and how they are told apart. fence_build.c comes before it. */
#include "gateway/inventory/draft.h"
#include "gateway/inventory/fences/fence_build.h"
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/fences/identity.h"
#include <stdlib.h>
#include <string.h>

#define SCAN_PERIOD_MS 10000 /* of a gateway whose row says nothing: fences.h */
#define HEX_BITS       4

static void *rows_alloc(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

static uint64_t hash_of(const struct inventory *inv, uint32_t text)
{
    return slot_hash_text(inventory_text(inv, text), strlen(inventory_text(inv, text)));
}

/* Index of a live fence. */
static uint32_t live_fence(const struct build *b, space_key key)
{
    uint32_t fence = fences_find(b->inv, key);

    return fence == NO_FENCE || b->inv->fences[fence].removed ? NO_FENCE : fence;
}

static enum err beacons_build(struct build *b)
{
    const struct draft_beacon *rows = DRAFT_BEACONS(b->draft);
    uint32_t count = b->draft->tables[TABLE_BEACON].count;
    struct inventory *inv = b->inv;
    enum err e = slot_map_init(&inv->fence_map->beacon_names, count);

    inv->beacons = rows_alloc(count, sizeof *inv->beacons);
    if (inv->beacons == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; e == ERR_OK && i < count; i++) {
        struct inv_beacon *to = &inv->beacons[i];

        to->fence = live_fence(b, rows[i].fence);
        if (to->fence == NO_FENCE) {
            return ERR_CONFLICT;
        }
        inv->fences[to->fence].has_radio = 1;
        e = build_text(b, rows[i].identity, &to->identity);
        if (e == ERR_OK) {
            slot_map_put(&inv->fence_map->beacon_names, hash_of(inv, to->identity), i);
        }
    }
    inv->beacon_count = count;
    return e;
}

static enum err listeners_build(struct build *b)
{
    const struct draft_listener *rows = DRAFT_LISTENERS(b->draft);
    uint32_t count = b->draft->tables[TABLE_LISTENER].count;
    struct inventory *inv = b->inv;
    enum err e = slot_map_init(&inv->fence_map->listener_ids, count);

    inv->listeners = rows_alloc(count, sizeof *inv->listeners);
    if (inv->listeners == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; e == ERR_OK && i < count; i++) {
        struct inv_listener *to = &inv->listeners[i];

        to->fence = live_fence(b, rows[i].fence);
        if (to->fence == NO_FENCE) {
            return ERR_CONFLICT;
        }
        inv->fences[to->fence].has_radio = 1;
        to->scan_period_ms =
            rows[i].scan_period_s == 0 ? SCAN_PERIOD_MS : rows[i].scan_period_s * 1000;
        e = build_text(b, rows[i].id, &to->id);
        if (e == ERR_OK) {
            slot_map_put(&inv->fence_map->listener_ids, hash_of(inv, to->id), i);
            e = build_source(b, draft_text(b->draft, rows[i].source), &to->source);
        }
    }
    inv->listener_count = count;
    return e;
}

/* --- operators and their allow-lists --- */

/* Items of a list in normal form: hex digits separated by ; */
static uint32_t items_count(const char *list)
{
    uint32_t n = list[0] != '\0';

    for (const char *p = list; *p != '\0'; p++) {
        n += *p == ';';
    }
    return n;
}

static void prefixes_add(struct fence_map *map, const char *list, uint8_t operator)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ";");
        struct fence_prefix *to = &map->prefixes[map->prefix_count++];

        *to = (struct fence_prefix){.bits = (uint8_t)(len * HEX_BITS), .operator= operator};
        to->value = strtoull(list, NULL, 16); /* stops at the ; */
        list += len + (list[len] == ';');
    }
}

static void uuids_add(struct fence_map *map, const char *list, uint8_t operator)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ";");
        struct fence_uuid *to = &map->uuids[map->uuid_count++];

        memcpy(to->text, list, len < UUID_DIGITS ? len : UUID_DIGITS);
        to->operator= operator;
        list += len + (list[len] == ';');
    }
}

static enum err allow_lists_build(struct build *b)
{
    const struct draft_operator *rows = DRAFT_OPERATORS(b->draft);
    struct fence_map *map = b->inv->fence_map;
    uint32_t prefixes = 0;
    uint32_t uuids = 0;

    for (uint32_t i = 0; i < b->inv->operator_count; i++) {
        prefixes += items_count(draft_text(b->draft, rows[i].mac_prefixes));
        uuids += items_count(draft_text(b->draft, rows[i].uuids));
    }
    map->prefixes = rows_alloc(prefixes, sizeof *map->prefixes);
    map->uuids = rows_alloc(uuids, sizeof *map->uuids);
    if (map->prefixes == NULL || map->uuids == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < b->inv->operator_count; i++) {
        prefixes_add(map, draft_text(b->draft, rows[i].mac_prefixes), (uint8_t)i);
        uuids_add(map, draft_text(b->draft, rows[i].uuids), (uint8_t)i);
    }
    return ERR_OK;
}

static enum err operators_build(struct build *b)
{
    const struct draft_operator *rows = DRAFT_OPERATORS(b->draft);
    uint32_t count = b->draft->tables[TABLE_OPERATOR].count;
    struct inventory *inv = b->inv;

    if (count > OPERATORS_MAX) {
        return ERR_TOO_LARGE;
    }
    inv->operators = rows_alloc(count, sizeof *inv->operators);
    if (inv->operators == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct inv_operator *to = &inv->operators[i];
        const char *code = draft_text(b->draft, rows[i].code);
        enum err e;

        memcpy(to->code, code, strnlen(code, OPERATOR_CODE));
        to->quota = rows[i].quota;
        if ((e = build_text(b, rows[i].name_zh, &to->name_zh)) != ERR_OK ||
            (e = build_text(b, rows[i].name_en, &to->name_en)) != ERR_OK) {
            return e;
        }
    }
    inv->operator_count = count;
    return allow_lists_build(b);
}

/* --- vehicles --- */

static enum err vehicle_fill(struct build *b, const struct draft_vehicle *from,
                             struct fence_vehicle *to)
{
    const char *mac = draft_text(b->draft, from->mac);
    const char *imei = draft_text(b->draft, from->imei);
    enum err e = build_text(b, from->ref, &to->ref);

    (void)identity_mac(mac, strlen(mac), &to->mac); /* 0 when it is empty */
    (void)identity_imei(imei, strlen(imei), &to->imei);
    return e != ERR_OK ? e : build_text(b, from->beacon, &to->beacon);
}

static enum err vehicles_build(struct build *b)
{
    const struct draft_vehicle *rows = DRAFT_VEHICLES(b->draft);
    uint32_t count = b->draft->tables[TABLE_VEHICLE].count;
    struct fence_map *map = b->inv->fence_map;
    enum err e = ERR_NO_MEMORY;

    map->vehicles = rows_alloc(count, sizeof *map->vehicles);
    if (map->vehicles == NULL || slot_map_init(&map->macs, count) != ERR_OK ||
        slot_map_init(&map->imeis, count) != ERR_OK ||
        slot_map_init(&map->vehicle_beacons, count) != ERR_OK) {
        return e;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct fence_vehicle *v = &map->vehicles[i];

        e = vehicle_fill(b, &rows[i], v);
        if (e != ERR_OK) {
            return e;
        }
        if (v->mac != 0) {
            slot_map_put(&map->macs, slot_hash_key(v->mac), i);
        }
        if (v->imei != 0) {
            slot_map_put(&map->imeis, slot_hash_key(v->imei), i);
        }
        if (v->beacon != 0) {
            slot_map_put(&map->vehicle_beacons, hash_of(b->inv, v->beacon), i);
        }
    }
    map->vehicle_count = count;
    return ERR_OK;
}

/* --- the whole --- */

static enum err index_build(struct build *b)
{
    return fence_map_index(b->inv->fence_map, b->inv->fences, b->inv->fence_count);
}

enum err fence_build_bikes(struct build *b)
{
    static enum err (*const steps[])(struct build *) = {
        beacons_build, listeners_build, operators_build, vehicles_build, index_build,
    };
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(steps); i++) {
        e = steps[i](b);
    }
    return e;
}
