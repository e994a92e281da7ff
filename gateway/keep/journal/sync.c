/* The journal's thread: group fdatasync each sync_ms, or at once when somebody waits for it; then
 * what may be trimmed goes, and a reserve that was given away is made again when the disk has room.
 */
#define _GNU_SOURCE /* dup3 */
#include "bowei/base/log.h"
#include "gateway/keep/journal/journal_state.h"
#include "gateway/keep/journal/record.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PASS_FILES 16

struct pass {
    struct {
        struct position name;
        int fd;
    } files[PASS_FILES];

    size_t count;
    bool more; /**< dirty segments that did not fit */
    bool folder;
    bool lost; /**< what came meanwhile is not on the disk, whatever this pass comes to */
    struct position target;
    struct waiter *waiters;
    size_t waiter_count;
};

static bool skip_record(void *ctx, const struct record *record)
{
    (void)ctx;
    (void)record;
    return true;
}

int journal_replace(struct journal *j, const char *name, const uint8_t *data, size_t len)
{
    char part[SEGMENT_NAME_LEN + 8];
    size_t put = 0;
    int fd;

    snprintf(part, sizeof part, "%s.new", name);
    fd = openat(j->folder_fd, part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    while (put < len) {
        ssize_t n = j->disk->write(fd, data + put, len - put, (off_t)put);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            goto undo_file;
        }
        put += (size_t)n;
    }
    if (j->disk->sync(fd) != 0 || renameat(j->folder_fd, part, j->folder_fd, name) != 0) {
        goto undo_file;
    }
    if (fsync(j->folder_fd) != 0) {
        log_line(LOG_WARNING, "journal", "cannot sync the folder after writing %s anew", name);
    }
    return fd;

undo_file:
    close(fd);
    unlinkat(j->folder_fd, part, 0);
    return -1;
}

/* After a failed fdatasync the kernel may call pages clean that never reached the disk, and a
 * second fdatasync of the same file would lie; a file that was removed is synced for nothing. What
 * can still be read and checks is written to another file. */
static bool rewrite(struct journal *j, struct position at)
{
    char name[SEGMENT_NAME_LEN + 1];
    struct segment_bytes bytes = {0};
    struct segment *segment;
    bool stopped;
    int fd = -1;

    segment_name(at, name);
    pthread_mutex_lock(&j->lock);
    segment = journal_segment_locked(j, at);
    if (segment != NULL) {
        if (segment_read_open(segment->fd, &bytes) == ERR_OK &&
            segment_visit(&bytes, skip_record, NULL, &stopped) == segment->bytes) {
            fd = journal_replace(j, name, bytes.data, segment->bytes);
        }
        segment_bytes_finish(&bytes);
        if (fd >= 0) {
            close(segment->fd);
            segment->fd = fd;
        } else {
            j->lost = j->lost || segment->dirty; /* since the pass began: its waiters are to come */
        }
        segment->dirty = false;
        segment->closed = true; /* a cursor has the former file open: nothing follows there */
    }
    pthread_mutex_unlock(&j->lock);
    count_add(j->counters, COUNT_JOURNAL_ERRORS, 1);
    log_line(LOG_ERROR, "journal", "%s cannot be synced, or was removed; %s", name,
             fd >= 0 ? "its content was written to a new file"
                     : "its newest records may not be on the disk");
    return fd >= 0;
}

static void pass_begin_locked(struct journal *j, struct pass *pass)
{
    *pass = (struct pass){.target = j->appended, .folder = j->folder_dirty, .lost = j->lost};
    j->lost = false;
    for (size_t i = 0; i < j->segment_count; i++) {
        struct segment *segment = &j->segments[i];

        if (!segment->dirty || segment->fd < 0) {
            continue;
        }
        if (pass->count == PASS_FILES) {
            pass->more = true;
            break;
        }
        segment->dirty = false;
        pass->files[pass->count].name = segment->name;
        pass->files[pass->count++].fd = segment->fd;
    }
    j->folder_dirty = false;
    j->supersede_ready = j->supersede_due && !pass->more;
    if (!pass->more) {
        pass->waiters = j->waiters;
        pass->waiter_count = j->waiter_count;
        j->waiters = NULL;
        j->waiter_count = j->waiter_cap = 0;
    }
}

static bool is_removed(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Is the folder still where a start will look for it? */
static bool folder_is_there(const struct journal *j)
{
    struct stat open_now;
    struct stat named;

    return fstat(j->folder_fd, &open_now) != 0 ||
           (stat(j->folder, &named) == 0 && named.st_ino == open_now.st_ino &&
            named.st_dev == open_now.st_dev);
}

/* Somebody removed or moved the folder under a running gateway: nothing that is accepted from now
 * on would come back. It is made anew, and what is in the open file goes there; what was in the
 * others is left to Redis. True: it was so, and is mended. */
static bool folder_return(struct journal *j)
{
    static int64_t gate;
    struct segment *current;
    int fd;

    if (folder_is_there(j)) {
        return false;
    }
    fd = mkdir(j->folder, 0700) == 0 || errno == EEXIST
             ? open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
             : -1;
    log_rate(LOG_ERROR, &gate, 10000, "journal", "its folder was removed or moved: %s",
             fd >= 0 ? "it is made anew" : "it cannot be made anew");
    if (fd < 0) {
        return false;
    }
    pthread_mutex_lock(&j->lock);
    current = journal_current_locked(j);
    if (current != NULL) {
        current->closed = true;
    }
    (void)dup3(fd, j->folder_fd, O_CLOEXEC); /* cursors have the number */
    j->reserve_there = false;
    j->folder_dirty = true;
    pthread_mutex_unlock(&j->lock);
    close(fd);
    count_add(j->counters, COUNT_JOURNAL_ERRORS, 1);
    return true;
}

static enum err pass_sync(struct journal *j, const struct pass *pass)
{
    enum err e = pass->lost ? ERR_IO : ERR_OK;
    const bool elsewhere = folder_return(j);

    for (size_t i = 0; i < pass->count; i++) {
        const int fd = pass->files[i].fd;

        count_add(j->counters, COUNT_JOURNAL_SYNCS, 1);
        if ((elsewhere || j->disk->sync(fd) != 0 || is_removed(fd)) &&
            !rewrite(j, pass->files[i].name)) {
            e = ERR_IO;
        }
    }
    if (pass->folder && fsync(j->folder_fd) != 0) {
        log_line(LOG_ERROR, "journal", "cannot sync the folder");
        e = ERR_IO;
    }
    return e;
}

static void pass_end(struct journal *j, const struct pass *pass, enum err e)
{
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->segment_count; i++) {
        struct segment *segment = &j->segments[i];

        if (segment->closed && !segment->dirty && segment->fd >= 0) {
            close(segment->fd);
            segment->fd = -1;
        }
    }
    if (e == ERR_OK && !pass->more) {
        j->durable = pass->target;
    }
    if (pass->folder && e != ERR_OK) {
        j->folder_dirty = true;
    }
    pthread_mutex_unlock(&j->lock);
    for (size_t i = 0; i < pass->waiter_count; i++) {
        pass->waiters[i].done(pass->waiters[i].ctx, e);
    }
    free(pass->waiters);
}

static bool sync_due_locked(const struct journal *j)
{
    return j->stop || j->waiter_count > 0 || j->trim_due || j->supersede_due;
}

/* Sleeps until somebody wants something, sync_ms at most. */
static void wait_locked(struct journal *j)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += j->sync_ms / 1000;
    until.tv_nsec += (long)(j->sync_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!sync_due_locked(j)) {
        if (pthread_cond_timedwait(&j->wake, &j->lock, &until) != 0) {
            return;
        }
    }
}

void *journal_sync_thread(void *ctx)
{
    struct journal *j = ctx;
    struct pass pass;
    enum err e;
    enum err before = ERR_OK; /* of the passes that the waiters' pass goes on from */
    bool stop;

    do {
        pthread_mutex_lock(&j->lock);
        if (before == ERR_OK) {
            wait_locked(j);
        }
        stop = j->stop;
        if (atomic_load(&j->full) || !j->reserve_there) {
            journal_reserve_make_locked(j);
        }
        pass_begin_locked(j, &pass);
        pthread_mutex_unlock(&j->lock);
        e = pass_sync(j, &pass);
        pass_end(j, &pass, e != ERR_OK ? e : before);
        before = pass.more ? (e != ERR_OK ? e : before) : ERR_OK;
        journal_trim_run(j, e == ERR_OK);
    } while (!stop || pass.more);
    return NULL;
}

void journal_sync_then(struct journal *j, journal_synced done, void *ctx)
{
    bool queued = true;

    pthread_mutex_lock(&j->lock);
    if (j->waiter_count == j->waiter_cap) {
        size_t cap = j->waiter_cap * 2 + 16;
        struct waiter *more = realloc(j->waiters, cap * sizeof *more);

        queued = more != NULL;
        if (queued) {
            j->waiters = more;
            j->waiter_cap = cap;
        }
    }
    if (queued) {
        j->waiters[j->waiter_count++] = (struct waiter){.done = done, .ctx = ctx};
        pthread_cond_signal(&j->wake);
    }
    pthread_mutex_unlock(&j->lock);
    if (!queued) {
        done(ctx, ERR_NO_MEMORY);
    }
}
