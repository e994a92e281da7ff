/* The replies to one transaction, each checked against its command: what Redis has now, what it
 * refused, and whether the same may be sent again. */
#include "bowei/base/log.h"
#include "gateway/keep/redis/txn.h"
#include <string.h>

static bool same_stream(const struct slice *slice, struct slice_refused a, struct slice_refused b)
{
    const char *of_a[ALERT_VIEWERS_MAX];
    const char *of_b[ALERT_VIEWERS_MAX];

    if (((a.item | b.item) & TXN_KEY) != 0) {
        return a.item == b.item;
    }
    if (slice->items[a.item].image.kind != slice->items[b.item].image.kind) {
        return false;
    }
    if (slice->items[a.item].image.kind != IMAGE_ALERT) {
        return true; /* rows: there is one stream of them */
    }
    (void)alert_viewers(&slice->items[a.item].image.alert, of_a);
    (void)alert_viewers(&slice->items[b.item].image.alert, of_b);
    return strcmp(of_a[a.viewer], of_b[b.viewer]) == 0;
}

/* An entry that is there already, or that a foreign one hides: its stream is looked at. */
static void refused_note(struct slice *slice, struct txn_command command)
{
    const struct slice_refused refused = {command.item, command.viewer};
    unsigned i = 0;

    while (i < slice->refused_count && !same_stream(slice, slice->refused[i], refused)) {
        i++;
    }
    if (i < SLICE_REFUSED_MAX) {
        slice->refused[i] = refused;
        slice->refused_count = (uint8_t)(i < slice->refused_count ? slice->refused_count : i + 1);
    }
}

/* One reply out of EXEC's array. */
static void judge(struct txn_command command, const redisReply *reply, struct slice *slice,
                  struct counters *counters, enum txn_outcome *outcome)
{
    static int64_t gate;
    const bool row =
        (command.item & TXN_KEY) == 0 && slice->items[command.item].image.kind == IMAGE_AUDIT;
    unsigned kind = (command.item & TXN_KEY) != 0 ? command.item - TXN_KEY : (unsigned)KEY_AUDIT;

    if (reply->type != REDIS_REPLY_ERROR) {
        return;
    }
    if (redis_reply_is(reply, "WRONGTYPE")) {
        if ((command.item & TXN_KEY) != 0 || row) {
            slice->wrong_keys |= 1u << kind;
        } else if ((slice->items[command.item].flags & ITEM_EVENT) != 0) {
            slice->items[command.item].wrong_logs |= 1u << command.viewer;
        } else {
            slice->items[command.item].flags |= ITEM_WRONG_TYPE;
        }
        count_add(counters, COUNT_REDIS_WRONG_TYPE, 1);
        *outcome = TXN_AGAIN;
        return;
    }
    if (redis_reply_is(reply, "ERR The ID specified in XADD is equal or smaller") ||
        redis_reply_is(reply, "ERR The stream has exhausted the last possible ID")) {
        refused_note(slice, command);
        return;
    }
    if ((command.item & TXN_KEY) != 0 && redis_reply_is(reply, "ERR no such key")) {
        return; /* the index is renamed already: the slice was sent before */
    }
    /* Sending the same bytes again would get the same answer: say it and go on. */
    log_rate(LOG_ERROR, &gate, 60000, "redis", "a write was refused: %s", reply->str);
    count_add(counters, COUNT_REDIS_ERRORS, 1);
}

static enum txn_outcome judge_exec(const struct txn *txn, const redisReply *exec,
                                   struct redis_link *link, struct slice *slice,
                                   struct counters *counters)
{
    enum txn_outcome outcome = TXN_DONE;

    if (exec->type == REDIS_REPLY_NIL) {
        return TXN_EXAMINE;
    }
    if (exec->type != REDIS_REPLY_ARRAY || exec->elements != txn->count) {
        redis_link_blame(link, exec);
        return TXN_FAILED;
    }
    for (uint32_t i = 0; i < txn->count; i++) {
        judge(txn->commands[i], exec->element[i], slice, counters, &outcome);
        if (txn->commands[i].exists && exec->element[i]->type == REDIS_REPLY_INTEGER &&
            exec->element[i]->integer != 0) {
            slice->index_there |= 1u << (txn->commands[i].item - TXN_KEY);
        }
    }
    return outcome;
}

static bool free_differs(const struct txn *txn, const redisReply *exec, const struct slice *slice)
{
    for (uint32_t i = 0; i < txn->count; i++) {
        if (txn->commands[i].count && exec->element[i]->type == REDIS_REPLY_INTEGER) {
            return exec->element[i]->integer != (long long)slice->free_expected;
        }
    }
    return false;
}

enum txn_outcome txn_receive(const struct txn *txn, struct redis_link *link, struct slice *slice,
                             struct counters *counters, bool *free_wrong)
{
    enum txn_outcome outcome;
    bool refused = false;
    redisReply *reply;

    *free_wrong = false;
    slice->index_there = 0;
    slice->refused_count = 0;
    /* MULTI and each queued command; the first error says why EXEC will be refused. */
    for (uint32_t i = 0; i < txn->count + 1; i++) {
        reply = redis_link_reply(link);
        if (reply == NULL) {
            return TXN_FAILED;
        }
        if (reply->type == REDIS_REPLY_ERROR && !refused) {
            redis_link_blame(link, reply);
            refused = true;
        }
        freeReplyObject(reply);
    }
    reply = redis_link_reply(link);
    if (reply == NULL) {
        return TXN_FAILED;
    }
    if (refused) {
        outcome = TXN_FAILED;
    } else {
        outcome = judge_exec(txn, reply, link, slice, counters);
        *free_wrong = outcome == TXN_DONE && free_differs(txn, reply, slice);
    }
    freeReplyObject(reply);
    count_add(counters, COUNT_REDIS_COMMANDS, txn->count);
    return outcome;
}
