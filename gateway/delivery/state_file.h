#ifndef GATEWAY_DELIVERY_STATE_FILE_H
#define GATEWAY_DELIVERY_STATE_FILE_H

#include "bowei/base/err.h"
#include <stddef.h>

/* A sealed file of the state folder: one line with length and CRC-32C, then the text. Written
 * beside, synced and renamed, so that it is the old one or the new one; a torn one is noticed. */

/** The text, NUL-terminated, the caller's to free. ERR_NOT_FOUND: there is none. ERR_BAD_REQUEST:
 * it is torn or foreign. */
enum err state_file_read(const char *folder, const char *name, char **text, size_t *len) MUST_CHECK;
/** On the disk when it returns ERR_OK, mode 0600; otherwise the former one stands. */
enum err state_file_write(const char *folder, const char *name, const char *text,
                          size_t len) MUST_CHECK;
/** Renames it to <name>.torn for people to look at. */
void state_file_set_aside(const char *folder, const char *name);

#endif
