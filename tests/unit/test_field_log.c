/* What the log says of lines and links that cannot connect: each of them, not only the first. */
#include "bowei/field.h"
#include "tests/unit/field_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define EACH_KIND 4

static const struct device_row rows[] = {
    {"l0/u", "l0", "bits", 1, 1}
};

static bool log_says(FILE *log, const char *head)
{
    char line[1024];
    bool found = false;

    rewind(log);
    while (!found && fgets(line, sizeof line, log) != NULL) {
        found = strstr(line, head) != NULL && strstr(line, "refused") != NULL;
    }
    return found;
}

static void each_line_and_link_is_told(void **state)
{
    static char names[2][EACH_KIND][4], unit_name[] = "u", map_name[] = "bits",
                                        host[] = "127.0.0.1";
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct register_map map = {
        .name = map_name, .function = 2, .stride = 1, .channels = 1, .status_offset = -1};
    struct unit_config unit = {.name = unit_name, .unit = 1, .map = map_name, .period_ms = 50};
    struct line_config lines[EACH_KIND];
    struct link_config links[EACH_KIND];
    FILE *log = tmpfile();
    const int former = dup(STDERR_FILENO);
    struct field *field;
    char head[2][32];

    (void)state;
    assert_non_null(log);
    for (int i = 0; i < EACH_KIND; i++) {
        (void)snprintf(names[0][i], sizeof names[0][i], "l%d", i);
        (void)snprintf(names[1][i], sizeof names[1][i], "m%d", i);
        lines[i] = (struct line_config){.name = names[0][i],
                                        .host = host,
                                        .port = 1,
                                        .response_timeout_ms = 100,
                                        .units = &unit,
                                        .unit_count = 1};
        links[i] = (struct link_config){.name = names[1][i],
                                        .host = host,
                                        .port = 1,
                                        .client_id = names[1][i],
                                        .keepalive_s = 20,
                                        .max_inflight = 100};
    }
    f->config.lines = lines;
    f->config.line_count = EACH_KIND;
    f->config.links = links;
    f->config.link_count = EACH_KIND;
    f->config.maps = &map;
    f->config.map_count = 1;
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    field = field_start(&f->params);
    assert_non_null(field);
    for (int i = 0; i < EACH_KIND; i++) {
        (void)snprintf(head[0], sizeof head[0], "l%d: cannot open", i);
        (void)snprintf(head[1], sizeof head[1], "m%d: no connection", i);
        WAIT_FOR(log_says(log, head[0]) && log_says(log, head[1]), 3000);
    }
    field_stop(field);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    (void)fclose(log);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_and_link_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
