/* What a register says, by its map: the status register decides first (a radio gateway keeps the
 * last value of a dead node), then the empty value, then the mask and either a state or a
 * threshold. Called by the unit for every point. */
#include "sensors/modbus/register_read.h"
#include <math.h>
#include <string.h>

uint32_t register_value_address(const struct register_map *map, uint32_t point)
{
    return map->first - map->base + map->stride * point;
}

uint32_t register_status_address(const struct register_map *map, uint32_t point)
{
    return register_value_address(map, point) + (uint32_t)map->status_offset;
}

uint32_t register_words(const struct register_map *map)
{
    return map->type == REGISTER_U32 || map->type == REGISTER_S32 || map->type == REGISTER_F32 ? 2
                                                                                               : 1;
}

static uint32_t swapped(uint32_t word)
{
    return (word & 0xffU) << 8 | word >> 8;
}

uint32_t register_raw(const struct register_map *map, const uint16_t *words)
{
    const bool bytes = map->order == ORDER_BADC || map->order == ORDER_DCBA;
    const bool low_first = map->order == ORDER_CDAB || map->order == ORDER_DCBA;
    const uint32_t first = bytes ? swapped(words[0]) : words[0];
    uint32_t second;

    if (register_words(map) == 1) {
        return first;
    }
    second = bytes ? swapped(words[1]) : words[1];
    return low_first ? second << 16 | first : first << 16 | second;
}

/* A number beyond 31 bits means no field strength: not a number, infinite or torn. */
static bool float_value(uint32_t raw, int64_t *out)
{
    float number;

    memcpy(&number, &raw, sizeof number);
    if (!isfinite(number) || fabsf(number) > (float)INT32_MAX) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

/* False: the registers hold no number. */
static bool value_of(const struct register_map *map, uint32_t raw, int64_t *out)
{
    if (map->function <= 2) {
        *out = raw & 1U;
        return true;
    }
    switch ((enum register_type)map->type) {
    case REGISTER_U16:
    case REGISTER_U32: *out = raw & map->mask; return true;
    case REGISTER_S16: *out = (int16_t)(uint16_t)raw; return true;
    case REGISTER_S32: *out = (int32_t)raw; return true;
    case REGISTER_F32: return float_value(raw, out);
    case REGISTER_TYPE_COUNT: break;
    }
    return false;
}

/* Raw mode: occupied from threshold + hysteresis / 2 up, free below threshold - hysteresis / 2, in
 * between as before (at the very first reading by the threshold itself). */
static bool above(const struct register_map *map, int64_t value,
                  const struct register_memory *memory)
{
    const int64_t half = map->hysteresis / 2;

    if (value >= map->threshold + half) {
        return true;
    }
    if (value < map->threshold - half) {
        return false;
    }
    /* what the memory keeps is after inversion */
    return memory->known ? memory->occupied != map->invert : value >= map->threshold;
}

enum reading_value register_read(const struct register_map *map, uint32_t raw, uint16_t status,
                                 struct register_memory *memory)
{
    int64_t value;
    bool occupied;

    if (map->status_offset != -1) {
        if (map->status_link_code != 0 && (uint32_t)(status >> 8) == map->status_link_code) {
            return VALUE_LINK_LOST;
        }
        if ((status & map->status_fault_mask) != 0) {
            return VALUE_FAULT;
        }
    }
    if (!value_of(map, raw, &value) || (map->empty_value >= 0 && value == map->empty_value)) {
        return VALUE_FAULT;
    }
    if (map->threshold > 0) {
        occupied = above(map, value, memory);
    } else if (map->occupied_value < 0) {
        occupied = value != 0;
    } else {
        occupied = value == map->occupied_value;
    }
    memory->known = true;
    memory->occupied = occupied != map->invert;
    return memory->occupied ? VALUE_OCCUPIED : VALUE_FREE;
}
