/* The heads that libmicrohttpd 0.9.75 never shows us: it answers them itself, in HTML, and for a
 * bad Content-Length with a head that stands there twice. Only these are judged here, by the same
 * measure as there; all the rest is request.c's. */
#include "api/first_head.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX 18 /* of a length that fits into 63 bits; request.c has the same measure */

struct line {
    const char *text;
    size_t len;
};

/* The next line of from .. end without its end; false: it is not whole. */
static bool line_next(const char **from, const char *end, struct line *line)
{
    const char *newline = memchr(*from, '\n', (size_t)(end - *from));

    if (newline == NULL) {
        return false;
    }
    *line = (struct line){*from, (size_t)(newline - *from)};
    line->len -= line->len > 0 && line->text[line->len - 1] == '\r';
    *from = newline + 1;
    return true;
}

static bool begins(const struct line *line, const char *with)
{
    const size_t len = strlen(with);

    return line->len >= len && memcmp(line->text, with, len) == 0;
}

/* What stands behind the last space. */
static struct line version_of(const struct line *request)
{
    size_t at = request->len;

    while (at > 0 && request->text[at - 1] != ' ') {
        at--;
    }
    return at == 0 ? (struct line){request->text, 0}
                   : (struct line){request->text + at, request->len - at};
}

static enum err request_judge(const struct line *request, const char **detail)
{
    const struct line version = version_of(request);

    if (request->text[0] == ' ' || version.len != strlen("HTTP/1.1") ||
        !begins(&version, "HTTP/")) {
        *detail = "the request line must be a method, a target and HTTP/1.1, a space between";
        return ERR_BAD_REQUEST;
    }
    return begins(&version, "HTTP/1.1") || begins(&version, "HTTP/1.0") ? ERR_OK : ERR_HTTP_VERSION;
}

static enum err length_judge(const char *value, const char *end, const char **detail)
{
    size_t digits = 0;

    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    while (value + digits < end && value[digits] >= '0' && value[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || value + digits != end) {
        *detail = "Content-Length must be a number";
        return ERR_BAD_REQUEST;
    }
    if (digits > DIGITS_MAX) {
        *detail = "a body may have 65536 bytes, a batch 524288";
        return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

static enum err field_judge(const struct line *field, const char **detail)
{
    static const char length[] = "Content-Length";
    const char *colon = memchr(field->text, ':', field->len);

    if (field->text[0] == ' ' || field->text[0] == '\t') {
        return ERR_OK; /* a folded line: refused by request.c */
    }
    if (colon == NULL) {
        *detail = "a header line has no colon";
        return ERR_BAD_REQUEST;
    }
    if ((size_t)(colon - field->text) == sizeof length - 1 &&
        strncasecmp(field->text, length, sizeof length - 1) == 0) {
        return length_judge(colon + 1, field->text + field->len, detail);
    }
    return ERR_OK;
}

static enum err too_large(bool has_line, const char **detail)
{
    if (has_line) {
        return ERR_HEADERS_TOO_LARGE;
    }
    *detail = "a request target may have 1024 bytes";
    return ERR_URI_TOO_LONG;
}

enum err first_head_judge(const char *text, size_t len, const char **detail)
{
    const char *end = text + len;
    struct line request = {NULL, 0};
    struct line line;
    enum err verdict = ERR_OK;

    *detail = NULL;
    while (line_next(&text, end, &line)) {
        if (line.len == 0 && request.text != NULL) {
            return verdict; /* the head is whole */
        }
        if (line.len > 0 && request.text == NULL) { /* empty lines before it are none of it */
            request = line;
            verdict = request_judge(&request, detail);
        } else if (line.len > 0 && verdict == ERR_OK) {
            verdict = field_judge(&line, detail);
        }
    }
    if (len >= FIRST_HEAD_MAX) {
        return too_large(request.text != NULL, detail);
    }
    *detail = NULL;
    return ERR_OK;
}
