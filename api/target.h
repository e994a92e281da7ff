#ifndef API_TARGET_H
#define API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/* Strict decoding of request targets: what is not plainly allowed is refused, so that nothing
 * behind it sees a separator, a dot segment or a control byte that the router did not see. */

#define TARGET_MAX 1024 /**< bytes of a target; longer is 414 */

enum target_fault {
    TARGET_OK,
    TARGET_FORM,    /**< neither begins with '/' nor with http:// */
    TARGET_SECURE,  /**< https:// over a connection without TLS */
    TARGET_HOST,    /**< a host and port of another form, or none */
    TARGET_BYTE,    /**< a byte that RFC 3986 does not allow there */
    TARGET_ESCAPE,  /**< '%' without two hex digits */
    TARGET_HIDDEN,  /**< an escaped separator, NUL or control byte */
    TARGET_SEGMENT, /**< empty, "." or ".." segment */
    TARGET_UTF8,
    TARGET_FAULT_COUNT
};

const char *target_fault_text(enum target_fault fault);
/** Takes scheme and host off a target in absolute form, in place ("http://h/v1/city" is "/v1/city",
 * "http://h" is "/"); others stay as they are. `target` is NUL-terminated. TLS connections are
 * `secure`. */
enum target_fault target_origin(char *target, size_t *len, bool secure);
/** Checks the whole raw target and decodes its path into `path` (NUL-terminated, cap > TARGET_MAX).
 * *query is the raw query or NULL. */
enum target_fault target_parse(const char *raw, size_t len, char *path, const char **query,
                               size_t *query_len);
/** Decodes a query part ('+' is a space) into out; returns its length, or -1 when it is no
 * UTF-8 or does not fit with its NUL. Nothing is written beyond cap. */
int target_query_decode(const char *raw, size_t len, char *out, size_t cap);

#endif
