#ifndef GATEWAY_CLI_REST_VERBS_H
#define GATEWAY_CLI_REST_VERBS_H

#include "gateway/cli/rest.h"

/* What most verbs of commands that speak REST are: options, at most one ID, a path, a table.
 * argv[0] is the command's name; each returns an exit code. */

/** Reads the options that all verbs have (--json, --key-file, --url) and `count` more, then the
 * key. `more` has room for REST_OPTIONS behind its count rows. CLI_OK or an exit code. */
#define REST_OPTIONS 3
int rest_options(int argc, char **argv, struct option *more, size_t count, struct rest_call *call);

/** An option of the same name for each query. */
void rest_query_options(struct option *rows, struct rest_query *queries, size_t count);

#define REST_QUERIES_MAX 20

struct rest_listing {
    const char *path;
    const char *list; /**< as rest_call has it */
    const char *const *columns;
};

/** A list with its filters, each an option; a last one named `format` is the flag --csv instead. At
 * most REST_QUERIES_MAX. */
int rest_list_verb(int argc, char **argv, const struct rest_listing *what,
                   struct rest_query *queries, size_t count);

struct rest_object {
    const char *base, *tail; /**< its ID stands between them */
    const char *usage;       /**< what is said to any other number of IDs than one */
    const char *const *columns;
};

/** One object by its ID, with --crs. */
int rest_object_verb(int argc, char **argv, const struct rest_object *what);

/** base, id escaped, tail, NUL-terminated; the caller finishes it. */
void rest_path(struct strbuf *out, const char *base, const char *id, const char *tail);

/** The body of what ends by itself: {"until": in that many minutes, "note"}, NUL-terminated; note
 * NULL = none. */
void rest_until_body(struct strbuf *out, long minutes, const char *note);

#endif
