#ifndef BOWEI_BASE_LOG_H
#define BOWEI_BASE_LOG_H

#include "bowei/base/err.h"
#include <stdint.h>

/* One line a record to standard error: RFC 3339 time, level, area, text. Bytes below 0x20, 0x7f and
 * not UTF-8 are escaped. Writing never blocks the caller for long: stderr is written non-blocking,
 * lines that do not fit are dropped and counted (log_dropped). Thread-safe. */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

void log_set_level(enum log_level level);
/** area: short module name ("journal"); fmt: a sentence without newline. */
void log_line(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** As log_line, but at most one line per `every_ms` and call site; `gate` is a static of the call
 * site. */
void log_rate(enum log_level level, int64_t *gate, int every_ms, const char *area, const char *fmt,
              ...) PRINTF_LIKE(5, 6);
unsigned long log_dropped(void);

#endif
