#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/params.h"
#include "bowei/keys.h"

/* The route table: one row per method and path (routes.def), from which dispatch, legality and
 * documents come. */

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER,
    METHOD_COUNT
};

#define ROUTE_GEO    1u /**< also as application/geo+json */
#define ROUTE_KEEP   2u /**< the ready answer is kept while its version stands, 1 s at most */
#define ROUTE_BODY   4u /**< takes a JSON body */
#define ROUTE_STREAM 8u /**< text/event-stream */
/** The handler checks a secret of its own: no API key, any Content-Type and Accept, no CORS, and
 * not the limit of requests an address has. */
#define ROUTE_SECRET 16u
#define ROUTE_BULK   32u  /**< takes batches: a body of up to BULK_MAX */
#define ROUTE_PLACED 64u  /**< its body names a place: the handler checks the key's districts */
#define ROUTE_PAGE   128u /**< (also) a page for printing, whatever Accept says */

/** What a route answers with: names of the schemas in schema.c. */
enum answer {
    ANSWER_SPACE,
    ANSWER_SPACE_LIST,
    ANSWER_LOT,
    ANSWER_LOT_LIST,
    ANSWER_CITY,
    ANSWER_PLACE,
    ANSWER_EVENTS,
    ANSWER_DEVICE,
    ANSWER_DEVICE_LIST,
    ANSWER_RECALIBRATION,
    ANSWER_DEVICE_DETAIL,
    ANSWER_DEVICE_INSTALLED,
    ANSWER_DEVICE_TEST,
    ANSWER_WHY,
    ANSWER_UNKNOWN_LIST,
    ANSWER_PUSH,
    ANSWER_GREETING,
    ANSWER_FENCE,
    ANSWER_FENCE_LIST,
    ANSWER_ALERT,
    ANSWER_ALERT_LIST,
    ANSWER_EVENT_LIST,
    ANSWER_MOVES,
    ANSWER_MUTE,
    ANSWER_VEHICLE,
    ANSWER_VEHICLE_LIST,
    ANSWER_VERDICT,
    ANSWER_TELEMETRY,
    ANSWER_CASE,
    ANSWER_CASE_LIST,
    ANSWER_ZOMBIE_LIST,
    ANSWER_CASE_FIGURES,
    ANSWER_HANDOVER,
    ANSWER_PAGE,
    ANSWER_REPORT,
    ANSWER_WORDS,
    ANSWER_AUDIT_LIST,
    ANSWER_COVERAGE,
    ANSWER_COVERAGE_PLACE,
    ANSWER_GAP_LIST,
    ANSWER_KEY,
    ANSWER_KEY_LIST,
    ANSWER_WEBHOOK,
    ANSWER_WEBHOOK_LIST,
    ANSWER_WEBHOOK_ASKED,
    ANSWER_DELIVERIES,
    ANSWER_HEALTH,
    ANSWER_METRICS,
    ANSWER_OPENAPI,
    ANSWER_INDEX,
    ANSWER_COUNT
};

struct request;
typedef void route_handler(struct request *rq);

struct route {
    enum method method;
    const char *path;
    enum role role;
    route_handler *handler;
    const char *name;
    uint32_t flags;
    const param_entry *params;
    enum answer answer;
    const char *doc;
};

/** All rows in the order of routes.def. */
const struct route *routes(size_t *count);
enum method method_find(const char *name);
const char *method_name(enum method method);

#define PATH_ARGUMENT_MAX 64

struct route_match {
    const struct route *route; /**< NULL: no such path, or not with this method */
    uint32_t methods;          /**< bit per method the path takes; 0 = no such path */
    bool public_path;          /**< what it takes first is public */
    char argument[PATH_ARGUMENT_MAX];
};

/** Does this raw target belong to a route that takes batches? */
bool route_takes_bulk(const char *target);
/** Finds the row for a decoded path; HEAD goes to GET. */
void route_find(enum method method, const char *path, struct route_match *out);
/** May a key of that role use the route? Default deny. */
bool route_allows(const struct route *route, enum role role);

#define ROUTE(method, path, role, handler, flags, params, answer, doc) route_handler handler;
#include "api/routes.def"
#undef ROUTE

#endif
