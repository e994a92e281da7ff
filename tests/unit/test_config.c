/* The configuration: what a good file gives, and that the template, the example, `config show` and
 * docs/CONFIG.md agree with the table of settings. What is refused: test_config_refused.c. */
#include "tests/unit/config_fixture.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void test_empty_file_is_all_defaults(void **state)
{
    struct config_report report;
    struct config *config = NULL;

    (void)state;
    assert_int_equal(load_text("# nothing\n", &report, &config), ERR_OK);
    assert_string_equal(config->instance, "bowei");
    assert_string_equal(config->keys_file, "/var/lib/bowei/keys");
    assert_int_equal(config->log_level, 2);
    assert_int_equal(config->http.port, 8080);
    assert_string_equal(config->http.host, "127.0.0.1");
    assert_false(config->http.rate_limit_loopback);
    assert_null(config->redis.socket);
    assert_string_equal(config->redis.host, "127.0.0.1");
    assert_int_equal(config->journal.limit_mib, 256);
    assert_int_equal(config->line_count, 0);
    assert_int_equal(config->map_count, 5);
    config_destroy(config);
}

/* Each setting alone, as what it is by default: all others keep their defaults. */
static void test_one_setting_leaves_the_others(void **state)
{
    struct config_report report;
    struct config *plain = NULL;

    (void)state;
    assert_int_equal(load_text("instance: bowei\n", &report, &plain), ERR_OK);
    for (const struct setting *row = setting_next(SECTION_ROOT, NULL); row != NULL;
         row = setting_next(SECTION_ROOT, row)) {
        struct config *config = NULL;
        struct strbuf text = {0};
        unsigned depth = 0;

        if (row->fallback == NULL || row->fallback[0] == '\0') {
            continue;
        }
        for (const char *p = row->key; *p != '\0'; p++) {
            if (*p == '.') {
                strbuf_puts(&text, ": {");
                depth++;
            } else {
                strbuf_putc(&text, *p);
            }
        }
        strbuf_printf(&text, ": \"%s\"", row->fallback);
        for (; depth > 0; depth--) {
            strbuf_putc(&text, '}');
        }
        strbuf_puts(&text, "\n");
        strbuf_putc(&text, '\0');
        assert_int_equal(load_text(text.data, &report, &config), ERR_OK);
        if (!setting_items_same(SECTION_ROOT, plain, config)) {
            fail_msg("%s changes others", row->key);
        }
        config_destroy(config);
        strbuf_finish(&text);
    }
    config_destroy(plain);
}

/* A serial bus with one sensor a unit has as many units as there are unit numbers. */
static void test_a_line_has_all_unit_numbers(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};

    (void)state;
    strbuf_puts(&text, "lines:\n  - name: bus\n    device: /dev/ttyS0\n    units:\n");
    for (unsigned i = 1; i <= 247; i++) {
        strbuf_printf(&text, "      - {name: u%u, unit: %u, map: magnetometer}\n", i, i);
    }
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_OK);
    assert_int_equal(config->lines[0].unit_count, 247);
    assert_int_equal(config->lines[0].units[246].unit, 247);
    config_destroy(config);
    strbuf_finish(&text);
}

static void test_shipped_maps(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    const struct register_map *m = NULL;

    (void)state;
    assert_int_equal(
        load_text("maps:\n  - name: dx80_raw\n    threshold: 500\n  - name: own\n    first: 7\n",
                  &report, &config),
        ERR_OK);
    m = config_map(config, "dx80_state");
    assert_non_null(m);
    assert_int_equal(m->function, 3);
    assert_int_equal(m->base, 1);
    assert_int_equal(m->first, 17); /* register of node 1, I/O 1; node 2 is 33 */
    assert_int_equal(m->stride, 16);
    assert_int_equal(m->status_offset, 7);
    assert_int_equal(m->status_link_code, 0x35);
    assert_int_equal(m->threshold, 0);
    m = config_map(config, "dx80_raw"); /* overridden: starts from the shipped one */
    assert_int_equal(m->threshold, 500);
    assert_int_equal(m->hysteresis, 40);
    assert_int_equal(m->recalibrate.function, 6);
    assert_int_equal(m->recalibrate.address, 30); /* node 1, I/O 14 */
    assert_int_equal(m->recalibrate.stride, 16);
    assert_int_equal(m->first, 17);
    m = config_map(config, "dxm_alias");
    assert_int_equal(m->first, 6802);
    assert_int_equal(m->first + (uint32_t)m->status_offset, 7852);
    assert_int_equal(config_map(config, "bit_concentrator")->function, 2);
    assert_int_equal(config_map(config, "magnetometer")->function, 3);
    assert_int_equal(config_map(config, "own")->first, 7);
    assert_int_equal(config_map(config, "own")->mask, UINT32_MAX);
    assert_null(config_map(config, "none"));
    assert_int_equal(config->map_count, 6);
    config_destroy(config);
}

static void test_secrets(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    char text[400];
    struct strbuf shown = {0};

    (void)state;
    assert_int_equal(setenv("BOWEI_TEST_SECRET", "swordfish", 1), 0);
    text_write("secret", "hunter2\n");
    assert_int_equal(chmod(path_of("secret"), 0644), 0);
    snprintf(text, sizeof text,
             "redis:\n  username: u\n  password: ${BOWEI_TEST_SECRET}\nlinks:\n  - name: a\n    "
             "username: v\n"
             "    password_file: %s\n",
             path_of("secret"));
    assert_int_equal(load_text(text, &report, &config), ERR_CONFIG);
    assert_non_null(strstr(report.faults[0].text, "may be read by everybody"));
    assert_null(strstr(report.faults[0].text, "hunter2"));
    assert_int_equal(chmod(path_of("secret"), 0600), 0);
    assert_int_equal(load_text(text, &report, &config), ERR_OK);
    assert_string_equal(config->redis.password, "swordfish");
    assert_string_equal(config->links[0].password, "hunter2");
    config_show(config, &shown);
    strbuf_putc(&shown, '\0');
    assert_null(strstr(shown.data, "swordfish"));
    assert_null(strstr(shown.data, "hunter2"));
    assert_non_null(strstr(shown.data, "# password: set, not shown"));
    strbuf_finish(&shown);
    config_destroy(config);
}

static void test_secret_is_not_repeated(void **state)
{
    struct config_report report;
    struct config *config = NULL;

    (void)state;
    assert_int_equal(load_text("redis: {password: hunter2}\n", &report, &config), ERR_CONFIG);
    assert_null(strstr(report.faults[0].text, "hunter2"));
}

static void test_overrides(void **state)
{
    const char *good[] = {"http.port=9090", "instance=b", "http.idle_s=2m"};
    const char *bad[] = {"http.prot=1", "http.port=x", "nothing", "lines=a"};
    struct config_report report;
    struct config *config = NULL;

    (void)state;
    text_write("a.yaml", "http: {port: 1}\n");
    assert_int_equal(config_load(path_of("a.yaml"), good, 3, &report, &config), ERR_OK);
    assert_int_equal(config->http.port, 9090);
    assert_int_equal(config->http.idle_s, 120);
    assert_string_equal(config->instance, "b");
    config_destroy(config);
    assert_int_equal(config_load(path_of("a.yaml"), bad, 4, &report, &config), ERR_CONFIG);
    assert_int_equal(report.count, 4);
    assert_string_equal(report.faults[0].text, "--set http.port: \"x\" is not a number (0-65535)");
    assert_string_equal(report.faults[1].text,
                        "--set http.prot: unknown key, did you mean \"http.port\"?");
    assert_string_equal(report.faults[2].text, "--set lines: a list is set in the file only");
    assert_string_equal(report.faults[3].text, "--set nothing: is not key=value");
}

static void test_descriptors_are_summed(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct rlimit before;
    struct rlimit small;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    small = (struct rlimit){.rlim_cur = 1024, .rlim_max = before.rlim_max};
    if (before.rlim_max < 1024 + 10 + 32 || setrlimit(RLIMIT_NOFILE, &small) != 0) {
        skip();
    }
    assert_int_equal(load_text("http: {connections: 10, streams: 1}\n", &report, &config), ERR_OK);
    config_destroy(config);
}

static void check_valid(const char *path, struct config **out)
{
    struct config_report report;
    struct strbuf text = {0};

    if (config_load(path, NULL, 0, &report, out) != ERR_OK) {
        config_report_print(&report, &text);
        strbuf_putc(&text, '\0');
        fail_msg("%s", text.data);
    }
}

static void test_example_is_valid_and_show_reads_back(void **state)
{
    struct config *config = NULL;
    struct config *again = NULL;
    struct strbuf first = {0};
    struct strbuf second = {0};

    (void)state;
    check_valid(TESTS_DIR "/../config/bowei.example.yaml", &config);
    assert_int_equal(config->line_count, 2);
    assert_int_equal(config->lines[0].units[0].period_ms, 2000);
    assert_string_equal(config->lines[1].path, "lines[1]");
    assert_string_equal(config->links[0].client_id, "songshan-1-lora");
    assert_non_null(config_unit(config, "depot", "depot/loops"));
    assert_ptr_equal(config_unit(config, "depot", "loops"), &config->lines[1].units[0]);
    assert_null(config_unit(config, "depot", "depot/none"));
    config_show(config, &first);
    check_valid(bytes_write("shown.yaml", first.data, first.len), &again);
    config_show(again, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    strbuf_finish(&first);
    strbuf_finish(&second);
    config_destroy(config);
    config_destroy(again);
}

static void test_template_gives_the_defaults(void **state)
{
    struct config *a = NULL;
    struct config *b = NULL;
    struct strbuf text = {0};
    struct strbuf shown_a = {0};
    struct strbuf shown_b = {0};

    (void)state;
    config_template(&text);
    check_valid(bytes_write("template.yaml", text.data, text.len), &a);
    check_valid(text_write("empty.yaml", ""), &b);
    config_show(a, &shown_a);
    config_show(b, &shown_b);
    assert_int_equal(shown_a.len, shown_b.len);
    assert_memory_equal(shown_a.data, shown_b.data, shown_a.len);
    strbuf_finish(&text);
    strbuf_finish(&shown_a);
    strbuf_finish(&shown_b);
    config_destroy(a);
    config_destroy(b);
}

static void test_reference_is_the_document(void **state)
{
    struct strbuf want = {0};
    FILE *file = fopen(TESTS_DIR "/../docs/CONFIG.md", "rb");
    char *have = calloc(1, 1u << 16);
    size_t len = 0;

    (void)state;
    assert_non_null(file);
    assert_non_null(have);
    len = fread(have, 1, (1u << 16) - 1, file);
    fclose(file);
    config_reference(&want);
    strbuf_putc(&want, '\0');
    assert_string_equal(have,
                        want.data); /* write it anew: bowei config reference > docs/CONFIG.md */
    assert_int_equal(len + 1, want.len);
    free(have);
    strbuf_finish(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_file_is_all_defaults),
        cmocka_unit_test(test_one_setting_leaves_the_others),
        cmocka_unit_test(test_a_line_has_all_unit_numbers),
        cmocka_unit_test(test_shipped_maps),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_secret_is_not_repeated),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_descriptors_are_summed),
        cmocka_unit_test(test_example_is_valid_and_show_reads_back),
        cmocka_unit_test(test_template_gives_the_defaults),
        cmocka_unit_test(test_reference_is_the_document),
    };

    return cmocka_run_group_tests(tests, set_up, folder_remove);
}
