/* What an import found wrong; the readers and draft_complete add, the CLI prints. */
#include "gateway/inventory/report.h"
#include "bowei/base/bytes.h"
#include "gateway/inventory/row.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    /* it goes to a terminal, and what was refused may hold anything */
    text_tidy(fault->file);
    text_tidy(fault->field);
    text_tidy(fault->reason);
}

static int by_place(const void *left, const void *right)
{
    const struct import_fault *a = left;
    const struct import_fault *b = right;
    int order = strcmp(a->file, b->file);

    if (order == 0) {
        order = a->line != b->line       ? (a->line < b->line ? -1 : 1)
                : a->column != b->column ? (a->column < b->column ? -1 : 1)
                                         : strcmp(a->field, b->field);
    }
    return order;
}

void report_sort(struct import_report *report)
{
    if (report->faults != NULL) {
        qsort(report->faults,
              report->fault_count < IMPORT_FAULTS_MAX ? report->fault_count : IMPORT_FAULTS_MAX,
              sizeof *report->faults, by_place);
    }
}

void import_report_finish(struct import_report *report)
{
    free(report->faults);
    *report = (struct import_report){0};
}

const char *import_kind_name(unsigned kind)
{
    static_assert(IMPORT_KINDS == TABLE_COUNT,
                  "a table whose changes are not counted is not stored");
    return kind < IMPORT_KINDS ? row_table_name((enum draft_table)kind) : "";
}
