#ifndef GATEWAY_KEEP_REDIS_CASE_FIELDS_H
#define GATEWAY_KEEP_REDIS_CASE_FIELDS_H

#include "gateway/keep/redis/resp.h"
#include "gateway/keep/redis/slice.h"
#include <hiredis/hiredis.h>

/* Cases as Redis hashes: the present state by name (its packed image goes beside it, see
 * fleet_fields.h), and the history in a hash of its own, a field a row. */

#define CASE_FIELDS 21u
#define STAY_FIELDS 5u

/** The fields by name of a case, of an interrupted stay. */
void case_fields_case(struct strbuf *b, const struct slice_item *item);
void case_fields_stay(struct strbuf *b, const struct slice_item *item);
/** The HSET of a row: `<number>` = "<at> <event> <role> <status> <stage> <packed>". */
void case_fields_row(struct strbuf *b, const struct redis_key *key, const struct slice_item *item);
/** A forgotten case: its keys go after three years, as files of the archive do. */
void case_fields_expire(struct strbuf *b, const struct redis_key *key);
/** All rows of HGETALL's reply, each handed on. False: one is not what we write. */
bool case_fields_rows(const redisReply *hash, void (*each)(void *ctx, const struct image *image),
                      void *ctx, struct position *newest);

#endif
