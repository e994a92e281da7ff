/* What an import found wrong; the readers and draft_complete add, the CLI prints. */
#include "gateway/inventory/report.h"
#include "gateway/inventory/row.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void report_fault(struct import_report *report, const char *file, const struct row_origin *at,
                  const char *field, const char *fmt, ...)
{
    struct import_fault *fault;
    va_list args;

    if (report->faults == NULL) {
        report->faults = calloc(IMPORT_FAULTS_MAX, sizeof *report->faults);
    }
    if (report->faults == NULL || report->fault_count >= IMPORT_FAULTS_MAX) {
        report->fault_count++;
        return;
    }
    fault = &report->faults[report->fault_count++];
    (void)snprintf(fault->file, sizeof fault->file, "%s", file);
    (void)snprintf(fault->field, sizeof fault->field, "%s", field);
    fault->line = at->line;
    fault->column = at->column;
    va_start(args, fmt);
    (void)vsnprintf(fault->reason, sizeof fault->reason, fmt, args);
    va_end(args);
}

void import_report_finish(struct import_report *report)
{
    free(report->faults);
    *report = (struct import_report){0};
}

const char *import_kind_name(unsigned kind)
{
    return kind < IMPORT_KINDS ? row_table_name((enum draft_table)kind) : "";
}
