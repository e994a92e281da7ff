/* The journal on real files: what was appended comes back, also to those that read while others
 * append, and a torn or garbled end costs only itself. */
#include "tests/unit/journal_fixture.h"

#include "tests/unit/random_image.h"
#include <pthread.h>

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
        TEST(threads_append_while_others_read),
    };

    disk_heal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
