/* Sealed files of the state folder; see state_file.h. */
#include "gateway/delivery/state_file.h"
#include "bowei/base/bytes.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_LEN  28u
#define FILE_MAX  (64u << 20)
#define PATH_CAP  4096
#define FOLDER_RD (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static enum err errno_err(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static bool whole_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t put = write(fd, data, len);

        if (put < 0 && errno != EINTR) {
            return false;
        }
        if (put > 0) {
            data += put;
            len -= (size_t)put;
        }
    }
    return true;
}

static void seal_write(char out[SEAL_LEN + 16], const char *text, size_t len)
{
    (void)snprintf(out, SEAL_LEN + 16, "bowei 1 %010zu %08" PRIx32 "\n", len, crc32c(0, text, len));
}

enum err state_file_write(const char *folder, const char *name, const char *text, size_t len)
{
    char seal[SEAL_LEN + 16];
    char part[64];
    enum err result = ERR_OK;
    const int dir = open(folder, FOLDER_RD);
    int fd = -1;

    if (dir < 0) {
        return errno_err();
    }
    seal_write(seal, text, len);
    (void)snprintf(part, sizeof part, "%s.new", name);
    fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !whole_write(fd, seal, SEAL_LEN) || !whole_write(fd, text, len) ||
        fsync(fd) != 0) {
        result = errno_err();
    }
    if (fd >= 0 && close(fd) != 0 && result == ERR_OK) {
        result = errno_err();
    }
    if (result == ERR_OK && (renameat(dir, part, dir, name) != 0 || fsync(dir) != 0)) {
        result = errno_err();
    }
    if (result != ERR_OK) {
        (void)unlinkat(dir, part, 0);
    }
    close(dir);
    return result;
}

/* All of a file; NULL with *result. */
static char *whole_read(int fd, size_t *len, enum err *result)
{
    struct stat st;
    char *data = NULL;
    size_t got = 0;

    *result = ERR_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return NULL;
    }
    if (st.st_size > (off_t)FILE_MAX) {
        *result = ERR_BAD_REQUEST;
        return NULL;
    }
    data = malloc((size_t)st.st_size + 1);
    if (data == NULL) {
        *result = ERR_NO_MEMORY;
        return NULL;
    }
    while (got < (size_t)st.st_size) {
        const ssize_t n = read(fd, data + got, (size_t)st.st_size - got);

        if (n <= 0 && errno != EINTR) {
            free(data);
            return NULL;
        }
        got += n > 0 ? (size_t)n : 0;
    }
    data[got] = '\0';
    *len = got;
    *result = ERR_OK;
    return data;
}

static bool seal_holds(const char *data, size_t len)
{
    char seal[SEAL_LEN + 16];

    if (len < SEAL_LEN) {
        return false;
    }
    seal_write(seal, data + SEAL_LEN, len - SEAL_LEN);
    return memcmp(seal, data, SEAL_LEN) == 0;
}

enum err state_file_read(const char *folder, const char *name, char **text, size_t *len)
{
    char path[PATH_CAP];
    enum err result;
    char *data;
    size_t whole = 0;
    int fd;

    *text = NULL;
    *len = 0;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return ERR_IO;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    data = whole_read(fd, &whole, &result);
    close(fd);
    if (data != NULL && !seal_holds(data, whole)) {
        free(data);
        return ERR_BAD_REQUEST;
    }
    if (data != NULL) {
        *len = whole - SEAL_LEN;
        memmove(data, data + SEAL_LEN, *len + 1);
        *text = data;
    }
    return result;
}

void state_file_set_aside(const char *folder, const char *name)
{
    char path[PATH_CAP];
    char aside[PATH_CAP];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
        snprintf(aside, sizeof aside, "%s/%s.torn", folder, name) < (int)sizeof aside) {
        (void)rename(path, aside);
    }
}
