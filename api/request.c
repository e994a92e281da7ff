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

#define NAME(text) text, sizeof(text) - 1
#define AT(member) offsetof(struct heads, member)

/* Lines of one name are one list (RFC 9110 5.3) where the header is a list; others come once, or
 * who reads the request before us may take another one for it than we do. Two Content-Types become
 * a list that is no type: 415 where one is needed, and nothing to pushes, which need none. */
static const struct header_row {
    const char *name;
    size_t len, at, count_at;
    const char *twice; /* what is said then; NULL: a list */
} header_rows[] = {
    {NAME("Host"),              AT(host),              AT(hosts),              "the Host header is given twice"},
    {NAME("Accept"),            AT(accept),            AT(accepts),            NULL                            },
    {NAME("Authorization"),     AT(authorization),     AT(authorizations),     "Authorization is given twice"  },
    {NAME("If-None-Match"),     AT(if_none_match),     AT(if_none_matches),    NULL                            },
    {NAME("If-Match"),          AT(if_match),          AT(if_matches),         NULL                            },
    {NAME("Content-Type"),      AT(content_type),      AT(content_types),      NULL                            },
    {NAME("Content-Encoding"),  AT(content_encoding),  AT(content_encodings),  NULL                            },
    {NAME("Content-Length"),    AT(content_length),    AT(content_lengths),
     "Content-Length is given twice"                                                                           },
    {NAME("Transfer-Encoding"), AT(transfer_encoding), AT(transfer_encodings),
     "Transfer-Encoding is given twice"                                                                        },
    {NAME("Last-Event-ID"),     AT(last_event_id),     AT(last_event_ids),     "Last-Event-ID is given twice"  },
};

static const char **value_of(struct heads *heads, const struct header_row *row)
{
    return (const char **)(void *)((char *)heads + row->at);
}

static uint32_t *count_of(struct heads *heads, const struct header_row *row)
{
    return (uint32_t *)(void *)((char *)heads + row->count_at);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void value_note(struct heads *heads, const char *name, size_t len, const char *value,
                       size_t value_len)
{
    for (size_t i = 0; i < ARRAY_LEN(header_rows); i++) {
        const struct header_row *row = &header_rows[i];

        if (row->len == len && strncasecmp(row->name, name, len) == 0) {
            if (++*count_of(heads, row) == 1) {
                *value_of(heads, row) = value;
            }
            heads->untidy = heads->untidy || *count_of(heads, row) > 1 ||
                            (value_len > 0 && is_blank(value[value_len - 1]));
            return;
        }
    }
}

/* Lines of one header on their way into one text. */
struct joining {
    struct strbuf *out;
    const char *name;
    bool begun;
};

static enum MHD_Result line_join(void *cls, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct joining *joining = cls;
    size_t len = value == NULL ? 0 : strlen(value);

    (void)kind;
    if (value == NULL || strcasecmp(name, joining->name) != 0) {
        return MHD_YES;
    }
    while (len > 0 && is_blank(value[len - 1])) {
        len--; /* libmicrohttpd leaves blanks behind a value to it (RFC 9112 5) */
    }
    strbuf_puts(joining->out, joining->begun ? ", " : "");
    strbuf_add(joining->out, value, len);
    joining->begun = true;
    return MHD_YES;
}

/* Makes the values what they mean: lists whole, no blanks behind. Only behind the framing's checks:
 * libmicrohttpd reads Content-Length and Transfer-Encoding with their blanks, so we do, too. False:
 * no memory. */
static bool values_tidy(struct request *rq)
{
    size_t at[ARRAY_LEN(header_rows)];

    for (size_t i = 0; i < ARRAY_LEN(header_rows); i++) {
        struct joining joining = {.out = &rq->joined, .name = header_rows[i].name};

        at[i] = rq->joined.len;
        if (*count_of(&rq->heads, &header_rows[i]) > 0) {
            (void)MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, line_join, &joining);
            strbuf_putc(&rq->joined, '\0');
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(header_rows) && !rq->joined.failed; i++) {
        if (*count_of(&rq->heads, &header_rows[i]) > 0) {
            *value_of(&rq->heads, &header_rows[i]) = rq->joined.data + at[i];
        }
    }
    return !rq->joined.failed;
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
    value_note(walk->heads, name, name_len, value, value_len);
    return MHD_YES;
}

static bool digits_only(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19;
}

/* RFC 9112 3.2: exactly one Host, with something in it. */
static const char *host_fault(const struct heads *heads, const char *version)
{
    if (strcmp(version, "HTTP/1.1") != 0) {
        return NULL;
    }
    if (heads->hosts == 0 || heads->host[0] == '\0') {
        return "the Host header is missing";
    }
    return strpbrk(heads->host, " \t/@?#\\,") != NULL ? "the Host header is malformed" : NULL;
}

static const char *framing_fault(struct heads *heads)
{
    for (size_t i = 0; heads->untidy && i < ARRAY_LEN(header_rows); i++) {
        if (header_rows[i].twice != NULL && *count_of(heads, &header_rows[i]) > 1) {
            return header_rows[i].twice;
        }
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
    return NULL;
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
    if (heads->fault == NULL && (heads->bytes > HEAD_MAX || (heads->untidy && !values_tidy(rq)))) {
        heads->fault = "";
    }
    fault = host_fault(heads, version);
    if (heads->fault == NULL) {
        heads->fault = fault;
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
    strbuf_clear(&rq->joined);
    strbuf_clear(&rq->body);
}
