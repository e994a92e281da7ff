/* Replies of the loader without malloc: the object functions of a hiredis reader on a bump
 * allocator. load.c reads a reply, takes what it needs and clears. */
#include "gateway/keep/redis/reply_arena.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16u

/* In front of what was malloced. */
struct large {
    void *next;
    void *pad; /* what follows is aligned as malloc's */
};

static void *take(struct reply_arena *arena, size_t size)
{
    struct large *large;
    void *taken;

    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (size <= sizeof arena->bytes - arena->used) {
        taken = arena->bytes + arena->used;
        arena->used += size;
        return taken;
    }
    large = size > SIZE_MAX - sizeof *large ? NULL : malloc(sizeof *large + size);
    if (large == NULL) {
        return NULL;
    }
    large->next = arena->large;
    arena->large = large;
    return large + 1;
}

/* A new object, hung into the array it belongs to. */
static redisReply *make(const redisReadTask *task, int type)
{
    redisReply *reply = take(task->privdata, sizeof *reply);

    if (reply == NULL) {
        return NULL;
    }
    memset(reply, 0, sizeof *reply);
    reply->type = type;
    if (task->parent != NULL) {
        redisReply *parent = task->parent->obj;

        parent->element[task->idx] = reply;
    }
    return reply;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    redisReply *reply = make(task, task->type);

    if (reply == NULL) {
        return NULL;
    }
    reply->str = take(task->privdata, len + 1);
    if (reply->str == NULL) {
        return NULL;
    }
    memcpy(reply->str, text, len);
    reply->str[len] = '\0';
    reply->len = len;
    return reply;
}

static void *make_array(const redisReadTask *task, int elements)
{
    redisReply *reply = make(task, REDIS_REPLY_ARRAY);

    if (reply != NULL && elements > 0) {
        reply->elements = (size_t)elements;
        reply->element = take(task->privdata, (size_t)elements * sizeof(redisReply *));
        if (reply->element == NULL) {
            return NULL;
        }
        memset((void *)reply->element, 0, (size_t)elements * sizeof(redisReply *));
    }
    return reply;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    redisReply *reply = make(task, REDIS_REPLY_INTEGER);

    if (reply != NULL) {
        reply->integer = value;
    }
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    return make(task, REDIS_REPLY_NIL);
}

/* All at once in reply_arena_clear. */
static void free_nothing(void *reply)
{
    (void)reply;
}

void reply_arena_begin(struct reply_arena *arena, redisReader *reader)
{
    static redisReplyObjectFunctions functions = {make_string, make_array, make_integer, make_nil,
                                                  free_nothing};

    arena->used = 0;
    arena->large = NULL;
    reader->fn = &functions;
    reader->privdata = arena;
}

void reply_arena_clear(struct reply_arena *arena)
{
    while (arena->large != NULL) {
        struct large *large = arena->large;

        arena->large = large->next;
        free(large);
    }
    arena->used = 0;
}
