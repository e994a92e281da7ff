/* Looking places, devices, sensors and aliases up in a snapshot: pure reads, any thread. */
#include "gateway/inventory/lookup.h"
#include <stdlib.h>
#include <string.h>

static uint64_t alias_hash(const char *scheme, const char *value)
{
    return slot_hash_text(scheme, strlen(scheme)) * 31 + slot_hash_text(value, strlen(value));
}

enum err lookup_places(struct inventory *inv)
{
    struct inv_lookup *l = inv->lookup;

    if (slot_map_init(&l->spaces, inv->space_count) != ERR_OK ||
        slot_map_init(&l->lots, inv->lot_count) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->space_count; i++) {
        slot_map_put(&l->spaces, slot_hash_key(inv->spaces[i].key), i);
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        slot_map_put(&l->lots, slot_hash_key(inv->lots[i].key), i);
    }
    return ERR_OK;
}

enum err lookup_names(struct inventory *inv)
{
    struct inv_lookup *l = inv->lookup;

    if (slot_map_init(&l->devices, inv->device_count) != ERR_OK ||
        slot_map_init(&l->aliases, l->alias_count) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->device_count; i++) {
        const struct inv_device *d = &inv->devices[i];

        slot_map_put(&l->devices, slot_hash_text(inv->text + d->id, d->id_len), i);
    }
    for (uint32_t i = 0; i < l->alias_count; i++) {
        const struct inv_alias *a = &l->alias_rows[i];

        slot_map_put(&l->aliases, alias_hash(inv->text + a->scheme, inv->text + a->value), i);
    }
    return ERR_OK;
}

void lookup_destroy(struct inv_lookup *lookup)
{
    if (lookup == NULL) {
        return;
    }
    slot_map_finish(&lookup->spaces);
    slot_map_finish(&lookup->lots);
    slot_map_finish(&lookup->devices);
    slot_map_finish(&lookup->aliases);
    free(lookup->alias_rows);
    free(lookup);
}

uint32_t inventory_space(const struct inventory *inv, space_key key)
{
    const struct slot_map *map = &inv->lookup->spaces;
    struct slot_walk walk;
    uint32_t slot;

    slot_map_begin(map, slot_hash_key(key), &walk);
    do {
        slot = slot_map_next(map, &walk);
    } while (slot != NO_SLOT && inv->spaces[slot].key != key);
    return slot;
}

uint32_t inventory_lot(const struct inventory *inv, space_key key)
{
    const struct slot_map *map = &inv->lookup->lots;
    struct slot_walk walk;
    uint32_t slot;

    slot_map_begin(map, slot_hash_key(key), &walk);
    do {
        slot = slot_map_next(map, &walk);
    } while (slot != NO_SLOT && inv->lots[slot].key != key);
    return slot;
}

uint32_t inventory_device(const struct inventory *inv, const char *id, size_t len)
{
    const struct slot_map *map = &inv->lookup->devices;
    struct slot_walk walk;
    uint32_t device;

    slot_map_begin(map, slot_hash_text(id, len), &walk);
    for (;;) {
        const struct inv_device *d;

        device = slot_map_next(map, &walk);
        if (device == NO_SLOT) {
            return device;
        }
        d = &inv->devices[device];
        if (d->sensor_count == 1) {
            __builtin_prefetch(&inv->sensors[d->sensors_of]); /* is asked for next */
        }
        if (d->id_len == len && memcmp(inv->text + d->id, id, len) == 0) {
            return device;
        }
    }
}

uint32_t inventory_sensor(const struct inventory *inv, uint32_t device, uint16_t channel)
{
    const struct inv_device *d;
    const uint32_t *of;
    uint32_t low = 0;
    uint32_t high;

    if (device >= inv->device_count) {
        return NO_SENSOR;
    }
    d = &inv->devices[device];
    of = inventory_device_sensors(inv, device);
    high = d->sensor_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (inv->sensors[of[mid]].channel < channel) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < d->sensor_count && inv->sensors[of[low]].channel == channel ? of[low] : NO_SENSOR;
}

bool inventory_tombstone(const struct inventory *inv, space_key key, space_key *replaced_by)
{
    uint32_t low = 0;
    uint32_t high = inv->tombstone_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (inv->tombstones[mid].key < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == inv->tombstone_count || inv->tombstones[low].key != key) {
        return false;
    }
    *replaced_by = inv->tombstones[low].replaced_by;
    return true;
}

space_key inventory_resolve(const struct inventory *inv, const char *scheme, const char *value)
{
    const struct inv_lookup *l = inv->lookup;
    struct slot_walk walk;

    slot_map_begin(&l->aliases, alias_hash(scheme, value), &walk);
    for (;;) {
        uint32_t row = slot_map_next(&l->aliases, &walk);

        if (row == NO_SLOT) {
            return 0;
        }
        if (strcmp(inv->text + l->alias_rows[row].scheme, scheme) == 0 &&
            strcmp(inv->text + l->alias_rows[row].value, value) == 0) {
            return l->alias_rows[row].key;
        }
    }
}
