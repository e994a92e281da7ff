/* What platforms push: the request is handed to the field side as it is, and what that says becomes
 * the answer. Platforms count anything but 200 as a failure, try again a few times and then rest
 * (CTWing: for a minute, with what comes meanwhile lost). So what was understood and is not taken,
 * as of a device nobody has imported, is 200 with its count; an error only says what trying again,
 * or somebody, can mend. */
#include "api/server.h"

static struct push_request asked(const struct request *rq)
{
    return (struct push_request){.source = rq->match.argument,
                                 .authorization = rq->heads.authorization,
                                 .key = rq->query.key,
                                 .event = rq->query.event,
                                 .msg = rq->query.msg,
                                 .nonce = rq->query.nonce,
                                 .signature = rq->query.signature,
                                 .body = rq->body.len > 0 ? rq->body.data : "",
                                 .len = rq->body.len};
}

static void refuse(struct request *rq, enum err e)
{
    if (e == ERR_UNAUTHENTICATED) {
        failures_note(rq);
        respond_problem(rq, e, "no source of this name has such a secret or signature");
    } else if (e == ERR_TOO_LARGE) {
        respond_problem(rq, e, "a message may have 32768 bytes");
    } else if (e == ERR_BAD_JSON || e == ERR_DISK_FULL) {
        respond_problem(rq, e, NULL);
    } else {
        respond_problem(rq, ERR_UNAVAILABLE, "the readings were not kept, send them again");
    }
}

void push_post(struct request *rq)
{
    const struct push_port *port = &rq->api->p.push;
    const struct push_request push = asked(rq);
    struct push_result result = {0};
    struct strbuf out = {0};
    struct json_writer w;
    enum err e = port->take == NULL ? ERR_UNAUTHENTICATED : port->take(port->ctx, &push, &result);

    if (e != ERR_OK) {
        refuse(rq, e);
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_u64(&w, "kept", result.kept);
    json_kv_u64(&w, "refused", result.refused);
    json_kv_u64(&w, "unknown", result.unknown);
    json_kv_u64(&w, "ignored", result.ignored);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

void push_get(struct request *rq)
{
    const struct push_port *port = &rq->api->p.push;
    const struct push_request push = asked(rq);
    struct strbuf out = {0};
    enum err e = port->greet == NULL ? ERR_UNAUTHENTICATED : port->greet(port->ctx, &push);

    if (e != ERR_OK) {
        refuse(rq, e);
        return;
    }
    strbuf_puts(&out, push.msg);
    respond_text(rq, 200, type_text, &out);
}
