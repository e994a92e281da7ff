#ifndef API_RATE_H
#define API_RATE_H

#include "api/limiter.h"

/* Who may ask how much: a valid key has its own quota, everybody else that of his address; wrong
 * keys are counted against the address. Health is never refused, so that a flood of reads locks out
 * neither staff nor the supervisor. HTTP thread only. */

struct request;
struct MHD_Response;

struct rates {
    struct limiter addresses, keys, failures, reports, lookups;
    struct bucket all_reports, all_lookups; /**< of everybody together: no address evicts them */
    struct MHD_Response *too_late; /**< the refusal of rate_round_allows, once one was needed */
};

void rates_finish(struct rates *rates);

/** What the answer's RateLimit headers say; policy NULL = nothing. */
struct quota {
    const char *policy;
    uint32_t quota, window_s, left, reset_s;
};

/** Whose key does the request show? Sets rq->key when it is a valid one. */
void rate_identify(struct request *rq);
/** Takes one of the quota; answers 429 itself when there is none left. After rate_identify. */
bool rate_allows(struct request *rq);
/** On a connection out of the reserve: only health and valid keys; answers 503 itself to others.
 * After rate_identify. */
bool rate_reserve_allows(struct request *rq);
/** A resident's report: few an address, and not too many in all, whoever sends them. Answers 429
 * itself. */
bool rate_report_allows(struct request *rq);
/** Late in a round that is too long (more work than the HTTP thread gets done): only health and
 * valid keys; answers 503 itself to others. After rate_identify. */
bool rate_round_allows(struct request *rq);
/** A look-up by receipt: nobody guesses at receipts, or keeps the core busy. Answers 429 itself. */
bool rate_lookup_allows(struct request *rq);
/** RateLimit-Policy and RateLimit, when the answer is the request's own. */
void rate_headers(struct request *rq);
/** Has this address shown few enough wrong keys? Answers 429 itself when not. */
bool failures_allow(struct request *rq);
/** Counts a wrong key or secret against the address. */
void failures_note(struct request *rq);

#endif
