/* Appending to the journal: intake's readings before they are acknowledged, the core's effects
 * before they are published. What is written is either whole or cut off again; a file that cannot
 * be cut is closed, so that nothing good ever follows something half-written. */
#include "bowei/base/bytes.h"
#include "bowei/base/log.h"
#include "gateway/keep/journal/journal_state.h"
#include "gateway/keep/journal/record.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool no_room(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

struct segment *journal_current_locked(struct journal *j)
{
    struct segment *last = j->segment_count == 0 ? NULL : &j->segments[j->segment_count - 1];

    return last == NULL || last->closed ? NULL : last;
}

struct segment *journal_segment_locked(struct journal *j, struct position name)
{
    for (size_t i = j->segment_count; i-- > 0;) {
        if (position_compare(j->segments[i].name, name) == 0) {
            return &j->segments[i];
        }
    }
    return NULL;
}

void batch_sum_add(struct batch_sum *sum, enum record_type type, struct position at, int64_t at_ms)
{
    const bool reading = type == RECORD_READING || type == RECORD_REPORT;

    if (position_compare(at, sum->last) > 0) {
        sum->last = at;
    }
    if (reading) {
        if (position_compare(at, sum->last_reading) > 0) {
            sum->last_reading = at;
        }
        sum->readings++;
    }
    if (at_ms > sum->newest_ms) {
        sum->newest_ms = at_ms;
    }
    sum->effect = sum->effect || !reading;
    sum->image = sum->image || type == RECORD_IMAGE;
    sum->records++;
}

/* --- the reserve --- */

#define ROOM_AGAIN_BYTES (64u << 10) /* so much free space ends a refusal */
#define RESERVE_NAME     "reserve"
#define NAME_TRIES       64

void journal_reserve_make_locked(struct journal *j)
{
    int fd;

    if (j->reserve_bytes == 0 || j->reserve_there) {
        return;
    }
    fd = openat(j->folder_fd, RESERVE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && j->disk->reserve(fd, 0, (off_t)j->reserve_bytes) == 0) {
        j->reserve_there = true;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!j->reserve_there) {
        unlinkat(j->folder_fd, RESERVE_NAME, 0);
        atomic_store(&j->full, true);
        return;
    }
    if (atomic_exchange(&j->full, false)) {
        log_line(LOG_INFO, "journal", "the disk has room again: readings are taken");
    }
}

bool journal_reserve_release_locked(struct journal *j)
{
    if (!j->reserve_there || unlinkat(j->folder_fd, RESERVE_NAME, 0) != 0) {
        return false;
    }
    j->reserve_there = false;
    atomic_store(&j->full, true);
    log_line(LOG_ERROR, "journal",
             "the disk is full: the reserve is for effects, readings are refused");
    return true;
}

/* --- writing --- */

/* All bytes or an errno. */
static int write_at(const struct journal *j, int fd, const uint8_t *data, size_t len,
                    uint64_t offset)
{
    while (len > 0) {
        ssize_t put = j->disk->write(fd, data, len, (off_t)offset);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put == 0 ? ENOSPC : errno;
        }
        data += put;
        len -= (size_t)put;
        offset += (uint64_t)put;
    }
    return 0;
}

static struct segment *segment_room(struct journal *j)
{
    if (j->segment_count == j->segment_cap) {
        size_t cap = j->segment_cap + 64;
        struct segment *more = realloc(j->segments, cap * sizeof *more);

        if (more == NULL) {
            return NULL;
        }
        j->segments = more;
        j->segment_cap = cap;
    }
    return &j->segments[j->segment_count];
}

/* Names sort as the files were written, though effects may be older than the readings before them:
 * no reading above a segment's name is in an earlier segment. */
static struct position next_name(const struct journal *j, struct position first)
{
    if (position_compare(first, j->appended) < 0) {
        first = j->appended;
    }
    if (j->segment_count > 0) {
        struct position last = j->segments[j->segment_count - 1].name;

        last.seq++; /* NOLINT(clang-analyzer-core*): every segment has a name */
        if (position_compare(first, last) < 0) {
            return last;
        }
    }
    return first;
}

/* A file of ours that could neither be written nor be removed may have the name: the next one is as
 * good. Its descriptor, or -1. */
static int create_file(const struct journal *j, struct position *at, char name[])
{
    int fd = -1;

    for (int tries = 0; fd < 0 && tries < NAME_TRIES; tries++) {
        at->seq += tries == 0 ? 0 : 1;
        segment_name(*at, name);
        fd = openat(j->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Opens a new segment behind the others; 0 or an errno. */
static int begin_segment(struct journal *j, struct position first)
{
    struct segment *segment = segment_room(j);
    struct position at = next_name(j, first);
    char name[SEGMENT_NAME_LEN + 1];
    uint8_t head[SEGMENT_HEAD];
    int error;
    int fd;

    if (segment == NULL) {
        return ENOMEM;
    }
    fd = create_file(j, &at, name);
    if (fd < 0) {
        return errno;
    }
    segment_head(head);
    error = write_at(j, fd, head, sizeof head, 0);
    if (error != 0) {
        close(fd);
        unlinkat(j->folder_fd, name, 0);
        return error;
    }
    if (j->segment_count > 0) {
        j->segments[j->segment_count - 1].closed = true;
    }
    *segment = (struct segment){.name = at, .bytes = SEGMENT_HEAD, .fd = fd};
    j->segment_count++;
    j->folder_dirty = true;
    atomic_fetch_add(&j->bytes, SEGMENT_HEAD);
    return 0;
}

/* The last segment never held a record: each refused try would leave a file and a descriptor. */
static void drop_empty(struct journal *j)
{
    const struct segment *last = &j->segments[j->segment_count - 1];
    char name[SEGMENT_NAME_LEN + 1];

    segment_name(last->name, name);
    if (last->bytes == SEGMENT_HEAD && unlinkat(j->folder_fd, name, 0) == 0) {
        close(last->fd);
        j->segment_count--;
        atomic_fetch_sub(&j->bytes, SEGMENT_HEAD);
    }
}

/* One try; 0 or an errno. After an error nothing of the batch is left in a file that goes on. */
static int put_batch(struct journal *j, size_t len, const struct batch_sum *sum)
{
    struct segment *segment = journal_current_locked(j);
    int error;

    if (segment == NULL || segment->bytes + len > JOURNAL_SEGMENT_BYTES) {
        error = begin_segment(j, sum->last);
        if (error != 0) {
            return error;
        }
        segment = &j->segments[j->segment_count - 1];
    }
    error = write_at(j, segment->fd, j->batch, len, segment->bytes);
    if (error != 0) {
        if (!no_room(error) || j->disk->truncate(segment->fd, (off_t)segment->bytes) != 0) {
            segment->closed = true; /* its torn end stays the end */
            (void)j->disk->truncate(segment->fd, (off_t)segment->bytes);
            drop_empty(j);
        }
        return error;
    }
    if (sum->image && !j->round_open) {
        j->round_open = true;
        j->round = (struct mark){.segment = segment->name, .offset = segment->bytes};
    }
    segment->bytes += len;
    segment->dirty = true;
    segment->readings += sum->readings;
    if (position_compare(sum->last, segment->last) > 0) {
        segment->last = sum->last;
    }
    if (position_compare(sum->last_reading, segment->last_reading) > 0) {
        segment->last_reading = sum->last_reading;
    }
    if (sum->newest_ms > segment->newest_ms) {
        segment->newest_ms = sum->newest_ms;
    }
    return 0;
}

static enum err append_locked(struct journal *j, size_t len, const struct batch_sum *sum)
{
    static int64_t gate;
    int error;

    if (!sum->effect && atomic_load(&j->full)) {
        count_add(j->counters, COUNT_JOURNAL_ERRORS, 1);
        return ERR_DISK_FULL;
    }
    error = put_batch(j, len, sum);
    if (no_room(error) && sum->effect && journal_reserve_release_locked(j)) {
        error = put_batch(j, len, sum);
    }
    if (error != 0) {
        atomic_store(&j->refusing, true);
        count_add(j->counters, COUNT_JOURNAL_ERRORS, 1);
        log_rate(LOG_ERROR, &gate, 1000, "journal", "cannot append: %s", strerror(error));
        return no_room(error) ? ERR_DISK_FULL : error == ENOMEM ? ERR_NO_MEMORY : ERR_IO;
    }
    if (position_compare(sum->last, j->appended) > 0) {
        j->appended = sum->last;
    }
    atomic_store_explicit(&j->refusing, false, memory_order_relaxed);
    atomic_fetch_add(&j->bytes, len);
    count_add(j->counters, COUNT_JOURNAL_RECORDS, sum->records);
    count_add(j->counters, COUNT_JOURNAL_BYTES, len);
    return ERR_OK;
}

/* Room for one more record behind `len` bytes; NULL when memory ends. */
static uint8_t *batch_room(struct journal *j, size_t len)
{
    if (j->batch_cap - len < RECORD_MAX) {
        size_t cap = j->batch_cap * 2 + 2 * (size_t)RECORD_MAX;
        uint8_t *more = realloc(j->batch, cap);

        if (more == NULL) {
            return NULL;
        }
        j->batch = more;
        j->batch_cap = cap;
    }
    return j->batch + len;
}

/* The n things of one append, whatever they are. */
struct source {
    size_t (*encode)(const struct source *source, size_t i, uint8_t *out, struct batch_sum *sum,
                     bool *skip);
    const void *items;
    const struct record_stamp *stamp;
    enum record_type type;
};

/* Ties the records of one append together. */
static void batch_seal(uint8_t *batch, size_t records)
{
    for (; records > 1; records--) {
        record_set_more(batch, records - 1);
        batch += le32_get(batch);
    }
}

static enum err append_source(struct journal *j, const struct source *source, size_t n)
{
    struct batch_sum sum = {0};
    size_t len = 0;
    enum err e = ERR_OK;

    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        uint8_t *out = batch_room(j, len);
        bool skip = false;
        size_t put = out == NULL ? 0 : source->encode(source, i, out, &sum, &skip);

        if (out == NULL) {
            e = ERR_NO_MEMORY;
        } else if (put == 0 && !skip) {
            e = ERR_INTERNAL;
        }
        len += put;
    }
    if (e == ERR_OK && len > 0) {
        batch_seal(j->batch, sum.records);
        e = append_locked(j, len, &sum);
    }
    pthread_mutex_unlock(&j->lock);
    return e;
}

static size_t encode_record(const struct source *source, size_t i, uint8_t *out,
                            struct batch_sum *sum, bool *skip)
{
    const struct record *record = (const struct record *)source->items + i;

    (void)skip;
    batch_sum_add(sum, record->type, record->at, record->now.at_ms);
    return record_encode(record, out);
}

static size_t encode_reading(const struct source *source, size_t i, uint8_t *out,
                             struct batch_sum *sum, bool *skip)
{
    const struct reading *reading = (const struct reading *)source->items + i;
    struct record_stamp stamp = *source->stamp;

    if (reading->unchanged) {
        *skip = true;
        return 0;
    }
    stamp.at.seq += i;
    batch_sum_add(sum, RECORD_READING, stamp.at, stamp.now.at_ms);
    return record_encode_reading(&stamp, reading, out);
}

static size_t encode_report(const struct source *source, size_t i, uint8_t *out,
                            struct batch_sum *sum, bool *skip)
{
    struct record_stamp stamp = *source->stamp;

    (void)skip;
    stamp.at.seq += i;
    batch_sum_add(sum, RECORD_REPORT, stamp.at, stamp.now.at_ms);
    return record_encode_report(&stamp, (const struct bike_report *)source->items + i, out);
}

static size_t encode_image(const struct source *source, size_t i, uint8_t *out,
                           struct batch_sum *sum, bool *skip)
{
    const struct image *image = (const struct image *)source->items + i;

    (void)skip;
    batch_sum_add(sum, source->type, source->stamp->at, source->stamp->now.at_ms);
    return record_encode_image(source->type, source->stamp, image, out);
}

enum err journal_append(struct journal *journal, const struct record *records, size_t n)
{
    const struct source source = {.encode = encode_record, .items = records};

    return append_source(journal, &source, n);
}

enum err journal_append_readings(struct journal *journal, const struct record_stamp *stamp,
                                 const struct reading *readings, size_t n)
{
    const struct source source = {.encode = encode_reading, .items = readings, .stamp = stamp};

    return append_source(journal, &source, n);
}

enum err journal_append_reports(struct journal *journal, const struct record_stamp *stamp,
                                const struct bike_report *reports, size_t n)
{
    const struct source source = {.encode = encode_report, .items = reports, .stamp = stamp};

    return append_source(journal, &source, n);
}

enum err journal_append_images(struct journal *journal, enum record_type type,
                               const struct record_stamp *stamp, const struct image *images,
                               size_t n)
{
    const struct source source = {
        .encode = encode_image, .items = images, .stamp = stamp, .type = type};

    return append_source(journal, &source, n);
}

uint64_t journal_bytes(const struct journal *journal)
{
    return atomic_load(&journal->bytes);
}

bool journal_over_limit(const struct journal *journal)
{
    return journal_bytes(journal) > journal->limit_bytes;
}

bool journal_full(struct journal *journal)
{
    struct statvfs disk;

    /* nothing may come that would show that there is room again: links are shut, writes refused */
    if (atomic_load(&journal->refusing) && fstatvfs(journal->folder_fd, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize > ROOM_AGAIN_BYTES) {
        atomic_store(&journal->refusing, false);
    }
    return atomic_load(&journal->full) || atomic_load(&journal->refusing);
}

struct position journal_durable(const struct journal *journal)
{
    struct journal *j = journal->self;
    struct position durable;

    pthread_mutex_lock(&j->lock);
    durable = j->durable;
    pthread_mutex_unlock(&j->lock);
    return durable;
}
