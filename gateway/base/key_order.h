#ifndef GATEWAY_BASE_KEY_ORDER_H
#define GATEWAY_BASE_KEY_ORDER_H

#include "bowei/base/strbuf.h"
#include "bowei/keys.h"

/* What keys.c and key_order.c share. */

#define KEY_PREFIX_LEN 8
/* "bw_" + prefix + "_" */
#define KEY_SECRET_AT (3 + KEY_PREFIX_LEN + 1)

struct key_set {
    struct key_row *rows;
    size_t count;
};

/** Copies what does not break the line format; false when it would, or is too long. */
bool key_text_copy(char *out, size_t cap, const char *text);
/** False: no memory. */
bool key_set_append(struct key_set *set, const struct key_row *row);
/** The whole file. */
void key_set_write(const struct key_set *set, struct strbuf *out);

#endif
