/* Cutting a JSON document at its top: the GeoJSON reader's first half. */
#include "gateway/inventory/slicer.h"
#include <string.h>

void slicer_init(struct slicer *s, const char *text, size_t len)
{
    *s = (struct slicer){.text = text, .len = len, .known_line = 1};
}

static bool fail(struct slicer *s, enum json_fault fault)
{
    if (s->fault == JSON_OK) {
        s->fault = s->at >= s->len ? JSON_TRUNCATED : fault;
        s->fault_at = s->at;
    }
    return false;
}

static void space_skip(struct slicer *s)
{
    while (s->at < s->len && (s->text[s->at] == ' ' || s->text[s->at] == '\n' ||
                              s->text[s->at] == '\r' || s->text[s->at] == '\t')) {
        s->at++;
    }
}

static bool take(struct slicer *s, char c)
{
    space_skip(s);
    if (s->at < s->len && s->text[s->at] == c) {
        s->at++;
        return true;
    }
    return false;
}

bool slicer_enter(struct slicer *s, char open)
{
    return take(s, open) ? true : fail(s, JSON_SYNTAX);
}

bool slicer_more(struct slicer *s, char close, bool first)
{
    if (s->fault != JSON_OK || take(s, close)) {
        return false;
    }
    if (!first && !take(s, ',')) {
        return fail(s, JSON_SYNTAX);
    }
    space_skip(s);
    return s->at < s->len ? true : fail(s, JSON_TRUNCATED);
}

/* at stands behind the opening quote; moves behind the closing one. */
static bool string_skip(struct slicer *s)
{
    for (;;) {
        const char *quote = memchr(s->text + s->at, '"', s->len - s->at);
        size_t back = 0;

        if (quote == NULL) {
            s->at = s->len;
            return fail(s, JSON_TRUNCATED);
        }
        while (quote - back > s->text + s->at && quote[-1 - (ptrdiff_t)back] == '\\') {
            back++;
        }
        s->at = (size_t)(quote - s->text) + 1;
        if (back % 2 == 0) {
            return true;
        }
    }
}

static bool brackets_skip(struct slicer *s)
{
    uint32_t depth = 0;

    while (s->at < s->len) {
        switch (s->text[s->at++]) {
        case '"':
            if (!string_skip(s)) {
                return false;
            }
            break;
        case '{':
        case '[': depth++; break;
        case '}':
        case ']':
            if (--depth == 0) {
                return true;
            }
            break;
        default: break;
        }
    }
    return fail(s, JSON_TRUNCATED);
}

bool slicer_value(struct slicer *s, size_t *from)
{
    space_skip(s);
    *from = s->at;
    if (s->at == s->len) {
        return fail(s, JSON_TRUNCATED);
    }
    if (s->text[s->at] == '{' || s->text[s->at] == '[') {
        return brackets_skip(s);
    }
    if (s->text[s->at] == '"') {
        s->at++;
        return string_skip(s);
    }
    while (s->at < s->len && strchr(",]} \t\r\n", s->text[s->at]) == NULL) {
        s->at++;
    }
    return s->at > *from ? true : fail(s, JSON_SYNTAX);
}

bool slicer_key(struct slicer *s, const char **key, size_t *len)
{
    size_t from;

    space_skip(s);
    if (s->at == s->len || s->text[s->at] != '"' || !slicer_value(s, &from)) {
        return fail(s, JSON_SYNTAX);
    }
    *key = s->text + from + 1;
    *len = s->at - from - 2;
    return take(s, ':') ? true : fail(s, JSON_SYNTAX);
}

bool slicer_end(struct slicer *s)
{
    space_skip(s);
    return s->at == s->len ? true : fail(s, JSON_TRAILING);
}

void slicer_place(struct slicer *s, size_t offset, uint32_t *line, uint32_t *column)
{
    if (offset < s->known_at) {
        s->known_at = s->known_line_start = 0;
        s->known_line = 1;
    }
    for (;;) {
        const char *from = s->text + s->known_at;
        const char *newline = memchr(from, '\n', offset - s->known_at);

        if (newline == NULL) {
            break;
        }
        s->known_line++;
        s->known_at = s->known_line_start = (size_t)(newline - s->text) + 1;
    }
    s->known_at = offset;
    *line = s->known_line;
    *column = (uint32_t)(offset - s->known_line_start) + 1;
}
