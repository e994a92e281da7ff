/* A request's head: what libmicrohttpd lets through and a proxy in front might read differently is
 * refused here: two lengths, a length and an encoding, bare line feeds, folded lines, names with
 * spaces. */
#include "api/request.h"
#include <string.h>
#include <strings.h>

#define HEAD_MAX 6144u /* of the connection's 8 KB: the rest is for the answer's head */

/* Walk over the headers in the order they came. */
struct walk {
    struct heads *heads;
    const char *end; /* where the value before ended */
    bool in_order;
};

/* RFC 9110 5.6.2 tchar, a bit per ASCII character: digits, letters and !#$%&'*+-.^_`|~ */
static bool token_byte(char c)
{
    static const uint64_t allowed[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};
    unsigned char byte = (unsigned char)c;

    return byte < 128 && (allowed[byte / 64] >> byte % 64 & 1) != 0;
}

static bool value_clean(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

#define AT(member) offsetof(struct heads, member)

static void value_note(struct heads *heads, const char *name, size_t len, const char *value)
{
    static const struct {
        const char *name;
        size_t at;
        size_t count_at; /* 0: repeats do not matter, the first counts */
    } rows[] = {
        {"Host",              AT(host),              AT(hosts)             },
        {"Accept",            AT(accept),            AT(accepts)           },
        {"Authorization",     AT(authorization),     AT(authorizations)    },
        {"If-None-Match",     AT(if_none_match),     0                     },
        {"If-Match",          AT(if_match),          0                     },
        {"Content-Type",      AT(content_type),      0                     },
        {"Content-Length",    AT(content_length),    AT(content_lengths)   },
        {"Transfer-Encoding", AT(transfer_encoding), AT(transfer_encodings)},
        {"Last-Event-ID",     AT(last_event_id),     0                     },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strncasecmp(rows[i].name, name, len) == 0 && rows[i].name[len] == '\0') {
            const char **field = (const char **)(void *)((char *)heads + rows[i].at);

            if (*field == NULL) {
                *field = value;
            }
            if (rows[i].count_at != 0) {
                ++*(uint32_t *)(void *)((char *)heads + rows[i].count_at);
            }
            return;
        }
    }
}

/* libmicrohttpd zeroes CR and LF of a line: behind a value stand two zero bytes and then the next
 * name. One zero byte and the next name at once betray a bare line feed, any other place a folded
 * line. */
static enum MHD_Result head_visit(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    struct walk *walk = cls;

    (void)kind;
    if (name == NULL || value == NULL) {
        walk->heads->fault = "a header has no value";
        return MHD_YES;
    }
    if (walk->end != NULL && name != walk->end + 2) {
        walk->in_order = false;
    }
    if (value[value_len] != '\0' || value[value_len + 1] != '\0') {
        walk->in_order = false;
    }
    for (size_t i = 0; i < name_len; i++) {
        if (!token_byte(name[i])) {
            walk->heads->fault = "a header name holds a byte that is not allowed";
        }
    }
    if (name_len == 0 || !value_clean(value, value_len)) {
        walk->heads->fault = "a header holds a byte that is not allowed";
    }
    walk->end = value + value_len;
    walk->heads->bytes += name_len + value_len + 4;
    value_note(walk->heads, name, name_len, value);
    return MHD_YES;
}

static bool digits_only(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19;
}

/* RFC 9112 3.2: exactly one Host, with something in it. */
static const char *host_fault(const struct heads *heads, const char *version)
{
    if (heads->hosts > 1) {
        return "the Host header is given twice";
    }
    if (strcmp(version, "HTTP/1.1") != 0) {
        return NULL;
    }
    if (heads->hosts == 0 || heads->host[0] == '\0') {
        return "the Host header is missing";
    }
    return strpbrk(heads->host, " \t/@?#\\,") != NULL ? "the Host header is malformed" : NULL;
}

static const char *framing_fault(const struct heads *heads)
{
    if (heads->content_lengths > 1) {
        return "Content-Length is given twice";
    }
    if (heads->transfer_encodings > 1) {
        return "Transfer-Encoding is given twice";
    }
    if (heads->content_lengths > 0 && heads->transfer_encodings > 0) {
        return "Content-Length and Transfer-Encoding together are not allowed";
    }
    if (heads->transfer_encodings > 0 && strcasecmp(heads->transfer_encoding, "chunked") != 0) {
        return "the only Transfer-Encoding is chunked";
    }
    if (heads->content_lengths > 0 && !digits_only(heads->content_length)) {
        return "Content-Length must be a number";
    }
    return heads->authorizations > 1 ? "Authorization is given twice" : NULL;
}

/* Behind the last line's text stand two CR LF. With fewer bytes one of them was a bare line feed,
 * which the zeroes do not show: behind the last one there is no name. */
static bool head_ends(const struct request *rq, const char *method, const char *end)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info != NULL && info->header_size == (size_t)(end + 4 - method);
}

void request_heads_read(struct request *rq, const char *method, const char *version)
{
    struct heads *heads = &rq->heads;
    struct walk walk = {.heads = heads, .in_order = true};
    const char *fault;

    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        heads->fault = "the protocol must be HTTP/1.1 or HTTP/1.0";
        return;
    }
    /* "GET target version": one space between, else bytes hide in the gap */
    walk.in_order = rq->target_too_long || (rq->uri == method + strlen(method) + 1 &&
                                            version == rq->uri + rq->target_len + 1);
    walk.end = version + strlen(version);
    (void)MHD_get_connection_values_n(rq->mhd, MHD_HEADER_KIND, head_visit, &walk);
    if (heads->fault == NULL && (!walk.in_order || !head_ends(rq, method, walk.end))) {
        heads->fault = "the request head holds a bare line feed, a folded line or stray bytes";
    }
    fault = framing_fault(heads);
    if (heads->fault == NULL) {
        heads->fault = fault;
    }
    fault = host_fault(heads, version);
    if (heads->fault == NULL) {
        heads->fault = fault;
    }
    if (heads->fault == NULL && heads->bytes > HEAD_MAX) {
        heads->fault = "";
    }
}

void request_reset(struct request *rq)
{
    rq->phase = PHASE_LINE;
    rq->target_len = 0;
    rq->target_too_long = false;
    rq->refused = false;
    rq->target[0] = '\0';
    rq->path[0] = '\0';
    rq->raw_query = NULL;
    rq->raw_query_len = 0;
    rq->heads = (struct heads){0};
    rq->match.route = NULL;
    rq->match.methods = 0;
    rq->faults.count = 0;
    rq->role = ROLE_PUBLIC;
    rq->key = NULL;
    rq->quota.policy = NULL;
    rq->retry_after_s = 0;
    rq->actor[0] = '\0';
    memset(rq->operator_code, 0, sizeof rq->operator_code);
    rq->suspended = false;
    rq->reply = NULL;
    rq->reply_kept = false;
    rq->kind = REPLY_OPEN;
    strbuf_clear(&rq->body);
}

/* q of a media range in thousandths; 1000 when not given, 0 when it is no number. */
static unsigned quality_read(const char *range, size_t len)
{
    const char *q = NULL;
    unsigned v = 0;
    unsigned weight = 1000;

    for (size_t i = 0; i + 2 < len; i++) {
        if (range[i] == ';' && q == NULL) {
            size_t at = i + 1 + strspn(range + i + 1, " \t");

            q = at + 2 <= len && (range[at] == 'q' || range[at] == 'Q') && range[at + 1] == '='
                    ? range + at + 2
                    : NULL;
        }
    }
    if (q == NULL) {
        return 1000;
    }
    for (; q < range + len && ((*q >= '0' && *q <= '9') || *q == '.'); q++) {
        if (*q != '.') {
            v += (unsigned)(*q - '0') * weight;
            weight /= 10;
        }
    }
    return v > 1000 ? 1000 : v;
}

static bool range_is(const char *range, size_t len, const char *type)
{
    size_t type_len = strcspn(range, ";, \t");

    type_len = type_len < len ? type_len : len;
    return strlen(type) == type_len && strncasecmp(range, type, type_len) == 0;
}

enum accept_class accept_class(const char *accept, bool geo)
{
    int json = -1; /* named q, -1 = not named */
    int geo_q = -1;
    int any = -1;
    const char *at = accept;

    if (accept == NULL) {
        return ACCEPT_JSON;
    }
    while (*at != '\0') {
        size_t len;

        at += strspn(at, " \t,");
        len = strcspn(at, ",");
        if (range_is(at, len, "application/json")) {
            json = (int)quality_read(at, len);
        } else if (range_is(at, len, "application/geo+json")) {
            geo_q = (int)quality_read(at, len);
        } else if (range_is(at, len, "*/*") || range_is(at, len, "application/*")) {
            int q = (int)quality_read(at, len);

            any = q > any ? q : any;
        }
        at += len;
    }
    json = json < 0 ? any : json;
    if (geo && geo_q > 0 && geo_q > json) {
        return ACCEPT_GEO;
    }
    if (geo && geo_q > 0 && geo_q == json && strstr(accept, "application/json") == NULL) {
        return ACCEPT_GEO;
    }
    return json > 0 || accept[0] == '\0' ? ACCEPT_JSON : ACCEPT_NONE;
}
