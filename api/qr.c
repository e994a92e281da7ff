/* QR codes of prints: libqrencode makes the modules, this file draws them as one path. */
#include "api/qr.h"
#include <qrencode.h>
#include <string.h>

#define QUIET 4 /* modules of white on each side, as the standard wants */

/* Runs of dark modules of one line as rectangles of height 1. */
static void line_write(struct strbuf *out, const unsigned char *modules, int width, int y)
{
    for (int x = 0; x < width;) {
        int run = 0;

        while (x + run < width && modules[x + run] & 1) {
            run++;
        }
        if (run > 0) {
            strbuf_printf(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        }
        x += run > 0 ? run : 1;
    }
}

bool qr_write(struct html *h, const char *text)
{
    QRcode *code =
        QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_M);
    int side;

    if (code == NULL) {
        return false;
    }
    side = code->width + 2 * QUIET;
    strbuf_printf(h->out,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\" shape-rendering=\"crispEdges\">"
                  "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
                  side, side, side, side);
    for (int y = 0; y < code->width; y++) {
        line_write(h->out, code->data + y * code->width, code->width, y);
    }
    strbuf_puts(h->out, "\"/></svg>");
    QRcode_free(code);
    return true;
}
