#ifndef API_HTML_H
#define API_HTML_H

#include "bowei/base/strbuf.h"

/* The one HTML writer: pages for printing, every text escaped, no scripts, one style sheet whose
 * digest is in the answer's Content-Security-Policy. No page is written any other way. */

#define HTML_DEPTH 16

struct html {
    struct strbuf *out;           /**< borrowed */
    const char *open[HTML_DEPTH]; /**< elements to be closed; literals */
    unsigned depth;
};

/** Content-Security-Policy of a page: its own style and nothing else. */
extern const char html_policy[];
/** The style sheet that html_policy allows: A4, black on white. */
extern const char html_style[];

/** Doctype, head with title and style, body. lang: "zh-CN" or "en". */
void html_begin(struct html *h, struct strbuf *out, const char *lang, const char *title);
/** Opens an element; look: its class in the style sheet, or NULL. Both literals. */
void html_open(struct html *h, const char *element, const char *look);
void html_close(struct html *h);
void html_text(struct html *h, const char *text);
void html_printf(struct html *h, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** An element with nothing but a text. */
void html_leaf(struct html *h, const char *element, const char *look, const char *text);
/** A link: an absolute http(s) address, or the text alone when it is none. */
void html_link(struct html *h, const char *address, const char *text);
/** Closes all that is open. */
void html_end(struct html *h);

#endif
