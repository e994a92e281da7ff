#ifndef GATEWAY_INVENTORY_COMPLETE_H
#define GATEWAY_INVENTORY_COMPLETE_H

#include "gateway/inventory/report.h"
#include "gateway/inventory/rows.h"

/** A draft being completed. */
struct merge {
    struct draft *draft;
    const struct draft *current; /**< NULL = none */
    struct import_report *report;
    bool replace;
    uint64_t missing[TABLE_COUNT]; /**< rows of the current inventory that no file speaks of */
    uint16_t current_file;         /**< number of the current inventory among the draft's files */
};

/** Tells what is wrong with a row of m->draft. */
void complete_fault(struct merge *m, enum draft_table table, const void *row, const char *field,
                    const char *reason);
/** Every reference of the sorted and merged draft. */
enum err complete_references(struct merge *m) MUST_CHECK;
/** That there are no more links, lines, timings and districts than a snapshot can number. */
enum err complete_devices(struct merge *m) MUST_CHECK;
/** Those of beacons, listeners, operators and vehicles, and that no identity is bound twice. */
enum err complete_bikes(struct merge *m) MUST_CHECK;
/** Those of units, grids and wardens; that each scope has one unit a trade; that no two grids
 * overlap. */
enum err complete_territory(struct merge *m) MUST_CHECK;

#endif
