/* Tables of answers for people; rest.c fills them. */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "gateway/cli/table.h"
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* The locale in which a text's characters are counted, whatever the terminal's is; glibc has it
 * built in. */
static locale_t utf8(void)
{
    static locale_t kept;

    if (kept == (locale_t)0) {
        kept = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    }
    return kept;
}

size_t table_text_width(const char *text)
{
    const locale_t former = uselocale(utf8());
    const char *end = text + strlen(text);
    mbstate_t state = {0};
    size_t width = 0;

    while (text < end) {
        wchar_t point = L'\0';
        const size_t len = mbrtowc(&point, text, (size_t)(end - text), &state);
        const bool begins_none = len == (size_t)-1 || len == (size_t)-2;
        const int places = begins_none ? 1 : wcwidth(point);

        if (begins_none) {
            memset(&state, 0, sizeof state);
        }
        text += begins_none ? 1 : len;
        width += places < 0 ? 1 : (size_t)places;
    }
    (void)uselocale(former);
    return width;
}

void table_cell(struct table *t, const char *text)
{
    const size_t width = table_text_width(text);
    size_t *most = &t->widths[t->count++ % t->columns];

    *most = width > *most ? width : *most;
    strbuf_puts(&t->cells, text);
    strbuf_putc(&t->cells, '\0');
}

void table_write(const struct table *t, struct strbuf *out)
{
    const char *text = t->cells.data;

    for (size_t i = 0; i < t->count && !t->cells.failed; i++) {
        const size_t column = i % t->columns;

        strbuf_puts(out, text);
        if (column + 1 == t->columns) {
            strbuf_putc(out, '\n');
        } else {
            strbuf_printf(out, "%*s", (int)(t->widths[column] + 2 - table_text_width(text)), "");
        }
        text += strlen(text) + 1;
    }
}

void table_finish(struct table *t)
{
    strbuf_finish(&t->cells);
}
