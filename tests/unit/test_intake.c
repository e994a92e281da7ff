/* Intake: one order for everything, nothing accepted is lost when the core stalls, and a disk that
 * refuses is told to the driver before it acknowledges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/intake.h"
#include "tests/unit/scratch_folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define WALL_MS 1789000000000

static _Atomic int write_error;
static struct counters counters;

static ssize_t failing_write(int fd, const void *data, size_t len, off_t offset)
{
    if (atomic_load(&write_error) != 0) {
        errno = atomic_load(&write_error);
        return -1;
    }
    return pwrite(fd, data, len, offset);
}

static const struct journal_disk failing_disk = {failing_write, fdatasync, ftruncate,
                                                 posix_fallocate};

struct fixture {
    char folder[256];
    struct journal *journal;
    struct intake *intake;
    struct intake_port port;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct journal_params journal = {.counters = &counters, .disk = &failing_disk};
    struct intake_params params = {.counters = &counters, .epoch = 3, .next_seq = 1};

    scratch_folder_make(f->folder, sizeof f->folder);
    memset(&counters, 0, sizeof counters);
    atomic_store(&write_error, 0);
    journal.folder = f->folder;
    assert_int_equal(journal_open(&journal, &f->journal), ERR_OK);
    params.journal = f->journal;
    params.wall_ms = host_wall_ms();
    params.boot_ms = host_boot_ms();
    f->intake = intake_create(&params);
    assert_non_null(f->intake);
    f->port = intake_port_of(f->intake);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    intake_destroy(f->intake);
    journal_close(f->journal);
    scratch_folder_remove(f->folder);
    free(f);
    return 0;
}

static struct reading reading_of(uint32_t device, uint32_t counter)
{
    struct reading reading = {
        .sensor = device, .counter = counter, .root = device + 1000, .has = HAS_COUNTER};

    reading.device_len = (uint8_t)snprintf(reading.device, sizeof reading.device, "d%u", device);
    return reading;
}

static enum err put(struct fixture *f, uint32_t device, uint32_t counter)
{
    const struct reading reading = reading_of(device, counter);

    return f->port.readings(f->port.ctx, 5, &reading, 1);
}

static size_t take(struct fixture *f, struct input *inputs, size_t n)
{
    struct now now;
    size_t got = intake_take(f->intake, inputs, n, 0, &now);

    for (size_t i = 0; i < got; i++) {
        assert_true(inputs[i].now.at_ms <= now.at_ms);
    }
    return got;
}

static void inputs_come_in_order_with_positions(void **state)
{
    struct fixture *f = *state;
    struct inventory inventory = {.version = 9};
    struct command command = {.inventory_version = 5};
    struct reading batch[3] = {reading_of(1, 1), reading_of(2, 2), reading_of(3, 3)};
    struct input in[16];

    batch[1].unchanged = true;
    assert_int_equal(f->port.readings(f->port.ctx, 5, batch, 3), ERR_OK);
    assert_int_equal(f->port.readings(f->port.ctx, 5, batch, 0), ERR_OK);
    assert_int_equal(f->port.command(f->port.ctx, &command), ERR_OK);
    assert_int_equal(f->port.session_lost(f->port.ctx, "a-name-of-twenty-let", WALL_MS), ERR_OK);
    assert_int_equal(intake_inventory(f->intake, &inventory), ERR_OK);
    assert_int_equal(intake_lag(f->intake), 6);
    assert_int_equal(take(f, in, 16), 6);
    for (uint64_t i = 0; i < 6; i++) {
        assert_int_equal(in[i].at.epoch, 3);
        assert_int_equal(in[i].at.seq, i + 1);
        assert_true(i == 0 || in[i].now.at_ms >= in[i - 1].now.at_ms);
    }
    assert_int_equal(in[1].kind, INPUT_READING);
    assert_true(in[1].reading.unchanged);
    assert_int_equal(in[2].reading.sensor, 3);
    assert_int_equal(in[2].inventory_version, 5);
    assert_ptr_equal(in[3].command, &command);
    assert_int_equal(in[4].kind, INPUT_SESSION_LOST);
    assert_string_equal(in[4].session_lost.link, "a-name-of-twenty-let");
    assert_true(in[4].session_lost.since_ms == WALL_MS);
    assert_ptr_equal(in[5].inventory, &inventory);
    assert_int_equal(intake_newest(f->intake).seq, 6);
    assert_int_equal(intake_lag(f->intake), 0);
    assert_int_equal(count_get(&counters, COUNT_READINGS_ACCEPTED), 3);
    intake_set_epoch(f->intake, 8);
    intake_set_epoch(f->intake, 2);
    assert_int_equal(put(f, 1, 4), ERR_OK);
    assert_int_equal(take(f, in, 16), 1);
    assert_int_equal(in[0].at.epoch, 8);
    assert_int_equal(in[0].at.seq, 7);
}

static void a_full_disk_refuses_the_reading(void **state)
{
    struct fixture *f = *state;
    struct input in[4];

    assert_int_equal(put(f, 1, 1), ERR_OK);
    atomic_store(&write_error, ENOSPC);
    assert_int_equal(put(f, 1, 2), ERR_DISK_FULL);
    atomic_store(&write_error, EIO);
    assert_int_equal(put(f, 1, 2), ERR_IO);
    atomic_store(&write_error, 0);
    assert_int_equal(put(f, 1, 3), ERR_OK);
    assert_int_equal(take(f, in, 4), 2);
    assert_int_equal(in[0].reading.counter, 1);
    assert_int_equal(in[1].reading.counter, 3);
    assert_int_equal(in[1].at.seq, 2);
}

/* Everything the drivers put in while the core stands still for five rings comes out, in order. */
static void a_stalled_core_loses_nothing(void **state)
{
    struct fixture *f = *state;
    static struct input in[256];
    struct inventory inventory[3] = {{.version = 20}, {.version = 21}, {.version = 22}};
    struct command command = {0};
    const uint32_t total = 5 * INTAKE_RING;
    uint32_t counter = 0;
    uint32_t taken = 0;
    uint64_t inventories = 0;
    uint64_t sessions = 0;
    uint64_t last = 0;
    size_t got;

    while (counter < total) {
        assert_int_equal(put(f, counter % 50, counter + 1), ERR_OK);
        counter++;
        if (counter == INTAKE_RING / 2 + 100) {
            assert_int_equal(f->port.command(f->port.ctx, &command), ERR_OVERLOADED);
        }
        if (counter == 100 || counter == INTAKE_RING + 77 || counter == 3 * INTAKE_RING) {
            assert_int_equal(intake_inventory(f->intake, &inventory[inventories++]), ERR_OK);
        }
        if (counter == 2 * INTAKE_RING) {
            assert_int_equal(f->port.session_lost(f->port.ctx, "mqtt", WALL_MS), ERR_OK);
        }
    }
    assert_int_equal(f->port.command(f->port.ctx, &command), ERR_OVERLOADED);
    assert_int_equal(count_get(&counters, COUNT_CORE_LAGGED), 1);
    assert_int_equal(intake_lag(f->intake), total + 4);
    inventories = 0;
    while ((got = take(f, in, 256)) > 0) {
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(in[i].at.seq, last + 1);
            last = in[i].at.seq;
            switch (in[i].kind) {
            case INPUT_READING:
                assert_int_equal(in[i].reading.counter, ++taken);
                assert_int_equal(in[i].reading.sensor, (taken - 1) % 50);
                assert_int_equal(in[i].inventory_version, 5);
                break;
            case INPUT_INVENTORY:
                assert_ptr_equal(in[i].inventory, &inventory[inventories++]);
                break;
            case INPUT_SESSION_LOST: sessions++; break;
            case INPUT_REPORT:
            case INPUT_COMMAND:
            case INPUT_KIND_COUNT: fail();
            }
        }
        if (taken % 1000 < 256 &&
            counter < total + 500) { /* it goes on while the core catches up */
            assert_int_equal(put(f, counter % 50, counter + 1), ERR_OK);
            counter++;
        }
    }
    assert_int_equal(taken, counter);
    assert_int_equal(inventories, 3);
    assert_int_equal(sessions, 1);
    assert_int_equal(intake_lag(f->intake), 0);
    assert_int_equal(f->port.command(f->port.ctx, &command), ERR_OK); /* the ring is in use again */
    assert_int_equal(take(f, in, 256), 1);
    assert_int_equal(count_get(&counters, COUNT_CORE_LAGGED), 1);
}

/* --- a journal that does not give back what it took --- */

#define MISSED 100 /* readings that only the journal has */

/* More than the ring holds, of records of one length; then takes what the ring has. */
static void overrun(struct fixture *f)
{
    static struct input in[INTAKE_RING];

    for (uint32_t i = 0; i < INTAKE_RING + MISSED; i++) {
        assert_int_equal(put(f, 10 + i % 50, i + 1), ERR_OK);
    }
    assert_int_equal(take(f, in, INTAKE_RING), INTAKE_RING);
    assert_int_equal(intake_lag(f->intake), MISSED);
}

/* The missed ones come, in order. */
static void assert_missed_come(struct fixture *f)
{
    static struct input in[MISSED + 1];

    assert_int_equal(take(f, in, MISSED + 1), MISSED);
    for (uint32_t i = 0; i < MISSED; i++) {
        assert_int_equal(in[i].reading.counter, INTAKE_RING + i + 1);
    }
    assert_int_equal(take(f, in, MISSED), 0);
    assert_false(intake_blocked(f->intake));
    assert_int_equal(intake_lost(f->intake), 0);
    assert_int_equal(count_get(&counters, COUNT_READINGS_LOST), 0);
}

/* Path of the only segment. */
static void segment_path(const struct fixture *f, char *path, size_t cap)
{
    DIR *dir = opendir(f->folder);
    unsigned found = 0;

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".bwj") != NULL) {
            snprintf(path, cap, "%s/%s", f->folder, entry->d_name);
            found++;
        }
    }
    closedir(dir);
    assert_int_equal(found, 1);
}

/* Out of descriptors for longer than anybody would wait: nothing is given up, and the core's time
 * stands, so that what is older is not stamped as new. */
static void a_core_waits_for_descriptors(void **state)
{
    struct fixture *f = *state;
    struct input in[4];
    struct rlimit limit;
    struct rlimit none;
    struct now before;
    struct now now;
    const int64_t begin_ms = host_boot_ms();

    overrun(f);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(intake_take(f->intake, in, 4, 0, &before), 0);
    assert_true(intake_blocked(f->intake));
    while (host_boot_ms() - begin_ms < 5300) {
        assert_int_equal(intake_take(f->intake, in, 4, 0, &now), 0);
        assert_int_equal(now.at_ms, before.at_ms);
    }
    assert_int_equal(count_get(&counters, COUNT_CORE_BLOCKED), 1);
    assert_int_equal(intake_lag(f->intake), MISSED);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(intake_take(f->intake, in, 1, 0, &now), 1); /* at its own time, not at ours */
    assert_int_equal(now.at_ms, in[0].now.at_ms > before.at_ms ? in[0].now.at_ms : before.at_ms);
    assert_int_equal(in[0].reading.counter, INTAKE_RING + 1);
    assert_true(intake_blocked(f->intake)); /* until the core has them all */
    assert_int_equal(intake_take(f->intake, in, 1, 0, &now), 1);
    for (uint32_t i = 3; i <= MISSED; i++) {
        assert_int_equal(intake_take(f->intake, in, 1, 0, &now), 1);
        assert_int_equal(in[0].reading.counter, INTAKE_RING + i);
    }
    assert_false(intake_blocked(f->intake));
    assert_true(now.at_ms >= before.at_ms + 5000);
    assert_int_equal(count_get(&counters, COUNT_READINGS_LOST), 0);
}

/* A read that fails (EISDIR here, EIO on a bad disk) is no end of the file. */
static void a_core_waits_for_a_file_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    char path[512];
    char aside[520];
    struct input in[4];

    overrun(f);
    segment_path(f, path, sizeof path);
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(f, in, 4), 0);
        assert_true(intake_blocked(f->intake));
    }
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_missed_come(f);
}

/* What was damaged is passed over, and each of them is counted. */
static void what_is_lost_is_counted(void **state)
{
    struct fixture *f = *state;
    static struct input in[MISSED + 11];
    char path[512];
    struct stat st;
    int fd;

    overrun(f);
    segment_path(f, path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    /* the last ten records and a part of the one before */
    assert_int_equal(
        pwrite(fd, "damaged", 7, st.st_size - st.st_size / (INTAKE_RING + MISSED) * 10 - 9), 7);
    close(fd);
    atomic_store(&write_error, EIO); /* ends the segment */
    assert_int_equal(put(f, 1, 1), ERR_IO);
    atomic_store(&write_error, 0);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(put(f, 1, i + 1), ERR_OK);
    }
    assert_int_equal(take(f, in, MISSED + 11), MISSED - 11 + 10);
    assert_int_equal(in[MISSED - 12].reading.counter, INTAKE_RING + MISSED - 11);
    assert_int_equal(in[MISSED - 11].reading.sensor, 1);
    assert_int_equal(intake_lost(f->intake), 11);
    assert_int_equal(intake_lost(f->intake), 0);
    assert_int_equal(count_get(&counters, COUNT_READINGS_LOST), 11);
    assert_int_equal(intake_lag(f->intake), 0);
}

/* However often a link comes and goes before a core that waits. */
static void lost_sessions_do_not_pile_up(void **state)
{
    struct fixture *f = *state;
    static struct input in[MISSED + 4];

    overrun(f);
    for (int64_t i = 0; i < 1000; i++) {
        const char *link = i % 2 == 0 ? "mqtt" : "mqtt-2";

        assert_int_equal(f->port.session_lost(f->port.ctx, link, WALL_MS + i), ERR_OK);
    }
    assert_int_equal(intake_lag(f->intake), MISSED + 2);
    assert_int_equal(take(f, in, MISSED + 4), MISSED + 2);
    assert_string_equal(in[MISSED].session_lost.link, "mqtt");
    assert_true(in[MISSED].session_lost.since_ms == WALL_MS + 998);
    assert_string_equal(in[MISSED + 1].session_lost.link, "mqtt-2");
    assert_true(in[MISSED + 1].session_lost.since_ms == WALL_MS + 999);
}

static void unchanged_samples_are_what_an_overrun_drops(void **state)
{
    struct fixture *f = *state;
    static struct input in[256];
    struct reading sample = reading_of(1, 0);
    uint32_t samples = 0;
    uint32_t readings = 0;
    size_t got;

    sample.unchanged = true;
    for (uint32_t i = 0; i < INTAKE_RING; i++) {
        assert_int_equal(put(f, 2, i), ERR_OK);
        assert_int_equal(f->port.readings(f->port.ctx, 5, &sample, 1), ERR_OK);
    }
    while ((got = take(f, in, 256)) > 0) {
        for (size_t i = 0; i < got; i++) {
            samples += in[i].reading.unchanged;
            readings += !in[i].reading.unchanged;
        }
    }
    assert_int_equal(readings, INTAKE_RING);
    assert_int_equal(samples, INTAKE_RING / 2);
    assert_int_equal(count_get(&counters, COUNT_SAMPLES_DROPPED), INTAKE_RING / 2);
}

static void waking_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    struct input in[4];
    struct now now;
    int64_t begin_ms = host_boot_ms();

    intake_wake(f->intake);
    assert_int_equal(intake_take(f->intake, in, 4, begin_ms + 600000, &now), 0);
    assert_true(host_boot_ms() - begin_ms < 60000);
    assert_int_equal(intake_take(f->intake, in, 4, host_boot_ms() + 20, &now), 0); /* only once */
    assert_true(host_boot_ms() - begin_ms >= 20);
}

/* --- several drivers and a core, all at once --- */

#define PRODUCERS 4
#define EACH      12000

struct producer {
    struct fixture *f;
    uint32_t device;
};

static void *produce(void *ctx)
{
    struct producer *p = ctx;
    struct position newest, former = {0, 0};

    for (uint32_t i = 1; i <= EACH; i++) {
        assert_int_equal(put(p->f, p->device, i), ERR_OK);
        newest = intake_newest(p->f->intake); /* as main does for a reload */
        assert_true(position_compare(newest, former) >= 0);
        former = newest;
    }
    return NULL;
}

static void producers_keep_their_order(void **state)
{
    struct fixture *f = *state;
    static struct input in[64];
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    uint32_t last[PRODUCERS] = {0};
    uint64_t seq = 0;
    size_t total = 0;
    struct now now;

    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.f = f, .device = i};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    while (total < PRODUCERS * EACH) {
        size_t got = intake_take(f->intake, in, 64, host_boot_ms() + 1000, &now);

        for (size_t i = 0; i < got; i++) {
            assert_int_equal(in[i].at.seq, ++seq);
            assert_int_equal(in[i].reading.counter, ++last[in[i].reading.sensor]);
        }
        total += got;
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(intake_take(f->intake, in, 64, 0, &now), 0);
}

static void effects_go_to_the_journal(void **state)
{
    struct fixture *f = *state;
    const struct image image = {
        .kind = IMAGE_AUDIT, .at = {3, 1}
    };

    assert_int_equal(intake_append_images(f->intake, RECORD_EFFECT, (struct position){3, 1},
                                          (struct now){0}, 5, &image, 1),
                     ERR_OK);
    assert_int_equal(count_get(&counters, COUNT_JOURNAL_RECORDS), 1);
    atomic_store(&write_error, EIO);
    assert_int_equal(intake_append_images(f->intake, RECORD_EFFECT, (struct position){3, 1},
                                          (struct now){0}, 5, &image, 1),
                     ERR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inputs_come_in_order_with_positions),
        TEST(a_full_disk_refuses_the_reading),
        TEST(a_stalled_core_loses_nothing),
        TEST(a_core_waits_for_descriptors),
        TEST(a_core_waits_for_a_file_that_cannot_be_read),
        TEST(what_is_lost_is_counted),
        TEST(lost_sessions_do_not_pile_up),
        TEST(unchanged_samples_are_what_an_overrun_drops),
        TEST(waking_ends_the_wait),
        TEST(producers_keep_their_order),
        TEST(effects_go_to_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
