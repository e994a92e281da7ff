/* The journal on real files: what was appended comes back, a torn or garbled end costs only itself,
 * a disk that refuses leaves nothing half-written, and what is confirmed or superseded goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/journal.h"
#include "tests/unit/random_image.h"
#include "tests/unit/scratch_folder.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static struct counters counters;

struct fixture {
    char folder[256];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    scratch_folder_make(f->folder, sizeof f->folder);
    memset(&counters, 0, sizeof counters);
    *state = f;
    return 0;
}

static int tear_down(void **state)
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

static ssize_t disk_write(int fd, const void *data, size_t len, off_t offset)
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

static int disk_sync(int fd)
{
    if (atomic_load(&disk.sync_fails) > 0) {
        atomic_fetch_sub(&disk.sync_fails, 1);
        errno = EIO;
        return -1;
    }
    return fdatasync(fd);
}

static int disk_truncate(int fd, off_t len)
{
    if (atomic_load(&disk.truncate_error) != 0) {
        errno = atomic_load(&disk.truncate_error);
        return -1;
    }
    return ftruncate(fd, len);
}

static int disk_reserve(int fd, off_t offset, off_t len)
{
    return atomic_load(&disk.reserve_error) != 0 ? atomic_load(&disk.reserve_error)
                                                 : posix_fallocate(fd, offset, len);
}

static const struct journal_disk faulty_disk = {disk_write, disk_sync, disk_truncate, disk_reserve};

static void disk_heal(void)
{
    atomic_store(&disk.room, -1);
    atomic_store(&disk.write_error, 0);
    atomic_store(&disk.sync_fails, 0);
    atomic_store(&disk.truncate_error, 0);
    atomic_store(&disk.reserve_error, 0);
}

/* --- opening, appending, reading --- */

static struct journal *open_journal(const struct fixture *f, uint64_t reserve_bytes)
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
static enum err append_reading(struct journal *journal, uint64_t seq)
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

static enum err append_image(struct journal *journal, enum record_type type, uint64_t seq)
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

static bool hear(void *ctx, const struct record *record)
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

static struct heard *hear_all(const struct fixture *f)
{
    struct heard *heard = calloc(1, sizeof *heard);

    assert_int_equal(journal_read(f->folder, hear, heard, &heard->schema), ERR_OK);
    return heard;
}

static void assert_heard(const struct fixture *f, uint64_t first, size_t count)
{
    struct heard *heard = hear_all(f);

    assert_int_equal(heard->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(heard->seqs[i], first + i);
    }
    free(heard);
}

struct sync_wait {
    sem_t done;
    enum err result;
};

static void synced(void *ctx, enum err result)
{
    struct sync_wait *wait = ctx;

    wait->result = result;
    sem_post(&wait->done);
}

static enum err sync_now(struct journal *journal)
{
    struct sync_wait wait;

    sem_init(&wait.done, 0, 0);
    journal_sync_then(journal, synced, &wait);
    while (sem_wait(&wait.done) != 0) {
    }
    sem_destroy(&wait.done);
    return wait.result;
}

static size_t files_in(const struct fixture *f, const char *ending, char *name, size_t cap)
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

/* --- what is written comes back --- */

static bool compare(void *ctx, const struct record *record)
{
    struct record **expected = ctx;
    const struct record *e = (*expected)++;

    assert_int_equal(record->type, e->type);
    assert_memory_equal(&record->at, &e->at, sizeof e->at);
    assert_memory_equal(&record->now, &e->now, sizeof e->now);
    assert_int_equal(record->inventory_version, e->inventory_version);
    if (e->type == RECORD_READING) {
        struct reading reading = e->reading;

        reading.sensor = NO_SENSOR;
        assert_memory_equal(&record->reading, &reading, sizeof reading);
        assert_int_equal(record->root, e->reading.root);
    } else if (e->type == RECORD_REPORT) {
        assert_memory_equal(&record->report, &e->report, sizeof e->report);
    } else if (e->type != RECORD_INVENTORY) {
        assert_memory_equal(&record->image, &e->image, sizeof e->image);
    }
    return true;
}

static void every_record_comes_back(void **state)
{
    static const enum record_type types[] = {RECORD_READING, RECORD_EFFECT, RECORD_IMAGE,
                                             RECORD_INVENTORY, RECORD_REPORT};
    struct journal *journal = open_journal(*state, 0);
    struct record *records = calloc(2000, sizeof *records);
    struct record *next = records;
    struct dice dice = {.state = 11};
    uint32_t schema;

    for (size_t i = 0; i < 2000; i++) {
        struct record *r = &records[i];

        r->type = types[dice_below(&dice, 5)];
        r->at = (struct position){1 + i / 500, i};
        r->now = (struct now){.at_ms = dice_time(&dice), .shift_ms = -dice_time(&dice)};
        r->inventory_version = dice_u64(&dice);
        if (r->type == RECORD_READING) {
            random_reading(&dice, &r->reading);
        } else if (r->type == RECORD_REPORT) {
            random_report(&dice, &r->report);
        } else if (r->type != RECORD_INVENTORY) {
            random_image(&dice, &r->image);
        }
    }
    for (size_t i = 0; i < 2000; i += 40) {
        assert_int_equal(journal_append(journal, records + i, 40), ERR_OK);
    }
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_RECORDS), 2000);
    assert_int_equal(journal_read(((struct fixture *)*state)->folder, compare, &next, &schema),
                     ERR_OK);
    assert_ptr_equal(next, records + 2000);
    assert_int_equal(schema, JOURNAL_SCHEMA);
    journal_close(journal);
    next = records;
    journal = open_journal(*state, 0);
    assert_int_equal(journal_durable(journal).epoch, 4);
    assert_int_equal(journal_durable(journal).seq, 1999);
    assert_int_equal(journal_read(((struct fixture *)*state)->folder, compare, &next, &schema),
                     ERR_OK);
    assert_ptr_equal(next, records + 2000);
    journal_close(journal);
    free(records);
}

static void unchanged_samples_use_up_a_position_only(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    const struct record_stamp stamp = {
        .at = {1, 10}
    };
    struct reading readings[3] = {
        {.counter = 10,     .root = 99},
        {.unchanged = true},
        {.counter = 12,       .root = 99          }
    };
    struct heard *heard;

    assert_int_equal(journal_append_readings(journal, &stamp, readings, 3), ERR_OK);
    assert_int_equal(journal_append_readings(journal, &stamp, readings + 1, 1), ERR_OK);
    heard = hear_all(*state);
    assert_int_equal(heard->count, 2);
    assert_int_equal(heard->seqs[0], 10);
    assert_int_equal(heard->seqs[1], 12);
    free(heard);
    journal_close(journal);
}

static void segments_follow_each_other(void **state)
{
    struct journal *journal = open_journal(*state, 0);

    for (uint64_t seq = 1; seq <= 180000; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    assert_in_range(files_in(*state, ".bwj", NULL, 0), 2, 4);
    assert_heard(*state, 1, 180000);
    journal_close(journal);
    journal = open_journal(*state, 0);
    assert_int_equal(append_reading(journal, 180001), ERR_OK);
    assert_heard(*state, 1, 180001);
    journal_close(journal);
}

/* An effect is older than the readings that came while the core lagged; files must still sort as
 * written. */
static void old_effects_do_not_disturb_the_order(void **state)
{
    struct heard *heard;
    struct journal *journal = open_journal(*state, 0);

    for (uint64_t seq = 100; seq <= 200; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    for (int round = 0; round < 5; round++) {
        journal_close(journal);
        journal = open_journal(*state, 0);
        assert_int_equal(append_image(journal, RECORD_EFFECT, 50), ERR_OK);
    }
    assert_int_equal(append_reading(journal, 201), ERR_OK);
    heard = hear_all(*state);
    assert_int_equal(heard->count, 101 + 5 + 1);
    assert_int_equal(heard->seqs[0], 100);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(heard->types[101 + i], 'E');
    }
    assert_int_equal(heard->seqs[106], 201);
    free(heard);
    journal_close(journal);
}

/* --- torn and garbled ends --- */

#define SMALL 8

static void put_file(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/* Opens what is there, expects the first `kept` of SMALL readings, and that one appended later
 * follows them. */
static void assert_prefix(struct fixture *f, size_t kept, bool torn)
{
    uint64_t before = count_get(&counters, COUNT_JOURNAL_TORN);
    struct journal *journal;
    struct heard *heard;

    assert_heard(f, 1, kept); /* a reader beside it sees the same */
    journal = open_journal(f, 0);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_TORN) - before, torn);
    assert_int_equal(files_in(f, ".torn", NULL, 0), torn);
    assert_int_equal(append_reading(journal, 100), ERR_OK);
    journal_close(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, kept + 1);
    for (size_t i = 0; i < kept; i++) {
        assert_int_equal(heard->seqs[i], i + 1);
    }
    assert_int_equal(heard->seqs[kept], 100);
    free(heard);
    scratch_folder_remove(f->folder);
    mkdir(f->folder, 0700);
}

static void any_torn_or_garbled_end_keeps_the_prefix(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    char name[512];
    uint8_t bytes[4096];
    size_t len;
    size_t record;
    FILE *file;

    for (uint64_t seq = 1; seq <= SMALL; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    journal_close(journal);
    assert_int_equal(files_in(f, ".bwj", name, sizeof name), 1);
    file = fopen(name, "rb");
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    record = (len - 16) / SMALL;
    assert_int_equal(len, 16 + SMALL * record);
    scratch_folder_remove(f->folder);
    mkdir(f->folder, 0700);
    for (size_t cut = 0; cut < len; cut++) {
        size_t kept = cut < 16 ? 0 : (cut - 16) / record;

        put_file(name, bytes, cut);
        assert_prefix(f, kept, cut < 16 || (cut - 16) % record != 0);
    }
    for (size_t at = 0; at < len; at++) {
        if (at >= 8 && at < 16) {
            continue; /* the schema has its own test; the four bytes behind it are not used */
        }
        bytes[at] ^= 0x5a;
        put_file(name, bytes, len);
        bytes[at] ^= 0x5a;
        assert_prefix(f, at < 16 ? 0 : (at - 16) / record, true);
    }
}

/* What was appended together comes back together or not at all. */
static void a_torn_append_is_gone_whole(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    const struct record_stamp stamp = {
        .at = {1, 2}
    };
    struct image images[3] = {
        {.kind = IMAGE_OVERRIDE}, {.kind = IMAGE_AUDIT}, {.kind = IMAGE_AUDIT}};
    char name[512];
    uint8_t bytes[4096];
    size_t first;
    size_t len;
    FILE *file;

    assert_int_equal(append_reading(journal, 1), ERR_OK);
    first = (size_t)journal_bytes(journal);
    assert_int_equal(journal_append_images(journal, RECORD_EFFECT, &stamp, images, 3), ERR_OK);
    journal_close(journal);
    assert_int_equal(files_in(f, ".bwj", name, sizeof name), 1);
    file = fopen(name, "rb");
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = first; cut <= len; cut++) {
        struct heard *heard;

        put_file(name, bytes, cut);
        heard = hear_all(f);
        assert_int_equal(heard->count, cut == len ? 4 : 1);
        free(heard);
    }
}

static void a_newer_schema_is_refused_with_its_number(void **state)
{
    struct fixture *f = *state;
    const struct journal_params params = {.folder = f->folder, .counters = &counters};
    struct journal *journal = open_journal(f, 0);
    const uint8_t newer = JOURNAL_SCHEMA + 41;
    char name[512];
    uint32_t schema = 0;
    FILE *file;

    assert_int_equal(append_reading(journal, 1), ERR_OK);
    journal_close(journal);
    assert_int_equal(files_in(f, ".bwj", name, sizeof name), 1);
    file = fopen(name, "r+b");
    fseek(file, 8, SEEK_SET);
    fwrite(&newer, 1, 1, file);
    fclose(file);
    assert_int_equal(journal_open(&params, &journal), ERR_NEWER_SCHEMA);
    assert_null(journal);
    assert_int_equal(journal_read(f->folder, hear, NULL, &schema), ERR_NEWER_SCHEMA);
    assert_int_equal(schema, JOURNAL_SCHEMA + 41);
    assert_int_equal(journal_read("/nowhere/at/all", hear, NULL, &schema), ERR_NOT_FOUND);
}

/* A newer schema only adds: what an older program wrote is read and kept, never set aside. */
static void older_schemas_are_read(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    char name[512];

    assert_int_equal(append_reading(journal, 1), ERR_OK);
    journal_close(journal);
    assert_int_equal(files_in(f, ".bwj", name, sizeof name), 1);
    for (uint8_t schema = JOURNAL_SCHEMA; schema > 0; schema--) {
        FILE *file = fopen(name, "r+b");

        fseek(file, 8, SEEK_SET);
        fwrite(&schema, 1, 1, file);
        fclose(file);
        journal = open_journal(f, 0);
        journal_close(journal);
        struct heard *heard = hear_all(f);
        assert_int_equal(heard->count, 1);
        free(heard);
    }
    assert_int_equal(files_in(f, ".torn", name, sizeof name), 0);
}

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

/* --- what goes --- */

/* `count` segments of one reading each, by opening again and again. */
static struct journal *journal_of_segments(struct fixture *f, size_t count)
{
    struct journal *journal = open_journal(f, 0);

    for (uint64_t seq = 1; seq <= count; seq++) {
        assert_int_equal(append_reading(journal, seq * 10), ERR_OK);
        if (seq < count) {
            journal_close(journal);
            journal = open_journal(f, 0);
        }
    }
    return journal;
}

static void settle(struct journal *journal)
{
    assert_int_equal(sync_now(journal), ERR_OK);
    assert_int_equal(sync_now(journal),
                     ERR_OK); /* the pass before this one has ended, trimming included */
}

static void confirmed_and_old_segments_go(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = journal_of_segments(f, 5);
    struct heard *heard;
    uint64_t bytes = journal_bytes(journal);

    settle(journal);
    journal_trim(journal, (struct position){1, 29}, 2000000);
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3);
    assert_int_equal(heard->seqs[0], 30);
    free(heard);
    assert_true(journal_bytes(journal) < bytes);
    journal_trim(journal, (struct position){1, 1000},
                 1000040 + 999); /* 30 is old enough only now */
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 2);
    free(heard);
    journal_trim(journal, (struct position){1, 1000}, 9000000);
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 1); /* the one that is written to stays */
    free(heard);
    journal_close(journal);
}

static void superseded_readings_go_and_effects_stay(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    struct heard *heard;

    for (uint64_t seq = 1; seq <= 4000; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
        if (seq % 1000 == 0) {
            assert_int_equal(append_image(journal, RECORD_EFFECT, seq), ERR_OK);
        }
    }
    assert_int_equal(append_image(journal, RECORD_IMAGE, 3), ERR_OK); /* of a root long silent */
    assert_int_equal(append_image(journal, RECORD_IMAGE, 4000), ERR_OK);
    journal_trim(journal, (struct position){1, 1500}, 0);
    journal_supersede(journal, (struct position){1, 4000});
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3 + 2); /* E 2000, 3000, 4000 and both C */
    assert_int_equal(heard->seqs[0], 2000);
    assert_int_equal(heard->seqs[3], 3);
    assert_int_equal(heard->types[3], 'C');
    free(heard);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_SUPERSEDED), 4000);
    assert_true(journal_bytes(journal) < 2000);
    for (uint64_t seq = 4001; seq <= 4010; seq++) {
        assert_int_equal(append_reading(journal, seq), ERR_OK);
    }
    assert_int_equal(append_image(journal, RECORD_IMAGE, 4005), ERR_OK);
    journal_supersede(
        journal, (struct position){1, 4005}); /* the core has only come so far: 4006.. must stay */
    settle(journal);
    heard = hear_all(f);
    assert_int_equal(heard->count, 3 + 10 + 1); /* the C images of the round before went */
    free(heard);
    journal_close(journal);
    journal = open_journal(f, 0);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_TORN), 0);
    journal_close(journal);
}

static void the_limit_is_seen(void **state)
{
    struct journal *journal = open_journal(*state, 0);
    uint64_t seq = 0;

    while (!journal_over_limit(journal)) {
        assert_int_equal(append_reading(journal, ++seq), ERR_OK);
        assert_true(seq < 100000);
    }
    assert_true(journal_bytes(journal) > 1 << 20);
    journal_close(journal);
}

/* --- several threads --- */

struct appender {
    struct journal *journal;
    pthread_mutex_t *order;
    uint64_t *next;
    int count;
};

static void *append_many(void *ctx)
{
    struct appender *a = ctx;

    for (int i = 0; i < a->count; i++) {
        pthread_mutex_lock(a->order);
        if (append_reading(a->journal, *a->next) == ERR_OK) {
            ++*a->next;
        }
        pthread_mutex_unlock(a->order);
        if (i % 100 == 0) {
            (void)sync_now(a->journal);
            journal_trim(a->journal, (struct position){0, 0}, 0);
        }
    }
    return NULL;
}

static void threads_append_while_others_read(void **state)
{
    struct fixture *f = *state;
    struct journal *journal = open_journal(f, 0);
    pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
    uint64_t next = 1;
    struct appender appender = {.journal = journal, .order = &order, .next = &next, .count = 3000};
    pthread_t threads[3];

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &appender), 0);
    }
    for (int i = 0; i < 5; i++) {
        struct heard *heard = hear_all(f);

        for (size_t r = 0; r < heard->count; r++) {
            assert_int_equal(heard->seqs[r], r + 1);
        }
        free(heard);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(next, 9001);
    assert_heard(f, 1, 9000);
    journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_record_comes_back),
        TEST(unchanged_samples_use_up_a_position_only),
        TEST(segments_follow_each_other),
        TEST(old_effects_do_not_disturb_the_order),
        TEST(any_torn_or_garbled_end_keeps_the_prefix),
        TEST(a_torn_append_is_gone_whole),
        TEST(older_schemas_are_read),
        TEST(a_newer_schema_is_refused_with_its_number),
        TEST(a_full_disk_keeps_nothing_half),
        TEST(an_io_error_closes_the_segment),
        TEST(effects_have_a_reserve),
        TEST(a_failed_sync_writes_the_segment_anew),
        TEST(a_disk_that_never_syncs_is_told),
        TEST(many_waiters_share_a_sync),
        TEST(closing_answers_everybody),
        TEST(confirmed_and_old_segments_go),
        TEST(superseded_readings_go_and_effects_stay),
        TEST(the_limit_is_seen),
        TEST(threads_append_while_others_read),
    };

    disk_heal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
