/* Any bytes as the beginning of a connection: what is judged of a head does not depend on what
 * comes behind it, and nothing is held against one that is not whole and not too large. */
#include "api/first_head.h"
#include "tests/fuzz/fuzz.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* In memory of exactly that size: a sanitizer sees its end. */
static enum err judge(const uint8_t *data, size_t size, const char **detail)
{
    char *text = malloc(size > 0 ? size : 1);
    enum err e = ERR_OK;

    if (text != NULL) {
        memcpy(text, data, size);
        e = first_head_judge(text, size, detail);
        free(text);
    }
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *detail = NULL;
    const char *more = NULL;
    const size_t seen = size < FIRST_HEAD_MAX ? size : FIRST_HEAD_MAX;
    const enum err whole = judge(data, seen, &detail);
    const enum err half = judge(data, seen / 2, &more);

    claim(whole != ERR_OK || detail == NULL);
    claim(half == ERR_OK || (half == whole && more == detail));
    claim(whole == ERR_OK || memchr(data, '\n', seen) != NULL || seen == FIRST_HEAD_MAX);
    return 0;
}
