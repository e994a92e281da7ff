/* The state folder: one process owns it at a time (flock, which ends with the process), and a few
 * numbers in it outlive restarts. A file is written to a temporary file, synced and renamed, so
 * that it is the old one or the new one. */
#include "bowei/state_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_CAP 4096

struct state_folder {
    char *path, *journal, *inventory;
    int fd;
    int lock_fd;
};

/* --- numbers in files --- */

static enum err number_read(int dir_fd, const char *name, uint64_t *value)
{
    char text[32];
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    unsigned long long number;
    ssize_t len;
    char *end;

    *value = 0;
    if (fd < 0) {
        return errno == ENOENT ? ERR_OK : ERR_IO;
    }
    len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0 || text[0] < '0' || text[0] > '9') {
        return ERR_IO;
    }
    text[len] = '\0';
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || number > INT64_MAX || (*end != '\n' && *end != '\0')) {
        return ERR_IO;
    }
    *value = number;
    return ERR_OK;
}

static bool no_room(void)
{
    return errno == ENOSPC || errno == EDQUOT;
}

static bool whole_write(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return fdatasync(fd) == 0;
}

static enum err file_write(int dir_fd, const char *name, const char *text, size_t len)
{
    char part[64];
    bool ok;
    bool full;
    int fd;

    snprintf(part, sizeof part, "%s.new", name);
    fd = openat(dir_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return no_room() ? ERR_DISK_FULL : ERR_IO;
    }
    ok = whole_write(fd, text, len);
    full = !ok && no_room();
    ok = close(fd) == 0 && ok && renameat(dir_fd, part, dir_fd, name) == 0 && fsync(dir_fd) == 0;
    if (!ok) {
        unlinkat(dir_fd, part, 0);
        return full ? ERR_DISK_FULL : ERR_IO;
    }
    return ERR_OK;
}

/* On a full disk there is no room for a second file, but these few bytes have theirs: a start goes
 * on and serves what it knows. They are in one sector; a number that were torn all the same is
 * refused when it is read. */
static enum err number_overwrite(int dir_fd, const char *name, const char *text, size_t len)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0) {
        return ERR_DISK_FULL;
    }
    ok = pwrite(fd, text, len, 0) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0 &&
         fdatasync(fd) == 0;
    close(fd);
    return ok ? ERR_OK : ERR_DISK_FULL;
}

static enum err number_write(int dir_fd, const char *name, uint64_t value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%" PRIu64 "\n", value);
    enum err e = file_write(dir_fd, name, text, (size_t)len);

    return e == ERR_DISK_FULL ? number_overwrite(dir_fd, name, text, (size_t)len) : e;
}

enum err state_folder_put(struct state_folder *state, const char *name, const char *text,
                          size_t len)
{
    return file_write(state->fd, name, text, len);
}

enum err state_folder_epoch(const struct state_folder *state, uint64_t *epoch)
{
    return number_read(state->fd, "epoch", epoch);
}

enum err state_folder_set_epoch(struct state_folder *state, uint64_t epoch)
{
    return number_write(state->fd, "epoch", epoch);
}

enum err state_folder_set_applied(struct state_folder *state, uint64_t version)
{
    int fd = open(state->inventory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e;

    if (fd < 0) {
        return ERR_IO;
    }
    e = number_write(fd, "applied", version);
    close(fd);
    return e;
}

enum err state_folder_applied(const char *folder, uint64_t *version)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e;

    *version = 0;
    if (fd < 0) {
        return errno == ENOENT ? ERR_OK : ERR_IO;
    }
    e = number_read(fd, "inventory/applied", version);
    close(fd);
    return e;
}

/* --- the lock --- */

static pid_t pid_read(int fd)
{
    char text[32];
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    long pid;

    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    pid = strtol(text, NULL, 10);
    return pid > 0 ? (pid_t)pid : 0;
}

pid_t state_folder_owner(const char *folder)
{
    char path[PATH_CAP];
    pid_t pid = 0;
    int fd;

    if (snprintf(path, sizeof path, "%s/lock", folder) >= (int)sizeof path) {
        return 0;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        pid = pid_read(fd);
    }
    close(fd);
    return pid;
}

/* Somebody who only asks who owns the folder (state_folder_owner) has it for a moment. */
static bool lock_now(int fd)
{
    static const struct timespec pause = {.tv_nsec = 20000000};

    for (int i = 0; i < 5; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        if (errno != EWOULDBLOCK) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

static enum err take_lock(struct state_folder *state, pid_t *owner)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    state->lock_fd = openat(state->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock_fd < 0) {
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    }
    if (!lock_now(state->lock_fd)) {
        if (errno != EWOULDBLOCK) {
            return ERR_IO;
        }
        *owner = pid_read(state->lock_fd);
        return ERR_CONFLICT;
    }
    /* in this order: on a full disk what is cut off first has no room to come back */
    if (pwrite(state->lock_fd, text, (size_t)len, 0) != len ||
        ftruncate(state->lock_fd, len) != 0) {
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    }
    return ERR_OK;
}

/* --- opening --- */

static char *below(const char *folder, const char *name)
{
    size_t cap = strlen(folder) + strlen(name) + 2;
    char *path = malloc(cap);

    if (path != NULL) {
        snprintf(path, cap, "%s/%s", folder, name);
    }
    return path;
}

static enum err make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return ERR_OK;
    }
    return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
}

static enum err open_all(struct state_folder *state, pid_t *owner)
{
    enum err e = make_folder(state->path);

    if (e == ERR_OK) {
        state->fd = open(state->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        e = state->fd < 0 ? ERR_IO : take_lock(state, owner);
    }
    if (e == ERR_OK) {
        e = make_folder(state->journal);
    }
    if (e == ERR_OK) {
        e = make_folder(state->inventory);
    }
    return e;
}

enum err state_folder_open(const char *folder, struct state_folder **out, pid_t *owner)
{
    struct state_folder *state = calloc(1, sizeof *state);
    enum err e = ERR_NO_MEMORY;

    *out = NULL;
    *owner = 0;
    if (state == NULL) {
        return e;
    }
    state->fd = state->lock_fd = -1;
    state->path = strdup(folder);
    state->journal = below(folder, "journal");
    state->inventory = below(folder, "inventory");
    if (state->path != NULL && state->journal != NULL && state->inventory != NULL) {
        e = open_all(state, owner);
    }
    if (e != ERR_OK) {
        state_folder_close(state);
        return e;
    }
    *out = state;
    return ERR_OK;
}

void state_folder_close(struct state_folder *state)
{
    if (state == NULL) {
        return;
    }
    if (state->lock_fd >= 0) {
        close(state->lock_fd);
    }
    if (state->fd >= 0) {
        close(state->fd);
    }
    free(state->path);
    free(state->journal);
    free(state->inventory);
    free(state);
}

const char *state_folder_path(const struct state_folder *state)
{
    return state->path;
}

const char *state_folder_journal(const struct state_folder *state)
{
    return state->journal;
}

const char *state_folder_inventory(const struct state_folder *state)
{
    return state->inventory;
}
