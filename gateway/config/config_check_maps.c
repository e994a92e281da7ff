/* Cross-checks of register maps: what a map says of addresses, masks, types and thresholds must fit
 * each other, or its spaces would be free, occupied or believed for ever. */
#include "gateway/config/config_check.h"
#include <inttypes.h>

#define MODBUS_ADDRESSES 65536 /* 16 bits */

static void check_map_values(struct config_source *s, const struct register_map *m, uint32_t i)
{
    const bool words = m->function >= 3;
    const int64_t last = (int64_t)m->first - m->base + (int64_t)(m->channels - 1) * m->stride +
                         (m->status_offset > 0 ? m->status_offset : 0) +
                         (m->type >= REGISTER_U32 ? 1 : 0);

    if (m->first < m->base) {
        config_source_fault_of(s, &m->first, m, "maps[%u].first: %u is below the base %u", i,
                               m->first, m->base);
    } else if (last >= MODBUS_ADDRESSES) {
        config_source_fault_of(s, &m->channels, m,
                               "maps[%u].channels: the last register is %" PRId64
                               ", beyond 65535 (first %u, %u channels, stride %u)",
                               i, last, m->first, m->channels, m->stride);
    }
    if (words && m->max_read > CONFIG_REQUEST_WORDS) {
        config_source_fault_of(s, &m->max_read, m,
                               "maps[%u].max_read: %u registers, a request may have 125", i,
                               m->max_read);
    }
    if (!words && (m->threshold > 0 || m->status_offset >= 0)) {
        config_source_fault_of(
            s, m->threshold > 0 ? (const void *)&m->threshold : &m->status_offset, m,
            "maps[%u]: bits (function %u) have no threshold and no status", i, m->function);
    }
    if (m->occupied_value > 0 && ((uint32_t)m->occupied_value & ~m->mask) != 0) {
        config_source_fault_of(s, &m->occupied_value, m,
                               "maps[%u].occupied_value: %d never passes the mask 0x%X", i,
                               m->occupied_value, m->mask);
    }
    if (m->status_offset > 0 && (uint32_t)m->status_offset % m->stride == 0 &&
        (uint32_t)m->status_offset / m->stride < m->channels) {
        config_source_fault_of(s, &m->status_offset, m,
                               "maps[%u].status_offset: the status of channel 1 overlaps a value",
                               i);
    }
    if (m->status_offset < 0 && (m->status_fault_mask != 0 || m->status_link_code != 0)) {
        config_source_fault_of(
            s, m->status_fault_mask != 0 ? &m->status_fault_mask : &m->status_link_code, m,
            "maps[%u]: a status mask or code without status_offset", i);
    }
}

uint32_t config_check_value_words(const struct register_map *m)
{
    return m->type >= REGISTER_U32 ? 2 : 1;
}

static void check_map_type(struct config_source *s, const struct register_map *m, uint32_t i)
{
    const bool is_signed = m->type != REGISTER_U16 && m->type != REGISTER_U32;
    const bool all_bits = m->mask == UINT32_MAX || (m->type == REGISTER_S16 && m->mask == 0xFFFF);

    if (m->function <= 2 && m->type != REGISTER_U16) {
        config_source_fault_of(s, &m->type, m, "maps[%u].type: bits (function %u) have no type", i,
                               m->function);
    }
    if (is_signed && !all_bits) {
        config_source_fault_of(s, &m->mask, m,
                               "maps[%u].mask: 0x%X, only u16 and u32 may be masked", i, m->mask);
    }
    if (config_check_value_words(m) > 1 && m->channels > 1 &&
        m->stride < config_check_value_words(m)) {
        config_source_fault_of(s, &m->stride, m,
                               "maps[%u].stride: %u, a 32-bit value takes 2 registers", i,
                               m->stride);
    }
    if (config_check_value_words(m) > 1 && m->max_read < config_check_value_words(m)) {
        config_source_fault_of(s, &m->max_read, m,
                               "maps[%u].max_read: %u, a 32-bit value takes 2 registers", i,
                               m->max_read);
    }
    if (m->status_offset >= 0 && (uint32_t)m->status_offset < config_check_value_words(m)) {
        config_source_fault_of(s, &m->status_offset, m,
                               "maps[%u].status_offset: %d is a register of the value itself", i,
                               m->status_offset);
    }
}

/* The largest number a value can be, as the map reads it. */
static int64_t value_max(const struct register_map *m)
{
    if (m->function <= 2) {
        return m->mask & 1;
    }
    switch ((enum register_type)m->type) {
    case REGISTER_U16: return m->mask & UINT16_MAX;
    case REGISTER_U32: return m->mask;
    case REGISTER_S16: return INT16_MAX;
    case REGISTER_S32:
    case REGISTER_F32:
    case REGISTER_TYPE_COUNT: break;
    }
    return INT32_MAX;
}

/* A number that no register can hold would leave spaces free, occupied or believed for ever. */
static void check_map_reach(struct config_source *s, const struct register_map *m, uint32_t i)
{
    const bool natural = m->type == REGISTER_U16 || m->type == REGISTER_U32;
    const int64_t half = m->hysteresis / 2;

    if (m->threshold == 0 && m->hysteresis > 0) {
        config_source_fault_of(s, &m->hysteresis, m, "maps[%u].hysteresis: %u without threshold", i,
                               m->hysteresis);
    } else if (m->threshold > 0 && natural && half >= m->threshold) {
        config_source_fault_of(
            s, &m->hysteresis, m,
            "maps[%u].hysteresis: with %u nothing below the threshold %u is free", i, m->hysteresis,
            m->threshold);
    }
    if (m->threshold > 0 && m->threshold + half > value_max(m)) {
        config_source_fault_of(s, &m->threshold, m,
                               "maps[%u].threshold: %u, with half the hysteresis, is beyond the "
                               "largest value %" PRId64,
                               i, m->threshold, value_max(m));
    }
    if (value_max(m) == 0) {
        config_source_fault_of(s, &m->mask, m,
                               "maps[%u].mask: 0x%X lets nothing of the value through", i, m->mask);
    } else if (m->occupied_value > value_max(m) && ((uint32_t)m->occupied_value & ~m->mask) == 0) {
        config_source_fault_of(s, &m->occupied_value, m,
                               "maps[%u].occupied_value: %d is beyond the largest value %" PRId64,
                               i, m->occupied_value, value_max(m));
    }
    if (natural && m->empty_value > value_max(m)) {
        config_source_fault_of(s, &m->empty_value, m,
                               "maps[%u].empty_value: %d is beyond the largest value %" PRId64
                               " behind the mask",
                               i, m->empty_value, value_max(m));
    }
}

/* Values that mean "no sensor" are neither free nor occupied. */
static void check_map_empty(struct config_source *s, const struct register_map *m, uint32_t i)
{
    if (m->threshold > 0 || m->empty_value < 0) {
        return;
    }
    if (m->empty_value == m->occupied_value) {
        config_source_fault_of(s, &m->empty_value, m,
                               "maps[%u].empty_value: %d is the occupied_value, too", i,
                               m->empty_value);
    } else if (m->occupied_value < 0 && m->empty_value == 0) {
        config_source_fault_of(
            s, &m->empty_value, m,
            "maps[%u].empty_value: 0, and all but 0 is occupied: nothing is free", i);
    }
}

static void check_map_identity(struct config_source *s, const struct register_map *m, uint32_t i)
{
    const int64_t address = (int64_t)m->identity.address - m->base;

    if (m->identity.function == 0) {
        return;
    }
    if (address < 0 || address >= MODBUS_ADDRESSES) {
        config_source_fault_of(s, &m->identity.address, m,
                               "maps[%u].identity.address: %u, with base %u, is not a register", i,
                               m->identity.address, m->base);
    }
    if ((m->identity.value & ~m->identity.mask) != 0) {
        config_source_fault_of(s, &m->identity.value, m,
                               "maps[%u].identity.value: 0x%X never passes the mask 0x%X", i,
                               m->identity.value, m->identity.mask);
    }
}

static void check_map_recalibrate(struct config_source *s, const struct register_map *m, uint32_t i)
{
    const uint32_t function = m->recalibrate.function;
    const int64_t first = (int64_t)m->recalibrate.address - m->base;
    const int64_t last = first + (int64_t)m->recalibrate.stride * (m->channels - 1);

    if (function == 0) {
        return;
    }
    if (function != 5 && function != 6 && function != 16) {
        config_source_fault_of(s, &m->recalibrate.function, m,
                               "maps[%u].recalibrate.function: %u is not 5, 6 or 16", i, function);
    }
    if (first < 0 || last >= MODBUS_ADDRESSES) {
        config_source_fault_of(s, &m->recalibrate.address, m,
                               "maps[%u].recalibrate.address: %u, with base %u and %u channels of "
                               "stride %u, leaves 0-65535",
                               i, m->recalibrate.address, m->base, m->channels,
                               m->recalibrate.stride);
    }
    if (function == 5 && m->recalibrate.value > 1) {
        config_source_fault_of(s, &m->recalibrate.value, m,
                               "maps[%u].recalibrate.value: %u, function 5 writes 0 or 1", i,
                               m->recalibrate.value);
    }
}

void config_check_maps(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->map_count; i++) {
        const struct register_map *m = &c->maps[i];

        if (m->stride > 0 && m->channels > 0) {
            check_map_values(s, m, i);
            check_map_type(s, m, i);
            check_map_reach(s, m, i);
            check_map_empty(s, m, i);
            check_map_identity(s, m, i);
            check_map_recalibrate(s, m, i);
        }
    }
}
