/* The key file: made, checked, revoked, and refused when it is not what it should be. */
#include "bowei/keys.h"
#include "tests/unit/scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char folder[128];
static char path[160];

static int setup(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_folder_remove(folder);
    return 0;
}

static void made_checked_revoked(void **state)
{
    char staff[KEY_TEXT_MAX];
    char own[KEY_TEXT_MAX];
    char prefix[9];
    struct key_set *set;
    const struct key_row *row;
    struct stat st;

    (void)state;
    assert_int_equal(key_set_load(path, &set), ERR_OK); /* a missing file is an empty set */
    assert_null(key_set_check(set, "bw_abcdefgh_x", 13));
    key_set_destroy(set);
    assert_int_equal(key_create(path, "Wang \xe5\xb7\xa5", ROLE_STAFF, NULL, 5, staff), ERR_OK);
    assert_int_equal(key_create(path, "bikes", ROLE_OPERATOR, "OP", 6, own), ERR_OK);
    assert_int_equal(strlen(staff), 3 + 8 + 1 + 43);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(key_set_load(path, &set), ERR_OK);
    assert_int_equal(key_set_rows(set, &row), 2);
    row = key_set_check(set, staff, strlen(staff));
    assert_non_null(row);
    assert_int_equal(row->role, ROLE_STAFF);
    assert_string_equal(row->name, "Wang \xe5\xb7\xa5");
    row = key_set_check(set, own, strlen(own));
    assert_non_null(row);
    assert_string_equal(row->operator_code, "OP");
    /* every single character counts */
    for (size_t i = 0; i < strlen(own); i++) {
        char wrong[KEY_TEXT_MAX];

        memcpy(wrong, own, sizeof wrong);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_null(key_set_check(set, wrong, strlen(wrong)));
    }
    assert_null(key_set_check(set, own, strlen(own) - 1));
    key_set_destroy(set);
    memcpy(prefix, staff + 3, 8);
    prefix[8] = '\0';
    assert_int_equal(key_revoke(path, prefix), ERR_OK);
    assert_int_equal(key_set_load(path, &set), ERR_OK);
    assert_null(key_set_check(set, staff, strlen(staff)));
    assert_non_null(key_set_check(set, own, strlen(own)));
    key_set_destroy(set);
}

static void secrets_are_not_kept(void **state)
{
    char key[KEY_TEXT_MAX];
    char text[4096] = "";
    FILE *file;

    (void)state;
    assert_int_equal(key_create(path, "a", ROLE_ADMIN, NULL, 1, key), ERR_OK);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_null(strstr(text, key + 12));
}

static void not_made(void **state)
{
    char key[KEY_TEXT_MAX];

    (void)state;
    assert_int_equal(key_create(path, "", ROLE_STAFF, NULL, 1, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_create(path, "a\tb", ROLE_STAFF, NULL, 1, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_create(path, "a", ROLE_OPERATOR, NULL, 1, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_create(path, "a", ROLE_STAFF, "OP", 1, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_create(path, "a", ROLE_PUBLIC, NULL, 1, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_revoke(path, "abcdefgh"), ERR_NOT_FOUND);
}

static void bad_files(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"# bowei keys 2\n",                                 ERR_NEWER_SCHEMA},
        {"# bowei keys 1\nabcdefgh\tx\tstaff\t\t00\t1\t0\n", ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tking\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0\n",                                ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tstaff\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0",                                  ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tstaff\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0\n",                                ERR_OK          },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct key_set *set;
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs(rows[i].text, file) >= 0);
        (void)fclose(file);
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(key_set_load(path, &set), rows[i].want);
        key_set_destroy(set);
    }
    /* others may not read it */
    {
        struct key_set *set;

        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(key_set_load(path, &set), ERR_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_checked_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(not_made, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
