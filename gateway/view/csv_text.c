/* Lists for spreadsheets: cells in, lines of CSV out. Handlers of lists with `format=csv` write
 * through it. */
#include "bowei/csv_text.h"
#include "bowei/base/city_clock.h"
#include <string.h>

void csv_text_begin(struct csv_text *csv, struct strbuf *out, int64_t shift_ms, const char *heading)
{
    *csv = (struct csv_text){.out = out, .shift_ms = shift_ms};
    strbuf_puts(out, "\xef\xbb\xbf");
    strbuf_puts(out, heading);
    strbuf_puts(out, "\r\n");
}

static void cell(struct csv_text *csv)
{
    if (csv->has_cell) {
        strbuf_putc(csv->out, ',');
    }
    csv->has_cell = true;
}

/* What a spreadsheet takes for the beginning of a formula, tab and line ends included (OWASP, "CSV
 * Injection"). East Asian ones read the full-width forms as well: U+FF1D, FF0B, FF0D, FF20. */
static bool formula(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
                                       "\xef\xbc\xa0"};
    bool is = text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;

    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        is = is || strncmp(text, wide[i], 3) == 0;
    }
    return is;
}

void csv_text_str(struct csv_text *csv, const char *text)
{
    const bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    cell(csv);
    if (quoted) {
        strbuf_putc(csv->out, '"');
    }
    if (formula(text)) {
        strbuf_putc(csv->out, '\'');
    }
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            strbuf_putc(csv->out, '"');
        }
        strbuf_putc(csv->out, *text);
    }
    if (quoted) {
        strbuf_putc(csv->out, '"');
    }
}

void csv_text_i64(struct csv_text *csv, int64_t v)
{
    cell(csv);
    strbuf_i64(csv->out, v);
}

void csv_text_number(struct csv_text *csv, const char *digits, size_t len)
{
    cell(csv);
    strbuf_add(csv->out, digits, len);
}

void csv_text_bool(struct csv_text *csv, bool v)
{
    csv_text_i64(csv, v ? 1 : 0);
}

void csv_text_time(struct csv_text *csv, int64_t city_ms)
{
    char text[RFC3339_LEN + 1] = "";

    if (city_ms > 0) {
        rfc3339_format(city_ms + csv->shift_ms, text);
    }
    csv_text_str(csv, text);
}

void csv_text_position(struct csv_text *csv, struct position_e7 at)
{
    cell(csv);
    strbuf_printf(csv->out, "%.7f,%.7f", at.lat / 1e7, at.lon / 1e7);
}

void csv_text_empty(struct csv_text *csv, unsigned cells)
{
    for (unsigned i = 0; i < cells; i++) {
        cell(csv);
    }
}

void csv_text_row_end(struct csv_text *csv)
{
    strbuf_puts(csv->out, "\r\n");
    csv->has_cell = false;
}
