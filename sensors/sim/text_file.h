#ifndef SENSORS_SIM_TEXT_FILE_H
#define SENSORS_SIM_TEXT_FILE_H

#include "bowei/base/err.h"
#include "bowei/base/strbuf.h"

/** Writes a whole file <folder>/<name> by way of another name, so that no reader sees half of it.
 * ERR_IO: also when the buffer failed. */
enum err text_file_write(const char *folder, const char *name, const struct strbuf *b) MUST_CHECK;

#endif
