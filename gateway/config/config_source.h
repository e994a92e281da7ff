#ifndef GATEWAY_CONFIG_CONFIG_SOURCE_H
#define GATEWAY_CONFIG_CONFIG_SOURCE_H

#include "bowei/config.h"

/* The text of a configuration file while it is read: where each field's value stands, and the
 * faults found so far. */

struct config_mark {
    const void *field; /**< the field, or the item for what is wrong with it as a whole */
    uint32_t line, column;
    bool refused; /**< has its fault already: cross-checks leave it alone */
};

struct config_source {
    const char *text;
    size_t len;
    struct config_report *report;
    bool masked;      /**< secrets were left out, not forgotten */
    bool hides_value; /**< what stands at a fault's place is a secret and is not repeated */
    struct config_mark *marks;
    size_t mark_count, mark_cap;
};

void config_source_finish(struct config_source *source);
/** Remembers where a field's value stands (1-based). False on no memory. */
bool config_source_mark(struct config_source *source, const void *field, uint32_t line,
                        uint32_t column, bool refused);
/** Was the value of this field (or this item) refused? */
bool config_source_refused(const struct config_source *source, const void *field);
/** Adds a fault at a place (line 0: nowhere in the file); those past CONFIG_FAULTS_MAX are dropped.
 */
void config_source_fault(struct config_source *source, uint32_t line, uint32_t column,
                         const char *fmt, ...) PRINTF_LIKE(4, 5);
/** Adds a fault where the first of the two fields that stands in the file stands; `item` may be
 * NULL. */
void config_source_fault_of(struct config_source *source, const void *field, const void *item,
                            const char *fmt, ...) PRINTF_LIKE(4, 5);
/** Faults in the order of the file. */
void config_source_sort(struct config_source *source);

#endif
