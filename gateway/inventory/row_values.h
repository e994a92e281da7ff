#ifndef GATEWAY_INVENTORY_ROW_VALUES_H
#define GATEWAY_INVENTORY_ROW_VALUES_H

#include "gateway/inventory/row.h"

/* Values of a row. Each says in row->reason why it refuses. */

/** Any place's ID. */
bool row_key(struct row *row, const char *text, size_t len, space_key *key);
bool row_whole(struct row *row, const char *text, size_t len, uint32_t min, uint32_t max,
               uint32_t *out);
/** Stores a text; repeat as in draft_text_add. */
bool row_text(struct row *row, const char *text, size_t len, int repeat, uint32_t *out);
/** No control characters, at most max bytes. */
bool row_printable(struct row *row, const char *text, size_t len, size_t max);
/** A text that is shown as it is, up to 200 bytes. */
bool row_shown(struct row *row, const char *text, size_t len, uint32_t *out);
/** Names of devices, links, models and schemes: letters and digits plus what `also` lists. */
bool row_name(struct row *row, const char *text, size_t len, size_t max, const char *also);
/** A device id; a dev EUI is lowered. */
bool row_device(struct row *row, const char *text, size_t len, uint32_t *out);

#endif
