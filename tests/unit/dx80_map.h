#ifndef TESTS_UNIT_DX80_MAP_H
#define TESTS_UNIT_DX80_MAP_H

#include "bowei/config.h"

/* Banner P/N 131598: register = I/O + 16 * node, address = register - 1. */
static const struct register_map dx80 = {.function = 3,
                                         .base = 1,
                                         .first = 17,
                                         .stride = 16,
                                         .channels = 47,
                                         .first_channel = 1,
                                         .mask = 0xffff,
                                         .occupied_value = 1,
                                         .empty_value = 0xffff,
                                         .status_offset = 7,
                                         .status_fault_mask = 1,
                                         .status_link_code = 0x35,
                                         .gap = 16,
                                         .max_read = 125};

#endif
