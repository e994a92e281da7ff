/* The state folder: one owner, and numbers that are the old one or the new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/state_folder.h"
#include "tests/unit/scratch_folder.h"

static void one_process_owns_it(void **unused)
{
    char base[256];
    char folder[300];
    struct state_folder *state;
    struct state_folder *second;
    struct stat st;
    pid_t owner;

    (void)unused;
    scratch_folder_make(base, sizeof base);
    snprintf(folder, sizeof folder, "%s/state", base);
    assert_int_equal(state_folder_owner(folder), 0);
    assert_int_equal(state_folder_open(folder, &state, &owner), ERR_OK);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(state_folder_journal(state), &st), 0);
    assert_int_equal(stat(state_folder_inventory(state), &st), 0);
    assert_string_equal(state_folder_path(state), folder);
    assert_int_equal(state_folder_owner(folder), getpid());
    assert_int_equal(state_folder_open(folder, &second, &owner), ERR_CONFLICT);
    assert_int_equal(owner, getpid());
    assert_null(second);
    state_folder_close(state);
    assert_int_equal(state_folder_owner(folder), 0);
    assert_int_equal(state_folder_open(folder, &state, &owner), ERR_OK);
    state_folder_close(state);
    state_folder_close(NULL);
    scratch_folder_remove(base);
}

static void numbers_outlive_it(void **unused)
{
    char folder[256];
    char path[300];
    struct state_folder *state;
    uint64_t value;
    pid_t owner;
    FILE *file;

    (void)unused;
    scratch_folder_make(folder, sizeof folder);
    assert_int_equal(state_folder_open(folder, &state, &owner), ERR_OK);
    assert_int_equal(state_folder_epoch(state, &value), ERR_OK);
    assert_int_equal(value, 0);
    assert_int_equal(state_folder_applied(folder, &value), ERR_OK);
    assert_int_equal(value, 0);
    assert_int_equal(state_folder_set_epoch(state, 41), ERR_OK);
    assert_int_equal(state_folder_set_epoch(state, INT64_MAX), ERR_OK);
    assert_int_equal(state_folder_set_applied(state, 7), ERR_OK);
    state_folder_close(state);
    assert_int_equal(state_folder_applied(folder, &value), ERR_OK);
    assert_int_equal(value, 7);
    assert_int_equal(state_folder_open(folder, &state, &owner), ERR_OK);
    assert_int_equal(state_folder_epoch(state, &value), ERR_OK);
    assert_true(value == INT64_MAX);
    snprintf(path, sizeof path, "%s/epoch", folder);
    file = fopen(path, "w");
    fputs("twelve\n", file);
    fclose(file);
    assert_int_equal(state_folder_epoch(state, &value), ERR_IO);
    state_folder_close(state);
    scratch_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_owns_it),
        cmocka_unit_test(numbers_outlive_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
