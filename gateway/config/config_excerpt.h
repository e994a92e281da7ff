#ifndef GATEWAY_CONFIG_CONFIG_EXCERPT_H
#define GATEWAY_CONFIG_CONFIG_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Copies the part of a line of the file round `column` (1-based, in characters as libyaml counts
 * them) into out, NUL-terminated: tidied, "..." where it was cut in front, and with '*' for what
 * may be a secret: from behind a key like a password to the end of the line, unless that is only
 * ${NAME}; all from the column on when `hide`. Returns the characters in front of the caret. */
uint32_t config_excerpt(const char *file, size_t len, uint32_t line, uint32_t column, bool hide,
                        char *out, size_t cap);
/** The byte at a place of the file, 0 at the end of its line. */
char config_excerpt_byte(const char *file, size_t len, uint32_t line, uint32_t column);

#endif
