#ifndef API_FIRST_HEAD_H
#define API_FIRST_HEAD_H

#include "api/target.h"
#include "bowei/base/err.h"
#include <stddef.h>

/** As much of a head is looked at: the longest target, the largest fields (request.c), a method and
 * a version. What has no end within it is too large. */
#define FIRST_HEAD_MAX (TARGET_MAX + 6144u + 256u)

/** What libmicrohttpd would refuse of a head in words of its own. `len` bytes from the beginning of
 * a connection; what is there of a head that is not whole yet is not judged. ERR_OK: nothing; else
 * *detail says more, or is NULL. */
enum err first_head_judge(const char *text, size_t len, const char **detail);

#endif
