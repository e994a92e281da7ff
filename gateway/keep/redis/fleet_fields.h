#ifndef GATEWAY_KEEP_REDIS_FLEET_FIELDS_H
#define GATEWAY_KEEP_REDIS_FLEET_FIELDS_H

#include "gateway/keep/redis/resp.h"
#include "gateway/keep/redis/slice.h"
#include <hiredis/hiredis.h>

/* Fences, bikes, alerts and mutes as Redis hashes. What others read is in fields by name; what a
 * gateway reads back is the packed image in pieces p0, p1, ... of at most 64 characters. */

void fleet_fields_key(struct redis_key *out, uint32_t adcode, const struct image *image);
/** The HSET of the item. */
void fleet_fields_write(struct strbuf *b, const struct redis_key *key,
                        const struct slice_item *item);
/** How long an alert's key lives: for good while it goes on, 30 days after its end. */
void fleet_fields_life(struct strbuf *b, const struct redis_key *key,
                       const struct alert_image *alert);
/** 30 days from now, for an episode that the gateway no longer knows. */
void fleet_fields_expire(struct strbuf *b, const struct redis_key *key);
/** What stands in the index for it. */
void fleet_fields_member(struct strbuf *b, const struct image *image);
/** The image out of HGETALL's reply; its kind is set. False: not what we write. */
bool fleet_fields_read(const redisReply *hash, struct image *image);

#endif
