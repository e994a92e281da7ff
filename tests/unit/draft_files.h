#ifndef TESTS_UNIT_DRAFT_FILES_H
#define TESTS_UNIT_DRAFT_FILES_H

/* Inventory files out of texts, read as an import reads them. */
#include "tests/unit/own_folder.h"

#include "bowei/inventory_file.h"

/* Reads a text as a file of that name into the draft; what is wrong with it is in the report. */
static inline enum err draft_text_read(struct draft *d, const char *name, const char *text,
                                       size_t len, struct import_report *report)
{
    return draft_read(d, bytes_write(name, text, len), CRS_WGS84, report);
}

/* The same of a text that has nothing wrong. */
static inline void draft_text_read_good(struct draft *d, const char *text)
{
    struct import_report report = {0};

    assert_int_equal(draft_text_read(d, "f", text, strlen(text), &report), ERR_OK);
    if (report.fault_count != 0) {
        fail_msg("%u:%u: %s: %s", report.faults[0].line, report.faults[0].column,
                 report.faults[0].field, report.faults[0].reason);
    }
}

#endif
