/* Tables of answers for people; rest.c fills them. */
#include "gateway/cli/table.h"
#include "bowei/base/bytes.h"
#include <string.h>

/* Unicode 14 EastAsianWidth W and F, the blocks of them: rare narrow ones in between do no harm. */
static const struct {
    uint32_t first, last;
} wide[] = {
    {0x1100,  0x115f },
    {0x2e80,  0xa4cf },
    {0xac00,  0xd7a3 },
    {0xf900,  0xfaff },
    {0xfe30,  0xfe6f },
    {0xff00,  0xff60 },
    {0xffe0,  0xffe6 },
    {0x1f300, 0x1faff},
    {0x20000, 0x3fffd},
};

static size_t point_width(uint32_t point)
{
    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        if (point >= wide[i].first && point <= wide[i].last) {
            return 2;
        }
    }
    return 1;
}

/* The character at text and how many bytes it has; a byte that begins none is one by itself. */
static size_t point_at(const char *text, uint32_t *point)
{
    const uint8_t first = (uint8_t)text[0];
    const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

    *point = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) {
            *point = first;
            return 1;
        }
        *point = *point << 6 | ((uint8_t)text[i] & 0x3f);
    }
    return len;
}

size_t table_text_width(const char *text)
{
    size_t width = 0;
    uint32_t point;

    while (*text != '\0') {
        text += point_at(text, &point);
        width += point_width(point);
    }
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
