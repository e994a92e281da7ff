#ifndef GATEWAY_KEEP_REDIS_LINK_H
#define GATEWAY_KEEP_REDIS_LINK_H

#include "bowei/redis_store.h"
#include "gateway/keep/redis/resp.h"
#include <hiredis/hiredis.h>

/* One blocking connection to Redis. hiredis 0.14: after any error a context is dead, so every error
 * closes it and the owner opens a new one (never redisReconnect, which loses the timeout). */

#define RUN_ID_MAX 48

/** Why Redis cannot be used now, for the log (once a reason) and the tests. */
enum link_fault {
    FAULT_NONE,
    FAULT_CONNECT,
    FAULT_TIMEOUT,
    FAULT_CLOSED,
    FAULT_LOADING,
    FAULT_MEMORY, /**< OOM */
    FAULT_READONLY,
    FAULT_AUTH,      /**< NOAUTH, WRONGPASS, NOPERM: a matter of configuration */
    FAULT_DISK,      /**< MISCONF */
    FAULT_REPLY,     /**< any other error reply */
    FAULT_SPEECH,    /**< not the reply this command has */
    FAULT_NO_MEMORY, /**< ours */
    FAULT_COUNT
};

struct redis_link {
    redisContext *context; /* NULL = closed */
    enum link_fault fault; /* why the last call failed */
    char detail[96];
    uint32_t timeout_ms;      /* a whole answer later than this is none */
    int64_t until_ms;         /* boottime at which no answer is waited for any more; 0 = none */
    const _Atomic bool *halt; /* the same, at once; NULL = never */
};

/** Opens, authenticates and names the connection. */
bool redis_link_open(struct redis_link *link, const struct redis_params *params);
void redis_link_close(struct redis_link *link);
/** No answer is waited for beyond `ms` from now, however many are awaited until then: a peer that
 * sends a byte now and then keeps each single one alive. */
void redis_link_limit(struct redis_link *link, uint32_t ms);
/** Queues ready RESP bytes (copied); nothing is sent yet. */
bool redis_link_append(struct redis_link *link, const struct strbuf *bytes);
/** Sends everything queued. */
bool redis_link_flush(struct redis_link *link);
/** Next reply, also an error reply; NULL when the connection failed (closed then). Free with
 * freeReplyObject. */
redisReply *redis_link_reply(struct redis_link *link);
/** Appends bytes (one command) and reads its reply; an error reply is a failure as well, but leaves
 * the connection. */
redisReply *redis_link_ask(struct redis_link *link, const struct strbuf *bytes);
/** Classifies an error reply into link->fault. */
void redis_link_blame(struct redis_link *link, const redisReply *reply);
bool redis_reply_is(const redisReply *reply, const char *prefix);
/** The server's run id, "" when it may not be asked. */
bool redis_link_run_id(struct redis_link *link, char out[RUN_ID_MAX]);
const char *link_fault_name(enum link_fault fault);

#endif
