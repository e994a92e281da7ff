/* The nearest name to a mistyped one: for the keys of the configuration, commands and options. */
#include "bowei/base/suggest.h"
#include <string.h>

#define NAME_LEN_MAX 48

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) from a to b; both at most NAME_LEN_MAX long. */
static size_t edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[NAME_LEN_MAX + 1];

    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const size_t above = row[j];

            row[j] = least(least(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1] ? 1 : 0));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *suggest_name(const char *text, const char *(*name_at)(const void *ctx, size_t i),
                         const void *ctx, size_t count)
{
    const size_t len = strlen(text);
    size_t best = len / 3 + 2; /* more edits than a third of the word is another word */
    const char *found = NULL;

    if (len == 0 || len > NAME_LEN_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(ctx, i);
        const size_t name_len = strlen(name);

        if (name_len <= NAME_LEN_MAX && edits(text, len, name, name_len) < best) {
            best = edits(text, len, name, name_len);
            found = name;
        }
    }
    return found;
}
