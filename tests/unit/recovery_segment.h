#ifndef TESTS_UNIT_RECOVERY_SEGMENT_H
#define TESTS_UNIT_RECOVERY_SEGMENT_H

/* The one segment that a history wrote, as bytes: the proofs of recovery put parts of it back, as a
 * crash may leave them. Included behind cmocka.h. */
#include "bowei/journal.h"
#include "tests/unit/scratch_folder.h"

#define SEGMENT_HEAD_BYTES 16

struct segment_copy {
    char path[512];
    uint8_t *bytes; /**< owned; segment_forget frees it */
    size_t len;
};

/* Bytes written so far; a segment that is not made yet will begin with its head. */
static inline size_t segment_size(const struct journal *journal)
{
    const size_t bytes = (size_t)journal_bytes(journal);

    return bytes < SEGMENT_HEAD_BYTES ? SEGMENT_HEAD_BYTES : bytes;
}

/* Reads the segment that lies in the folder of a closed journal. */
static inline void segment_copy_take(struct segment_copy *copy, const char *folder)
{
    DIR *dir = opendir(folder);
    FILE *file;

    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strstr(entry->d_name, ".bwj") != NULL) {
            assert_true(snprintf(copy->path, sizeof copy->path, "%s/%s", folder, entry->d_name) <
                        (int)sizeof copy->path);
        }
    }
    closedir(dir);
    file = fopen(copy->path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    copy->len = (size_t)ftell(file);
    rewind(file);
    copy->bytes = malloc(copy->len);
    assert_non_null(copy->bytes);
    assert_int_equal(fread(copy->bytes, 1, copy->len, file), copy->len);
    fclose(file);
}

/* Puts the bytes from `from` to before `end` behind what is in the file. */
static inline void segment_put(const struct segment_copy *copy, size_t from, size_t end, FILE *file)
{
    if (end > from) {
        assert_int_equal(fwrite(copy->bytes + from, 1, end - from, file), end - from);
    }
}

/* Nothing in a proof depends on a disk: in memory it is three times as fast. */
static inline void segment_folder_in_memory(void)
{
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
}

#endif
