#ifndef API_ANSWER_CACHE_H
#define API_ANSWER_CACHE_H

#include "api/request.h"

/* Ready answers of lots and list pages, by raw target and Accept class. An entry serves while its
 * version stands and it is younger than a second. MHD thread only. */

#define ANSWERS           1024u /**< a power of two; two places are tried for each */
#define ANSWER_TARGET_MAX 200u
#define ANSWER_LIFE_MS    1000
#define ANSWERS_BYTES     (4u << 20) /**< of all bodies kept: pages of 1000 spaces are large */
#define ETAG_MAX          72

/** What an answer depends on besides its target. */
struct answer_version {
    uint64_t inventory;
    uint64_t changes; /**< the lot's version, or the newest change of the ring */
    uint32_t lot;     /**< lot index, NO_SLOT for lists */
    bool lagging;
};

struct kept_answer {
    char target[ANSWER_TARGET_MAX];
    size_t target_len;
    enum accept_class accept;
    struct answer_version version;
    int64_t made_ms; /**< boottime */
    struct MHD_Response *response;
    size_t bytes; /**< of its body */
    char etag[ETAG_MAX];
};

struct answer_cache {
    struct kept_answer entry[ANSWERS];
    size_t bytes;     /**< of all bodies */
    uint64_t lengths; /**< bit per length of the targets kept so far, modulo 64: what is never kept
                         (near) mostly has another one, and is not looked for */
};

void answer_cache_finish(struct answer_cache *cache);
/** The entry of the request's target, NULL when there is none; the caller checks its version. */
struct kept_answer *answer_find(struct answer_cache *cache, const struct request *rq);
/** Keeps the request's reply. */
void answer_keep(struct answer_cache *cache, struct request *rq,
                 const struct answer_version *version, const char *etag);
/** The weak entity tag of a version. */
void answer_etag(const struct answer_version *version, uint64_t epoch, enum accept_class accept,
                 char out[ETAG_MAX]);

#endif
