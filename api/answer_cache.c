/* Ready answers: an MHD response is counted, so one made once can be queued many times. The
 * dispatcher looks here before it parses anything; handlers of kept routes put their answer in. */
#include "api/answer_cache.h"
#include <stdio.h>
#include <string.h>

/* FNV-1a's prime over eight bytes a step (targets have about 70); what collides is told apart by
 * its text. */
static size_t slot_of(const char *target, size_t len, enum accept_class accept)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ len << 8 ^ (uint64_t)accept;
    uint64_t word;

    for (; len > sizeof word; len -= sizeof word, target += sizeof word) {
        memcpy(&word, target, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, target, len);
    hash = (hash ^ word) * prime;
    return (size_t)(hash ^ hash >> 29 ^ hash >> 47) & (ANSWERS - 1);
}

static void entry_drop(struct answer_cache *cache, struct kept_answer *answer)
{
    if (answer->response != NULL) {
        MHD_destroy_response(answer->response);
        answer->response = NULL;
        cache->bytes -= answer->bytes;
    }
}

void answer_cache_finish(struct answer_cache *cache)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        entry_drop(cache, &cache->entry[i]);
    }
    cache->lengths = 0;
}

static bool entry_is(const struct kept_answer *answer, const struct request *rq)
{
    return answer->response != NULL && answer->target_len == rq->target_len &&
           answer->accept == rq->accept && memcmp(answer->target, rq->target, rq->target_len) == 0;
}

struct kept_answer *answer_find(struct answer_cache *cache, const struct request *rq)
{
    size_t slot;

    if ((cache->lengths >> rq->target_len % 64 & 1) == 0) {
        return NULL;
    }
    slot = slot_of(rq->target, rq->target_len, rq->accept);

    for (size_t i = 0; i < 2; i++) {
        struct kept_answer *answer = &cache->entry[slot ^ i];

        if (entry_is(answer, rq)) {
            return rq->boot_ms - answer->made_ms < ANSWER_LIFE_MS ? answer : NULL;
        }
    }
    return NULL;
}

/* Its own place, else the older of the two. */
static struct kept_answer *entry_choose(struct answer_cache *cache, const struct request *rq)
{
    size_t slot = slot_of(rq->target, rq->target_len, rq->accept);
    struct kept_answer *first = &cache->entry[slot];
    struct kept_answer *second = &cache->entry[slot ^ 1];

    if (entry_is(first, rq) || entry_is(second, rq)) {
        return entry_is(first, rq) ? first : second;
    }
    if (first->response == NULL || second->response == NULL) {
        return first->response == NULL ? first : second;
    }
    return first->made_ms <= second->made_ms ? first : second;
}

void answer_keep(struct answer_cache *cache, struct request *rq,
                 const struct answer_version *version, const char *etag)
{
    struct kept_answer *answer;

    if (rq->target_len >= ANSWER_TARGET_MAX || rq->reply == NULL || rq->status != 200 ||
        rq->reply_bytes > ANSWERS_BYTES) {
        return;
    }
    answer = entry_choose(cache, rq);
    entry_drop(cache, answer);
    if (cache->bytes + rq->reply_bytes > ANSWERS_BYTES) {
        answer_cache_finish(cache); /* nothing in it lives longer than a second anyway */
    }
    memcpy(answer->target, rq->target, rq->target_len);
    answer->target_len = rq->target_len;
    answer->accept = rq->accept;
    answer->version = *version;
    answer->made_ms = rq->boot_ms;
    answer->response = rq->reply;
    cache->lengths |= UINT64_C(1) << rq->target_len % 64;
    answer->bytes = rq->reply_bytes;
    cache->bytes += answer->bytes;
    rq->reply_kept = true;
    (void)snprintf(answer->etag, sizeof answer->etag, "%s", etag);
}

void answer_etag(const struct answer_version *version, uint64_t epoch, enum accept_class accept,
                 char out[ETAG_MAX])
{
    (void)snprintf(out, ETAG_MAX, "W/\"%llx.%llx.%llx.%c%c\"",
                   (unsigned long long)version->inventory, (unsigned long long)epoch,
                   (unsigned long long)version->changes, version->lagging ? 'l' : 'f',
                   accept == ACCEPT_GEO ? 'g' : 'j');
}
