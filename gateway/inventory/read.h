#ifndef GATEWAY_INVENTORY_READ_H
#define GATEWAY_INVENTORY_READ_H

#include "gateway/inventory/report.h"
#include "gateway/inventory/row.h"

/** A file being read into a draft. */
struct reading_file {
    struct draft *draft;
    struct import_report *report;
    const char *name; /**< as given, for messages */
    char *text;       /**< behind a BOM; the CSV reader unquotes in place */
    size_t len;
    enum crs crs;
    uint16_t file;
    bool newer;       /**< its `bowei.format` is above ours */
    uint64_t version; /**< its `bowei.version`, 0 = none */
};

/** Newest form of the canonical file this program knows (`bowei.format`). */
#define INVENTORY_FORMAT 4

enum err csv_read(struct reading_file *f) MUST_CHECK;
enum err geojson_read(struct reading_file *f) MUST_CHECK;
/** Reads a whole file; the caller frees *text. */
enum err file_load(const char *path, char **text, size_t *len) MUST_CHECK;
/** Reads the file into the draft, whatever its form. */
enum err file_read(struct reading_file *f, const char *path) MUST_CHECK;

#endif
