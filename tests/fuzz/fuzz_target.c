/* Any bytes as a request target: a path that is accepted has no hidden separators, dot segments or
 * control bytes, and is routed; its query goes through the parameter parser as on each route. */
#include "api/params.h"
#include "api/request.h"
#include "api/route.h"
#include "api/target.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

static void path_check(const char *path)
{
    size_t len = strnlen(path, TARGET_MAX + 1);

    claim(len >= 1 && len <= TARGET_MAX && path[0] == '/');
    claim(strstr(path, "//") == NULL && strstr(path, "/./") == NULL && strchr(path, '\\') == NULL);
    claim(strstr(path, "/../") == NULL);
    for (size_t i = 0; i < len; i++) {
        claim((unsigned char)path[i] >= 0x20 && path[i] != 0x7f);
    }
}

static void query_check(const char *raw, size_t len, const param_entry *known)
{
    static struct request rq;
    struct cursor again;
    char text[CURSOR_TEXT_MAX];
    char *scratch = malloc(SCRATCH_MAX); /* of its own: a sanitizer sees its end */
    const bool fine = params_parse(raw, len, known, scratch, SCRATCH_MAX, &rq.query, &rq.faults);

    free(scratch); /* the claims below read no text of it */
    if (!fine) {
        claim(rq.faults.count > 0);
        return;
    }
    for (unsigned p = 0; p < PARAM_COUNT; p++) {
        claim(!query_has(&rq.query, (enum param)p) || param_listed(known, (enum param)p));
    }
    if (query_has(&rq.query, PARAM_CURSOR)) {
        claim(cursor_read(text, cursor_write(&rq.query.cursor, text), &again));
        claim(again.key == rq.query.cursor.key && again.kind == rq.query.cursor.kind);
    }
}

/* What is left of the absolute form is shorter than it was, and nothing is read or written beyond
 * its end. */
static void origin_check(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* of its own: a sanitizer sees its end */
    size_t len = size;

    claim(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (strlen(text) == size && target_origin(text, &len, size % 2 == 0) == TARGET_OK) {
        claim(len <= size && strlen(text) == len && (len == size || text[0] == '/'));
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum method methods[] = {METHOD_GET, METHOD_POST, METHOD_DELETE};

    char path[TARGET_MAX + 1];
    struct route_match match = {0}; /* the argument is set where the route has one */
    const char *query;
    size_t query_len;
    size_t count;

    if (size > TARGET_MAX) {
        return 0;
    }
    origin_check(data, size);
    if (target_parse((const char *)data, size, path, &query, &query_len) != TARGET_OK) {
        return 0;
    }
    path_check(path);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        route_find(methods[i], path, &match);
        claim(memchr(match.argument, '\0', sizeof match.argument) != NULL);
    }
    (void)routes(&count);
    for (size_t i = 0; query != NULL && i < count; i++) {
        query_check(query, query_len, routes(&count)[i].params);
    }
    return 0;
}
