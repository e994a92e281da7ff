/* The connection under the writer thread and the loader: open, send ready bytes, read replies, and
 * say in one word why it failed. Pitfalls behind each line: reference of hiredis 0.14 in
 * docs/ARCHITECTURE.md. */
#include "gateway/keep/redis/link.h"
#include "bowei/base/city_clock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT_DEFAULT_MS 200

struct fault_row {
    const char *prefix;
    enum link_fault fault;
};

static const struct fault_row prefixes[] = {
    {"LOADING",   FAULT_LOADING },
    {"OOM",       FAULT_MEMORY  },
    {"READONLY",  FAULT_READONLY},
    {"NOAUTH",    FAULT_AUTH    },
    {"WRONGPASS", FAULT_AUTH    },
    {"NOPERM",    FAULT_AUTH    },
    {"MISCONF",   FAULT_DISK    },
    {"",          FAULT_REPLY   },
};

static const char *const fault_names[FAULT_COUNT] = {
    [FAULT_NONE] = "none",          [FAULT_CONNECT] = "connect",
    [FAULT_TIMEOUT] = "timeout",    [FAULT_CLOSED] = "closed",
    [FAULT_LOADING] = "loading",    [FAULT_MEMORY] = "out of memory",
    [FAULT_READONLY] = "read-only", [FAULT_AUTH] = "not authorised",
    [FAULT_DISK] = "cannot save",   [FAULT_REPLY] = "error reply",
    [FAULT_SPEECH] = "odd reply",   [FAULT_NO_MEMORY] = "no memory",
};

const char *link_fault_name(enum link_fault fault)
{
    return (unsigned)fault < FAULT_COUNT ? fault_names[fault] : fault_names[FAULT_REPLY];
}

static bool failed(struct redis_link *link, enum link_fault fault, const char *detail)
{
    link->fault = fault;
    snprintf(link->detail, sizeof link->detail, "%.*s", (int)sizeof link->detail - 1, detail);
    redis_link_close(link);
    return false;
}

void redis_link_close(struct redis_link *link)
{
    if (link->context != NULL) {
        redisFree(link->context);
        link->context = NULL;
    }
}

/* hiredis says EAGAIN for a timeout of SO_RCVTIMEO or SO_SNDTIMEO. */
static bool context_failed(struct redis_link *link)
{
    bool timed_out = link->context->err == REDIS_ERR_IO && errno == EAGAIN;
    char detail[sizeof link->context->errstr];

    memcpy(detail, link->context->errstr, sizeof detail);
    return failed(link, timed_out ? FAULT_TIMEOUT : FAULT_CLOSED, detail);
}

bool redis_reply_is(const redisReply *reply, const char *prefix)
{
    return reply->type == REDIS_REPLY_ERROR && strncasecmp(reply->str, prefix, strlen(prefix)) == 0;
}

void redis_link_blame(struct redis_link *link, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        link->fault = FAULT_SPEECH;
        snprintf(link->detail, sizeof link->detail, "reply of type %d", reply->type);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (redis_reply_is(reply, prefixes[i].prefix)) {
            link->fault = prefixes[i].fault;
            break;
        }
    }
    snprintf(link->detail, sizeof link->detail, "%s", reply->str);
}

bool redis_link_append(struct redis_link *link, const struct strbuf *bytes)
{
    if (link->context == NULL) {
        return false;
    }
    if (bytes->failed) {
        return failed(link, FAULT_NO_MEMORY, "");
    }
    if (redisAppendFormattedCommand(link->context, bytes->data, bytes->len) != REDIS_OK) {
        return context_failed(link);
    }
    return true;
}

void redis_link_limit(struct redis_link *link, uint32_t ms)
{
    link->until_ms = host_boot_ms() + ms;
}

/* SO_RCVTIMEO and SO_SNDTIMEO bound one call of the kernel: this is for all of them. */
static int64_t deadline_ms(const struct redis_link *link)
{
    const int64_t until_ms = host_boot_ms() + link->timeout_ms;

    return link->until_ms != 0 && link->until_ms < until_ms ? link->until_ms : until_ms;
}

static bool too_late(struct redis_link *link, int64_t until_ms)
{
    if (link->halt != NULL && atomic_load_explicit(link->halt, memory_order_relaxed)) {
        (void)failed(link, FAULT_TIMEOUT, "stopping");
        return true;
    }
    if (host_boot_ms() > until_ms) {
        (void)failed(link, FAULT_TIMEOUT, "no whole answer in time");
        return true;
    }
    return false;
}

bool redis_link_flush(struct redis_link *link)
{
    const int64_t until_ms = deadline_ms(link);
    int done = 0;

    while (link->context != NULL && done == 0 && !too_late(link, until_ms)) {
        if (redisBufferWrite(link->context, &done) != REDIS_OK) {
            return context_failed(link);
        }
    }
    return link->context != NULL;
}

redisReply *redis_link_reply(struct redis_link *link)
{
    const int64_t until_ms = deadline_ms(link);
    void *reply = NULL;
    bool ok = link->context != NULL;

    /* as redisGetReply, which reads on as long as a byte comes now and then */
    while (ok) {
        errno = 0;
        ok = redisGetReplyFromReader(link->context, &reply) == REDIS_OK;
        if (ok && reply != NULL) {
            return reply;
        }
        if (ok && (!redis_link_flush(link) || too_late(link, until_ms))) {
            return NULL;
        }
        ok = ok && redisBufferRead(link->context) == REDIS_OK;
        if (!ok) {
            (void)context_failed(link);
        }
    }
    return NULL;
}

redisReply *redis_link_ask(struct redis_link *link, const struct strbuf *bytes)
{
    redisReply *reply;

    if (!redis_link_append(link, bytes)) {
        return NULL;
    }
    reply = redis_link_reply(link);
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        redis_link_blame(link, reply);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

static struct timeval timeval_of(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static bool greet(struct redis_link *link, const struct redis_params *params)
{
    struct strbuf b = {0};
    redisReply *reply = NULL;
    bool ok = true;

    if (params->password != NULL || params->username != NULL) {
        resp_command(&b, params->username != NULL ? 3 : 2);
        resp_text(&b, "AUTH");
        if (params->username != NULL) {
            resp_text(&b, params->username);
        }
        resp_text(&b, params->password != NULL ? params->password
                                               : ""); /* nopass: the socket's mode guards */
        reply = redis_link_ask(link, &b);
        ok = reply != NULL;
        freeReplyObject(reply);
        explicit_bzero(b.data, b.len);
        strbuf_clear(&b);
    }
    if (ok) {
        resp_command(&b, 3);
        resp_text(&b, "CLIENT");
        resp_text(&b, "SETNAME");
        resp_text(&b, "bowei");
        reply = redis_link_ask(link, &b);
        ok = reply != NULL;
        freeReplyObject(reply);
    }
    strbuf_finish(&b);
    return ok;
}

bool redis_link_open(struct redis_link *link, const struct redis_params *params)
{
    const uint32_t timeout_ms = params->timeout_ms != 0 ? params->timeout_ms : TIMEOUT_DEFAULT_MS;
    const struct timeval timeout = timeval_of(timeout_ms);
    redisContext *context;

    redis_link_close(link);
    link->timeout_ms = timeout_ms;
    link->until_ms = params->until_boot_ms;
    link->halt = params->halt;
    context = params->socket != NULL ? redisConnectUnixWithTimeout(params->socket, timeout)
                                     : redisConnectWithTimeout(params->host, params->port, timeout);
    if (context == NULL) {
        return failed(link, FAULT_NO_MEMORY, "");
    }
    link->context = context;
    if (context->err != 0) {
        char detail[sizeof context->errstr];

        memcpy(detail, context->errstr, sizeof detail);
        return failed(link, FAULT_CONNECT, detail);
    }
    (void)fcntl(context->fd, F_SETFD, FD_CLOEXEC);
    if (redisSetTimeout(context, timeout) != REDIS_OK) {
        return failed(link, FAULT_CONNECT, "timeout not taken");
    }
    if (!greet(link, params)) {
        redis_link_close(link);
        return false;
    }
    link->fault = FAULT_NONE;
    return true;
}

bool redis_link_run_id(struct redis_link *link, char out[RUN_ID_MAX])
{
    struct strbuf b = {0};
    redisReply *reply;
    const char *at;
    size_t len;

    out[0] = '\0';
    resp_command(&b, 2);
    resp_text(&b, "INFO");
    resp_text(&b, "server");
    reply = redis_link_ask(link, &b);
    strbuf_finish(&b);
    if (reply == NULL) {
        return false;
    }
    at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "run_id:") : NULL;
    if (at != NULL) {
        at += strlen("run_id:");
        len = strcspn(at, "\r\n");
        len = len < RUN_ID_MAX ? len : RUN_ID_MAX - 1;
        memcpy(out, at, len);
        out[len] = '\0';
    }
    freeReplyObject(reply);
    return true;
}
