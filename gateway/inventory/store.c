/* The versions of the inventory in the state folder. The CLI saves one after an import, the daemon
 * loads the newest. */
#include "bowei/inventory_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Older versions than these are removed: one to go back to, one to look at. */
#define VERSIONS_KEPT 3

#define PATH_LEN      4096

static bool path_make(char *out, size_t cap, const char *folder, uint64_t version)
{
    int n = snprintf(out, cap, "%s/inventory-%" PRIu64 ".geojson", folder, version);

    return n > 0 && (size_t)n < cap;
}

/* The version a file name says, 0 when it is none. */
static uint64_t version_of(const char *name)
{
    static const char prefix[] = "inventory-";
    char *end;
    uint64_t version;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || name[sizeof prefix - 1] < '1' ||
        name[sizeof prefix - 1] > '9') {
        return 0;
    }
    errno = 0;
    version = strtoull(name + sizeof prefix - 1, &end, 10);
    return errno == 0 && strcmp(end, ".geojson") == 0 ? version : 0;
}

enum err inventory_store_newest(const char *folder, uint64_t *version, char *path, size_t cap)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    *version = 0;
    if (dir == NULL) {
        return errno == ENOENT ? ERR_OK : ERR_IO;
    }
    while ((entry = readdir(dir)) != NULL) {
        uint64_t found = version_of(entry->d_name);

        *version = found > *version ? found : *version;
    }
    (void)closedir(dir);
    if (*version != 0 && !path_make(path, cap, folder, *version)) {
        return ERR_TOO_LARGE;
    }
    return ERR_OK;
}

enum err inventory_store_find(const char *folder, uint64_t version, char *path, size_t cap)
{
    if (!path_make(path, cap, folder, version)) {
        return ERR_TOO_LARGE;
    }
    return access(path, R_OK) == 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err whole_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR) {
            return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

static enum err folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced;

    if (fd < 0) {
        return ERR_IO;
    }
    synced = fsync(fd);
    (void)close(fd);
    return synced == 0 ? ERR_OK : ERR_IO;
}

static void old_remove(const char *folder, uint64_t newest)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[PATH_LEN];

    if (dir == NULL) {
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        uint64_t found = version_of(entry->d_name);

        if (found != 0 && found + VERSIONS_KEPT <= newest &&
            path_make(path, sizeof path, folder, found)) {
            (void)unlink(path);
        }
    }
    (void)closedir(dir);
}

enum err inventory_store_save(const char *folder, uint64_t version, const struct strbuf *text)
{
    char path[PATH_LEN];
    char temporary[PATH_LEN + 8];
    enum err e;
    int fd;

    if (!path_make(path, sizeof path, folder, version)) {
        return ERR_TOO_LARGE;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    }
    e = whole_write(fd, text->data, text->len);
    if (close(fd) != 0 && e == ERR_OK) {
        e = ERR_IO;
    }
    if (e == ERR_OK && rename(temporary, path) != 0) {
        e = ERR_IO;
    }
    if (e != ERR_OK) {
        (void)unlink(temporary);
        return e;
    }
    old_remove(folder, version);
    return folder_sync(folder);
}
