/* The register maps that ship with the program; the configuration may override each and add its
 * own. Banner DX80: P/N 131598 (M-GAGE node) and the DX80 message registers. register = I/O + 16 *
 * node, so node 1 I/O 1 is holding register 17; I/O 8 is the device message: high byte = code (0x35
 * = radio link to the node timed out), bit 0 = an error is present. Radio gateways keep the last
 * value of a dead node: the message decides. DXM: aliases sorted by input, input n of node k at
 * 6801 + 150 * (n - 1) + k; input 8 is 1050 above input 1. bit_concentrator and magnetometer are
 * generic: no public map of one was found, so set `first` and `channels`. I/O 14 of
 * a node takes the baseline: written while no car stands there, by hand and never by a poll. A DXM
 * mirrors inputs only: recalibrate at the DX80 behind it. Of raw aliases set `threshold`. */
#include "gateway/config/register_maps.h"
#include <string.h>

#define DX80_NODES     47
#define DX80_LINK_LOST 0x35
#define DX80_ERROR_BIT 0x0001
#define NO_SENSOR_READ 0xFFFF /* what a radio gateway answers for a node that never joined */
#define READ_MAX_WORDS 125
#define WORD           0xFFFF
#define READ_MAX_BITS  2000
/* I/O 14 of node 1 is register 30 */
#define DX80_BASELINE                                                                              \
    {                                                                                              \
        .function = 6, .address = 30, .stride = 16, .value = 1                                     \
    }
#define NAME(text)                                                                                 \
    ((char *)(uintptr_t)(text)) /* the struct owns texts elsewhere; these are never freed */

static const struct register_map maps[] = {
    {.name = NAME("bit_concentrator"),
     .function = 2,
     .base = 0,
     .first = 0,
     .stride = 1,
     .channels = 64,
     .first_channel = 1,
     .mask = 1,
     .occupied_value = 1,
     .empty_value = -1,
     .status_offset = -1,
     .gap = 64,
     .max_read = READ_MAX_BITS,
     .identity = {.mask = WORD},
     .recalibrate = {.value = 1}},
    { .name = NAME("dx80_raw"),
     .function = 3,
     .base = 1,
     .first = 17,
     .stride = 16,
     .channels = DX80_NODES,
     .first_channel = 1,
     .mask = UINT32_MAX,
     .occupied_value = -1,
     .threshold = 300, /* the node's own default pair is 300/40 */
     .hysteresis = 40,
     .empty_value = NO_SENSOR_READ,
     .status_offset = 7,
     .status_fault_mask = DX80_ERROR_BIT,
     .status_link_code = DX80_LINK_LOST,
     .gap = 8,
     .max_read = READ_MAX_WORDS,
     .identity = {.mask = WORD},
     .recalibrate = DX80_BASELINE},
    {    .name = NAME("dx80_state"),
     .function = 3,
     .base = 1,
     .first = 17,
     .stride = 16,
     .channels = DX80_NODES,
     .first_channel = 1,
     .mask = UINT32_MAX,
     .occupied_value = -1,
     .empty_value = NO_SENSOR_READ,
     .status_offset = 7,
     .status_fault_mask = DX80_ERROR_BIT,
     .status_link_code = DX80_LINK_LOST,
     .gap = 8,
     .max_read = READ_MAX_WORDS,
     .identity = {.mask = WORD},
     .recalibrate = DX80_BASELINE},
    {    .name = NAME("dxm_alias"),
     .function = 3,
     .base = 1,
     .first = 6802,
     .stride = 1,
     .channels = DX80_NODES,
     .first_channel = 1,
     .mask = UINT32_MAX,
     .occupied_value = -1,
     .empty_value = NO_SENSOR_READ,
     .status_offset = 1050,
     .status_fault_mask = DX80_ERROR_BIT,
     .status_link_code = DX80_LINK_LOST,
     .gap = 8,
     .max_read = READ_MAX_WORDS,
     .identity = {.mask = WORD},
     .recalibrate = {.value = 1}},
    {    .name = NAME("magnetometer"),
     .function = 3,
     .base = 0,
     .first = 0,
     .stride = 1,
     .channels = 32,
     .first_channel = 1,
     .mask = UINT32_MAX,
     .occupied_value = -1,
     .threshold = 300,
     .hysteresis = 40,
     .empty_value = NO_SENSOR_READ,
     .status_offset = -1,
     .gap = 8,
     .max_read = READ_MAX_WORDS,
     .identity = {.mask = WORD},
     .recalibrate = {.value = 1}},
};

const struct register_map *register_maps(size_t *count)
{
    *count = ARRAY_LEN(maps);
    return maps;
}

const struct register_map *register_maps_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        if (strcmp(maps[i].name, name) == 0) {
            return &maps[i];
        }
    }
    return NULL;
}
