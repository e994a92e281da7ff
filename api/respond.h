#ifndef API_RESPOND_H
#define API_RESPOND_H

#include "api/params.h"
#include "bowei/base/json_write.h"
#include <microhttpd.h>

/* Making answers: pooled body buffers, the headers that every answer carries, problem+json. MHD
 * thread only. */

#define BODY_SMALL 24576u /**< near with 20 spaces: about 8 KB, 21 KB at most */
#define BODY_KEEP  64u    /**< small buffers kept for reuse */

struct bodies;

/** A response body under way: filled, then owned by the MHD response until it is sent. */
struct body {
    struct body *next;
    struct bodies *home;
    size_t cap, len;
    char data[];
};

struct bodies {
    struct body *spare;
    uint32_t spares;
};

/** NULL: no memory. */
struct body *body_take(struct bodies *bodies, size_t cap);
void body_give(struct body *body);
void bodies_finish(struct bodies *bodies);

/** Which headers an answer carries besides the security ones. */
enum reply_kind {
    REPLY_PUBLIC,  /**< CORS *, may be cached for a second */
    REPLY_STATIC,  /**< CORS *, may be cached for an hour */
    REPLY_PRIVATE, /**< no-store */
    REPLY_OPEN,    /**< CORS *, no-store */
    REPLY_KIND_COUNT
};

struct request;

extern const char type_json[], type_geo[], type_problem[], type_text[], type_metrics[],
    type_events[], type_csv[], type_html[];

/** Takes body; sets the request's reply. */
void respond_body(struct request *rq, unsigned status, const char *type, struct body *body);
/** Takes the bytes of text. */
void respond_text(struct request *rq, unsigned status, const char *type, struct strbuf *text);
void respond_empty(struct request *rq, unsigned status);
/** The headers that every answer of this kind has, as lines of a head. Any thread. */
void respond_lines(struct strbuf *out, const char *type, enum reply_kind kind);
/** Takes a response made elsewhere (NULL: no memory). */
void respond_response(struct request *rq, unsigned status, const char *type,
                      struct MHD_Response *response);
/** An event stream with that reader, block by block; NULL reads nothing, for HEAD. `finish` is
 * called with cls once, now when there is no memory. False then. */
bool respond_stream(struct request *rq, MHD_ContentReaderCallback reader, void *cls,
                    MHD_ContentReaderFreeCallback finish);
/** Adds a header to the reply made before; a refused header turns the reply into a 500. */
void respond_header(struct request *rq, const char *name, const char *value);
/** Adds the Link header of a page that has more behind it: the same target with this cursor. */
void respond_next(struct request *rq, const char *cursor);
/** problem+json; detail may be NULL (the error's own sentence). */
void respond_problem(struct request *rq, enum err e, const char *detail);
/** 429: the quota of that policy is used up. */
void respond_quota(struct request *rq, const char *policy);
/** problem+json with the field list. */
void respond_faults(struct request *rq, enum err e, const struct faults *faults);
/** problem+json with one more text member (410's replaced_by). */
void respond_problem_with(struct request *rq, enum err e, const char *detail, const char *member,
                          const char *text);
/** True when If-None-Match names etag; the 304 is then the reply. */
bool respond_not_modified(struct request *rq, const char *etag);
bool etag_matches(const char *if_none_match, const char *etag);
/** Writes a problem to out: for sockets that never become requests. */
void problem_write(struct strbuf *out, enum err e, const char *detail);

#endif
