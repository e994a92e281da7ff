#ifndef TESTS_UNIT_JOURNAL_FIXTURE_H
#define TESTS_UNIT_JOURNAL_FIXTURE_H

/* A journal in a folder of its own, on a disk that fails on demand. Includes what cmocka wants
 * first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/journal_sync.h"
#include "tests/unit/scratch_folder.h"
#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>

static struct counters counters;

struct fixture {
    char folder[256];
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_folder_make(f->folder, sizeof f->folder);
    memset(&counters, 0, sizeof counters);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    scratch_folder_remove(f->folder);
    free(f);
    return 0;
}

/* --- a disk that fails on demand --- */

static struct {
    _Atomic int64_t room;    /**< bytes that may still be written; < 0: no limit */
    _Atomic int write_error; /**< errno of each write, 0 = none */
    _Atomic int sync_fails;  /**< so many of the next syncs fail */
    _Atomic int truncate_error;
    _Atomic int64_t reserved;
    _Atomic int reserve_error;
} disk;

static inline ssize_t disk_write(int fd, const void *data, size_t len, off_t offset)
{
    int64_t room = atomic_load(&disk.room);

    if (atomic_load(&disk.write_error) != 0) {
        errno = atomic_load(&disk.write_error);
        return -1;
    }
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (room > 0 && (int64_t)len > room) {
        len = (size_t)room;
    }
    if (room > 0) {
        atomic_fetch_sub(&disk.room, (int64_t)len);
    }
    return pwrite(fd, data, len, offset);
}

static inline int disk_sync(int fd)
{
    if (atomic_load(&disk.sync_fails) > 0) {
        atomic_fetch_sub(&disk.sync_fails, 1);
        errno = EIO;
        return -1;
    }
    return fdatasync(fd);
}

static inline int disk_truncate(int fd, off_t len)
{
    if (atomic_load(&disk.truncate_error) != 0) {
        errno = atomic_load(&disk.truncate_error);
        return -1;
    }
    return ftruncate(fd, len);
}

static inline int disk_reserve(int fd, off_t offset, off_t len)
{
    return atomic_load(&disk.reserve_error) != 0 ? atomic_load(&disk.reserve_error)
                                                 : posix_fallocate(fd, offset, len);
}

static const struct journal_disk faulty_disk = {disk_write, disk_sync, disk_truncate, disk_reserve};

static inline void disk_heal(void)
{
    atomic_store(&disk.room, -1);
    atomic_store(&disk.write_error, 0);
    atomic_store(&disk.sync_fails, 0);
    atomic_store(&disk.truncate_error, 0);
    atomic_store(&disk.reserve_error, 0);
}

/* --- opening, appending, reading --- */

static inline struct journal *open_journal(const struct fixture *f, uint64_t reserve_bytes)
{
    const struct journal_params params = {.folder = f->folder,
                                          .counters = &counters,
                                          .reserve_bytes = reserve_bytes,
                                          .limit_bytes = 1 << 20,
                                          .sync_ms = 20,
                                          .keep_ms = 1000,
                                          .disk = &faulty_disk};
    struct journal *journal;

    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    return journal;
}

/* One plain reading whose counter is its seq. */
static inline enum err append_reading(struct journal *journal, uint64_t seq)
{
    const struct record_stamp stamp = {
        .at = {1, seq},
          .now = {.at_ms = 1000000 + (int64_t)seq},
          .inventory_version = 7
    };
    struct reading reading = {
        .counter = (uint32_t)seq, .device_len = 2, .device = "ab", .root = 99};

    return journal_append_readings(journal, &stamp, &reading, 1);
}

static inline enum err append_image(struct journal *journal, enum record_type type, uint64_t seq)
{
    const struct record_stamp stamp = {
        .at = {1, seq},
          .now = {.at_ms = 1000000 + (int64_t)seq}
    };
    struct image image = {
        .kind = IMAGE_AUDIT, .at = {1, seq}
    };

    return journal_append_images(journal, type, &stamp, &image, 1);
}

struct heard {
    uint64_t seqs[200000];
    char types[200000];
    size_t count;
    uint32_t schema;
};

static inline bool hear(void *ctx, const struct record *record)
{
    struct heard *heard = ctx;

    assert_true(heard->count < 200000);
    if (record->type == RECORD_READING) {
        assert_int_equal(record->reading.counter, record->at.seq);
        assert_int_equal(record->reading.sensor, NO_SENSOR);
        assert_int_equal(record->root, 99);
    }
    heard->types[heard->count] = (char)record->type;
    heard->seqs[heard->count++] = record->at.seq;
    return true;
}

static inline struct heard *hear_all(const struct fixture *f)
{
    struct heard *heard = calloc(1, sizeof *heard);

    assert_int_equal(journal_read(f->folder, hear, heard, &heard->schema), ERR_OK);
    return heard;
}

static inline void assert_heard(const struct fixture *f, uint64_t first, size_t count)
{
    struct heard *heard = hear_all(f);

    assert_int_equal(heard->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(heard->seqs[i], first + i);
    }
    free(heard);
}

static inline size_t files_in(const struct fixture *f, const char *ending, char *name, size_t cap)
{
    DIR *dir = opendir(f->folder);
    size_t count = 0;

    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);

        if (len > strlen(ending) && strcmp(entry->d_name + len - strlen(ending), ending) == 0) {
            count++;
            if (name != NULL) {
                assert_true(snprintf(name, cap, "%s/%s", f->folder, entry->d_name) < (int)cap);
            }
        }
    }
    closedir(dir);
    return count;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
