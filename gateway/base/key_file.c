/* The key file on the disk: read whole and only when it is nobody else's, written beside and
 * renamed into place, one writer at a time. keys.c knows what stands in it. */
#include "gateway/base/key_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX      (4u << 20)
#define PATH_CAP      4096
#define LOCK_PAUSE_MS 5
#define LOCK_WAIT_MS  500 /* a change takes milliseconds; the HTTP thread waits, too */

/* Whole file into a NUL-terminated text; *out NULL when there is none. */
enum err key_file_read(const char *path, char **out)
{
    struct stat st;
    enum err result = ERR_IO;
    char *text = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = NULL;
    if (fd < 0) {
        return errno == ENOENT ? ERR_OK : ERR_IO;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX) {
        goto undo_open;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        result = ERR_CONFIG; /* digests of keys are nobody else's business */
        goto undo_open;
    }
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL) {
        result = ERR_NO_MEMORY;
        goto undo_open;
    }
    while (len < (size_t)st.st_size) {
        ssize_t got = read(fd, text + len, (size_t)st.st_size - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            free(text);
            goto undo_open;
        }
        len += (size_t)got;
    }
    text[len] = '\0';
    *out = text;
    result = strlen(text) == len ? ERR_OK : ERR_CONFIG;
undo_open:
    close(fd);
    return result;
}

static enum err fd_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
        }
        data += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

/* The rename is durable only when the folder is. */
static void folder_sync(const char *path)
{
    char folder[PATH_CAP];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    int fd;

    memcpy(folder, slash == NULL ? "." : path, len);
    folder[len] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum err key_file_write(const char *path, const char *data, size_t len)
{
    char temporary[PATH_CAP];
    enum err e;
    int fd;

    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    e = fd_write(fd, data, len);
    close(fd);
    if (e == ERR_OK && rename(temporary, path) != 0) {
        e = ERR_IO;
    }
    if (e == ERR_OK) {
        folder_sync(path);
    } else {
        (void)unlink(temporary);
    }
    return e;
}

int key_file_lock(const char *path)
{
    char lock[PATH_CAP];
    int fd;

    if (strlen(path) + sizeof ".lock" > sizeof lock) {
        return -1;
    }
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};

        if (i * LOCK_PAUSE_MS >= LOCK_WAIT_MS) {
            close(fd);
            return -1;
        }
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}
