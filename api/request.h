#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/accept.h"
#include "api/rate.h"
#include "api/respond.h"
#include "api/route.h"
#include "api/target.h"
#include <netinet/in.h>

/* One request from its first line to its answer. It lives in its connection's slot, so no request
 * costs an allocation; MHD thread only. */

struct api;
struct connection;
struct pending;
struct request;

/** Makes the reply of a request that the core has carried out. */
typedef void request_answer(struct request *rq);
/** What is told of a refusal of the core's instead of its own words, which are for staff. */
typedef const char *request_refusal(enum err why);

enum request_phase {
    PHASE_LINE,    /**< the request line has come */
    PHASE_HEAD,    /**< the head is checked, the body may come */
    PHASE_WAITING, /**< suspended for the core */
    PHASE_PHASE_COUNT
};

#define BODY_MAX    65536u  /**< bytes of a request body */
#define BULK_MAX    524288u /**< the same where the route takes batches */
#define SCRATCH_MAX (TARGET_MAX + 64)

/** The header values that matter; they live in MHD's memory as long as the request, lists in
 * several lines in the request's `joined`. */
struct heads {
    const char *accept, *authorization, *if_none_match, *if_match, *last_event_id, *content_type,
        *content_encoding, *content_length, *transfer_encoding, *host;
    uint32_t accepts, authorizations, if_none_matches, if_matches, last_event_ids, content_types,
        content_encodings, content_lengths, transfer_encodings, hosts;
    size_t bytes;
    bool untidy;       /**< a list in several lines, or blanks behind a value */
    const char *fault; /**< what is wrong with the framing, NULL = nothing */
};

struct request {
    struct api *api;
    struct connection *slot;
    struct MHD_Connection *mhd;
    enum request_phase phase;
    enum method method;
    const char *uri; /**< where MHD has the target: only for pointer comparison */
    size_t target_len;
    bool target_too_long;
    bool refused; /**< answered from the head: the body is not read */
    const char *raw_query;
    size_t raw_query_len;
    struct heads heads;
    struct strbuf joined; /**< values of untidy heads, each NUL-terminated */
    struct strbuf body;
    struct route_match match;
    enum accept_class accept;
    enum role role;
    const struct key_row *key; /**< shown with the request; valid until dispatch returns */
    char actor[KEY_NAME_MAX];
    char operator_code[8]; /**< of an operator's key: whose objects it may see; "" = all (staff) */
    int64_t boot_ms;
    struct view_now now;
    const struct inventory *inv; /**< borrowed while a handler runs */
    struct pending *pending;
    request_answer *answer;   /**< with pending */
    request_refusal *explain; /**< with pending; NULL: what the core says is told */
    bool suspended;
    /* the answer */
    struct MHD_Response *reply;
    size_t reply_bytes; /**< memory of its body */
    bool reply_kept;    /**< the cache holds the reply, too */
    bool staged;        /**< the reply stands on api.stage */
    struct quota quota;
    unsigned retry_after_s; /**< of a refusal; 0 = 1 s */
    bool counted;           /**< in api.requests */
    unsigned status;
    enum reply_kind kind;
    /* the large ones last, so that what each request touches lies together */
    struct query query;
    char target[TARGET_MAX + 1];
    char path[TARGET_MAX + 1];
    char scratch[SCRATCH_MAX];
    struct faults faults;
};

/** Empties it for the next request of its connection. */
void request_reset(struct request *rq);
/** Reads and checks the head: counts, framing, bare line feeds. */
void request_heads_read(struct request *rq, const char *method, const char *version);

#endif
