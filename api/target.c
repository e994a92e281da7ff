/* Strict decoding of request targets. libmicrohttpd's own decoding is switched off (it would turn
 * %2f and %00 into bytes before the router looks), so every path and parameter comes through here,
 * once. */
#include "api/target.h"
#include "bowei/base/bytes.h"
#include "bowei/base/err.h"
#include <string.h>
#include <strings.h>

static const char *const fault_texts[TARGET_FAULT_COUNT] = {
    [TARGET_OK] = "fine",
    [TARGET_FORM] = "the request target must be a path that begins with /, or http://host/path",
    [TARGET_SECURE] = "https:// is not answered over a connection without TLS",
    [TARGET_HOST] = "the host in the request target is malformed",
    [TARGET_BYTE] = "the request target holds a byte that must be percent-encoded",
    [TARGET_ESCAPE] = "a % must be followed by two hexadecimal digits",
    [TARGET_HIDDEN] = "an encoded separator or control byte is not allowed",
    [TARGET_SEGMENT] = "empty, . and .. path segments are not allowed",
    [TARGET_UTF8] = "the request target is not UTF-8",
};

const char *target_fault_text(enum target_fault fault)
{
    return (unsigned)fault < TARGET_FAULT_COUNT ? fault_texts[fault] : fault_texts[TARGET_FORM];
}

/* A bit per byte. */
typedef uint64_t byte_set[4];

/* RFC 3986 pchar without '%', and '/': digits, letters and -._~!$&'()*+,;=:@/ */
static const byte_set path_bytes = {UINT64_C(0x2fffffd200000000), UINT64_C(0x47fffffe87ffffff)};
/* The same and '?'. */
static const byte_set query_bytes = {UINT64_C(0xafffffd200000000), UINT64_C(0x47fffffe87ffffff)};

static bool is_of(const byte_set set, char c)
{
    unsigned char byte = (unsigned char)c;

    return (set[byte / 64] >> byte % 64 & 1) != 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "%41" at text -> 0x41, -1 when it is no escape. */
static int escape_value(const char *text, size_t left)
{
    int high = left >= 3 ? hex_value(text[1]) : -1;
    int low = left >= 3 ? hex_value(text[2]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static enum target_fault segments_check(const char *path)
{
    const char *segment = path + 1;

    if (path[1] == '\0') {
        return TARGET_OK;
    }
    for (;;) {
        size_t len = strcspn(segment, "/");

        if (len == 0 || (len == 1 && segment[0] == '.') ||
            (len == 2 && segment[0] == '.' && segment[1] == '.')) {
            return TARGET_SEGMENT;
        }
        if (segment[len] == '\0') {
            return TARGET_OK;
        }
        segment += len + 1;
    }
}

static enum target_fault query_check(const char *raw, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int value;

        if (is_of(query_bytes, raw[i])) {
            continue;
        }
        if (raw[i] != '%') {
            return TARGET_BYTE;
        }
        value = escape_value(raw + i, len - i);
        if (value < 0) {
            return TARGET_ESCAPE;
        }
        if (value < 0x20 || value == 0x7f) {
            return TARGET_HIDDEN;
        }
        i += 2;
    }
    return TARGET_OK;
}

/* Names of devices have slashes (routes.def: {device...}), which clients made from openapi.json
 * escape. Behind this prefix an escaped one is one like any other: every route there is the
 * staff's, and the segments are looked at when all of the path is decoded. */
static bool may_escape_slash(const char *path, size_t len)
{
    static const char devices[] = "/v1/devices/";

    return len > sizeof devices - 1 && memcmp(path, devices, sizeof devices - 1) == 0;
}

static enum target_fault path_decode(const char *raw, size_t len, char *path)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int value = (unsigned char)raw[i];

        if (raw[i] == '%') {
            value = escape_value(raw + i, len - i);
            if (value < 0) {
                return TARGET_ESCAPE;
            }
            if (value < 0x20 || value == 0x7f || value == '\\' ||
                (value == '/' && !may_escape_slash(path, n))) {
                return TARGET_HIDDEN;
            }
            i += 2;
        } else if (!is_of(path_bytes, raw[i])) {
            return TARGET_BYTE;
        }
        path[n++] = (char)value;
    }
    path[n] = '\0';
    return utf8_valid(path, n) ? segments_check(path) : TARGET_UTF8;
}

/* RFC 3986 3.2.2, less than it allows: letters, digits and -._ or an address in brackets; RFC 9110
 * 4.2.4 wants user and password refused. Length of host and port, 0 when they are no such. */
static size_t host_len(const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t len;
    size_t digits;

    if (text[0] == '[') {
        len = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        len = len > 1 && text[len] == ']' ? len + 1 : 0;
    } else {
        len = strspn(text, name);
    }
    if (len == 0 || text[len] != ':') {
        return len;
    }
    digits = strspn(text + len + 1, "0123456789");
    return digits <= 5 ? len + 1 + digits : 0;
}

/* Servers must take the absolute form, whatever Host says (RFC 9112 3.2.2), and https:// only over
 * TLS (RFC 9110 7.4). Which host it names decides no more than a Host header does: nothing. */
enum target_fault target_origin(char *target, size_t *len, bool secure)
{
    bool https;
    size_t skip;
    size_t host;

    if (target[0] == '/') {
        return TARGET_OK; /* as nearly all do */
    }
    https = strncasecmp(target, "https://", 8) == 0;
    skip = https ? 8 : 7;
    if (!https && strncasecmp(target, "http://", 7) != 0) {
        return TARGET_OK;
    }
    if (https && !secure) {
        return TARGET_SECURE;
    }
    host = host_len(target + skip);
    skip += host;
    if (host == 0 || (target[skip] != '/' && target[skip] != '?' && target[skip] != '\0')) {
        return TARGET_HOST;
    }
    if (target[skip] != '/') {
        target[--skip] = '/'; /* an empty path is "/" (RFC 9110 4.2.3) */
    }
    *len -= skip;
    memmove(target, target + skip, *len + 1);
    return TARGET_OK;
}

enum target_fault target_parse(const char *raw, size_t len, char *path, const char **query,
                               size_t *query_len)
{
    const char *mark = memchr(raw, '?', len);
    size_t path_len = mark == NULL ? len : (size_t)(mark - raw);
    enum target_fault fault;

    *query = NULL;
    *query_len = 0;
    if (len == 0 || raw[0] != '/') {
        return TARGET_FORM;
    }
    fault = path_decode(raw, path_len, path);
    if (fault == TARGET_OK && mark != NULL) {
        *query = mark + 1;
        *query_len = len - path_len - 1;
        fault = query_check(*query, *query_len);
    }
    return fault;
}

int target_query_decode(const char *raw, size_t len, char *out, size_t cap)
{
    size_t n = 0;
    int bits = 0; /* of all bytes */

    if (cap == 0) {
        return -1; /* not even the end of an empty text fits */
    }
    for (size_t i = 0; i < len; i++) {
        int value = raw[i] == '+' ? ' ' : (unsigned char)raw[i];

        if (raw[i] == '%') {
            value = escape_value(raw + i, len - i);
            i += 2;
        }
        if (value < 0 || n + 1 >= cap) {
            return -1;
        }
        bits |= value;
        out[n++] = (char)value;
    }
    out[n] = '\0';
    return bits < 0x80 || utf8_valid(out, n) ? (int)n : -1;
}
