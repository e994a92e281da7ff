/* Links, lines and timings are numbered in few bits: what has too many is refused with its row, and
 * what changes them over and over is built for ever. */
#include "tests/unit/core_fixture.h"
#include "tests/unit/draft_files.h"

/* The draft of that file alone; ends the text. */
static struct draft *completed(struct strbuf *text, struct import_report *report)
{
    struct draft *d = draft_create();

    *report = (struct import_report){0};
    assert_int_equal(draft_text_read(d, "rows.csv", text->data, text->len, report), ERR_OK);
    assert_int_equal(draft_complete(d, NULL, true, true, report), ERR_OK);
    strbuf_finish(text);
    return d;
}

/* Devices d0, d1, ...: the link of each, and its stale limit. */
static struct draft *devices_read(unsigned count, unsigned links, unsigned first_limit_s,
                                  unsigned limits, struct import_report *report)
{
    struct strbuf text = {0};

    strbuf_puts(&text, "id,source,stale_limit_s\n");
    for (unsigned i = 0; i < count; i++) {
        strbuf_printf(&text, "d%06u,link-%u,%u\n", i, i % links, first_limit_s + i % limits);
    }
    return completed(&text, report);
}

static void too_many_are_refused_with_their_row(void **state)
{
    static const struct {
        unsigned links, limits;
        const char *field; /* NULL = taken */
        unsigned line;
    } rows[] = {
        {256, 512, NULL,            0  },
        {257, 1,   "source",        258},
        {1,   513, "stale_limit_s", 514},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct import_report report;
        struct draft *d = devices_read(1000, rows[i].links, 60, rows[i].limits, &report);

        assert_int_equal(report.fault_count, rows[i].field != NULL);
        if (rows[i].field != NULL) {
            assert_string_equal(report.faults[0].field, rows[i].field);
            assert_int_equal(report.faults[0].line, rows[i].line);
        } else {
            struct inventory *inv = NULL;

            assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
            inventory_destroy(inv);
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
}

/* Lots or fences of that many counties. */
static struct draft *counties_read(unsigned count, struct import_report *report)
{
    struct strbuf text = {0};

    strbuf_puts(&text, "id,lat,lon,counting\n");
    for (unsigned i = 0; i < count; i++) {
        char body[48];
        char id[SPACE_ID_LEN + 1];
        space_key key = 0;

        (void)snprintf(body, sizeof body, "%06u001R0010000", 110101 + i);
        assert_int_equal(space_id_parse_body(body, 17, &key), ID_OK);
        space_id_format(key, id);
        strbuf_printf(&text, "%s,42.2,118.9,spaces\n", id);
    }
    return completed(&text, report);
}

static void too_many_counties_are_refused(void **state)
{
    struct import_report report;
    struct draft *d = counties_read(4096, &report);
    struct inventory *inv = NULL;

    (void)state;
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    assert_int_equal(inv->district_count, 4096);
    inventory_destroy(inv);
    import_report_finish(&report);
    draft_destroy(d);
    d = counties_read(4098, &report);
    assert_int_equal(report.fault_count, 1);
    assert_string_equal(report.faults[0].field, "id");
    assert_int_equal(report.faults[0].line, 4098);
    import_report_finish(&report);
    draft_destroy(d);
}

/* Forty imports, each with a hundred limits that no other had. */
static void timings_that_change_again_and_again_are_built(void **state)
{
    struct inventory *former = NULL;

    (void)state;
    for (unsigned version = 1; version <= 40; version++) {
        struct import_report report;
        struct draft *d = devices_read(100, 1, version * 1000, 100, &report);
        struct inventory *inv = NULL;

        assert_int_equal(report.fault_count, 0);
        assert_int_equal(inventory_build(d, version, former, NULL, &inv), ERR_OK);
        for (uint32_t i = 0; i < inv->device_count; i++) {
            assert_int_equal(inv->timings[inv->devices[i].timing].limit_ms,
                             (version * 1000 + i) * 1000);
        }
        for (uint32_t i = 0; former != NULL && i < former->device_count; i++) {
            const uint16_t class = former->devices[i].timing; /* live records may name it yet */

            assert_int_equal(inv->timings[class].limit_ms, former->timings[class].limit_ms);
        }
        inventory_destroy(former);
        former = inv;
        import_report_finish(&report);
        draft_destroy(d);
    }
    inventory_destroy(former);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_are_refused_with_their_row),
        cmocka_unit_test(too_many_counties_are_refused),
        cmocka_unit_test(timings_that_change_again_and_again_are_built),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
