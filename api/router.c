/* From method and path to a row of the route table. The first row that matches wins; routes.def
 * keeps literal segments before parameters (unit.api_server checks it). */
#include "api/route.h"
#include <string.h>

/* The column of parameters: entries without commas, so a list may be as long as it likes. */
#define NONE
#define P(name)    PARAM_##name,
#define NEED(name) PARAM_REQUIRED | PARAM_##name,

static const struct route rows[] = {
#define ROUTE(method, path, role, handler, flags, params, answer, doc)                             \
    {METHOD_##method,                                                                              \
     path,                                                                                         \
     ROLE_##role,                                                                                  \
     handler,                                                                                      \
     #handler,                                                                                     \
     flags,                                                                                        \
     (const param_entry[]){params PARAM_END},                                                      \
     ANSWER_##answer,                                                                              \
     doc},
#include "api/routes.def"
#undef ROUTE
};

#undef NEED
#undef P
#undef NONE

static const char *const method_names[METHOD_COUNT] = {
    [METHOD_GET] = "GET",       [METHOD_HEAD] = "HEAD",       [METHOD_POST] = "POST",
    [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "",
};

/* allowed[route's role][key's role]: everything not set is denied. An operator key has the public
 * routes and its own, not the staff's; an admin may what staff may. */
static const bool allowed[ROLE_COUNT][ROLE_COUNT] = {
    [ROLE_PUBLIC] = {true,                 true, true, true},
    [ROLE_OPERATOR] = {[ROLE_OPERATOR] = true,                [ROLE_STAFF] = true, [ROLE_ADMIN] = true},
    [ROLE_STAFF] = {[ROLE_STAFF] = true,                    [ROLE_ADMIN] = true},
    [ROLE_ADMIN] = {[ROLE_ADMIN] = true},
};

const struct route *routes(size_t *count)
{
    *count = ARRAY_LEN(rows);
    return rows;
}

enum method method_find(const char *name)
{
    for (unsigned m = 0; m < METHOD_OTHER; m++) {
        if (strcmp(method_names[m], name) == 0) {
            return (enum method)m;
        }
    }
    return METHOD_OTHER;
}

const char *method_name(enum method method)
{
    return (unsigned)method < METHOD_COUNT ? method_names[method] : "";
}

bool route_allows(const struct route *route, enum role role)
{
    return (unsigned)role < ROLE_COUNT && (unsigned)route->role < ROLE_COUNT &&
           allowed[route->role][role];
}

/* Length of the path's part that a parameter takes, 0 when it does not fit. */
static size_t argument_len(const char *pattern_rest, bool greedy, const char *path)
{
    size_t len = strcspn(path, "/");

    if (greedy) {
        size_t rest = strlen(pattern_rest);
        size_t all = strlen(path);

        len = all > rest && strcmp(path + all - rest, pattern_rest) == 0 ? all - rest : 0;
    }
    return len;
}

static bool path_match(const char *pattern, const char *path, char argument[PATH_ARGUMENT_MAX])
{
    while (*pattern != '\0') {
        if (*pattern == '{') {
            const char *close = strchr(pattern, '}');
            bool greedy = close[-1] == '.';
            size_t len = argument_len(close + 1, greedy, path);

            if (len == 0 || len >= PATH_ARGUMENT_MAX) {
                return false;
            }
            memcpy(argument, path, len);
            argument[len] = '\0';
            pattern = close + 1;
            path += len;
            continue;
        }
        if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

void route_find(enum method method, const char *path, struct route_match *out)
{
    enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;

    out->route = NULL;
    out->methods = 0;
    out->public_path = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!path_match(rows[i].path, path, out->argument)) {
            continue;
        }
        if (out->methods != 0 && (out->methods >> rows[i].method & 1)) {
            continue; /* a parameter row behind the literal one */
        }
        out->methods |= 1u << rows[i].method;
        out->public_path =
            out->public_path || (rows[i].role == ROLE_PUBLIC && !(rows[i].flags & ROUTE_SECRET));
        if (rows[i].method == wanted) {
            out->route = &rows[i];
            return;
        }
    }
}

bool route_takes_bulk(const char *target)
{
    const size_t len = strcspn(target, "?");
    size_t count;
    const struct route *all = routes(&count);

    for (size_t i = 0; i < count; i++) {
        if ((all[i].flags & ROUTE_BULK) != 0 && strlen(all[i].path) == len &&
            memcmp(all[i].path, target, len) == 0) {
            return true;
        }
    }
    return false;
}
