/* Making answers. Every handler ends here: a body in a pooled buffer becomes an MHD response with
 * the headers that all answers of its kind carry; everything that goes wrong becomes problem+json.
 */
#include "api/respond.h"
#include "api/html.h"
#include "api/list_csv.h"
#include "api/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char type_json[] = "application/json";
const char type_geo[] = "application/geo+json";
const char type_problem[] = "application/problem+json";
const char type_text[] = "text/plain; charset=utf-8";
const char type_metrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const char type_events[] = "text/event-stream";
const char type_html[] = "text/html; charset=utf-8";
const char type_csv[] = "text/csv; charset=utf-8";

#define STREAM_BLOCK 4096u
#define HEADERS_MAX  8

struct header {
    const char *name, *value;
};

/* On every answer (reference: OWASP secure headers). Public answers differ by key, too: fences have
 * shares for who shows one, and a wrong one is a 401 everywhere, so a cache must tell them apart.
 */
static const struct header always[] = {
    {"X-Content-Type-Options", "nosniff"              },
    {"Referrer-Policy",        "no-referrer"          },
    {"Vary",                   "Accept, Authorization"},
};

/* Nothing but prints is a page. */
static const char no_page[] = "default-src 'none'; frame-ancestors 'none'";

static const struct {
    const char *cache;
    bool cors;
} kinds[REPLY_KIND_COUNT] = {
    [REPLY_PUBLIC] = {"public, max-age=1",    true },
    [REPLY_STATIC] = {"public, max-age=3600", true },
    [REPLY_PRIVATE] = {"no-store",             false},
    [REPLY_OPEN] = {"no-store",             true },
};

struct body *body_take(struct bodies *bodies, size_t cap)
{
    struct body *body = bodies->spare;

    if (cap <= BODY_SMALL && body != NULL) {
        bodies->spare = body->next;
        bodies->spares--;
        body->len = 0;
        return body;
    }
    cap = cap < BODY_SMALL ? BODY_SMALL : cap;
    body = malloc(sizeof *body + cap);
    if (body != NULL) {
        *body = (struct body){.home = bodies, .cap = cap};
    }
    return body;
}

void body_give(struct body *body)
{
    struct bodies *home = body->home;

    if (body->cap != BODY_SMALL || home->spares >= BODY_KEEP) {
        free(body);
        return;
    }
    body->next = home->spare;
    home->spare = body;
    home->spares++;
}

void bodies_finish(struct bodies *bodies)
{
    while (bodies->spare != NULL) {
        struct body *next = bodies->spare->next;

        free(bodies->spare);
        bodies->spare = next;
    }
    bodies->spares = 0;
}

static void body_free(void *cls)
{
    body_give(cls);
}

/* The headers that an answer of this kind has in any case. */
static size_t headers_of(const char *type, enum reply_kind kind, struct header out[HEADERS_MAX])
{
    size_t n = 0;

    if (type != NULL) {
        out[n++] = (struct header){"Content-Type", type};
    }
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        out[n++] = always[i];
    }
    out[n++] =
        (struct header){"Content-Security-Policy", type == type_html ? html_policy : no_page};
    out[n++] = (struct header){"Cache-Control", kinds[kind].cache};
    if (kinds[kind].cors) {
        /* headers are exposed by the answer that has them, not by a preflight */
        out[n++] = (struct header){"Access-Control-Allow-Origin", "*"};
        out[n++] = (struct header){"Access-Control-Expose-Headers", "*"};
    }
    return n;
}

static bool headers_add(struct MHD_Response *response, const char *type, enum reply_kind kind)
{
    struct header headers[HEADERS_MAX];
    const size_t n = headers_of(type, kind, headers);
    bool ok = true;

    for (size_t i = 0; i < n; i++) {
        ok = MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES && ok;
    }
    return ok;
}

void respond_lines(struct strbuf *out, const char *type, enum reply_kind kind)
{
    struct header headers[HEADERS_MAX];
    const size_t n = headers_of(type, kind, headers);

    for (size_t i = 0; i < n; i++) {
        strbuf_printf(out, "%s: %s\r\n", headers[i].name, headers[i].value);
    }
}

void respond_response(struct request *rq, unsigned status, const char *type,
                      struct MHD_Response *response)
{
    if (rq->reply != NULL && !rq->reply_kept) {
        MHD_destroy_response(rq->reply);
    }
    rq->reply = NULL;
    rq->reply_kept = false;
    if (response == NULL) {
        return;
    }
    if (!headers_add(response, type, rq->kind)) {
        MHD_destroy_response(response);
        return;
    }
    rq->reply = response;
    rq->status = status;
}

void respond_body(struct request *rq, unsigned status, const char *type, struct body *body)
{
    struct MHD_Response *response;

    if (body == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->reply_bytes = body->cap; /* what it holds in memory */
    response = MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->data,
                                                                      body_free, body);
    if (response == NULL) {
        body_give(body);
    }
    respond_response(rq, status, type, response);
}

/* A list that is wanted as CSV, and whose handler wrote JSON. */
static bool sheet_made(struct request *rq, const char **type, struct strbuf *text)
{
    struct strbuf out = {0};
    enum err e;

    if (*type != type_json || !rq->query.csv || text->failed || text->data == NULL) {
        return true;
    }
    e = list_csv_write(rq->match.route->answer, rq->query.members, text->data, text->len, &out);
    strbuf_finish(text);
    *text = out;
    *type = type_csv;
    if (e != ERR_OK) {
        strbuf_finish(text);
        respond_problem(rq, e, NULL);
    }
    return e == ERR_OK;
}

void respond_text(struct request *rq, unsigned status, const char *type, struct strbuf *text)
{
    struct MHD_Response *response;
    size_t len;
    char *data;

    if (!sheet_made(rq, &type, text)) {
        return;
    }
    if (text->failed) {
        strbuf_finish(text);
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    data = strbuf_take(text, &len);
    strbuf_finish(text);
    if (data == NULL) {
        respond_empty(rq, status);
        return;
    }
    rq->reply_bytes = len;
    response = MHD_create_response_from_buffer_with_free_callback(len, data, free);
    if (response == NULL) {
        free(data);
    }
    respond_response(rq, status, type, response);
}

void respond_empty(struct request *rq, unsigned status)
{
    static char nothing[1];

    rq->reply_bytes = 0;
    respond_response(rq, status, NULL,
                     MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT));
}

/* HEAD says what GET would: no length, and what a proxy must not do. */
static ssize_t nothing_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    (void)cls;
    (void)pos;
    (void)buf;
    (void)max;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

bool respond_stream(struct request *rq, MHD_ContentReaderCallback reader, void *cls,
                    MHD_ContentReaderFreeCallback finish)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, reader != NULL ? reader : nothing_read, cls, finish);

    if (response == NULL && finish != NULL) {
        finish(cls);
    }
    if (response != NULL && reader == NULL) {
        /* without chunks: libmicrohttpd 0.9.75 would end them behind the head as well */
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    }
    respond_response(rq, 200, type_events, response);
    respond_header(rq, "X-Accel-Buffering", "no"); /* nginx must not hold events back */
    return rq->reply != NULL;
}

void respond_header(struct request *rq, const char *name, const char *value)
{
    if (rq->reply != NULL && MHD_add_response_header(rq->reply, name, value) != MHD_YES) {
        respond_problem(rq, ERR_INTERNAL, "a header of the answer was refused");
    }
}

static void problem_head(struct json_writer *w, enum err e, const char *detail,
                         const char *instance)
{
    char type[64] = "urn:bowei:problem:";
    size_t at = strlen(type);
    size_t len = strlen(err_code(e));

    if (at + len < sizeof type) {
        memcpy(type + at, err_code(e), len + 1);
    }
    json_object(w);
    json_kv_str(w, "type", type);
    json_kv_str(w, "title", err_text(e, 0));
    json_kv_i64(w, "status", err_http_status(e));
    json_kv_str(w, "detail", detail == NULL ? err_text(e, 0) : detail);
    if (instance != NULL && instance[0] != '\0') {
        json_kv_str(w, "instance", instance);
    }
    json_kv_str(w, "code", err_code(e));
}

void problem_write(struct strbuf *out, enum err e, const char *detail)
{
    struct json_writer w;

    json_writer_init(&w, out);
    problem_head(&w, e, detail, NULL);
    json_object_end(&w);
}

/* Errors are never cached; on public paths an app's browser may read them. */
static void problem_send(struct request *rq, enum err e, struct strbuf *text)
{
    int status = err_http_status(e);

    rq->kind = rq->kind == REPLY_PRIVATE ? REPLY_PRIVATE : REPLY_OPEN;
    if (text->failed) {
        strbuf_finish(text);
        respond_empty(rq, (unsigned)status);
    } else {
        respond_text(rq, (unsigned)status, type_problem, text);
    }
    if (status == 503 || status == 429) {
        char seconds[12];

        (void)snprintf(seconds, sizeof seconds, "%u",
                       rq->retry_after_s == 0 ? 1 : rq->retry_after_s);
        respond_header(rq, "Retry-After", seconds);
    }
    if (status == 401) {
        respond_header(rq, "WWW-Authenticate", "Bearer");
    }
}

void respond_problem(struct request *rq, enum err e, const char *detail)
{
    respond_problem_with(rq, e, detail, NULL, NULL);
}

void respond_problem_with(struct request *rq, enum err e, const char *detail, const char *member,
                          const char *text)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    problem_head(&w, e, detail, rq->path);
    if (member != NULL) {
        json_kv_str(&w, member, text);
    }
    json_object_end(&w);
    problem_send(rq, e, &out);
}

void respond_quota(struct request *rq, const char *policy)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    problem_head(&w, ERR_TOO_MANY, NULL, rq->path);
    json_key(&w, "violated-policies");
    json_array(&w);
    json_str(&w, policy);
    json_array_end(&w);
    json_object_end(&w);
    problem_send(rq, ERR_TOO_MANY, &out);
}

void respond_faults(struct request *rq, enum err e, const struct faults *faults)
{
    struct strbuf out = {0};
    struct json_writer w;
    char detail[300];

    (void)snprintf(detail, sizeof detail, "%s: %s", faults->rows[0].where, faults->rows[0].detail);
    json_writer_init(&w, &out);
    problem_head(&w, e, detail, rq->path);
    json_key(&w, "errors");
    json_array(&w);
    for (uint32_t i = 0; i < faults->count; i++) {
        json_object(&w);
        json_kv_str(&w, faults->pointer ? "pointer" : "parameter", faults->rows[i].where);
        json_kv_str(&w, "detail", faults->rows[i].detail);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    problem_send(rq, e, &out);
}

/* RFC 9110 13.1.2: "*" or a list of tags, compared weakly (W/ does not count). */
bool etag_matches(const char *if_none_match, const char *etag)
{
    const char *opaque = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
    size_t len = strlen(opaque);
    const char *at = if_none_match;

    while (*at != '\0') {
        at += strspn(at, " \t,");
        if (*at == '*') {
            return true;
        }
        if (strncmp(at, "W/", 2) == 0) {
            at += 2;
        }
        if (strncmp(at, opaque, len) == 0) {
            return true;
        }
        if (*at == '"') {
            at++;
            at += strcspn(at, "\"");
        }
        at += strcspn(at, ",");
    }
    return false;
}

bool respond_not_modified(struct request *rq, const char *etag)
{
    if (rq->heads.if_none_match == NULL || !etag_matches(rq->heads.if_none_match, etag)) {
        return false;
    }
    respond_empty(rq, 304);
    respond_header(rq, "ETag", etag);
    return true;
}
