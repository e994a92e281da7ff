/* Who is who around fences: by ID, by beacon, by listener, and which bike a radio or lock belongs
 * to. Pure reads of a snapshot, any thread. */
#include "gateway/inventory/fences/fence_map.h"
#include "gateway/inventory/fences/identity.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_BITS      48
#define OPERATOR_MIN  2 /* letters of OP (2 to 6) */
#define NUMBER_MIN    4 /* characters of NUMBER (4 to 20) */
#define NUMBER_MAX    20
#define IBEACON_HEAD  "ibeacon:"
#define IBEACON_WORDS (sizeof IBEACON_HEAD - 1 + UUID_DIGITS)

/* Letters of OP at the start of a reference or code, 0 when they are not 2 to 6. */
static size_t operator_len(const char *ref, size_t len)
{
    size_t n = 0;

    while (n < len && ref[n] >= 'A' && ref[n] <= 'Z') {
        n++;
    }
    return n >= OPERATOR_MIN && n <= OPERATOR_CODE && (n == len || ref[n] == '-') ? n : 0;
}

bool vehicle_ref_valid(const char *ref, size_t len)
{
    size_t at = operator_len(ref, len);
    size_t digits = len - at - 1;

    if (at == 0 || at == len || digits < NUMBER_MIN || digits > NUMBER_MAX) {
        return false;
    }
    for (size_t i = at + 1; i < len; i++) {
        if (!((ref[i] >= '0' && ref[i] <= '9') || (ref[i] >= 'A' && ref[i] <= 'Z'))) {
            return false;
        }
    }
    return true;
}

uint8_t fences_operator(const struct inventory *inv, const char *ref, size_t len)
{
    size_t n = operator_len(ref, len);

    for (uint32_t i = 0; n > 0 && i < inv->operator_count; i++) {
        if (strlen(inv->operators[i].code) == n && memcmp(inv->operators[i].code, ref, n) == 0) {
            return (uint8_t)i;
        }
    }
    return NO_OPERATOR;
}

uint32_t fences_find(const struct inventory *inv, space_key key)
{
    struct slot_walk walk;
    uint32_t fence;

    if (inv->fence_map == NULL) {
        return NO_FENCE;
    }
    slot_map_begin(&inv->fence_map->keys, slot_hash_key(key), &walk);
    do {
        fence = slot_map_next(&inv->fence_map->keys, &walk);
    } while (fence != NO_SLOT && inv->fences[fence].key != key);
    return fence;
}

uint32_t fences_beacon(const struct inventory *inv, const char *identity, size_t len)
{
    char name[IDENTITY_MAX];
    struct slot_walk walk;
    uint32_t row;

    if (inv->fence_map == NULL || !identity_beacon(identity, len, name)) {
        return NO_FENCE;
    }
    slot_map_begin(&inv->fence_map->beacon_names, slot_hash_text(name, strlen(name)), &walk);
    do {
        row = slot_map_next(&inv->fence_map->beacon_names, &walk);
    } while (row != NO_SLOT && strcmp(inventory_text(inv, inv->beacons[row].identity), name) != 0);
    return row == NO_SLOT ? NO_FENCE : inv->beacons[row].fence;
}

uint32_t fences_listener(const struct inventory *inv, const char *id, size_t len)
{
    char name[IDENTITY_MAX];
    struct slot_walk walk;
    uint32_t row;

    if (inv->fence_map == NULL || !identity_listener(id, len, name)) {
        return UINT32_MAX;
    }
    slot_map_begin(&inv->fence_map->listener_ids, slot_hash_text(name, strlen(name)), &walk);
    do {
        row = slot_map_next(&inv->fence_map->listener_ids, &walk);
    } while (row != NO_SLOT && strcmp(inventory_text(inv, inv->listeners[row].id), name) != 0);
    return row;
}

/* --- bikes --- */

static uint32_t vehicle_of_number(const struct fence_map *map, const struct slot_map *numbers,
                                  uint64_t number, bool imei)
{
    struct slot_walk walk;
    uint32_t row;

    slot_map_begin(numbers, slot_hash_key(number), &walk);
    do {
        row = slot_map_next(numbers, &walk);
    } while (row != NO_SLOT && (imei ? map->vehicles[row].imei : map->vehicles[row].mac) != number);
    return row;
}

static uint32_t vehicle_of_beacon(const struct inventory *inv, const char *beacon)
{
    const struct fence_map *map = inv->fence_map;
    struct slot_walk walk;
    uint32_t row;

    slot_map_begin(&map->vehicle_beacons, slot_hash_text(beacon, strlen(beacon)), &walk);
    do {
        row = slot_map_next(&map->vehicle_beacons, &walk);
    } while (row != NO_SLOT && strcmp(inventory_text(inv, map->vehicles[row].beacon), beacon) != 0);
    return row;
}

/* What is known of a radio, in normal forms; 0 or "" = nothing. */
struct signs {
    uint64_t mac, imei;
    char beacon[IDENTITY_MAX];
};

static bool in_table(const struct inventory *inv, const struct signs *s,
                     char ref[VEHICLE_REF_MAX + 1])
{
    const struct fence_map *map = inv->fence_map;
    uint32_t row = s->mac == 0 ? NO_SLOT : vehicle_of_number(map, &map->macs, s->mac, false);

    if (row == NO_SLOT && s->imei != 0) {
        row = vehicle_of_number(map, &map->imeis, s->imei, true);
    }
    if (row == NO_SLOT && s->beacon[0] != '\0') {
        row = vehicle_of_beacon(inv, s->beacon);
    }
    if (row == NO_SLOT) {
        return false;
    }
    (void)snprintf(ref, VEHICLE_REF_MAX + 1, "%s", inventory_text(inv, map->vehicles[row].ref));
    return true;
}

static bool by_prefix(const struct inventory *inv, const struct signs *s,
                      char ref[VEHICLE_REF_MAX + 1])
{
    const struct fence_map *map = inv->fence_map;

    for (uint32_t i = 0; s->mac != 0 && i < map->prefix_count; i++) {
        const struct fence_prefix *p = &map->prefixes[i];

        if (s->mac >> (MAC_BITS - p->bits) == p->value) {
            (void)snprintf(ref, VEHICLE_REF_MAX + 1, "%s-%012llX", inv->operators[p->operator].code,
                           (unsigned long long)s->mac);
            return true;
        }
    }
    return false;
}

static bool by_uuid(const struct inventory *inv, const struct signs *s,
                    char ref[VEHICLE_REF_MAX + 1])
{
    const struct fence_map *map = inv->fence_map;
    char *end;
    unsigned long major;
    unsigned long minor;

    if (strncmp(s->beacon, IBEACON_HEAD, sizeof IBEACON_HEAD - 1) != 0) {
        return false;
    }
    /* the normal form: both are there and at most 65535 */
    major = strtoul(s->beacon + IBEACON_WORDS + 1, &end, 10);
    minor = strtoul(end + 1, NULL, 10);
    for (uint32_t i = 0; i < map->uuid_count; i++) {
        if (memcmp(s->beacon + sizeof IBEACON_HEAD - 1, map->uuids[i].text, UUID_DIGITS) == 0) {
            (void)snprintf(ref, VEHICLE_REF_MAX + 1, "%s-%04lX%04lX",
                           inv->operators[map->uuids[i].operator].code, major, minor);
            return true;
        }
    }
    return false;
}

/* A stud may come from the maker whose MACs or UUID an operator lists: it is no bike. */
static bool marks_fence(const struct inventory *inv, const struct signs *s)
{
    char name[IDENTITY_MAX];

    (void)snprintf(name, sizeof name, "mac:%012llx", (unsigned long long)s->mac);
    return fences_beacon(inv, name, strlen(name)) != NO_FENCE ||
           fences_beacon(inv, s->beacon, strlen(s->beacon)) != NO_FENCE;
}

bool fences_identify(const struct inventory *inv, const char *mac, const char *beacon,
                     const char *imei, char ref[VEHICLE_REF_MAX + 1])
{
    struct signs s;

    ref[0] = '\0';
    if (inv->fence_map == NULL) {
        return false;
    }
    if (!identity_mac(mac, strlen(mac), &s.mac)) {
        s.mac = 0;
    }
    if (!identity_imei(imei, strlen(imei), &s.imei)) {
        s.imei = 0;
    }
    if (!identity_beacon(beacon, strlen(beacon), s.beacon)) {
        s.beacon[0] = '\0';
    }
    return in_table(inv, &s, ref) ||
           (!marks_fence(inv, &s) && (by_prefix(inv, &s, ref) || by_uuid(inv, &s, ref)));
}
