/* What replaced a retired place leads somewhere: chains are taken, loops are refused where one of
 * them begins. */
#include "tests/unit/core_fixture.h"

#include "bowei/inventory_file.h"
#include <unistd.h>

#define PLACES 6

static void row_write(FILE *f, const space_key keys[PLACES], char from, char to)
{
    char id[SPACE_ID_LEN + 1];
    char by[SPACE_ID_LEN + 1] = "";

    space_id_format(keys[from - '0'], id);
    if (to != '-') {
        space_id_format(keys[to - '0'], by);
    }
    fprintf(f, "%s,%s\n", id, by);
}

static void text_read(struct draft *d, struct import_report *report, const space_key keys[PLACES],
                      const char *links)
{
    char path[] = "/tmp/bowei-replaced-XXXXXX";
    const int fd = mkstemp(path);
    FILE *f;

    assert_true(fd >= 0);
    f = fdopen(fd, "w");
    assert_non_null(f);
    fputs("id,replaced_by\n", f);
    for (const char *p = links; *p != '\0'; p += 2) { /* pairs: retired, its replacement */
        row_write(f, keys, p[0], p[1]);
    }
    fclose(f);
    assert_int_equal(draft_read(d, path, CRS_WGS84, report), ERR_OK);
    assert_int_equal(unlink(path), 0);
}

static void loops_are_refused(void **state)
{
    static const struct {
        const char *links;
        unsigned loops;
    } rows[] = {
        {"1-",         0},
        {"122334455-", 0},
        {"12233-",     0},
        {"13233-",     0}, /* two that became one */
        {"1221",       1},
        {"122331",     1},
        {"1223344553", 1}, /* a way into a loop */
        {"12213443",   2},
        {"5112233442", 1},
    };

    space_key keys[PLACES];

    (void)state;
    for (unsigned i = 0; i < PLACES; i++) {
        keys[i] = fixture_key(0, i + 1);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct draft *d = draft_create();
        struct import_report report = {0};

        text_read(d, &report, keys, rows[i].links);
        assert_int_equal(report.fault_count, 0);
        assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
        assert_int_equal(report.fault_count, rows[i].loops);
        for (uint32_t k = 0; k < report.fault_count; k++) {
            assert_string_equal(report.faults[k].field, "replaced_by");
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
