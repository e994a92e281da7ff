/* Pages for printing. The digest in html_policy is that of html_style, to the byte
 * (unit.print proves it): whatever else got into a page would neither run nor show. */
#include "api/html.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char html_style[] =
    "@page{size:A4;margin:18mm}"
    "body{font:11pt/1.5 \"Noto Serif CJK SC\",SimSun,serif;color:#000;background:#fff;"
    "max-width:174mm;margin:0 auto}"
    "h1{font-size:20pt;text-align:center;margin:0 0 2mm}"
    "h2{font-size:13pt;margin:5mm 0 2mm;border-bottom:.3mm solid #000}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:.2mm solid #000;padding:1mm 2mm;text-align:left;vertical-align:top}"
    "th{width:40%;font-weight:normal}"
    ".list th{width:auto;font-weight:bold}"
    ".number{font:14pt monospace;text-align:center}"
    ".qr{float:right;width:34mm;margin:0 0 3mm 4mm;text-align:center;font-size:8pt}"
    ".qr svg{width:34mm;height:34mm;display:block}"
    ".seal{height:18mm;text-align:right;margin-top:5mm}"
    ".small{font-size:9pt;word-break:break-all}"
    "tr{page-break-inside:avoid}";

const char html_policy[] =
    "default-src 'none'; style-src 'sha256-qoJD0sTcJvGZ5jabgYJSLtYVzpJLEykDR+f1iTONIfM='; "
    "frame-ancestors 'none'";

static void escape(struct strbuf *out, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } rows[] = {
        {'&',  "&amp;" },
        {'<',  "&lt;"  },
        {'>',  "&gt;"  },
        {'"',  "&quot;"},
        {'\'', "&#39;" },
    };

    for (; *text != '\0'; text++) {
        size_t i = 0;

        while (i < ARRAY_LEN(rows) && rows[i].c != *text) {
            i++;
        }
        if (i < ARRAY_LEN(rows)) {
            strbuf_puts(out, rows[i].as);
        } else if ((unsigned char)*text >= 0x20 || *text == '\n') {
            strbuf_putc(out, *text);
        } else {
            strbuf_putc(out, ' ');
        }
    }
}

void html_begin(struct html *h, struct strbuf *out, const char *lang, const char *title)
{
    *h = (struct html){.out = out};
    strbuf_printf(out, "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">", lang);
    html_leaf(h, "title", NULL, title);
    strbuf_puts(out, "<style>");
    strbuf_puts(out, html_style);
    strbuf_puts(out, "</style></head><body>");
}

void html_open(struct html *h, const char *element, const char *look)
{
    assert(h->depth < HTML_DEPTH);
    h->open[h->depth++] = element;
    strbuf_printf(h->out, "<%s", element);
    if (look != NULL) {
        strbuf_printf(h->out, " class=\"%s\"", look);
    }
    strbuf_putc(h->out, '>');
}

void html_close(struct html *h)
{
    assert(h->depth > 0);
    strbuf_printf(h->out, "</%s>", h->open[--h->depth]);
}

void html_text(struct html *h, const char *text)
{
    escape(h->out, text);
}

void html_printf(struct html *h, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    html_text(h, text);
}

void html_leaf(struct html *h, const char *element, const char *look, const char *text)
{
    html_open(h, element, look);
    html_text(h, text);
    html_close(h);
}

void html_link(struct html *h, const char *address, const char *text)
{
    if (strncmp(address, "https://", 8) != 0 && strncmp(address, "http://", 7) != 0) {
        html_text(h, text);
        return;
    }
    strbuf_puts(h->out, "<a href=\"");
    escape(h->out, address);
    strbuf_puts(h->out, "\">");
    html_text(h, text);
    strbuf_puts(h->out, "</a>");
}

void html_end(struct html *h)
{
    while (h->depth > 0) {
        html_close(h);
    }
    strbuf_puts(h->out, "</body></html>\n");
}
