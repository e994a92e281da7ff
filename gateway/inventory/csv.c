/* CSV tables (RFC 4180, UTF-8, comma) into the draft: the header says which table it is, row.c what
 * a column means. Every refused cell is told with its line and column. */
#include "gateway/inventory/read.h"
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 32

/* A cell, unquoted in place. */
struct cell {
    char *text;
    size_t len;
    uint32_t line, column;
};

struct csv {
    struct reading_file *file;
    char *p;
    char *end;
    char *line_start;
    uint32_t line;
    struct cell cells[COLUMNS_MAX];
    size_t cell_count;
    const struct row_field *fields[COLUMNS_MAX];
    size_t column_count;
    enum draft_table table;
};

/* Which table a header is of: the first row whose column it has. */
static const struct {
    const char *column;
    enum draft_table table;
} signs[] = {
    {"listener",    TABLE_LISTENER},
    {"vehicle",     TABLE_VEHICLE },
    {"operator",    TABLE_OPERATOR},
    {"beacon",      TABLE_BEACON  },
    {"level",       TABLE_WARDEN  },
    {"unit",        TABLE_UNIT    },
    {"device",      TABLE_BINDING },
    {"scheme",      TABLE_ALIAS   },
    {"replaced_by", TABLE_RETIRED },
    {"source",      TABLE_DEVICE  },
    {"counting",    TABLE_LOT     },
    {"lat",         TABLE_SPACE   },
};

static void fault(struct csv *csv, uint32_t line, uint32_t column, const char *field,
                  const char *reason)
{
    const struct row_origin at = row_origin_of(csv->file->file, line, column);

    report_fault(csv->file->report, csv->file->name, &at, field, "%s", reason);
}

static uint32_t column_of(const struct csv *csv)
{
    return (uint32_t)(csv->p - csv->line_start) + 1;
}

/* p stands behind the opening quote. Takes out doubled quotes; stops behind the closing one. */
static bool quoted_take(struct csv *csv, struct cell *cell)
{
    char *to = csv->p;

    cell->text = to;
    while (csv->p < csv->end) {
        if (*csv->p == '"') {
            csv->p++;
            if (csv->p == csv->end || *csv->p != '"') {
                cell->len = (size_t)(to - cell->text);
                return true;
            }
        } else if (*csv->p == '\n') {
            csv->line++;
            csv->line_start = csv->p + 1;
        }
        *to++ = *csv->p++;
    }
    fault(csv, cell->line, cell->column, "quote", "the quoted cell is never closed");
    return false;
}

static bool at_row_end(const struct csv *csv)
{
    return csv->p == csv->end || *csv->p == '\n' ||
           (*csv->p == '\r' && csv->p + 1 < csv->end && csv->p[1] == '\n');
}

static bool cell_take(struct csv *csv, struct cell *cell)
{
    *cell = (struct cell){.text = csv->p, .line = csv->line, .column = column_of(csv)};
    if (csv->p < csv->end && *csv->p == '"') {
        csv->p++;
        if (!quoted_take(csv, cell)) {
            return false;
        }
        if (!at_row_end(csv) && *csv->p != ',') {
            fault(csv, csv->line, column_of(csv), "quote",
                  "text behind a closing quote (a quote inside a cell is doubled)");
            return false;
        }
        return true;
    }
    while (!at_row_end(csv) && *csv->p != ',') {
        if (*csv->p == '"') {
            fault(csv, csv->line, column_of(csv), "quote",
                  "a quote inside a cell that does not begin with one");
            return false;
        }
        csv->p++;
    }
    cell->len = (size_t)(csv->p - cell->text);
    return true;
}

static void line_skip(struct csv *csv)
{
    char *stop = memchr(csv->p, '\n', (size_t)(csv->end - csv->p));

    csv->p = stop == NULL ? csv->end : stop + 1;
    csv->line++;
    csv->line_start = csv->p;
}

/* One record into cells; false: it was refused (and told). Moves behind its line end. */
static bool record_take(struct csv *csv)
{
    csv->cell_count = 0;
    for (;;) {
        if (csv->cell_count == COLUMNS_MAX) {
            fault(csv, csv->line, column_of(csv), "columns", "more than 32 columns");
            line_skip(csv);
            return false;
        }
        if (!cell_take(csv, &csv->cells[csv->cell_count])) {
            line_skip(csv);
            return false;
        }
        csv->cell_count++;
        if (csv->p == csv->end || *csv->p != ',') {
            line_skip(csv);
            return true;
        }
        csv->p++;
    }
}

static bool cell_is(const struct cell *cell, const char *text)
{
    return strlen(text) == cell->len && memcmp(cell->text, text, cell->len) == 0;
}

static bool table_find(struct csv *csv)
{
    for (size_t s = 0; s < ARRAY_LEN(signs); s++) {
        for (size_t c = 0; c < csv->cell_count; c++) {
            if (cell_is(&csv->cells[c], signs[s].column)) {
                csv->table = signs[s].table;
                return true;
            }
        }
    }
    if (csv->cell_count == 1 && csv->cells[0].len > 0 &&
        (memchr(csv->cells[0].text, ';', csv->cells[0].len) != NULL ||
         memchr(csv->cells[0].text, '\t', csv->cells[0].len) != NULL)) {
        fault(csv, 1, 1, "header", "columns must be separated by commas");
        return false;
    }
    fault(csv, 1, 1, "header",
          "neither GeoJSON nor the header of lots, spaces, devices, bindings, beacons, listeners, "
          "operators, vehicles, units, wardens, aliases or retired (docs/DATA_FORMAT.md)");
    return false;
}

static const struct cell *cell_of_field(const struct csv *csv, const char *name)
{
    for (size_t c = 0; c < csv->column_count; c++) {
        if (strcmp(csv->fields[c]->name, name) == 0) {
            return &csv->cells[c];
        }
    }
    return NULL;
}

/* Told once, not for each row. */
static bool columns_whole(struct csv *csv)
{
    bool good = true;

    for (const struct row_field *f = row_tables[csv->table].fields; f->name != NULL; f++) {
        if (f->required && cell_of_field(csv, f->name) == NULL) {
            char reason[80];

            (void)snprintf(reason, sizeof reason, "%s need the column %s",
                           row_table_name(csv->table), f->name);
            fault(csv, 1, 1, "header", reason);
            good = false;
        }
    }
    return good;
}

static bool header_take(struct csv *csv)
{
    bool good = record_take(csv) && table_find(csv);

    for (size_t c = 0; good && c < csv->cell_count; c++) {
        const struct cell *cell = &csv->cells[c];
        char reason[200];
        char known[120];

        csv->fields[c] = row_field_find(csv->table, cell->text, cell->len);
        for (size_t before = 0; csv->fields[c] != NULL && before < c; before++) {
            if (csv->fields[before] == csv->fields[c]) {
                fault(csv, cell->line, cell->column, csv->fields[c]->name,
                      "the column stands twice");
                good = false;
            }
        }
        if (csv->fields[c] == NULL) {
            row_fields_list(csv->table, known, sizeof known);
            (void)snprintf(reason, sizeof reason, "%.*s is no column of %s: %s",
                           (int)(cell->len < 30 ? cell->len : 30), cell->text,
                           row_table_name(csv->table), known);
            fault(csv, cell->line, cell->column, "header", reason);
            good = false;
        }
    }
    csv->column_count = csv->cell_count;
    return good && columns_whole(csv);
}

/* What is wrong with a cell, and what it holds. */
static void cell_fault(struct csv *csv, const struct cell *cell, const char *field,
                       const struct row *row)
{
    char reason[ROW_REASON_MAX];

    row_reason(row, cell->text, cell->len, reason, sizeof reason);
    fault(csv, cell->line, cell->column, field, reason);
}

static enum err row_take(struct csv *csv)
{
    struct row row;
    const struct cell *first = &csv->cells[0];
    const char *field = "";
    bool good = true;

    if (csv->cell_count != csv->column_count) {
        char reason[80];

        (void)snprintf(reason, sizeof reason, "%zu cells where the header has %zu", csv->cell_count,
                       csv->column_count);
        fault(csv, first->line, 1, "row", reason);
        return ERR_OK;
    }
    row_begin(&row, csv->file->draft, csv->table, csv->file->crs,
              row_origin_of(csv->file->file, first->line, 1));
    for (size_t c = 0; c < csv->cell_count; c++) {
        const struct cell *cell = &csv->cells[c];

        if (!row_set(&row, csv->fields[c], cell->text, cell->len)) {
            cell_fault(csv, cell, csv->fields[c]->name, &row);
            good = false;
        }
    }
    if (good && !row_end(&row, &field)) {
        const struct cell *cell = cell_of_field(csv, field);

        if (cell != NULL) {
            cell_fault(csv, cell, field, &row);
        } else { /* of a column that the file does not have */
            fault(csv, first->line, first->column, field, row.reason);
        }
    }
    return row.no_memory ? ERR_NO_MEMORY : ERR_OK;
}

enum err csv_read(struct reading_file *f)
{
    struct csv csv = {
        .file = f, .p = f->text, .end = f->text + f->len, .line_start = f->text, .line = 1};

    if (f->len == 0) {
        fault(&csv, 1, 1, "file", "the file is empty");
        return ERR_OK;
    }
    if (!header_take(&csv)) {
        return ERR_OK;
    }
    while (csv.p < csv.end) {
        enum err e = ERR_OK;

        if (record_take(&csv) && !(csv.cell_count == 1 && csv.cells[0].len == 0)) {
            e = row_take(&csv); /* an empty line is no row */
        }
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_OK;
}
