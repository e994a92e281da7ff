/* From a checked head to an answer: kept answers first, then target, route, key, parameters,
 * handler. Every refusal on the way is problem+json. MHD thread only. */
#include "api/server.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ALLOW_MAX 64

static void allow_write(uint32_t methods, char out[ALLOW_MAX])
{
    size_t n = 0;

    methods |= 1u << METHOD_OPTIONS;
    if (methods >> METHOD_GET & 1) {
        methods |= 1u << METHOD_HEAD;
    }
    out[0] = '\0';
    for (unsigned m = 0; m < METHOD_OTHER; m++) {
        if (methods >> m & 1) {
            n += (size_t)snprintf(out + n, ALLOW_MAX - n, "%s%s", n == 0 ? "" : ", ",
                                  method_name((enum method)m));
        }
    }
}

static void options_answer(struct request *rq)
{
    char allow[ALLOW_MAX];

    allow_write(rq->match.methods, allow);
    rq->kind = rq->match.public_path ? REPLY_OPEN : REPLY_PRIVATE;
    respond_empty(rq, 204);
    respond_header(rq, "Allow", allow);
    if (rq->match.public_path) {
        const bool post = (rq->match.methods >> METHOD_POST & 1) != 0; /* residents' reports */

        respond_header(rq, "Access-Control-Allow-Methods", allow);
        respond_header(rq, "Access-Control-Allow-Headers",
                       post ? "Accept, Authorization, Content-Type, If-None-Match, Last-Event-ID"
                            : "Accept, Authorization, If-None-Match, Last-Event-ID");
        respond_header(rq, "Access-Control-Max-Age", "86400");
    }
}

/* Does the kept answer still stand? */
static bool answer_stands(const struct request *rq, const struct kept_answer *answer)
{
    const struct api *api = rq->api;
    uint64_t changes = answer->version.lot == NO_SLOT
                           ? change_ring_newest(api->p.changes)
                           : view_lot_version(api->p.view, answer->version.lot);

    return answer->version.inventory == rq->inv->version && answer->version.changes == changes &&
           answer->version.lagging == rq->now.lagging;
}

/* Answers from the cache of ready responses. Only for requests without a key: the rest goes the
 * long way. */
static bool kept_answer(struct request *rq)
{
    struct kept_answer *answer;

    if ((rq->method != METHOD_GET && rq->method != METHOD_HEAD) || rq->heads.authorizations != 0 ||
        rq->body.len != 0 || rq->heads.transfer_encodings != 0) {
        return false;
    }
    rq->accept = accept_class(rq->heads.accept, true);
    answer = answer_find(&rq->api->cache, rq);
    if (answer == NULL || !answer_stands(rq, answer)) {
        return false;
    }
    rq->kind = REPLY_PUBLIC;
    if (respond_not_modified(rq, answer->etag)) {
        return true;
    }
    rq->reply = answer->response;
    rq->reply_kept = true;
    rq->status = 200;
    return true;
}

/* Finds out who asks; a key that is shown must be valid, on public routes too. */
static bool authenticate(struct request *rq)
{
    const struct key_row *row = rq->key;

    if (rq->heads.authorization == NULL) {
        return true;
    }
    if (row == NULL) {
        if (failures_allow(rq)) {
            failures_note(rq);
            respond_problem(rq, ERR_UNAUTHENTICATED, "the key is not valid");
        }
        return false;
    }
    rq->role = row->role;
    memcpy(rq->actor, row->name, sizeof rq->actor);
    memcpy(rq->operator_code, row->operator_code, sizeof rq->operator_code);
    return true;
}

/* A key of some districts changes nothing elsewhere. What it changes is named by the path: a space,
 * lot, fence or case begins with its district's code. What is not (devices, alerts, vehicles)
 * belongs to no district that could be told before the handler runs, so such a key may not change
 * it. */
static bool district_allows(struct request *rq)
{
    static const char *const placed[] = {"/v1/spaces/", "/v1/lots/", "/v1/fences/", "/v1/cases/"};
    bool in_reach = rq->key == NULL || rq->key->district_count == 0 ||
                    rq->match.route->method == METHOD_GET ||
                    (rq->match.route->flags & ROUTE_PLACED) != 0;

    for (size_t i = 0; i < ARRAY_LEN(placed) && !in_reach; i++) {
        in_reach = strncmp(rq->match.route->path, placed[i], strlen(placed[i])) == 0 &&
                   key_row_covers(rq->key, rq->match.argument);
    }
    if (!in_reach) {
        respond_problem(rq, ERR_FORBIDDEN, "this key may change only what is in its districts");
    }
    return in_reach;
}

static bool route_pick(struct request *rq)
{
    char allow[ALLOW_MAX];

    route_find(rq->method, rq->path, &rq->match);
    /* that a path is mistyped may be read by an app of another site, too */
    rq->kind = rq->match.public_path || rq->match.methods == 0 ? REPLY_OPEN : REPLY_PRIVATE;
    if (rq->match.methods == 0) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such path; / lists what there is");
        return false;
    }
    if (rq->method == METHOD_OPTIONS) {
        options_answer(rq);
        return false;
    }
    if (rq->match.route == NULL) {
        char detail[ALLOW_MAX + 16];

        allow_write(rq->match.methods, allow);
        (void)snprintf(detail, sizeof detail, "this path takes %s", allow);
        respond_problem(rq, ERR_METHOD_NOT_ALLOWED, detail);
        respond_header(rq, "Allow", allow);
        return false;
    }
    return true;
}

static bool may_use(struct request *rq)
{
    if (rq->match.route->flags & ROUTE_SECRET) {
        return failures_allow(rq);
    }
    if (!authenticate(rq)) {
        return false;
    }
    if (route_allows(rq->match.route, rq->role)) {
        return district_allows(rq);
    }
    respond_problem(rq, rq->heads.authorization == NULL ? ERR_UNAUTHENTICATED : ERR_FORBIDDEN,
                    NULL);
    return false;
}

static bool params_pick(struct request *rq)
{
    if (!params_parse(rq->raw_query, rq->raw_query_len, rq->match.route->params, rq->scratch,
                      sizeof rq->scratch, &rq->query, &rq->faults)) {
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    return true;
}

/* A `format` in the query is the more definite wish: Accept does not matter then. */
static bool representation_pick(struct request *rq)
{
    const struct route *route = rq->match.route;
    bool other_type = route->answer == ANSWER_METRICS ||
                      (route->flags & (ROUTE_STREAM | ROUTE_SECRET | ROUTE_PAGE)) != 0;

    rq->accept = rq->query.csv ? ACCEPT_JSON
                               : accept_class(rq->heads.accept, (route->flags & ROUTE_GEO) != 0);
    if (rq->accept == ACCEPT_NONE && !other_type) {
        respond_problem(rq, ERR_NOT_ACCEPTABLE,
                        route->flags & ROUTE_GEO ? "application/json or application/geo+json"
                                                 : "application/json");
        return false;
    }
    if (rq->accept == ACCEPT_GEO && rq->query.crs != CRS_WGS84) {
        faults_add(&rq->faults, "crs", "GeoJSON is always wgs84 (RFC 7946 section 4)");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    return true;
}

static bool body_pick(struct request *rq)
{
    if (rq->body.failed) {
        respond_problem(rq, ERR_TOO_LARGE, NULL);
        return false;
    }
    if ((rq->body.len > 0 || rq->heads.transfer_encodings != 0) &&
        !(rq->match.route->flags & ROUTE_BODY)) {
        respond_problem(rq, ERR_BAD_REQUEST, "this request takes no body");
        return false;
    }
    /* platforms that push write "UTF-8" there as well */
    if (rq->body.len > 0 && !(rq->match.route->flags & ROUTE_SECRET) &&
        rq->heads.content_encoding != NULL &&
        strcasecmp(rq->heads.content_encoding, "identity") != 0) {
        respond_problem(rq, ERR_MEDIA_TYPE, "no Content-Encoding is taken: send the body plain");
        return false;
    }
    if (rq->body.len > 0 && !(rq->match.route->flags & ROUTE_SECRET) &&
        (rq->heads.content_type == NULL ||
         strncasecmp(rq->heads.content_type, type_json, strlen(type_json)) != 0 ||
         strchr("; \t", rq->heads.content_type[strlen(type_json)]) == NULL)) {
        respond_problem(rq, ERR_MEDIA_TYPE, NULL);
        return false;
    }
    return true;
}

/* Health and documents are there before the first inventory. */
static bool needs_no_inventory(const struct route *route)
{
    return route->answer == ANSWER_HEALTH || route->answer == ANSWER_METRICS ||
           route->answer == ANSWER_OPENAPI || route->answer == ANSWER_INDEX;
}

static void handle(struct request *rq)
{
    enum target_fault fault;

    if (rq->inv != NULL && kept_answer(rq)) {
        return;
    }
    fault = target_parse(rq->target, rq->target_len, rq->path, &rq->raw_query, &rq->raw_query_len);
    if (rq->method == METHOD_OPTIONS && strcmp(rq->target, "*") == 0) {
        respond_empty(rq, 204);
        return;
    }
    if (fault != TARGET_OK) {
        rq->path[0] = '\0';
        respond_problem(rq, ERR_BAD_REQUEST, target_fault_text(fault));
        return;
    }
    if (!route_pick(rq) || !may_use(rq) || !params_pick(rq) || !representation_pick(rq) ||
        !body_pick(rq)) {
        return;
    }
    rq->kind = rq->match.route->role == ROLE_PUBLIC && !(rq->match.route->flags & ROUTE_SECRET)
                   ? REPLY_PUBLIC
                   : REPLY_PRIVATE;
    if (rq->inv == NULL && !needs_no_inventory(rq->match.route)) {
        respond_problem(rq, ERR_UNAVAILABLE, "starting: no inventory yet");
        return;
    }
    rq->match.route->handler(rq);
}

void dispatch(struct request *rq)
{
    struct api *api = rq->api;

    rq->now = view_now(api->p.view, rq->boot_ms);
    rate_identify(rq);
    if (!rate_allows(rq) || !rate_round_allows(rq)) {
        return;
    }
    rq->inv = inventory_get(api->p.board, api->reader);
    handle(rq);
    inventory_put(api->p.board, api->reader);
    rq->inv = NULL;
}
