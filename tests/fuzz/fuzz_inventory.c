/* Any bytes as an inventory file, CSV or GeoJSON (in memory, by its name below /proc): every fault
 * lies inside the file; what is accepted builds an inventory, and its canonical text is read back
 * and writes the same bytes. */
#define _GNU_SOURCE /* memfd_create */
#include "bowei/inventory_file.h"
#include "tests/fuzz/fuzz.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool timing_none(void *ctx, const char *source, const char *device, const char *model,
                        struct sensor_timing *out)
{
    (void)ctx, (void)source, (void)device, (void)model, (void)out;
    return false;
}

static struct draft *bytes_read(const void *data, size_t size, struct import_report *report)
{
    struct draft *draft = draft_create();
    int fd = memfd_create("inventory", MFD_CLOEXEC);
    char path[64];

    claim(draft != NULL && fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    claim(draft_read(draft, path, CRS_WGS84, report) == ERR_OK);
    (void)close(fd);
    for (uint32_t i = 0; i < report->fault_count && i < IMPORT_FAULTS_MAX; i++) {
        claim(report->faults[i].reason[0] != '\0' && report->faults[i].line <= size + 1);
    }
    if (report->fault_count == 0) {
        claim(draft_complete(draft, NULL, true, true, report) == ERR_OK);
    }
    return draft;
}

static void accepted(const struct draft *draft)
{
    const struct timing_source timing = {.timing = timing_none};
    struct import_report report = {0};
    struct inventory *inv;
    struct strbuf first = {0};
    struct strbuf second = {0};
    struct draft *again;

    if (inventory_build(draft, 1, NULL, &timing, &inv) == ERR_OK) {
        inventory_destroy(inv);
    }
    claim(draft_write(draft, 1, &first) == ERR_OK);
    again = bytes_read(first.data, first.len, &report);
    claim(report.fault_count == 0 && draft_write(again, 1, &second) == ERR_OK);
    claim(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    strbuf_finish(&first);
    strbuf_finish(&second);
    draft_destroy(again);
    import_report_finish(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_report report = {0};
    struct draft *draft = bytes_read(data, size, &report);

    if (report.fault_count == 0) {
        accepted(draft);
    }
    draft_destroy(draft);
    import_report_finish(&report);
    return 0;
}
