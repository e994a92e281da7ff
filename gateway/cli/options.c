/* Reads the options of a command by its table. An unknown one is an error with a did-you-mean, so
 * that a mistyped
 * --dry-run never writes. */
#include "gateway/cli/options.h"
#include "bowei/base/err.h"
#include "bowei/base/suggest.h"
#include <stdio.h>
#include <string.h>

struct option_names {
    const struct option *rows;
};

static const char *name_at(const void *ctx, size_t i)
{
    const struct option_names *names = ctx;

    return names->rows[i].name;
}

static const struct option *find(const struct option *rows, size_t count, const char *text,
                                 size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, text, len) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool complain(const char *command, const char *text, const char *what)
{
    fprintf(stderr, "bowei %s: %s %s; bowei help %s\n", command, text, what, command);
    return false;
}

static bool unknown(const char *command, const char *text, const struct option *rows, size_t count)
{
    const struct option_names names = {rows};
    const char *near = suggest_name(text + 2, name_at, &names, count);

    if (near == NULL) {
        return complain(command, text, "is not an option");
    }
    fprintf(stderr, "bowei %s: %s is not an option, did you mean --%s?\n", command, text, near);
    return false;
}

static bool take_value(const struct option *row, const char *value)
{
    switch (row->kind) {
    case OPTION_TEXT: *(const char **)row->out = value; return true;
    case OPTION_LIST: {
        struct option_list *list = row->out;

        if (list->count == OPTION_ITEMS_MAX) {
            return false;
        }
        list->items[list->count++] = value;
        return true;
    }
    case OPTION_FLAG:
    case OPTION_KIND_COUNT: break;
    }
    return false;
}

/* One --option at argv[*at]. */
static bool read_option(int argc, char **argv, int *at, const struct option *rows, size_t count)
{
    const char *text = argv[*at];
    const size_t len = strcspn(text + 2, "=");
    const struct option *row = find(rows, count, text + 2, len);
    const char *value = text[2 + len] == '=' ? text + 3 + len : NULL;

    if (row == NULL) {
        return unknown(argv[0], text, rows, count);
    }
    if (row->kind == OPTION_FLAG) {
        *(bool *)row->out = true;
        return value == NULL || complain(argv[0], text, "takes no value");
    }
    if (value == NULL && *at + 1 < argc) {
        value = argv[++*at];
    }
    if (value == NULL) {
        return complain(argv[0], text, "needs a value");
    }
    return take_value(row, value) || complain(argv[0], text, "is given too often");
}

bool options_read(int argc, char **argv, const struct option *rows, size_t count,
                  struct words *words)
{
    bool options = true;

    words->count = 0;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(argc, argv, &i, rows, count)) {
                return false;
            }
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            return complain(argv[0], argv[i], "is not an option");
        } else if (words->count == OPTION_ITEMS_MAX) {
            return complain(argv[0], argv[i], "is one word too many");
        } else {
            words->items[words->count++] = argv[i];
        }
    }
    return true;
}
