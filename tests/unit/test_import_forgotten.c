/* A file that was forgotten: with `replace`, what no file speaks of leaves, and much of it only
 * when that is meant. */
#include "tests/unit/core_fixture.h"

#include "bowei/inventory_file.h"
#include <unistd.h>

#define SPACES 40

static void file_read(struct draft *d, struct import_report *report, const char *text)
{
    char path[] = "/tmp/bowei-forgotten-XXXXXX";
    const int fd = mkstemp(path);
    FILE *f;

    assert_true(fd >= 0);
    f = fdopen(fd, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(draft_read(d, path, CRS_WGS84, report), ERR_OK);
    assert_int_equal(unlink(path), 0);
}

/* A lot of SPACES spaces with a device each; `bound` of them are bound, the next `released` are
 * taken away by rows. Each file has its rows only. */
static struct draft *files_read(unsigned bound, unsigned released, struct import_report *report)
{
    struct draft *d = draft_create();
    char id[SPACE_ID_LEN + 1];
    char text[3][8192] = {"id,lat,lon,counting\n", "id,lat,lon\n", "id,source\n"};
    char bindings[8192] = "device,space\n";

    *report = (struct import_report){0};
    space_id_format(fixture_key(0, 0), id);
    (void)snprintf(text[0] + strlen(text[0]), 64, "%s,42.2,118.9,spaces\n", id);
    for (unsigned i = 1; i <= SPACES; i++) {
        space_id_format(fixture_key(0, i), id);
        (void)snprintf(text[1] + strlen(text[1]), 64, "%s,42.2,118.9\n", id);
        (void)snprintf(text[2] + strlen(text[2]), 64, "d%03u,link\n", i);
        if (i <= bound + released) {
            (void)snprintf(bindings + strlen(bindings), 64, "d%03u,%s\n", i, i <= bound ? id : "");
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        file_read(d, report, text[i]);
    }
    if (bound + released > 0) {
        file_read(d, report, bindings);
    }
    assert_int_equal(report->fault_count, 0);
    return d;
}

static void forgotten_bindings_need_leave(void **state)
{
    static const struct {
        unsigned bound, released;
        bool replace, allow, refused;
    } rows[] = {
        {0,      0,  true,  false, true }, /* forgotten */
        {0,      0,  true,  true,  false}, /* meant */
        {0,      0,  false, false, false}, /* an import of others */
        {38,     0,  true,  false, false},
        {37,     0,  true,  false, true },
        {10,     30, true,  false, false}, /* row by row, so meant */
        {SPACES, 0,  true,  false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct import_report report;
        struct draft *current = files_read(SPACES, 0, &report);
        struct draft *next;

        assert_int_equal(draft_complete(current, NULL, false, false, &report), ERR_OK);
        assert_int_equal(report.fault_count, 0);
        import_report_finish(&report);
        next = files_read(rows[i].bound, rows[i].released, &report);
        assert_int_equal(draft_complete(next, current, rows[i].replace, rows[i].allow, &report),
                         ERR_OK);
        assert_int_equal(report.fault_count, rows[i].refused);
        if (rows[i].refused) {
            assert_string_equal(report.faults[0].field, "removals");
            assert_non_null(strstr(report.faults[0].reason, "40 bindings"));
        }
        import_report_finish(&report);
        draft_destroy(next);
        draft_destroy(current);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgotten_bindings_need_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
