#ifndef GATEWAY_KEEP_REDIS_REPLY_ARENA_H
#define GATEWAY_KEEP_REDIS_REPLY_ARENA_H

#include <hiredis/hiredis.h>
#include <stddef.h>

/* Memory of one reply at a time, for a reader of a million hashes: hiredis makes some forty objects
 * of each, which here cost a step of a pointer instead of a malloc and a free. */

#define REPLY_ARENA_BYTES                                                                          \
    16384 /* a hash of ours has some 2 KB of objects; what is larger is malloced */

struct reply_arena {
    size_t used;
    void *large; /**< chain of what did not fit */
    _Alignas(16) char bytes[REPLY_ARENA_BYTES];
};

/** From now on the reader's replies live in the arena, until the next reply_arena_clear; the arena
 * outlives the reader. Such a reply is not for freeReplyObject. */
void reply_arena_begin(struct reply_arena *arena, redisReader *reader);
/** Every reply read so far is gone; also the end. Not while the reader has begun one. */
void reply_arena_clear(struct reply_arena *arena);

#endif
