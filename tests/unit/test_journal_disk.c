/* The journal on a disk that refuses: nothing is left half-written, what cannot be synced is told,
 * and many share one sync. */
#include "tests/unit/journal_fixture.h"

/* --- a disk that refuses --- */

static void a_full_disk_keeps_nothing_half(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    uint64_t good = 0;
    const struct record_stamp stamp = {
        .at = {1, 500}
    };
    struct reading batch[5];

    for (size_t i = 0; i < 5; i++) {
        batch[i] = (struct reading){.counter = 500 + (uint32_t)i, .root = 99};
    }
    for (int64_t room = 0; room < 600; room += 7) { /* the write stops at ever other bytes */
        atomic_store(&disk.room, room);
        assert_int_equal(journal_append_readings(journal, &stamp, batch, 5), ERR_DISK_FULL);
        disk_heal();
        assert_int_equal(append_reading(journal, ++good), ERR_OK);
        if (good % 20 == 0) {
            assert_heard(*state, 1, good);
        }
        if (room + 7 >= 5 * 93) {
            break;
        }
    }
    assert_heard(*state, 1, good);
    assert_int_equal(files_in(*state, ".bwj", NULL, 0), 1);
    assert_true(count_get(&counters, COUNT_JOURNAL_ERRORS) > 50);
    journal_close(journal);
    assert_heard(*state, 1, good);
}

/* EIO: the file is closed with its torn end, a new one begins. */
static void an_io_error_closes_the_segment(void **state)
{
    struct journal *journal = open_journal(*state, 0);

    assert_int_equal(append_reading(journal, 1), ERR_OK);
    atomic_store(&disk.write_error, EIO);
    assert_int_equal(append_reading(journal, 2), ERR_IO);
    disk_heal();
    assert_int_equal(append_reading(journal, 2), ERR_OK);
    assert_int_equal(files_in(*state, ".bwj", NULL, 0), 2);
    atomic_store(&disk.room, 40);
    atomic_store(&disk.truncate_error, EIO);
    assert_int_equal(append_reading(journal, 3), ERR_DISK_FULL);
    disk_heal();
    assert_int_equal(append_reading(journal, 3), ERR_OK);
    assert_int_equal(files_in(*state, ".bwj", NULL, 0), 3);
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_heard(*state, 1, 3);
    journal_close(journal);
    journal = open_journal(*state, 0);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_TORN), 1);
    assert_heard(*state, 1, 3);
    journal_close(journal);
}

static void effects_have_a_reserve(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 64 << 10);
    char path[512];
    struct stat st;

    snprintf(path, sizeof path, "%s/reserve", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 64 << 10);
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    atomic_store(&disk.reserve_error, ENOSPC);
    atomic_store(&disk.room, 0);
    assert_int_equal(append_reading(journal, 2), ERR_DISK_FULL);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(append_image(journal, RECORD_EFFECT, 2),
                     ERR_DISK_FULL); /* this disk has no room even then */
    assert_int_not_equal(stat(path, &st), 0);
    assert_true(journal_full(journal));
    atomic_store(&disk.room, -1); /* the freed blocks are there, but not for readings */
    assert_int_equal(append_image(journal, RECORD_EFFECT, 2), ERR_OK);
    assert_int_equal(append_reading(journal, 3), ERR_DISK_FULL);
    disk_heal();
    assert_int_equal(sync_now(journal), ERR_OK); /* a turn of the thread makes the reserve again */
    assert_false(journal_full(journal));
    assert_int_equal(append_reading(journal, 3), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_heard(f, 1, 3);
    journal_close(journal);
}

/* --- syncing --- */

static void a_failed_sync_writes_the_segment_anew(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    char name[512];
    struct stat before;
    struct stat after;

    for (uint64_t seq = 1; seq <= 10; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(files_in(f, ".bwj", name, sizeof name), 1);
    assert_int_equal(stat(name, &before), 0);
    assert_int_equal(append_reading(journal, 11), ERR_OK);
    atomic_store(&disk.sync_fails, 1);
    assert_int_equal(append_reading(journal, 12), ERR_OK);
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(stat(name, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    assert_int_equal(append_reading(journal, 13), ERR_OK);
    assert_int_equal(journal_durable(journal).seq >= 12, 1);
    assert_heard(f, 1, 13);
    assert_int_equal(files_in(f, ".new", NULL, 0), 0);
    journal_close(journal);
    assert_heard(f, 1, 13);
}

static void a_disk_that_never_syncs_is_told(void **state)
{
    struct journal *journal = open_journal(*state, 0);

    assert_int_equal(append_reading(journal, 1), ERR_OK);
    atomic_store(&disk.sync_fails, 2); /* the file and the one written anew */
    assert_int_equal(append_reading(journal, 2), ERR_OK);
    assert_int_equal(sync_now(journal) == ERR_IO || count_get(&counters, COUNT_JOURNAL_ERRORS) > 0,
                     1);
    disk_heal();
    assert_int_equal(append_reading(journal, 3), ERR_OK); /* goes to a new segment */
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(files_in(*state, ".bwj", NULL, 0), 2);
    assert_heard(*state, 1, 3);
    journal_close(journal);
}

static void many_waiters_share_a_sync(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    struct sync_wait waits[100];
    uint64_t before = count_get(&counters, COUNT_JOURNAL_SYNCS);

    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(append_image(journal, RECORD_EFFECT, i + 1), ERR_OK);
        sem_init(&waits[i].done, 0, 0);
        journal_sync_then(journal, synced, &waits[i]);
    }
    for (size_t i = 0; i < 100; i++) {
        while (sem_wait(&waits[i].done) != 0) {
        }
        assert_int_equal(waits[i].result, ERR_OK);
        sem_destroy(&waits[i].done);
    }
    assert_in_range(count_get(&counters, COUNT_JOURNAL_SYNCS) - before, 1, 100);
    assert_int_equal(journal_durable(journal).seq, 100);
    journal_close(journal);
}

static void closing_answers_everybody(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    struct sync_wait wait;

    sem_init(&wait.done, 0, 0);
    assert_int_equal(append_reading(journal, 1), ERR_OK);
    journal_sync_then(journal, synced, &wait);
    journal_close(journal);
    assert_int_equal(sem_trywait(&wait.done), 0);
    assert_int_equal(wait.result, ERR_OK);
    sem_destroy(&wait.done);
    journal_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_keeps_nothing_half),  TEST(an_io_error_closes_the_segment),
        TEST(effects_have_a_reserve),          TEST(a_failed_sync_writes_the_segment_anew),
        TEST(a_disk_that_never_syncs_is_told), TEST(many_waiters_share_a_sync),
        TEST(closing_answers_everybody),
    };

    disk_heal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
