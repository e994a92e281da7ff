/* Any bytes as a segment file of the journal (in memory, by its name below /proc): the good prefix
 * is within the file, is whole records, and reads the same again. */
#define _GNU_SOURCE /* memfd_create */
#include "gateway/keep/journal/segment.h"
#include "tests/fuzz/fuzz.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static bool visit(void *ctx, const struct record *record)
{
    size_t *records = ctx;

    ++*records;
    return record->type != 0;
}

static size_t prefix(const struct segment_bytes *bytes, size_t *records)
{
    bool stopped;
    size_t good;

    *records = 0;
    good = segment_visit(bytes, visit, records, &stopped);
    claim(good <= bytes->len && !stopped);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_bytes bytes;
    char path[64];
    int fd = memfd_create("segment", MFD_CLOEXEC);
    enum err e;

    claim(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    e = segment_read(-1, path, &bytes);
    claim(e == ERR_OK || e == ERR_NEWER_SCHEMA);
    if (e == ERR_OK) {
        size_t records;
        size_t again;
        size_t good = prefix(&bytes, &records);

        claim(bytes.len == size);
        bytes.len = good;
        claim(prefix(&bytes, &again) == good && again == records);
    } else {
        claim(bytes.schema > JOURNAL_SCHEMA);
    }
    segment_bytes_finish(&bytes);
    (void)close(fd);
    return 0;
}
