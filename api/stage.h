#ifndef API_STAGE_H
#define API_STAGE_H

#include "api/request.h"

/* near's answers are made here: one body buffer, used by one answer at a time, and ready MHD
 * responses over it by length. An answer then costs no allocation and no header but Link.
 * libmicrohttpd sends an answer as a rule before it looks at the next request; while a slow client
 * holds the stage others go the usual way. MHD thread only. */

#define STAGE_READY                                                                                \
    128u /**< a power of two; lengths of near answers differ by some dozens of bytes */
#define STAGE_LINK_MAX (TARGET_MAX + CURSOR_TEXT_MAX + 40)

struct stage {
    struct body *body; /**< NULL until first used */
    bool busy;

    struct ready_answer {
        struct MHD_Response *response;
        const char *type;
        size_t len;
        char *link; /**< the Link it has now, NULL = none; the response's own text */
        size_t link_len;
    } ready[STAGE_READY];
};

/** The stage's buffer for an answer of at most cap bytes; NULL when it cannot serve. */
struct body *stage_take(struct stage *stage, struct request *rq, size_t cap);
/** Makes what has been written (body->len) the reply: 200, public. link NULL = none. */
void stage_reply(struct stage *stage, struct request *rq, const char *type, const char *link);
/** The request is over. */
void stage_release(struct stage *stage, struct request *rq);
void stage_finish(struct stage *stage);

#endif
