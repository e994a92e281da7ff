/* Segment files on their own: names, heads, and reading one with everything that may be wrong with
 * it. Used by the writer at start and for compaction, and by journal_read, which may run in another
 * process. */
#include "gateway/keep/journal/segment.h"
#include "bowei/base/bytes.h"
#include "gateway/keep/journal/record.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic[8] = {'B', 'O', 'W', 'E', 'I', 'J', 'N', 'L'};

/* No segment of ours is longer: one batch may pass JOURNAL_SEGMENT_BYTES. */
#define READ_MAX (8 * (size_t)JOURNAL_SEGMENT_BYTES)

void segment_name(struct position first, char out[SEGMENT_NAME_LEN + 1])
{
    snprintf(out, SEGMENT_NAME_LEN + 1, "%016" PRIx64 "-%016" PRIx64 ".bwj", first.epoch,
             first.seq);
}

static bool hex16(const char *text, uint64_t *out)
{
    *out = 0;
    for (int i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

        if (at == NULL) {
            return false;
        }
        *out = *out << 4 | (uint64_t)(at - digits);
    }
    return true;
}

static bool name_parse(const char *name, struct position *out)
{
    return strlen(name) == SEGMENT_NAME_LEN && name[16] == '-' && strcmp(name + 33, ".bwj") == 0 &&
           hex16(name, &out->epoch) && hex16(name + 17, &out->seq);
}

static int by_position(const void *a, const void *b)
{
    return position_compare(*(const struct position *)a, *(const struct position *)b);
}

/* "<segment>.new", as journal_replace writes it. */
static bool is_copy(const char *name)
{
    char segment[SEGMENT_NAME_LEN + 1] = "";
    struct position at;

    if (strlen(name) != SEGMENT_NAME_LEN + strlen(".new") ||
        strcmp(name + SEGMENT_NAME_LEN, ".new") != 0) {
        return false;
    }
    memcpy(segment, name, SEGMENT_NAME_LEN);
    return name_parse(segment, &at);
}

void segment_copies_remove(int folder_fd)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (is_copy(entry->d_name)) {
            (void)unlinkat(folder_fd, entry->d_name, 0);
        }
    }
    closedir(dir);
}

enum err segment_list(int folder_fd, struct position **out, size_t *count)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct position *list = NULL;
    size_t n = 0;
    size_t cap = 0;

    *out = NULL;
    *count = 0;
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return ERR_IO;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct position at;

        if (!name_parse(entry->d_name, &at)) {
            continue;
        }
        if (n == cap) {
            struct position *more = realloc(list, (cap + 64) * sizeof *list);

            if (more == NULL) {
                free(list);
                closedir(dir);
                return ERR_NO_MEMORY;
            }
            list = more;
            cap += 64;
        }
        list[n++] = at;
    }
    closedir(dir);
    if (n > 1) {
        qsort(list, n, sizeof *list, by_position);
    }
    *out = list;
    *count = n;
    return ERR_OK;
}

void segment_head(uint8_t out[SEGMENT_HEAD])
{
    memcpy(out, magic, sizeof magic);
    le32_put(out + 8, JOURNAL_SCHEMA);
    le32_put(out + 12, 0);
}

static enum err read_all(int fd, struct segment_bytes *out)
{
    struct stat st;
    size_t size;

    if (fstat(fd, &st) != 0 || st.st_size < 0 || (uint64_t)st.st_size > READ_MAX) {
        return ERR_IO;
    }
    size = (size_t)st.st_size;
    out->data = malloc(size + 1);
    if (out->data == NULL) {
        return ERR_NO_MEMORY;
    }
    while (out->len < size) {
        ssize_t got = pread(fd, out->data + out->len, size - out->len, (off_t)out->len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_IO;
        }
        if (got == 0) {
            break;
        }
        out->len += (size_t)got;
    }
    return ERR_OK;
}

enum err segment_read(int folder_fd, const char *name, struct segment_bytes *out)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    enum err e;

    if (fd < 0) {
        *out = (struct segment_bytes){0};
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    e = segment_read_open(fd, out);
    close(fd);
    return e;
}

enum err segment_read_open(int fd, struct segment_bytes *out)
{
    enum err e;

    *out = (struct segment_bytes){0};
    e = read_all(fd, out);
    if (e != ERR_OK) {
        segment_bytes_finish(out);
        return e;
    }
    if (out->len >= SEGMENT_HEAD && memcmp(out->data, magic, sizeof magic) == 0) {
        out->schema = le32_get(out->data + 8);
    }
    return out->schema > JOURNAL_SCHEMA ? ERR_NEWER_SCHEMA : ERR_OK;
}

void segment_bytes_finish(struct segment_bytes *bytes)
{
    free(bytes->data);
    bytes->data = NULL;
    bytes->len = 0;
}

/* An append is taken whole or not at all: is each of its records of a kind we know? */
static bool batch_known(const struct segment_bytes *bytes, size_t at, size_t end)
{
    struct record record;

    while (at < end) {
        size_t len = record_decode(bytes->data + at, bytes->len - at, &record);

        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

size_t segment_visit(const struct segment_bytes *bytes,
                     bool (*visit)(void *ctx, const struct record *record), void *ctx,
                     bool *stopped)
{
    size_t at = SEGMENT_HEAD;
    struct record record;

    *stopped = false;
    if (bytes->schema == 0 || bytes->schema > JOURNAL_SCHEMA) {
        return 0;
    }
    for (;;) {
        size_t records;
        size_t end = at + record_batch(bytes->data + at, bytes->len - at, &records);
        size_t begin = at;

        if (records > 1 && !batch_known(bytes, begin, end)) {
            return begin;
        }
        for (; at < end; records--) {
            size_t len = record_decode(bytes->data + at, bytes->len - at, &record);

            if (len == 0) {
                return begin; /* sound, but of no kind we know */
            }
            at += len;
            if (!visit(ctx, &record)) {
                *stopped = true;
                return at;
            }
        }
        if (begin == end) {
            return at;
        }
    }
}
