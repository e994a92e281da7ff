/* Faults with their place in the file: shared by the reader (config_read.c) and the cross-checks
 * (config_check.h). */
#include "gateway/config/config_source.h"
#include "bowei/base/bytes.h"
#include "gateway/config/config_excerpt.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_source_finish(struct config_source *source)
{
    free(source->marks);
    source->marks = NULL;
    source->mark_count = source->mark_cap = 0;
}

bool config_source_mark(struct config_source *source, const void *field, uint32_t line,
                        uint32_t column, bool refused)
{
    if (source->mark_count == source->mark_cap) {
        const size_t cap = source->mark_cap == 0 ? 64 : source->mark_cap * 2;
        struct config_mark *more = realloc(source->marks, cap * sizeof *more);

        if (more == NULL) {
            return false;
        }
        source->marks = more;
        source->mark_cap = cap;
    }
    source->marks[source->mark_count++] = (struct config_mark){field, line, column, refused};
    return true;
}

PRINTF_LIKE(4, 0)

static void add(struct config_source *source, uint32_t line, uint32_t column, const char *fmt,
                va_list args)
{
    struct config_report *report = source->report;
    struct config_fault *fault = NULL;

    if (report->count >= CONFIG_FAULTS_MAX) {
        return;
    }
    fault = &report->faults[report->count++];
    *fault = (struct config_fault){.line = line, .column = column};
    vsnprintf(fault->text, sizeof fault->text, fmt, args);
    text_tidy(fault->text);
    fault->caret = config_excerpt(source->text, source->len, line, column, source->hides_value,
                                  fault->source, sizeof fault->source);
}

void config_source_fault(struct config_source *source, uint32_t line, uint32_t column,
                         const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(source, line, column, fmt, args);
    va_end(args);
}

/* An item and its first field share an address; the item is marked first. */
static const struct config_mark *find_item(const struct config_source *source, const void *item)
{
    for (size_t i = 0; i < source->mark_count && item != NULL; i++) {
        if (source->marks[i].field == item) {
            return &source->marks[i];
        }
    }
    return NULL;
}

static const struct config_mark *find_field(const struct config_source *source, const void *field)
{
    for (size_t i = source->mark_count; i > 0; i--) {
        if (source->marks[i - 1].field == field) {
            return &source->marks[i - 1];
        }
    }
    return NULL;
}

bool config_source_refused(const struct config_source *source, const void *field)
{
    const struct config_mark *mark = find_field(source, field);

    return mark != NULL && mark->refused;
}

void config_source_fault_of(struct config_source *source, const void *field, const void *item,
                            const char *fmt, ...)
{
    const struct config_mark *mark = find_field(source, field);
    va_list args;

    if (mark == NULL) {
        mark = find_item(source, item);
    }
    va_start(args, fmt);
    add(source, mark == NULL ? 0 : mark->line, mark == NULL ? 0 : mark->column, fmt, args);
    va_end(args);
}

void config_fault(struct config_source *source, const void *field, const void *item,
                  const char *fmt, ...)
{
    char text[sizeof source->report->faults[0].text];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    config_source_fault_of(source, field, item, "%s", text);
}

static int by_place(const void *left, const void *right)
{
    const struct config_fault *a = left;
    const struct config_fault *b = right;

    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    if (a->column != b->column) {
        return a->column < b->column ? -1 : 1;
    }
    return strcmp(a->text, b->text);
}

void config_source_sort(struct config_source *source)
{
    qsort(source->report->faults, source->report->count, sizeof source->report->faults[0],
          by_place);
}
