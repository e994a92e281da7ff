#ifndef BOWEI_BASE_STRBUF_H
#define BOWEI_BASE_STRBUF_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A growing byte buffer. Zeroed is valid and empty. After an allocation failed, or `limit` (0 =
 * none) would be passed, `failed` is set and all further appends do nothing: check once at the end.
 */
struct strbuf {
    char *data;
    size_t len;
    size_t cap;
    size_t limit;
    bool failed;
};

void strbuf_finish(struct strbuf *b);
void strbuf_clear(struct strbuf *b);
/** Room for `more` bytes behind len; NULL when failed. Write there, then add to len. */
char *strbuf_reserve(struct strbuf *b, size_t more);
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_puts(struct strbuf *b, const char *text);
void strbuf_putc(struct strbuf *b, char c);
void strbuf_u64(struct strbuf *b, uint64_t v);
void strbuf_i64(struct strbuf *b, int64_t v);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Moves the bytes out (caller frees); the buffer is empty again. NULL when failed or empty. */
char *strbuf_take(struct strbuf *b, size_t *len);

/** Decimal digits without a NUL; returns how many. */
size_t u64_write(uint64_t v, char out[20]);

#endif
