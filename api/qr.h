#ifndef API_QR_H
#define API_QR_H

#include "api/html.h"

/** A QR code (ISO/IEC 18004, level M: 15 % of it may be lost on a windscreen) of a text as inline
 * SVG. False when it does not fit or memory is out; then nothing is written. */
bool qr_write(struct html *h, const char *text);

#endif
