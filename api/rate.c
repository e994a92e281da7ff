/* Quotas: between the head of a request and its route (dispatch.c). RateLimit headers are those of
 * draft-ietf-httpapi-ratelimit-headers (2025-09). An answer that was ready before it was asked for
 * (near, pages of lists) is shared and carries none. */
#include "api/rate.h"
#include "api/server.h"
#include <stdio.h>
#include <string.h>

#define BURST_SECONDS   2
#define FAILURE_PAUSE_S 6           /* after which there is one again */
#define PUSH_PATH       "/v1/push/" /* routes.def; a target cannot say it any other way */

static const struct limit failures_limit = {
    .per_s_m = 167, /* 10 wrong keys a minute an address may show ... */
    .burst = 10,    /* ... and so many at once */
};

/* A gateway takes so many reports a second at most, from all addresses; a casebook is not filled
 * by one botnet's night, and the core not kept busy by looking receipts up. */
static const struct limit all_reports_limit = {.per_s_m = 5000, .burst = 50};
static const struct limit lookup_limit = {.per_s_m = 1000, .burst = 30}; /* of one address */
static const struct limit all_lookups_limit = {.per_s_m = 50000, .burst = 100};

void rates_finish(struct rates *rates)
{
    if (rates->too_late != NULL) {
        MHD_destroy_response(rates->too_late);
        rates->too_late = NULL;
    }
}

static uint64_t address_hash(const struct request *rq)
{
    return limiter_hash(rq->slot->origin.address, sizeof rq->slot->origin.address);
}

/* Behind a proxy on this host everybody has its address: what one does is nobody else's fault. */
static bool address_is_free(const struct request *rq)
{
    return rq->slot->origin.loopback && !rq->api->p.config->http.rate_limit_loopback;
}

static bool may_fail(const struct request *rq)
{
    return address_is_free(rq) ||
           limiter_has(&rq->api->rates.failures, address_hash(rq), rq->boot_ms, &failures_limit);
}

/* A request of exactly this path, whatever its query. */
static bool asks_for(const struct request *rq, const char *path)
{
    const size_t len = strlen(path);

    return strncmp(rq->target, path, len) == 0 &&
           (rq->target[len] == '\0' || rq->target[len] == '?');
}

static bool asks_for_health(const struct request *rq)
{
    return asks_for(rq, "/livez") || asks_for(rq, "/readyz");
}

void rate_identify(struct request *rq)
{
    struct api *api = rq->api;

    rq->key = NULL;
    if (rq->heads.authorization == NULL || rq->heads.authorizations != 1) {
        return;
    }
    auth_refresh(&api->auth);
    /* a right one counts whatever wrong ones its address has shown: behind one address of a network
     * provider stand thousands, and who guesses at 256 bits gets nowhere anyway */
    rq->key = auth_check(&api->auth, rq->heads.authorization);
}

static bool take(struct request *rq, struct limiter *limiter, uint64_t hash, uint32_t per_s,
                 const char *policy)
{
    const struct limit limit = {.per_s_m = per_s * 1000, .burst = per_s * BURST_SECONDS};
    const bool allowed = limiter_take(limiter, hash, rq->boot_ms, &limit, &rq->quota.left);

    rq->quota.policy = policy;
    rq->quota.quota = limit.burst;
    rq->quota.window_s = BURST_SECONDS;
    rq->quota.reset_s = (limit.burst - rq->quota.left + per_s - 1) / per_s;
    if (!allowed) {
        respond_quota(rq, policy);
    }
    return allowed;
}

bool rate_allows(struct request *rq)
{
    struct api *api = rq->api;
    const struct config *config = api->p.config;

    if (rq->key == NULL && (config->http.requests_per_s == 0 || address_is_free(rq))) {
        return true;
    }
    if (asks_for_health(rq) || strncmp(rq->target, PUSH_PATH, sizeof PUSH_PATH - 1) == 0) {
        return true; /* a platform brings a whole city's messages from few addresses; who has not
                        its secret is slowed down by failures_allow */
    }
    if (rq->key != NULL) {
        return config->http.key_requests_per_s == 0 ||
               take(rq, &api->rates.keys, limiter_hash(rq->key->prefix, sizeof rq->key->prefix),
                    config->http.key_requests_per_s, "key");
    }
    return take(rq, &api->rates.addresses, address_hash(rq), config->http.requests_per_s,
                "address");
}

/* What anybody may ask for: so many an address, and so many in all. */
struct public_quota {
    const char *policy;
    struct limiter *each;
    struct bucket *all;
    const struct limit *own_limit, *all_limit;
};

/* One of an address's, unless there is none left in all. */
static bool take_public(struct request *rq, const struct public_quota *q)
{
    const struct limit *own = q->own_limit;

    if ((address_is_free(rq) || limiter_take(q->each, address_hash(rq), rq->boot_ms, own, NULL)) &&
        bucket_take(q->all, 1, rq->boot_ms, q->all_limit, NULL)) {
        return true;
    }
    count_add(rq->api->p.counters, COUNT_REPORTS_REFUSED, 1);
    rq->retry_after_s = own->per_s_m == 0 ? 60 : (1000 + own->per_s_m - 1) / own->per_s_m;
    respond_quota(rq, q->policy);
    return false;
}

bool rate_report_allows(struct request *rq)
{
    struct rates *rates = &rq->api->rates;
    const uint32_t a_minute = rq->api->p.config->http.reports_per_minute;
    const struct limit own = {.per_s_m = a_minute * 1000 / 60, .burst = a_minute};

    if (a_minute == 0) {
        respond_problem(rq, ERR_UNAVAILABLE, "this gateway takes no reports of residents");
        return false;
    }
    return take_public(rq, &(struct public_quota){"reports", &rates->reports, &rates->all_reports,
                                                  &own, &all_reports_limit});
}

bool rate_lookup_allows(struct request *rq)
{
    struct rates *rates = &rq->api->rates;

    return take_public(rq, &(struct public_quota){"lookups", &rates->lookups, &rates->all_lookups,
                                                  &lookup_limit, &all_lookups_limit});
}

bool rate_reserve_allows(struct request *rq)
{
    if (rq->key != NULL || asks_for_health(rq)) {
        return true;
    }
    count_add(rq->api->p.counters, COUNT_HTTP_CUT_CAP, 1);
    respond_problem(rq, ERR_OVERLOADED, "too many connections");
    return false;
}

bool rate_round_allows(struct request *rq)
{
    struct loop *loop = &rq->api->loop;
    struct MHD_Response **kept = &rq->api->rates.too_late; /* what is refused must cost little */

    /* a request with a body may have begun in an earlier round: it has waited enough */
    if (loop->round_requests++ < loop->shed_after || !loop_round_is_long(loop, rq->boot_ms) ||
        rq->key != NULL || asks_for_health(rq)) {
        return true;
    }
    count_add(rq->api->p.counters, COUNT_HTTP_SHED, 1);
    if (*kept == NULL) {
        respond_problem(rq, ERR_OVERLOADED, "more requests than can be answered in time");
        *kept = rq->reply;
    }
    rq->reply = *kept;
    rq->reply_kept = rq->reply != NULL;
    rq->status = 503;
    return false;
}

void rate_headers(struct request *rq)
{
    const struct quota *q = &rq->quota;
    char text[64];

    if (q->policy == NULL || rq->reply == NULL || rq->reply_kept) {
        return;
    }
    (void)snprintf(text, sizeof text, "\"%s\";q=%u;w=%u", q->policy, q->quota, q->window_s);
    respond_header(rq, "RateLimit-Policy", text);
    (void)snprintf(text, sizeof text, "\"%s\";r=%u;t=%u", q->policy, q->left, q->reset_s);
    respond_header(rq, "RateLimit", text);
}

bool failures_allow(struct request *rq)
{
    if (may_fail(rq)) {
        return true;
    }
    rq->retry_after_s = FAILURE_PAUSE_S;
    respond_problem(rq, ERR_TOO_MANY, "too many wrong keys or secrets from this address");
    return false;
}

void failures_note(struct request *rq)
{
    count_add(rq->api->p.counters, COUNT_HTTP_AUTH_FAILED, 1);
    (void)limiter_take(&rq->api->rates.failures, address_hash(rq), rq->boot_ms, &failures_limit,
                       NULL);
}
