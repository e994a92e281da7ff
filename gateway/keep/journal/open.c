/* Opening and closing the journal, and reading all of it: at start and for `journal dump`. */
#include "bowei/base/log.h"
#include "gateway/keep/journal/journal_state.h"
#include "gateway/keep/journal/record.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_BYTES (256ull << 20) /* the default of journal.limit_mib */
#define SYNC_MS     1000u
#define KEEP_MS     (10u * 60 * 1000)

static const struct journal_disk host_disk = {
    .write = pwrite, .sync = fdatasync, .truncate = ftruncate, .reserve = posix_fallocate};

static bool sum_record(void *ctx, const struct record *record)
{
    batch_sum_add(ctx, record->type, record->at, record->now.at_ms);
    return true;
}

/* Copies what is behind the good prefix aside, then cuts it off. */
static enum err set_aside(const struct journal *j, const char *name,
                          const struct segment_bytes *bytes, size_t good)
{
    char aside[SEGMENT_NAME_LEN + 16];
    int fd;
    bool ok;

    snprintf(aside, sizeof aside, "%s.torn", name);
    fd = openat(j->folder_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok =
        fd >= 0 && write(fd, bytes->data + good, bytes->len - good) == (ssize_t)(bytes->len - good);
    if (fd >= 0) {
        close(fd);
    }
    count_add(j->counters, COUNT_JOURNAL_TORN, 1);
    log_line(LOG_WARNING, "journal", "%s is torn: %zu good bytes are kept, %zu %s", name, good,
             bytes->len - good,
             ok ? "put aside in a .torn file" : "could not be put aside and stay where they are");
    if (!ok) {
        return ERR_OK; /* readers stop at the good prefix anyway */
    }
    if (good == 0) {
        return unlinkat(j->folder_fd, name, 0) == 0 ? ERR_OK : ERR_IO;
    }
    fd = openat(j->folder_fd, name, O_WRONLY | O_CLOEXEC);
    ok = fd >= 0 && ftruncate(fd, (off_t)good) == 0 && fdatasync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok ? ERR_OK : ERR_IO;
}

static enum err load_segment(struct journal *j, struct position at, struct segment *out)
{
    char name[SEGMENT_NAME_LEN + 1];
    struct batch_sum sum = {0};
    struct segment_bytes bytes;
    size_t good;
    bool stopped;
    enum err e;

    segment_name(at, name);
    e = segment_read(j->folder_fd, name, &bytes);
    if (e != ERR_OK) {
        if (e == ERR_NEWER_SCHEMA) {
            log_line(LOG_ERROR, "journal", "%s has schema %u, this program knows up to %u", name,
                     (unsigned)bytes.schema, (unsigned)JOURNAL_SCHEMA);
        }
        segment_bytes_finish(&bytes);
        return e;
    }
    good = segment_visit(&bytes, sum_record, &sum, &stopped);
    if (good < bytes.len || good == 0) {
        e = set_aside(j, name, &bytes, good);
    }
    segment_bytes_finish(&bytes);
    *out = (struct segment){.name = at,
                            .last = sum.last,
                            .last_reading = sum.last_reading,
                            .newest_ms = sum.newest_ms,
                            .bytes = good,
                            .readings = sum.readings,
                            .fd = -1,
                            .closed = true};
    return e;
}

static enum err load_segments(struct journal *j)
{
    struct position *names;
    size_t count;
    enum err e = segment_list(j->folder_fd, &names, &count);

    if (e != ERR_OK) {
        return e;
    }
    j->segments = calloc(count + 64, sizeof *j->segments);
    if (j->segments == NULL) {
        free(names);
        return ERR_NO_MEMORY;
    }
    j->segment_cap = count + 64;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        struct segment *segment = &j->segments[j->segment_count];

        e = load_segment(j, names[i], segment);
        if (e == ERR_OK && segment->bytes > 0) {
            if (position_compare(segment->last, j->appended) > 0) {
                j->appended = segment->last;
            }
            atomic_fetch_add(&j->bytes, segment->bytes);
            j->segment_count++;
        }
    }
    free(names);
    j->durable = j->appended;
    return e;
}

static enum err init_thread(struct journal *j)
{
    pthread_condattr_t attr;

    if (pthread_mutex_init(&j->lock, NULL) != 0) {
        return ERR_NO_MEMORY;
    }
    if (pthread_condattr_init(&attr) != 0) {
        goto undo_lock;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (pthread_cond_init(&j->wake, &attr) != 0) {
        pthread_condattr_destroy(&attr);
        goto undo_lock;
    }
    pthread_condattr_destroy(&attr);
    if (pthread_create(&j->thread, NULL, journal_sync_thread, j) == 0) {
        return ERR_OK;
    }
    pthread_cond_destroy(&j->wake);
undo_lock:
    pthread_mutex_destroy(&j->lock);
    return ERR_NO_MEMORY;
}

static void release(struct journal *j)
{
    for (size_t i = 0; i < j->segment_count; i++) {
        if (j->segments[i].fd >= 0) {
            close(j->segments[i].fd);
        }
    }
    if (j->folder_fd >= 0) {
        close(j->folder_fd);
    }
    free(j->segments);
    free(j->waiters);
    free(j->batch);
    free(j->folder);
    free(j);
}

static enum err open_folder(struct journal *j)
{
    struct stat st;

    if (mkdir(j->folder, 0700) != 0 && errno != EEXIST) {
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    }
    j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->folder_fd < 0) {
        return ERR_IO;
    }
    j->reserve_there = fstatat(j->folder_fd, "reserve", &st, 0) == 0 &&
                       (uint64_t)st.st_size == j->reserve_bytes &&
                       (uint64_t)st.st_blocks * 512 >= j->reserve_bytes && j->reserve_bytes > 0;
    segment_copies_remove(j->folder_fd);
    return load_segments(j);
}

enum err journal_open(const struct journal_params *params, struct journal **out)
{
    struct journal *j = calloc(1, sizeof *j);
    enum err e = ERR_NO_MEMORY;

    *out = NULL;
    if (j == NULL) {
        return e;
    }
    j->self = j;
    j->folder_fd = -1;
    j->folder = strdup(params->folder);
    j->counters = params->counters;
    j->disk = params->disk != NULL ? params->disk : &host_disk;
    j->limit_bytes = params->limit_bytes != 0 ? params->limit_bytes : LIMIT_BYTES;
    j->reserve_bytes = params->reserve_bytes;
    j->sync_ms = params->sync_ms != 0 ? params->sync_ms : SYNC_MS;
    j->keep_ms = params->keep_ms != 0 ? params->keep_ms : KEEP_MS;
    if (j->folder == NULL) {
        goto undo_journal;
    }
    e = open_folder(j);
    if (e != ERR_OK) {
        goto undo_journal;
    }
    journal_reserve_make_locked(j); /* no thread yet */
    e = init_thread(j);
    if (e != ERR_OK) {
        goto undo_journal;
    }
    *out = j;
    return ERR_OK;

undo_journal:
    release(j);
    return e;
}

void journal_close(struct journal *j)
{
    if (j == NULL) {
        return;
    }
    pthread_mutex_lock(&j->lock);
    j->stop = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->thread, NULL);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    release(j);
}

/* Readings are visited without the index of a process that is gone. */
struct reader {
    bool (*visit)(void *ctx, const struct record *record);
    void *ctx;
    bool tells; /**< in the log, of segments that have more than good records */
};

static bool visit_record(void *ctx, const struct record *record)
{
    const struct reader *reader = ctx;
    struct record clean;

    if (record->type != RECORD_READING) {
        return reader->visit(reader->ctx, record);
    }
    clean = *record;
    clean.reading.sensor = NO_SENSOR;
    return reader->visit(reader->ctx, &clean);
}

static enum err read_all(const char *folder, struct reader *reader, uint32_t *schema)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct position *names;
    size_t count;
    bool stopped = false;
    enum err e;

    *schema = JOURNAL_SCHEMA;
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    e = segment_list(fd, &names, &count);
    for (size_t i = 0; i < count && e == ERR_OK && !stopped; i++) {
        char name[SEGMENT_NAME_LEN + 1];
        struct segment_bytes bytes;

        segment_name(names[i], name);
        e = segment_read(fd, name, &bytes);
        if (e == ERR_OK) {
            const size_t good = segment_visit(&bytes, visit_record, reader, &stopped);

            if (good < bytes.len && !stopped && reader->tells) {
                log_line(LOG_WARNING, "journal", "%s: not readable from byte %zu of %zu on", name,
                         good, bytes.len);
            }
        } else if (e == ERR_NOT_FOUND) {
            e = ERR_OK; /* trimmed meanwhile */
        } else if (e == ERR_NEWER_SCHEMA) {
            *schema = bytes.schema;
        }
        segment_bytes_finish(&bytes);
    }
    free(names);
    close(fd);
    return e;
}

enum err journal_read(const char *folder, bool (*visit)(void *ctx, const struct record *record),
                      void *ctx, uint32_t *schema)
{
    struct reader reader = {.visit = visit, .ctx = ctx, .tells = true};

    return read_all(folder, &reader, schema);
}

enum err journal_read_at_start(const char *folder,
                               bool (*visit)(void *ctx, const struct record *record), void *ctx,
                               uint32_t *schema)
{
    struct reader reader = {.visit = visit, .ctx = ctx};

    return read_all(folder, &reader, schema);
}
