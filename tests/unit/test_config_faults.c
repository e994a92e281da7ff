/* The faults of a configuration as people and the log of the service see them: what they must not
 * repeat, and where the caret stands. */
#include "tests/unit/config_fixture.h"

#include "bowei/base/bytes.h"

/* The fault's text and the shown line go to the log of the service. */
static void test_secret_is_not_repeated(void **state)
{
    static const char *const texts[] = {
        "redis: {password: hunter2}\n",
        "redis:\n  password: hunter2\n",
        "redis:\n  password:\n    hunter2 # said so\n",
        "redis:\n  \"password\" : \"hunter2\"\n",
        "redis:\n  passwrod: hunter2\n",
        "redis: {password: hunter2, port: 99999}\n",
        "redis: {password: '${HOME}', secrte: hunter2}\n",
        "redis:\n  password: hunter2: x\n",
        "push:\n  - {name: a, envelope: native, secret: hunter2}\n",
    };
    struct config_report report;
    struct config *config = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct strbuf print = {0};

        assert_int_equal(load_text(texts[i], &report, &config), ERR_CONFIG);
        config_report_print(&report, &print);
        strbuf_putc(&print, '\0');
        if (strstr(print.data, "hunter") != NULL) {
            fail_msg("repeated:\n%s", print.data);
        }
        strbuf_finish(&print);
    }
    assert_int_equal(
        load_text("http: {port: x}\nredis: {password: '${HOME}', port: 1}\n", &report, &config),
        ERR_CONFIG);
    assert_string_equal(report.faults[0].source, "http: {port: x}");
}

/* A file is somebody's: what it says never moves the cursor of who checks it. */
static void test_faults_say_nothing_a_terminal_obeys(void **state)
{
    static const char *const texts[] = {
        "\"\\e[2J\": 1\n",
        "http:\n  port: \"\\e]0;x\\a\"\n",
        "log_level: \"\\x9b2J\"\n",
        "instance: a\x1b[2J\n",
        "\xc2\x9b"
        "2J: 1\n",
        "http:\n  port: "
        "\"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
        "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4"
        "\xb8\xad"
        "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\"\n",
    };
    struct config_report report;
    struct config *config = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(load_text(texts[i], &report, &config), ERR_CONFIG);
        for (uint32_t f = 0; f < report.count; f++) {
            const char *both[] = {report.faults[f].text, report.faults[f].source};

            for (size_t b = 0; b < 2; b++) {
                assert_true(utf8_valid(both[b], strlen(both[b])));
                for (const char *p = both[b]; *p != '\0'; p++) {
                    assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
                }
                assert_null(strstr(both[b], "\xc2\x9b"));
            }
        }
    }
}

static void test_caret_stays_below_its_place_in_long_lines(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};

    (void)state;
    strbuf_puts(&text, "http: {");
    for (int i = 0; i < 400; i++) {
        strbuf_putc(&text, ' ');
    }
    strbuf_puts(&text, "public_url: \"\xe4\xb8\xad\",\tprot: 1}\n");
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_CONFIG);
    assert_int_equal(report.count, 2); /* the other is of the URL */
    assert_int_equal(report.faults[1].column, 425);
    assert_memory_equal(report.faults[1].source, "...", 3);
    assert_string_equal(strstr(report.faults[1].source, "public"),
                        "public_url: \"\xe4\xb8\xad\", prot: 1}");
    /* two bytes more than characters before it */
    assert_string_equal(report.faults[1].source + report.faults[1].caret + 2, "prot: 1}");
    strbuf_finish(&text);
}

static void only(const char *text, uint32_t line, uint32_t column, const char *says)
{
    struct config_report report;
    struct config *config = NULL;

    assert_int_equal(load_text(text, &report, &config), ERR_CONFIG);
    assert_int_equal(report.count, 1);
    assert_int_equal(report.faults[0].line, line);
    assert_int_equal(report.faults[0].column, column);
    assert_non_null(strstr(report.faults[0].text, says));
}

static void test_one_mistake_is_one_fault(void **state)
{
    (void)state;
    only("http:\n\tport: 1\n", 2, 1, "(a tab: lines are indented by blanks)");
    /* the default stays behind, so nothing follows from it */
    only("journal:\n  limit_mib: 9223372036854775807GiB\n", 2, 14,
         "\"9223372036854775807GiB\" is out of range (2-65536 MiB)");
    only("lines:\n  - {name: a, device: /dev/x, baud: 12345}\n", 2, 37,
         "1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_is_not_repeated),
        cmocka_unit_test(test_faults_say_nothing_a_terminal_obeys),
        cmocka_unit_test(test_caret_stays_below_its_place_in_long_lines),
        cmocka_unit_test(test_one_mistake_is_one_fault),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
