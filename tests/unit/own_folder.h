#ifndef TESTS_UNIT_OWN_FOLDER_H
#define TESTS_UNIT_OWN_FOLDER_H

/* The one folder of a test program: made and removed by folder_make and folder_remove, as set-up
 * and tear-down of the group or of each test. Included by one source a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scratch_folder.h"

#define PATHS_KEPT 8

static char own_folder[256];

static inline int folder_make(void **state)
{
    (void)state;
    scratch_folder_make(own_folder, sizeof own_folder);
    return 0;
}

static inline int folder_remove(void **state)
{
    (void)state;
    scratch_folder_remove(own_folder);
    return 0;
}

/* The path of a file in it; good until PATHS_KEPT more were asked for. */
static inline const char *path_of(const char *name)
{
    static char paths[PATHS_KEPT][sizeof own_folder + 128];
    static unsigned next;
    char *path = paths[next++ % PATHS_KEPT];

    assert_true(snprintf(path, sizeof paths[0], "%s/%s", own_folder, name) < (int)sizeof paths[0]);
    return path;
}

/* Returns its path. */
static inline const char *bytes_write(const char *name, const void *bytes, size_t len)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *text_write(const char *name, const char *text)
{
    return bytes_write(name, text, strlen(text));
}

/* The first cap - 1 bytes of a file, and a zero. */
static inline void text_read(const char *name, char *out, size_t cap)
{
    FILE *file = fopen(path_of(name), "rb");

    assert_non_null(file);
    out[fread(out, 1, cap - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

#endif
