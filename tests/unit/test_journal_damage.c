/* What a journal goes through once in years: a fdatasync that fails while readers and appenders are
 * at work, files that are left from a process that was killed, and segments of an older schema that
 * are shortened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/journal_cursor.h"
#include "gateway/keep/journal/record.h"
#include "gateway/keep/journal/segment.h"
#include "tests/unit/journal_sync.h"
#include "tests/unit/scratch_folder.h"
#include <errno.h>
#include <stdatomic.h>

static struct counters counters;
static char folder[256];

/* --- a disk whose fdatasync fails on demand --- */

static struct {
    _Atomic int sync_fails;    /**< so many of the next syncs fail */
    struct journal *meanwhile; /**< gets a reading while the first of them fails */
    _Atomic uint64_t meanwhile_seq;
    _Atomic uint64_t failed_inode; /**< of the file of the first of them */
    _Atomic bool records_fail;
    _Atomic int again; /**< syncs of that file afterwards */
} disk;

static enum err append_reading(struct journal *journal, uint64_t seq)
{
    const struct record_stamp stamp = {
        .at = {1, seq},
          .now = {.at_ms = 1000000 + (int64_t)seq},
          .inventory_version = 7
    };
    const struct reading reading = {
        .counter = (uint32_t)seq, .device_len = 2, .device = "ab", .root = 99};

    return journal_append_readings(journal, &stamp, &reading, 1);
}

static int disk_sync(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    if (atomic_load(&disk.failed_inode) == st.st_ino) {
        atomic_fetch_add(&disk.again, 1);
    }
    if (atomic_load(&disk.sync_fails) == 0) {
        return fdatasync(fd);
    }
    atomic_fetch_sub(&disk.sync_fails, 1);
    if (atomic_load(&disk.failed_inode) == 0) {
        atomic_store(&disk.failed_inode, st.st_ino);
        if (disk.meanwhile != NULL) {
            assert_int_equal(append_reading(disk.meanwhile, atomic_load(&disk.meanwhile_seq)),
                             ERR_OK);
        }
    }
    errno = EIO;
    return -1;
}

/* A record is refused, a segment's head is not. */
static ssize_t disk_write(int fd, const void *data, size_t len, off_t offset)
{
    if (offset > 0 && atomic_load(&disk.records_fail)) {
        errno = EIO;
        return -1;
    }
    return pwrite(fd, data, len, offset);
}

static const struct journal_disk faulty_disk = {disk_write, disk_sync, ftruncate, posix_fallocate};

static int set_up(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    memset(&counters, 0, sizeof counters);
    memset(&disk, 0, sizeof disk);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_folder_remove(folder);
    return 0;
}

static struct journal *open_journal(void)
{
    /* no sync of its own within the test: each is asked for */
    const struct journal_params params = {
        .folder = folder, .counters = &counters, .sync_ms = 600000, .disk = &faulty_disk};
    struct journal *journal;

    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    return journal;
}

/* A reading of this number is on the disk. */
static void keep_reading(struct journal *journal, uint64_t seq)
{
    assert_int_equal(append_reading(journal, seq), ERR_OK);
    assert_int_equal(sync_now(journal), ERR_OK);
}

static bool count_record(void *ctx, const struct record *record)
{
    (void)record;
    ++*(size_t *)ctx;
    return true;
}

static size_t records_in(void)
{
    size_t count = 0;
    uint32_t schema;

    assert_int_equal(journal_read(folder, count_record, &count, &schema), ERR_OK);
    return count;
}

static bool is_there(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void put_file(const char *name, const uint8_t *bytes, size_t len)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* --- fdatasync --- */

/* The core reads what it missed while the file under it is written anew: what is appended then must
 * not go where this reader does not look. */
static void a_reader_goes_on_behind_a_file_written_anew(void **state)
{
    struct journal *journal = open_journal();
    struct journal_cursor *cursor;
    struct input input;

    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    cursor = journal_cursor_open(journal, (struct position){0, 0});
    assert_non_null(cursor);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_true(journal_cursor_next(cursor, &input));
        assert_int_equal(input.at.seq, seq);
    }
    atomic_store(&disk.sync_fails, 1);
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(append_reading(journal, 4), ERR_OK);
    assert_true(journal_cursor_next(cursor, &input));
    assert_int_equal(input.at.seq, 4);
    journal_cursor_close(cursor);
    journal_close(journal);
    assert_int_equal(records_in(), 4);
}

/* The kernel forgets a failed write with the call that told of it: a second fdatasync of the same
 * file says yes to what never reached the disk. */
static void a_file_that_failed_is_not_synced_again(void **state)
{
    struct journal *journal = open_journal();

    (void)state;
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    disk.meanwhile = journal;
    atomic_store(&disk.meanwhile_seq, 2);
    atomic_store(&disk.sync_fails, 2); /* the file and the one written anew */
    assert_int_equal(sync_now(journal), ERR_IO);
    assert_int_equal(sync_now(journal), ERR_IO); /* of the reading that came meanwhile */
    assert_int_equal(atomic_load(&disk.again), 0);
    keep_reading(journal, 3);
    journal_close(journal);
    assert_int_equal(records_in(), 3);
}

/* --- a dying disk --- */

static size_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

/* Each try begins a segment, for the one before was closed with its torn end. */
static void refused_tries_leave_nothing_behind(void **state)
{
    struct journal *journal = open_journal();
    struct position *names;
    size_t files;
    size_t count;
    int fd;

    (void)state;
    keep_reading(journal, 1);
    files = open_files();
    atomic_store(&disk.records_fail, true);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(append_reading(journal, 2), ERR_IO);
    }
    assert_true(open_files() <= files);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(segment_list(fd, &names, &count), ERR_OK);
    assert_int_equal(count, 1);
    free(names);
    close(fd);
    atomic_store(&disk.records_fail, false);
    keep_reading(journal, 2);
    journal_close(journal);
    assert_int_equal(records_in(), 2);
}

/* --- somebody tidies up under a running gateway --- */

static void a_removed_file_is_written_anew(void **state)
{
    struct journal *journal = open_journal();
    char path[512];

    (void)state;
    keep_reading(journal, 1);
    (void)snprintf(path, sizeof path, "%s/0000000000000001-0000000000000001.bwj", folder);
    assert_int_equal(unlink(path), 0);
    keep_reading(journal, 2);
    assert_int_equal(records_in(), 2);
    keep_reading(journal, 3);
    journal_close(journal);
    assert_int_equal(records_in(), 3);
}

static void a_removed_folder_is_made_anew(void **state)
{
    struct journal *journal = open_journal();

    (void)state;
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    scratch_folder_remove(folder);
    keep_reading(journal, 2);
    assert_int_equal(records_in(), 2);
    keep_reading(journal, 3);
    journal_close(journal);
    assert_int_equal(records_in(), 3);
}

static void a_moved_folder_is_not_written_to(void **state)
{
    struct journal *journal = open_journal();
    char moved[300];

    (void)state;
    (void)snprintf(moved, sizeof moved, "%s.old", folder);
    assert_int_equal(rename(folder, moved), 0);
    keep_reading(journal, 1);
    keep_reading(journal, 2);
    journal_close(journal);
    assert_int_equal(records_in(), 2);
    scratch_folder_remove(moved);
}

/* Where no folder can be made, nobody is told that something is kept. */
static void without_a_folder_nothing_is_kept(void **state)
{
    struct journal *journal = open_journal();
    FILE *file;

    (void)state;
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    scratch_folder_remove(folder);
    file = fopen(folder, "w"); /* a file stands there now */
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(append_reading(journal, 2), ERR_OK);
    assert_int_equal(sync_now(journal), ERR_IO);
    assert_int_equal(append_reading(journal, 3), ERR_IO);
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(sync_now(journal), ERR_OK); /* it is there again */
    keep_reading(journal, 3);
    journal_close(journal);
    assert_int_equal(records_in(), 1);
}

/* One old segment that is not there does not keep the others for ever. */
static void trimming_passes_over_what_is_gone(void **state)
{
    struct journal *journal = NULL;
    char path[512];

    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        journal = open_journal();
        assert_int_equal(append_reading(journal, seq * 10), ERR_OK);
        if (seq < 3) {
            journal_close(journal);
        }
    }
    (void)snprintf(path, sizeof path, "%s/0000000000000001-000000000000000a.bwj", folder);
    assert_int_equal(unlink(path), 0);
    journal_trim(journal, (struct position){1, 1000}, 1000000000);
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(sync_now(journal), ERR_OK); /* the pass before has ended */
    assert_int_equal(records_in(), 1);
    journal_close(journal);
}

/* --- what a process that was killed left --- */

static void a_name_that_is_taken_is_passed_over(void **state)
{
    struct journal *journal = open_journal();
    char name[SEGMENT_NAME_LEN + 1];

    (void)state;
    segment_name((struct position){1, 1}, name);
    put_file(name, (const uint8_t *)"",
             0); /* the disk took the name, but neither head nor unlink */
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    keep_reading(journal, 2);
    journal_close(journal);
    assert_int_equal(records_in(), 2);
}

static void half_written_copies_go(void **state)
{
    struct journal *journal = open_journal();

    (void)state;
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    journal_close(journal);
    put_file("0000000000000001-0000000000000001.bwj.new", (const uint8_t *)"half", 4);
    put_file("0000000000000001-0000000000000001.bwj.torn", (const uint8_t *)"evidence", 8);
    journal_close(open_journal());
    assert_false(is_there("0000000000000001-0000000000000001.bwj.new"));
    assert_true(is_there("0000000000000001-0000000000000001.bwj.torn"));
    assert_int_equal(records_in(), 1);
}

/* --- thousands of segments --- */

/* After days without Redis each shortening left some segments of a few effects: going through them
 * must not hold the core up, nor take the square of their number. */
static void many_segments_are_gone_through_in_turns(void **state)
{
    const uint64_t segments = 3000;
    struct journal *journal;
    struct journal_cursor *cursor;
    struct image image;
    uint64_t found = 0;
    int64_t begin_ms;
    int64_t slowest_ms = 0;

    (void)state;
    for (uint64_t seq = 1; seq <= segments; seq++) {
        const struct record record = {
            .type = RECORD_EFFECT,
            .at = {1,                   seq           },
            .image = {.kind = IMAGE_AUDIT, .at = {1, seq}},
        };
        uint8_t bytes[SEGMENT_HEAD + RECORD_MAX];
        char name[SEGMENT_NAME_LEN + 1];

        segment_head(bytes);
        segment_name((struct position){1, seq}, name);
        put_file(name, bytes, SEGMENT_HEAD + record_encode(&record, bytes + SEGMENT_HEAD));
    }
    journal = open_journal();
    cursor = journal_cursor_open(journal, (struct position){0, 0});
    begin_ms = host_boot_ms();
    for (bool more = true; more;) {
        const int64_t call_ms = host_boot_ms();

        switch (journal_cursor_effect(cursor, &image)) {
        case CURSOR_FOUND: assert_int_equal(image.at.seq, ++found); break;
        case CURSOR_SEARCHING: break;
        case CURSOR_END: more = false; break;
        }
        slowest_ms = host_boot_ms() - call_ms > slowest_ms ? host_boot_ms() - call_ms : slowest_ms;
    }
    assert_int_equal(found, segments);
    assert_true(host_boot_ms() - begin_ms < 2500);
    assert_true(slowest_ms < 250);
    journal_cursor_close(cursor);
    journal_close(journal);
}

/* --- an older schema --- */

/* An episode's change as schema 2 wrote it: without its number, the last 8 bytes. */
static size_t old_effect(uint64_t seq, uint8_t *out)
{
    const struct record record = {
        .type = RECORD_EFFECT,
        .at = {1,               seq                                   },
        .image = { .kind = IMAGE_ALERT, .at = {1, seq}, .alert = {.id = seq + 1, .version = 1}},
    };
    const size_t len = record_encode(&record, out) - 8;

    le32_put(out, (uint32_t)len);
    le32_put(out + 4, crc32c(0, out + 8, len - 8));
    return len;
}

static bool check_effect(void *ctx, const struct record *record)
{
    size_t *count = ctx;

    if (record->type == RECORD_EFFECT) {
        ++*count;
        assert_int_equal(record->at.seq, *count);
        assert_int_equal(record->image.alert.id, *count + 1);
        assert_int_equal(record->image.alert.event, 0);
    }
    assert_int_not_equal(record->type, RECORD_READING);
    return true;
}

/* Redis is away for long after an update: segments of the former schema are shortened, and each of
 * their effects is longer by what the schemas since then put behind it. */
static void a_segment_of_an_older_schema_is_shortened(void **state)
{
    const size_t effects = 20000;
    uint8_t *bytes = malloc(JOURNAL_SEGMENT_BYTES + RECORD_MAX);
    size_t len = SEGMENT_HEAD;
    char name[SEGMENT_NAME_LEN + 1];
    struct journal *journal;
    size_t found = 0;
    const struct record_stamp stamp = {
        .at = {2, 1}
    };
    const struct image image = {
        .kind = IMAGE_AUDIT, .at = {2, 1}
    };
    uint32_t schema;

    (void)state;
    segment_head(bytes);
    le32_put(bytes + 8, 2);
    len += record_encode(
        &(struct record){
            .type = RECORD_READING, .at = {1,               1            },
                 .reading = {.device_len = 1, .device = "a"}
    },
        bytes + len);
    for (uint64_t seq = 1; seq <= effects; seq++) {
        len += old_effect(seq, bytes + len);
        assert_true(len < JOURNAL_SEGMENT_BYTES);
    }
    segment_name((struct position){1, 1}, name);
    put_file(name, bytes, len);
    free(bytes);

    journal = open_journal();
    assert_int_equal(journal_bytes(journal), len);
    assert_int_equal(journal_append_images(journal, RECORD_IMAGE, &stamp, &image, 1), ERR_OK);
    journal_supersede(journal, (struct position){2, 1});
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(sync_now(journal), ERR_OK); /* the pass before has ended */
    journal_close(journal);
    assert_int_equal(journal_read(folder, check_effect, &found, &schema), ERR_OK);
    assert_int_equal(found, effects);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_goes_on_behind_a_file_written_anew),
        TEST(a_file_that_failed_is_not_synced_again),
        TEST(refused_tries_leave_nothing_behind),
        TEST(a_removed_file_is_written_anew),
        TEST(a_removed_folder_is_made_anew),
        TEST(a_moved_folder_is_not_written_to),
        TEST(without_a_folder_nothing_is_kept),
        TEST(trimming_passes_over_what_is_gone),
        TEST(a_name_that_is_taken_is_passed_over),
        TEST(half_written_copies_go),
        TEST(many_segments_are_gone_through_in_turns),
        TEST(a_segment_of_an_older_schema_is_shortened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
