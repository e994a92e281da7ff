/* Segment files on their own, with everything that may lie in the folder beside good ones, and the
 * cursor that reads readings back across them while they grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/err.h"
#include "bowei/journal_cursor.h"
#include "gateway/keep/journal/segment.h"
#include "tests/unit/scratch_folder.h"

#define BATCH   500
#define BATCHES 200 /* of readings: more than one segment of 8 MiB */

static char folder[256];
static int folder_fd;

static int set_up(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder_fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(folder_fd);
    scratch_folder_remove(folder);
    return 0;
}

static void put(const char *name, const void *bytes, size_t len, off_t size)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void only_names_of_segments_are_listed(void **state)
{
    static const char *const others[] = {
        "reserve",
        "0000000000000001-00000000000000ff.bwj.torn",
        "0000000000000001_00000000000000ff.bwj",
        "0000000000000001-00000000000000fF.bwj",
        "000000000000000g-0000000000000000.bwj",
        "0000000000000001-00000000000000ff.tmp",
    };
    char name[SEGMENT_NAME_LEN + 1];
    struct position *list;
    size_t count;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        put(others[i], "", 0, 0);
    }
    for (uint64_t i = 0; i < 100; i++) { /* the later, the earlier in time */
        segment_name((struct position){.epoch = 2 - i / 50, .seq = 1000 - i}, name);
        put(name, "", 0, 0);
    }
    assert_int_equal(segment_list(folder_fd, &list, &count), ERR_OK);
    assert_int_equal(count, 100);
    for (size_t i = 1; i < count; i++) {
        assert_true(position_compare(list[i - 1], list[i]) < 0);
    }
    free(list);
    assert_int_equal(segment_list(-1, &list, &count), ERR_IO);
    assert_null(list);
    assert_int_equal(count, 0);
}

static void bad_files_are_told_apart(void **state)
{
    static const uint8_t other[SEGMENT_HEAD] = "SOMETHINGELSE..";
    uint8_t head[SEGMENT_HEAD];
    struct segment_bytes bytes;
    bool stopped;

    (void)state;
    assert_int_equal(segment_read(folder_fd, "gone", &bytes), ERR_NOT_FOUND);
    put("long", "", 0, (off_t)16 * JOURNAL_SEGMENT_BYTES); /* sparse */
    assert_int_equal(segment_read(folder_fd, "long", &bytes), ERR_IO);
    assert_int_equal(mkdirat(folder_fd, "folder", 0700), 0);
    assert_int_equal(segment_read(folder_fd, "folder", &bytes), ERR_IO);
    put("other", other, sizeof other, sizeof other);
    assert_int_equal(segment_read(folder_fd, "other", &bytes), ERR_OK);
    assert_int_equal(bytes.schema, 0);
    assert_int_equal(segment_visit(&bytes, NULL, NULL, &stopped), 0);
    segment_bytes_finish(&bytes);
    segment_head(head);
    put("empty", head, sizeof head, sizeof head);
    assert_int_equal(segment_read(folder_fd, "empty", &bytes), ERR_OK);
    assert_int_equal(segment_visit(&bytes, NULL, NULL, &stopped), SEGMENT_HEAD);
    segment_bytes_finish(&bytes);
}

/* --- the cursor --- */

static struct counters counters;

static void append(struct journal *journal, uint64_t seq, size_t n)
{
    static struct reading readings[BATCH];
    const struct record_stamp stamp = {
        .at = {.epoch = 1, .seq = seq},
          .now = {.at_ms = 1790000000000         },
          .inventory_version = 3
    };

    for (size_t i = 0; i < n; i++) {
        readings[i] = (struct reading){
            .sensor = 7, .counter = (uint32_t)(seq + i), .root = 1000, .device_len = 40};
        memset(readings[i].device, 'd', 40);
    }
    assert_int_equal(journal_append_readings(journal, &stamp, readings, n), ERR_OK);
}

/* All from `after` on come, in order, once. */
static void assert_rest(const struct journal *journal, uint64_t after, uint64_t last)
{
    struct position from = {.epoch = 1, .seq = after};
    struct journal_cursor *cursor = journal_cursor_open(journal, from);
    struct input input;
    uint64_t seq = after;

    assert_non_null(cursor);
    while (journal_cursor_next(cursor, &input)) {
        assert_int_equal(input.at.seq, ++seq);
        assert_int_equal(input.kind, INPUT_READING);
        assert_int_equal(input.reading.counter, seq);
        assert_int_equal(input.reading.sensor, 7);
        assert_int_equal(input.inventory_version, 3);
    }
    assert_int_equal(seq, last);
    journal_cursor_close(cursor);
}

static void the_cursor_reads_across_segments(void **state)
{
    const uint64_t last = (uint64_t)BATCH * BATCHES;
    struct journal *journal;
    struct journal_cursor *cursor;
    struct position *names;
    struct input input;
    size_t count;
    const struct journal_params params = {.folder = folder, .counters = &counters};

    (void)state;
    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    cursor = journal_cursor_open(journal, (struct position){.epoch = 1, .seq = last});
    assert_false(journal_cursor_next(cursor, &input)); /* there is no segment yet */
    for (uint64_t i = 0; i < BATCHES; i++) {
        append(journal, i * BATCH + 1, BATCH);
    }
    assert_int_equal(segment_list(folder_fd, &names, &count), ERR_OK);
    assert_true(count >= 2);
    assert_rest(journal, 0, last);
    assert_rest(journal, names[1].seq - 1, last); /* the last of a segment, */
    assert_rest(journal, names[1].seq, last);     /* the first of the next */
    assert_rest(journal, last, last);
    assert_false(journal_cursor_next(cursor, &input));
    append(journal, last + 1, 1); /* what comes later is seen by who waits for it */
    assert_true(journal_cursor_next(cursor, &input));
    assert_int_equal(input.at.seq, last + 1);
    assert_false(journal_cursor_next(cursor, &input));
    journal_cursor_close(cursor);
    journal_cursor_close(NULL);
    free(names);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_names_of_segments_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_files_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cursor_reads_across_segments, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
