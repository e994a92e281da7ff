/* One attempt on the wire; see transfer.h. The guard stands in CURLOPT_OPENSOCKETFUNCTION: what it
 * looks at is the very address that libcurl connects next. Names are resolved by libcurl's own
 * threads (Debian's libcurl has the threaded resolver), so a dead name server holds up one
 * transfer. */
#include "gateway/delivery/transfer.h"
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEADERS_MAX 65536 /* bytes of an answer's head */
#define HIGH_FD     1024  /* libmodbus and libmosquitto cannot wait for a descriptor above */

struct transfer {
    const struct wire *wire;
    CURL *easy;
    struct curl_slist *headers;
    struct strbuf body, answer;
    const struct guard *guard;
    const struct webhook_template *form;
    bool plain;
    size_t head_bytes;
    char blocked[GUARD_WHY_MAX];
    void *owner;
};

static size_t on_head(char *data, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;

    (void)data;
    t->head_bytes += size * n;
    return t->head_bytes > HEADERS_MAX ? 0 : size * n;
}

/* What comes after TRANSFER_ANSWER_MAX is not read: the transfer ends there. */
static size_t on_answer(char *data, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;

    if (t->answer.len + size * n > TRANSFER_ANSWER_MAX) {
        return 0;
    }
    strbuf_add(&t->answer, data, size * n);
    return t->answer.failed ? 0 : size * n;
}

/* Out of the numbers that users of select() need; where that cannot be, it stays. */
static int socket_high(int fd)
{
    const int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

    if (high >= 0) {
        close(fd);
    }
    return high >= 0 ? high : fd;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *t = ctx;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !guard_permits(t->guard, &to->addr, t->plain, t->blocked)) {
        return CURL_SOCKET_BAD;
    }
    t->blocked[0] = '\0';
    return socket_high(socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol));
}

static bool header_add(struct transfer *t, const char *text)
{
    struct curl_slist *longer = t->wire->curl.slist_append(t->headers, text);

    t->headers = longer != NULL ? longer : t->headers;
    return longer != NULL;
}

/* webhook-id, -timestamp, -signature: a space between two signatures while a secret is changed. */
static bool headers_make(struct transfer *t, const struct transfer_order *order)
{
    const struct subscription *sub = order->sub;
    const int64_t stamp_s = order->wall_ms / 1000;
    char now[SIGNATURE_LEN];
    char former[SIGNATURE_LEN] = "";
    char text[256];
    bool ok;

    (void)snprintf(text, sizeof text, "webhook-id: %s", order->event);
    ok = header_add(t, text);
    (void)snprintf(text, sizeof text, "webhook-timestamp: %" PRId64, stamp_s);
    ok = header_add(t, text) && ok;
    signature_write(sub->key, sizeof sub->key, order->event, stamp_s, t->body.data, t->body.len,
                    now);
    if (sub->former_until_ms > order->wall_ms) {
        signature_write(sub->former_key, sizeof sub->former_key, order->event, stamp_s,
                        t->body.data, t->body.len, former);
    }
    (void)snprintf(text, sizeof text, "webhook-signature: %s%s%s", now,
                   former[0] == '\0' ? "" : " ", former);
    ok = header_add(t, text) && ok;
    (void)snprintf(text, sizeof text, "Content-Type: %s", message_type(order->form));
    return header_add(t, text) && header_add(t, "Expect:") && header_add(t, "Accept:") && ok;
}

/* The three kinds of options: what is passed behind "..." must be of the right one. */

static bool set_number(const struct transfer *t, CURLoption option, long value)
{
    assert(option < CURLOPTTYPE_OBJECTPOINT);
    return t->wire->curl.easy_setopt(t->easy, option, value) == CURLE_OK;
}

static bool set_object(const struct transfer *t, CURLoption option, const void *value)
{
    assert(option > CURLOPTTYPE_OBJECTPOINT && option < CURLOPTTYPE_FUNCTIONPOINT);
    return t->wire->curl.easy_setopt(t->easy, option, value) == CURLE_OK;
}

static bool set_calls(const struct transfer *t)
{
    const struct libcurl *curl = &t->wire->curl;
    const curl_opensocket_callback opens = on_socket;
    const curl_write_callback head = on_head;
    const curl_write_callback answers = on_answer;

    return curl->easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, opens) == CURLE_OK &&
           curl->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, head) == CURLE_OK &&
           curl->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, answers) == CURLE_OK &&
           set_object(t, CURLOPT_OPENSOCKETDATA, t) && set_object(t, CURLOPT_HEADERDATA, t) &&
           set_object(t, CURLOPT_WRITEDATA, t);
}

static bool options_limit(const struct transfer *t, const struct transfer_rules *rules)
{
    return set_object(t, CURLOPT_PROTOCOLS_STR, t->plain ? "http" : "https") &&
           set_number(t, CURLOPT_FOLLOWLOCATION, 0) && set_object(t, CURLOPT_PROXY, "") &&
           set_object(t, CURLOPT_NOPROXY, "*") &&
           set_number(t, CURLOPT_NETRC, CURL_NETRC_IGNORED) &&
           set_number(t, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
           set_number(t, CURLOPT_SSL_VERIFYPEER, 1) && set_number(t, CURLOPT_SSL_VERIFYHOST, 2) &&
           (rules->ca_file == NULL || set_object(t, CURLOPT_CAINFO, rules->ca_file)) &&
           set_number(t, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           set_number(t, CURLOPT_TIMEOUT_MS, (long)rules->timeout_ms) &&
           set_number(t, CURLOPT_CONNECTTIMEOUT_MS, (long)rules->connect_ms) &&
           set_number(t, CURLOPT_NOSIGNAL, 1) &&
           /* a resolver that hangs is left behind, not waited for */
           set_number(t, CURLOPT_QUICK_EXIT, 1);
}

static bool options_make(const struct transfer *t, const struct transfer_order *order)
{
    return set_object(t, CURLOPT_URL, order->sub->order.url) && set_number(t, CURLOPT_POST, 1) &&
           set_object(t, CURLOPT_POSTFIELDS, t->body.data) &&
           set_number(t, CURLOPT_POSTFIELDSIZE, (long)t->body.len) &&
           set_object(t, CURLOPT_HTTPHEADER, t->headers) &&
           set_object(t, CURLOPT_USERAGENT, "bowei/" BOWEI_VERSION) &&
           set_object(t, CURLOPT_PRIVATE, t);
}

struct transfer *transfer_begin(const struct wire *wire, const struct transfer_rules *rules,
                                const struct transfer_order *order)
{
    struct transfer *t = calloc(1, sizeof *t);

    if (t == NULL) {
        return NULL;
    }
    t->wire = wire;
    t->body = *order->body;
    *order->body = (struct strbuf){0};
    t->guard = rules->guard;
    t->form = order->form;
    t->owner = order->owner;
    t->plain = strncasecmp(order->sub->order.url, "http:", 5) == 0;
    t->easy = wire->curl.easy_init();
    if (t->easy == NULL || !headers_make(t, order) || !options_make(t, order) || !set_calls(t) ||
        !options_limit(t, rules) || wire->curl.multi_add_handle(wire->multi, t->easy) != CURLM_OK) {
        transfer_end(t);
        return NULL;
    }
    return t;
}

struct transfer *transfer_of(const struct wire *wire, CURL *easy)
{
    char *t = NULL;

    (void)wire->curl.easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    return (struct transfer *)(void *)t;
}

void *transfer_owner(const struct transfer *transfer)
{
    return transfer->owner;
}

/* Chat robots answer 200 and say in the body that they did not take it. */
static bool answer_holds(const struct transfer *t)
{
    const char *expect = t->form == NULL ? NULL : t->form->expect;
    const size_t len = expect == NULL ? 0 : strlen(expect);

    for (size_t i = 0; len > 0 && i + len <= t->answer.len; i++) {
        if (memcmp(t->answer.data + i, expect, len) == 0) {
            return true;
        }
    }
    return len == 0;
}

void transfer_judge(const struct transfer *t, CURLcode code, struct transfer_result *out)
{
    /* the status has said it all, though the answer's body had no end */
    const bool cut = code == CURLE_WRITE_ERROR || code == CURLE_OPERATION_TIMEDOUT ||
                     code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR;
    const struct libcurl *curl = &t->wire->curl;
    curl_off_t retry_after = 0;

    *out = (struct transfer_result){.outcome = OUTCOME_RECEIVER};
    (void)curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &out->status);
    (void)curl->easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
    out->retry_after_s = retry_after > 0 ? (int64_t)retry_after : 0;
    if (code != CURLE_OK && !(cut && out->status >= 200)) {
        out->status = 0;
        out->blocked = t->blocked[0] != '\0';
        (void)snprintf(out->why, sizeof out->why, "%s",
                       out->blocked ? t->blocked : curl->easy_strerror(code));
        return;
    }
    out->outcome = outcome_of(out->status);
    if (out->outcome == OUTCOME_DELIVERED && !answer_holds(t)) {
        out->outcome = OUTCOME_RECEIVER;
        (void)snprintf(out->why, sizeof out->why, "%ld without %.80s in the answer", out->status,
                       t->form->expect);
    } else if (out->outcome != OUTCOME_DELIVERED) {
        (void)snprintf(out->why, sizeof out->why, "answered %ld", out->status);
    }
}

void transfer_end(struct transfer *t)
{
    const struct libcurl *curl;

    if (t == NULL) {
        return;
    }
    curl = &t->wire->curl;
    (void)curl->multi_remove_handle(t->wire->multi, t->easy); /* if it had come so far */
    curl->easy_cleanup(t->easy);
    curl->slist_free_all(t->headers);
    strbuf_finish(&t->body);
    strbuf_finish(&t->answer);
    free(t);
}
