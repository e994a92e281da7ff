#ifndef GATEWAY_KEEP_REDIS_PUT_H
#define GATEWAY_KEEP_REDIS_PUT_H

#include "bowei/base/space_id.h"
#include "bowei/image.h"
#include "gateway/keep/redis/resp.h"

/* One field of a hash with its value, as two arguments of HSET; for fields.c, fleet_fields.c and
 * case_fields.c. */

static inline void put_text(struct strbuf *b, const char *name, const char *text)
{
    resp_text(b, name);
    resp_text(b, text);
}

static inline void put_i64(struct strbuf *b, const char *name, int64_t v)
{
    resp_text(b, name);
    resp_i64(b, v);
}

/** "" where there is none. */
static inline void put_place(struct strbuf *b, const char *name, space_key key)
{
    char id[SPACE_ID_LEN];

    if (key != 0) {
        space_id_write(key, id);
    }
    resp_text(b, name);
    resp_bytes(b, id, key != 0 ? SPACE_ID_LEN : 0);
}

/** The position of the last record applied. */
static inline void put_at(struct strbuf *b, struct position at)
{
    RESP_LITERAL(b, "$1\r\nv\r\n");
    resp_pair(b, at.epoch, at.seq);
}

#endif
