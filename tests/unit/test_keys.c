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
    assert_null(key_set_check(set, "bw_abcdefgh_x", 13, 10));
    key_set_destroy(set);
    assert_int_equal(key_create(path, "Wang \xe5\xb7\xa5", ROLE_STAFF, NULL, 5, staff), ERR_OK);
    assert_int_equal(key_create(path, "bikes", ROLE_OPERATOR, "OP", 6, own), ERR_OK);
    assert_int_equal(strlen(staff), 3 + 8 + 1 + 43);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(key_set_load(path, &set), ERR_OK);
    assert_int_equal(key_set_rows(set, &row), 2);
    row = key_set_check(set, staff, strlen(staff), 10);
    assert_non_null(row);
    assert_int_equal(row->role, ROLE_STAFF);
    assert_string_equal(row->name, "Wang \xe5\xb7\xa5");
    row = key_set_check(set, own, strlen(own), 10);
    assert_non_null(row);
    assert_string_equal(row->operator_code, "OP");
    /* every single character counts */
    for (size_t i = 0; i < strlen(own); i++) {
        char wrong[KEY_TEXT_MAX];

        memcpy(wrong, own, sizeof wrong);
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_null(key_set_check(set, wrong, strlen(wrong), 10));
    }
    assert_null(key_set_check(set, own, strlen(own) - 1, 10));
    key_set_destroy(set);
    memcpy(prefix, staff + 3, 8);
    prefix[8] = '\0';
    assert_int_equal(key_revoke(path, prefix), ERR_OK);
    assert_int_equal(key_set_load(path, &set), ERR_OK);
    assert_null(key_set_check(set, staff, strlen(staff), 10));
    assert_non_null(key_set_check(set, own, strlen(own), 10));
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

#define ROW_HEAD                                                                                   \
    "abcdefgh\tx\tstaff\t\t0000000000000000000000000000000000000000000000000000000000000000"

/* A presented key at a wall time. */
static bool lets_in(const char *text, int64_t wall_ms)
{
    struct key_set *set;
    bool in;

    assert_int_equal(key_set_load(path, &set), ERR_OK);
    in = key_set_check(set, text, strlen(text), wall_ms) != NULL;
    key_set_destroy(set);
    return in;
}

static void expires(void **state)
{
    const struct key_order order = {.name = "a", .role = ROLE_STAFF, .expires_ms = 100};
    struct key_row row;
    char key[KEY_TEXT_MAX];

    (void)state;
    assert_int_equal(key_issue(path, &order, 100, &row, key), ERR_BAD_PARAMETER);
    assert_int_equal(key_issue(path, &order, 10, &row, key), ERR_OK);
    assert_true(lets_in(key, 99));
    assert_false(lets_in(key, 100));
}

/* Both keys are good until the overlap ends; a third is not made; an expired one makes room. */
static void rotates_without_a_gap(void **state)
{
    struct key_rotation rotation = {.name = "desk", .overlap_ms = 50};
    struct key_row row;
    char first[KEY_TEXT_MAX];
    char second[KEY_TEXT_MAX];
    char third[KEY_TEXT_MAX];

    (void)state;
    assert_int_equal(key_rotate(path, &rotation, 10, &row, second), ERR_NOT_FOUND);
    assert_int_equal(key_create(path, "desk", ROLE_STAFF, NULL, 10, first), ERR_OK);
    assert_int_equal(key_rotate(path, &rotation, 20, &row, second), ERR_OK);
    assert_int_equal(row.role, ROLE_STAFF);
    assert_true(lets_in(first, 69) && lets_in(second, 69));
    assert_false(lets_in(first, 70));
    assert_true(lets_in(second, 70));
    assert_int_equal(key_rotate(path, &rotation, 30, &row, third), ERR_CONFLICT);
    assert_int_equal(key_create(path, "desk", ROLE_STAFF, NULL, 30, third), ERR_CONFLICT);
    assert_int_equal(key_create(path, "desk", ROLE_OPERATOR, "OP", 30, third), ERR_OK);
    assert_int_equal(key_rotate(path, &rotation, 80, &row, third), ERR_CONFLICT);
    assert_int_equal(key_create(path, "desk", ROLE_STAFF, NULL, 80, third), ERR_OK);
}

/* A key that ends is not turned into one that never does. */
static void rotation_keeps_expiry(void **state)
{
    const struct key_order order = {.name = "a", .role = ROLE_ADMIN, .expires_ms = 100};
    struct key_rotation rotation = {.name = "a", .overlap_ms = 500};
    struct key_row row;
    char first[KEY_TEXT_MAX];
    char second[KEY_TEXT_MAX];

    (void)state;
    assert_int_equal(key_issue(path, &order, 10, &row, first), ERR_OK);
    assert_int_equal(key_rotate(path, &rotation, 20, &row, second), ERR_BAD_PARAMETER);
    rotation.expires_ms = 20;
    assert_int_equal(key_rotate(path, &rotation, 20, &row, second), ERR_BAD_PARAMETER);
    rotation.expires_ms = 900;
    assert_int_equal(key_rotate(path, &rotation, 20, &row, second), ERR_OK);
    assert_false(lets_in(first, 100)); /* the overlap does not prolong it */
    assert_true(lets_in(second, 899));
    assert_false(lets_in(second, 900));
}

static void districts(void **state)
{
    struct key_order order = {.name = "a", .role = ROLE_STAFF, .districts = "150402,150403"};
    struct key_row row;
    char key[KEY_TEXT_MAX];
    char text[KEY_DISTRICTS_TEXT];

    (void)state;
    assert_int_equal(key_issue(path, &order, 1, &row, key), ERR_OK);
    key_districts_write(&row, text);
    assert_string_equal(text, "150402,150403");
    assert_true(key_row_covers(&row, "150403002R00200045"));
    assert_false(key_row_covers(&row, "150404002R00200045"));
    assert_false(key_row_covers(&row, "15040"));
    order.role = ROLE_ADMIN;
    assert_int_equal(key_issue(path, &order, 1, &row, key), ERR_BAD_PARAMETER);
    order.role = ROLE_STAFF;
    order.districts = "15040";
    assert_int_equal(key_issue(path, &order, 1, &row, key), ERR_BAD_PARAMETER);
}

/* A file of the former form is read, and written in the new one. */
static void older_file(void **state)
{
    struct key_set *set;
    const struct key_row *rows;
    char key[KEY_TEXT_MAX];
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    assert_true(fputs("# bowei keys 1\n" ROW_HEAD "\t7\t0\n", file) >= 0);
    (void)fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(key_create(path, "b", ROLE_STAFF, NULL, 9, key), ERR_OK);
    assert_int_equal(key_set_load(path, &set), ERR_OK);
    assert_int_equal(key_set_rows(set, &rows), 2);
    assert_string_equal(rows[0].name, "x");
    assert_int_equal(rows[0].created_ms, 7);
    assert_int_equal(rows[0].expires_ms, 0);
    key_set_destroy(set);
    assert_true(lets_in(key, 10));
}

static void bad_files(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"# bowei keys 3\n",                                       ERR_NEWER_SCHEMA},
        {"# bowei keys 1\nabcdefgh\tx\tstaff\t\t00\t1\t0\n",       ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tking\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0\n",                                      ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tstaff\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0",                                        ERR_CONFIG      },
        {"# bowei keys "
         "1\nabcdefgh\tx\tstaff\t\t0000000000000000000000000000000000000000000000000000000000000000"
         "\t1\t0\n",                                      ERR_OK          },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t0\t\n",              ERR_OK          },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t0\t150402,150403\n", ERR_OK          },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\n",                   ERR_CONFIG      },
        {"# bowei keys 1\n" ROW_HEAD "\t1\t0\t0\t\n",              ERR_CONFIG      },
        {"# bowei keys 0\n" ROW_HEAD "\t1\t0\n",                   ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t-1\t\n",             ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t\t\n",               ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t2\t0\t\n",              ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t0\t15040\n",         ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t0\t150402,\n",       ERR_CONFIG      },
        {"# bowei keys 2\n" ROW_HEAD "\t1\t0\t0\t*\n",             ERR_CONFIG      },
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
        cmocka_unit_test_setup_teardown(expires, setup, teardown),
        cmocka_unit_test_setup_teardown(rotates_without_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_keeps_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(districts, setup, teardown),
        cmocka_unit_test_setup_teardown(older_file, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
