#ifndef BOWEI_INVENTORY_FILE_H
#define BOWEI_INVENTORY_FILE_H

#include "bowei/inventory.h"

/* Files in and out. Import reads GeoJSON FeatureCollections (lots, spaces, fences, grids) and CSV
 * tables (lots, spaces, devices, bindings, beacons, listeners, operators, vehicles, units, wardens,
 * aliases, retired) into a draft, checks the whole, and compares it with
 * what is there; the state folder keeps the accepted draft as one canonical text file, byte-stable,
 * which is also what `bowei export` prints and import accepts. */

/** A row error: file:line:column: field: reason. */
struct import_fault {
    char file[128];
    uint32_t line, column;
    char field[40];
    char reason[200];
};

#define IMPORT_FAULTS_MAX 100

#define IMPORT_KINDS      15 /**< what the report counts: every table */
/** "lots", "spaces", "fences", "grids", "devices", "bindings", "beacons", "listeners", "operators",
 * "vehicles", "units", "wardens", "responsibilities", "aliases", "retired". */
const char *import_kind_name(unsigned kind);

struct import_report {
    uint64_t added[IMPORT_KINDS], changed[IMPORT_KINDS], removed[IMPORT_KINDS];
    uint32_t fault_count; /**< all; only the first IMPORT_FAULTS_MAX are kept */
    struct import_fault *faults;
};

struct draft; /**< the mutable form */

struct draft *draft_create(void);
void draft_destroy(struct draft *draft);
/** Reads one file into the draft by its content (GeoJSON, or CSV by its header). Row errors go to
 * the report; the call itself fails only when the file cannot be read or memory ends. crs: of the
 * file's coordinates unless the file says its own. */
enum err draft_read(struct draft *draft, const char *path, enum crs crs,
                    struct import_report *report) MUST_CHECK;

/** Names that the program or its configuration knows. */
struct known_names {
    const char *(*name_at)(const void *ctx, size_t i);
    /** Of a sensor model that never says whether a space is free: what it is instead; else NULL.
     * NULL where the names are no models. */
    const char *(*kind_at)(const void *ctx, size_t i);
    const void *ctx;
    size_t count;
};

/** Tells the report of each device whose model is none of these, but for Modbus units, or is no
 * sensor of bays and bound to a space; for a draft as the files have it, before draft_complete. A
 * model is only needed where a network server hands frames on, so these are warnings. */
void draft_models_check(const struct draft *draft, const struct known_names *models,
                        struct import_report *report);
/** Tells the report of each device whose source is none of these: a warning, since the
 * configuration may follow. */
void draft_sources_check(const struct draft *draft, const struct known_names *sources,
                         struct import_report *report);
/** Completes the draft from `current` (NULL = none): what the new files do not mention stays,
 * unless `replace`, which makes the files the whole inventory (missing ones are removed =
 * tombstones). Cross-checks (dangling bindings, duplicates, check characters, > 5 % removals unless
 * allowed) go to the report. */
enum err draft_complete(struct draft *draft, const struct draft *current, bool replace,
                        bool allow_removals, struct import_report *report) MUST_CHECK;
void import_report_finish(struct import_report *report);

/** Canonical text; the same draft always gives the same bytes. */
enum err draft_write(const struct draft *draft, uint64_t version, struct strbuf *out) MUST_CHECK;
enum err draft_load(const char *path, struct draft **out, uint64_t *version) MUST_CHECK;

/** Makes the snapshot. Slots of `previous` (NULL at start) are kept; at start slots follow the
 * Hilbert order so that neighbours in the city are neighbours in memory. */
enum err inventory_build(const struct draft *draft, uint64_t version,
                         const struct inventory *previous, const struct timing_source *timing,
                         struct inventory **out) MUST_CHECK;

/** The state folder's inventory: <folder>/inventory-<version>.geojson, written to a temporary name,
 * synced, renamed. newest: 0 when there is none. */
enum err inventory_store_newest(const char *folder, uint64_t *version, char *path,
                                size_t cap) MUST_CHECK;
/** The file of one version; ERR_NOT_FOUND: it is not there any more. */
enum err inventory_store_find(const char *folder, uint64_t version, char *path,
                              size_t cap) MUST_CHECK;
enum err inventory_store_save(const char *folder, uint64_t version,
                              const struct strbuf *text) MUST_CHECK;

#endif
