#ifndef GATEWAY_CLI_TABLE_H
#define GATEWAY_CLI_TABLE_H

#include "bowei/base/strbuf.h"

/* A table for people: cells in reading order, each column as wide as its widest cell on a terminal,
 * where a Chinese character takes two places. */

#define TABLE_COLUMNS_MAX 10

/** Zeroed but for `columns`, 1 to TABLE_COLUMNS_MAX. */
struct table {
    size_t columns;
    size_t count;                     /**< cells so far */
    size_t widths[TABLE_COLUMNS_MAX]; /**< places on a terminal */
    struct strbuf cells;              /**< each ended by NUL */
};

/** Puts the next cell, UTF-8, copied. */
void table_cell(struct table *t, const char *text);
/** Writes the rows, two spaces between columns and none behind the last. */
void table_write(const struct table *t, struct strbuf *out);
void table_finish(struct table *t);
/** Places that a UTF-8 text takes on a terminal; what is no UTF-8 counts one a byte. */
size_t table_text_width(const char *text);

#endif
