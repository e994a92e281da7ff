/* Lists as CSV: no cell is cut, however long, and no page is too large. */
#include "api/list_csv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CORNERS 200 /* as many as a list shows of an area: fences.c */

static void fence_write(struct strbuf *out, const char *id, const char *reason)
{
    strbuf_printf(out, "{\"id\":\"%s\",\"reason\":\"%s\",\"area\":{\"coordinates\":[[[", id,
                  reason);
    for (unsigned i = 0; i <= CORNERS; i++) {
        strbuf_printf(out, "%s[118.%07u,42.2500000]", i == 0 ? "" : ",", i);
    }
    strbuf_puts(out, "]]]}}");
}

static struct strbuf csv_of(struct strbuf *json)
{
    struct strbuf out = {0};

    assert_false(json->failed);
    assert_int_equal(list_csv_write(ANSWER_FENCE_LIST, 0, json->data, json->len, &out), ERR_OK);
    strbuf_putc(&out, '\0');
    assert_false(out.failed);
    strbuf_finish(json);
    return out;
}

static void long_cells_are_whole(void **state)
{
    struct strbuf json = {0};
    struct strbuf csv;
    char text[1501];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    strbuf_puts(&json, "{\"items\":[");
    fence_write(&json, "a", text);
    strbuf_puts(&json, "]}");
    csv = csv_of(&json);
    assert_non_null(strstr(csv.data, text));
    assert_null(strstr(csv.data, "\"\"x")); /* a text, not the JSON of one */
    assert_non_null(strstr(csv.data, "\"{\"\"coordinates\"\":[[[[118.0000000,"));
    assert_non_null(strstr(csv.data, "[118.0000200,42.2500000]]]]}\""));
    strbuf_finish(&csv);
}

/* The largest page: limit=1000, each with the largest area. */
static void large_pages_are_whole(void **state)
{
    struct strbuf json = {0};
    struct strbuf csv;
    unsigned lines = 0;

    (void)state;
    strbuf_puts(&json, "{\"items\":[");
    for (unsigned i = 0; i < 1000; i++) {
        strbuf_puts(&json, i == 0 ? "" : ",");
        fence_write(&json, "b", "fresh");
    }
    strbuf_puts(&json, "]}");
    csv = csv_of(&json);
    for (const char *at = strchr(csv.data, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        lines++;
    }
    assert_int_equal(lines, 1001);
    strbuf_finish(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_cells_are_whole),
        cmocka_unit_test(large_pages_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
