#ifndef BOWEI_CSV_TEXT_H
#define BOWEI_CSV_TEXT_H

#include "bowei/base/geo.h"
#include "bowei/base/strbuf.h"

/* The one CSV writer (RFC 4180): UTF-8 with a byte order mark, since spreadsheets of this country
 * open it as UTF-8 only with one; a text that a spreadsheet would take for a formula is put behind
 * an apostrophe (OWASP, CSV injection). */

struct csv_text {
    struct strbuf *out; /**< borrowed */
    int64_t shift_ms;   /**< shown time = city time + shift */
    bool has_cell;
};

/** Begins with the mark and a ready heading line without its end. */
void csv_text_begin(struct csv_text *csv, struct strbuf *out, int64_t shift_ms,
                    const char *heading);
/** Any text of people or machines; quoted where it must be. */
void csv_text_str(struct csv_text *csv, const char *text);
void csv_text_i64(struct csv_text *csv, int64_t v);
/** A number as it is written already. */
void csv_text_number(struct csv_text *csv, const char *digits, size_t len);
/** yes or no, as 1 or 0. */
void csv_text_bool(struct csv_text *csv, bool v);
/** City time as RFC 3339, empty when 0. */
void csv_text_time(struct csv_text *csv, int64_t city_ms);
/** Two cells: latitude and longitude, 7 decimals. */
void csv_text_position(struct csv_text *csv, struct position_e7 at);
void csv_text_empty(struct csv_text *csv, unsigned cells);
void csv_text_row_end(struct csv_text *csv);

#endif
