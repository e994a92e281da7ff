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

void answer_cache_finish(struct answer_cache *cache)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        if (cache->entry[i].response != NULL) {
            MHD_destroy_response(cache->entry[i].response);
            cache->entry[i].response = NULL;
        }
    }
}

struct kept_answer *answer_find(struct answer_cache *cache, const struct request *rq)
{
    struct kept_answer *answer = &cache->entry[slot_of(rq->target, rq->target_len, rq->accept)];

    if (answer->response == NULL || answer->target_len != rq->target_len ||
        answer->accept != rq->accept || rq->boot_ms - answer->made_ms >= ANSWER_LIFE_MS ||
        memcmp(answer->target, rq->target, rq->target_len) != 0) {
        return NULL;
    }
    return answer;
}

void answer_keep(struct answer_cache *cache, struct request *rq,
                 const struct answer_version *version, const char *etag)
{
    struct kept_answer *answer;

    if (rq->target_len >= ANSWER_TARGET_MAX || rq->reply == NULL || rq->status != 200) {
        return;
    }
    answer = &cache->entry[slot_of(rq->target, rq->target_len, rq->accept)];
    if (answer->response != NULL) {
        MHD_destroy_response(answer->response);
    }
    memcpy(answer->target, rq->target, rq->target_len);
    answer->target_len = rq->target_len;
    answer->accept = rq->accept;
    answer->version = *version;
    answer->made_ms = rq->boot_ms;
    answer->response = rq->reply;
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
