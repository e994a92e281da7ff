#ifndef GATEWAY_KEEP_REDIS_FIELDS_H
#define GATEWAY_KEEP_REDIS_FIELDS_H

#include "gateway/keep/redis/resp.h"
#include "gateway/keep/redis/slice.h"

/* Images <-> the fields of their Redis keys. The public fields are documented in
 * docs/DATA_FORMAT.md; the private ones (k, p, q, r, s) are packed and never above 64 bytes. */

/** The command that writes the item's key (HSET; XADD for an audit row; DEL for a removed place).
 */
void fields_write(struct strbuf *b, const struct redis_key *key, const struct slice_item *item);
/** The key the item lives under. */
void fields_key(struct redis_key *out, uint32_t adcode, const struct slice_item *item);

/** One field of a hash as Redis gave it. */
struct field {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};

/** Takes one field into the image, whose kind and key (or device) are set; unknown fields are left
 * alone. False when its value is not what we write. */
bool fields_read(const struct field *field, struct image *out);
/** The code behind the change list: one letter a state. */
char fields_state_letter(uint8_t state);

#endif
