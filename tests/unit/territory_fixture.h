#ifndef TESTS_UNIT_TERRITORY_FIXTURE_H
#define TESTS_UNIT_TERRITORY_FIXTURE_H

#include "bowei/base/strbuf.h"
#include "bowei/inventory_file.h"
#include "bowei/territory.h"
#include "tests/unit/city_fixture.h"
#include "tests/unit/scratch_folder.h"
#include <inttypes.h>

/* Small territories for tests: cells of a square raster, files read as an import reads them. */

#define SOUTH_E7 421000000
#define WEST_E7  1181000000
#define CELL_E7  20000 /* about 220 m by 165 m */

static inline space_key territory_key(uint32_t street, char kind, uint32_t site, uint32_t number)
{
    char body[18];
    space_key key = 0;

    (void)snprintf(body, sizeof body, "150402%03u%c%03u%04u", street % 1000, kind, site % 1000,
                   number % 10000);
    assert(space_id_parse_body(body, 17, &key) == ID_OK);
    return key;
}

/* A grid feature of `rows` by `cols` squares of the raster. */
static inline void territory_cell_print(struct strbuf *out, uint64_t id, int row, int col, int rows,
                                        int cols)
{
    double south = (SOUTH_E7 + row * CELL_E7) / 1e7;
    double west = (WEST_E7 + col * CELL_E7) / 1e7;
    double north = (SOUTH_E7 + (row + rows) * CELL_E7) / 1e7;
    double east = (WEST_E7 + (col + cols) * CELL_E7) / 1e7;

    strbuf_printf(out,
                  "{\"type\":\"Feature\",\"id\":\"%" PRIu64
                  "\",\"properties\":{\"type\":\"grid\"},\"geometry\":{\"type\":\"Polygon\","
                  "\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f]]]}"
                  "}",
                  id, west, south, east, south, east, north, west, north, west, south);
}

/* Reads the texts as files 0.txt, 1.txt, ... of the folder. */
static inline struct draft *territory_read(const char *folder, const char *const *texts,
                                           unsigned count, struct import_report *report)
{
    struct draft *d = draft_create();

    assert(d != NULL);
    for (unsigned i = 0; i < count; i++) {
        char path[512];
        FILE *f;

        (void)snprintf(path, sizeof path, "%s/%u.txt", folder, i);
        f = fopen(path, "wb");
        assert(f != NULL && fwrite(texts[i], 1, strlen(texts[i]), f) == strlen(texts[i]));
        assert(fclose(f) == 0);
        assert(draft_read(d, path, CRS_WGS84, report) == ERR_OK);
    }
    return d;
}

/* The snapshot of some files; NULL, with the first fault printed, when they have one. */
static inline struct inventory *territory_import(const char *folder, const char *const *texts,
                                                 unsigned count)
{
    struct import_report report = {0};
    struct draft *d = territory_read(folder, texts, count, &report);
    struct inventory *inv = NULL;

    assert(draft_complete(d, NULL, false, false, &report) == ERR_OK);
    if (report.fault_count > 0) {
        (void)fprintf(stderr, "%s:%u: %s: %s\n", report.faults[0].file, report.faults[0].line,
                      report.faults[0].field, report.faults[0].reason);
    } else {
        assert(inventory_build(d, 1, NULL, NULL, &inv) == ERR_OK);
    }
    import_report_finish(&report);
    draft_destroy(d);
    return inv;
}

#endif
