/* The line of a configuration file that a fault shows: what stands there is somebody's file, so it
 * may hold a password that does not belong there, or bytes that a terminal obeys. It goes to the
 * log of the service as well. */
#include "gateway/config/config_excerpt.h"
#include "bowei/base/bytes.h"
#include "bowei/base/suggest.h"
#include <ctype.h>
#include <string.h>

#define WORD_MAX 32 /* longer keys there are none */
/* Characters kept in front of the caret when a line must be cut; 4 bytes each fit. */
#define FRONT 30

static const char *secret_at(const void *ctx, size_t i)
{
    static const char *const words[] = {"password", "secret", "former_secret"};

    (void)ctx;
    return words[i];
}

/* Does a key tell of a secret, also when it is mistyped? Files of secrets are none. */
static bool is_secret_key(const char *key, size_t len)
{
    char word[WORD_MAX];

    if (len == 0 || len >= sizeof word) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        word[i] = (char)tolower((unsigned char)key[i]);
    }
    word[len] = '\0';
    if (len > 5 && strcmp(word + len - 5, "_file") == 0) {
        return false;
    }
    return strstr(word, "pass") != NULL || strstr(word, "secret") != NULL ||
           suggest_name(word, secret_at, NULL, 3) != NULL;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Bytes from the start of a line behind which a secret stands, len when none does. */
static size_t secret_find(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        size_t end = i;
        size_t begin;

        if (line[i] != ':') {
            continue;
        }
        while (end > 0 && strchr(" \"'", line[end - 1]) != NULL) {
            end--;
        }
        begin = end;
        while (begin > 0 && is_word(line[begin - 1])) {
            begin--;
        }
        if (is_secret_key(line + begin, end - begin)) {
            return i + 1;
        }
    }
    return len;
}

/* "${NAME}", in quotes or not, and nothing more but a bracket or a remark. */
static bool is_name_only(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && strchr(" \t\"'", text[i]) != NULL) {
        i++;
    }
    if (len - i < 3 || memcmp(text + i, "${", 2) != 0) {
        return false;
    }
    for (i += 2; i < len && is_word(text[i]); i++) {
    }
    if (i == len || text[i] != '}') {
        return false;
    }
    for (i++; i < len && strchr(" \t\"'}],", text[i]) != NULL; i++) {
    }
    return i == len || text[i] == '#';
}

/* The line without its end and without a byte order mark. */
static const char *line_find(const char *file, size_t len, uint32_t line, size_t *line_len)
{
    const char *p = file;
    const char *end = file + len;

    for (uint32_t i = 1; i < line && p < end; i++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p == NULL ? end : p + 1;
    }
    if (line == 1 && len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        p += 3;
    }
    for (*line_len = 0; p + *line_len < end && strchr("\r\n", p[*line_len]) == NULL; ++*line_len) {
    }
    return p;
}

/* The byte at which the character `column` (1-based) begins. */
static size_t column_find(const char *line, size_t len, uint32_t column)
{
    size_t at = 0;

    for (uint32_t c = 1; c < column && at < len; c++) {
        size_t whole = utf8_sequence(line + at, len - at);

        at += whole == 0 ? 1 : whole;
    }
    return at;
}

char config_excerpt_byte(const char *file, size_t len, uint32_t line, uint32_t column)
{
    size_t rest = 0;
    const char *text = file == NULL || line == 0 ? "" : line_find(file, len, line, &rest);
    size_t at = column_find(text, rest, column);

    return at < rest ? text[at] : '\0';
}

uint32_t config_excerpt(const char *file, size_t len, uint32_t line, uint32_t column, bool hide,
                        char *out, size_t cap)
{
    size_t used = 0;
    size_t rest = 0;
    const char *text = file == NULL || line == 0 ? "" : line_find(file, len, line, &rest);
    size_t hidden = secret_find(text, rest);
    size_t caret = column_find(text, rest, column);
    size_t from = 0;
    uint32_t before = column > 0 ? column - 1 : 0;

    if (hidden < rest && is_name_only(text + hidden, rest - hidden)) {
        hidden = rest;
    }
    if (hide && caret < hidden && !is_name_only(text + caret, rest - caret)) {
        hidden = caret;
    }
    if (caret + 1 >= cap) { /* the part round the caret, as far as there is room */
        from = column_find(text, rest, column - FRONT);
        before = FRONT + 3;
        memcpy(out, "...", 3);
        used = 3;
    }
    for (size_t i = from; i < rest && used < cap - 1; i++) {
        out[used++] = (char)(i >= hidden && text[i] != ' ' ? '*' : text[i] == '\0' ? '?' : text[i]);
    }
    out[used] = '\0';
    text_tidy(out);
    return before;
}
