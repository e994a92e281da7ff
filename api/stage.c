/* Ready responses for near: a response's length is fixed when it is made, so there is one a length;
 * what they hold is the stage's buffer, whatever is in it when they are sent. */
#include "api/stage.h"
#include <stdlib.h>
#include <string.h>

static void ready_drop(struct ready_answer *ready)
{
    if (ready->response != NULL) {
        MHD_destroy_response(ready->response);
        ready->response = NULL;
    }
    ready->link = NULL;
}

void stage_finish(struct stage *stage)
{
    for (size_t i = 0; i < STAGE_READY; i++) {
        ready_drop(&stage->ready[i]);
    }
    free(stage->body);
    stage->body = NULL;
}

struct body *stage_take(struct stage *stage, struct request *rq, size_t cap)
{
    if (stage->busy || cap > BODY_SMALL) {
        return NULL;
    }
    if (stage->body == NULL) {
        stage->body = malloc(sizeof *stage->body + BODY_SMALL);
        if (stage->body == NULL) {
            return NULL;
        }
        *stage->body = (struct body){.cap = BODY_SMALL};
    }
    stage->busy = true;
    rq->staged = true;
    return stage->body;
}

void stage_release(struct stage *stage, struct request *rq)
{
    if (rq->staged) {
        rq->staged = false;
        stage->busy = false;
    }
}

/* Gives the response its new Link; false: no memory. It is mostly as long as the one before, and
 * then written over it: libmicrohttpd has a copy of its own of each header's value, gives away
 * where, and reads it when the answer is queued. */
static bool link_set(struct ready_answer *ready, const char *link)
{
    bool ok = true;

    if (ready->link != NULL && link != NULL && strlen(link) == ready->link_len) {
        memcpy(ready->link, link, ready->link_len);
        return true;
    }
    if (ready->link != NULL) {
        (void)MHD_del_response_header(ready->response, "Link", ready->link);
        ready->link = NULL;
    }
    if (link != NULL) {
        ok = MHD_add_response_header(ready->response, "Link", link) == MHD_YES;
        ready->link = (char *)(uintptr_t)MHD_get_response_header(ready->response, "Link");
        ready->link_len = strlen(link);
    }
    return ok;
}

void stage_reply(struct stage *stage, struct request *rq, const char *type, const char *link)
{
    struct body *body = stage->body;
    struct ready_answer *ready = &stage->ready[body->len & (STAGE_READY - 1)];

    if (ready->response == NULL || ready->len != body->len || ready->type != type) {
        ready_drop(ready);
        respond_response(
            rq, 200, type,
            MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_PERSISTENT));
        ready->response = rq->reply;
        ready->type = type;
        ready->len = body->len;
    }
    rq->reply = ready->response;
    rq->reply_kept = true;
    rq->status = 200;
    if (ready->response == NULL || !link_set(ready, link)) {
        ready_drop(ready);
        rq->reply = NULL;
        rq->reply_kept = false;
        respond_problem(rq, ERR_NO_MEMORY, NULL);
    }
}
