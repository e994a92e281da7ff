/* The list of what was wrong with a request: it is told all of it at once, field by field. */
#include "api/faults.h"
#include <stdarg.h>
#include <stdio.h>

void faults_add(struct faults *faults, const char *where, const char *fmt, ...)
{
    va_list args;
    struct fault_row *row;

    if (faults->count >= FAULTS_MAX) {
        return;
    }
    row = &faults->rows[faults->count++];
    (void)snprintf(row->where, sizeof row->where, "%s", where);
    va_start(args, fmt);
    (void)vsnprintf(row->detail, sizeof row->detail, fmt, args);
    va_end(args);
}
