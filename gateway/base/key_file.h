#ifndef GATEWAY_BASE_KEY_FILE_H
#define GATEWAY_BASE_KEY_FILE_H

#include "bowei/base/err.h"
#include <stddef.h>

/** The whole file as a NUL-terminated text, the caller's to free; *out NULL when there is none.
 * ERR_CONFIG: others may read it, or it holds a NUL. */
enum err key_file_read(const char *path, char **out) MUST_CHECK;
/** Writes it whole (0600, fsync, rename). Under the lock. */
enum err key_file_write(const char *path, const char *data, size_t len) MUST_CHECK;
/** A descriptor that holds the lock until it is closed; -1 when another has it for half a second or
 * it cannot be made. */
int key_file_lock(const char *path);

#endif
