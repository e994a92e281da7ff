#ifndef BOWEI_BASE_TEXT_MAP_H
#define BOWEI_BASE_TEXT_MAP_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From texts (device IDs, aliases) to the numbers of their rows. The map stores no text: 8 bytes a
 * bucket hold a hash and the number, and the owner of the rows gives the text back on demand. */

struct text_map;

/** The text of row `index`, valid until the owner changes; sets *len. */
typedef const char *text_map_text(const void *owner, uint32_t index, size_t *len);

enum text_map_put { TEXT_MAP_ADDED, TEXT_MAP_DUPLICATE, TEXT_MAP_NO_MEMORY };

/** For about `expected` texts (it grows past them). `owner` is borrowed. NULL: no memory. */
struct text_map *text_map_create(size_t expected, text_map_text *text_of, const void *owner);
void text_map_destroy(struct text_map *map);
/** Adds text -> index (below UINT32_MAX). On a duplicate nothing changes and *index is the row that
 * holds the text already. */
MUST_CHECK enum text_map_put text_map_put(struct text_map *map, const char *text, size_t len,
                                          uint32_t *index);
/** True and *index when the text is there. Any number of threads may read an unchanging map. */
bool text_map_find(const struct text_map *map, const char *text, size_t len, uint32_t *index);
size_t text_map_count(const struct text_map *map);

#endif
