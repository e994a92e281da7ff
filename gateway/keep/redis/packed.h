#ifndef GATEWAY_KEEP_REDIS_PACKED_H
#define GATEWAY_KEEP_REDIS_PACKED_H

#include "bowei/image.h"

#define PRIVATE_MAX 64 /* one larger value turns the listpack into a hash table: 3x the memory */
#define PACKED_MAX  48 /* bytes that are at most PRIVATE_MAX as base64 */

/* The private fields of a hash: what only a gateway reads back, base64 without padding. */

/** Text of packed bytes; returns its length. */
size_t packed_text(const uint8_t *bytes, size_t len, char text[PRIVATE_MAX + 1]);
/** The bytes behind a field's text; -1 when it is none. */
int packed_bytes(const char *text, size_t len, uint8_t bytes[PACKED_MAX]);

/** A bit for each sensor that was heard when the space was last seen (nearly always): its stamp is
 * not said again. */
unsigned packed_heard_with_seen(const struct space_image *s);
/** What the fused state of a space needs beyond the shown one. */
size_t packed_fused(const struct space_image *s, uint8_t out[PACKED_MAX]);
bool unpacked_fused(const uint8_t *bytes, size_t len, struct space_image *s);
size_t packed_gate(const struct gate_image *g, uint8_t out[PACKED_MAX]);
bool unpacked_gate(const uint8_t *bytes, size_t len, struct gate_image *g);
size_t packed_counting(const struct lot_image *l, uint8_t out[PACKED_MAX]);
bool unpacked_counting(const uint8_t *bytes, size_t len, struct lot_image *l);

#endif
