#ifndef BOWEI_BASE_SUGGEST_H
#define BOWEI_BASE_SUGGEST_H

#include <stddef.h>

/** Did you mean: of `count` names, given by name_at, the one that is nearest to a mistyped text;
 * NULL when none is near. Nearest by insertions, deletions and replacements of bytes; the first of
 * equals. Pure. */
const char *suggest_name(const char *text, const char *(*name_at)(const void *ctx, size_t i),
                         const void *ctx, size_t count);

#endif
