#ifndef GATEWAY_INVENTORY_REPORT_H
#define GATEWAY_INVENTORY_REPORT_H

#include "gateway/inventory/draft.h"

/** Adds a fault; field may be "". Beyond IMPORT_FAULTS_MAX it is only counted. */
void report_fault(struct import_report *report, const char *file, const struct row_origin *at,
                  const char *field, const char *fmt, ...) PRINTF_LIKE(5, 6);
/** Faults in the order of the files' lines. */
void report_sort(struct import_report *report);

#endif
