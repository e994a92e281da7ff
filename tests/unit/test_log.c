/* The log through a real pipe: one clean line a record, levels, rate, and never a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int saved_stderr;
static int reader;

static void capture_begin(void)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
}

/* All that was written, NUL-terminated; stderr is itself again. */
static void capture_end(char *out, size_t cap)
{
    ssize_t n;
    size_t len = 0;

    while (len < cap - 1 && (n = read(reader, out + len, cap - 1 - len)) > 0) {
        len += (size_t)n;
    }
    out[len] = '\0';
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(reader);
}

static void test_line(void **state)
{
    char out[4096];
    int64_t when;

    (void)state;
    capture_begin();
    log_line(LOG_WARNING, "journal", "took %d ms", 42);
    capture_end(out, sizeof out);
    assert_int_equal(rfc3339_parse(out, RFC3339_LEN, &when), 0);
    assert_string_equal(out + RFC3339_LEN, " warning journal: took 42 ms\n");
}

static void test_escapes(void **state)
{
    char out[4096];

    (void)state;
    capture_begin();
    log_line(LOG_ERROR, "mqtt", "%s", "a\r\nb\x1b[2J\x7f\xff\xc0\xaf 泊位 \xc2\x9b %s%n");
    capture_end(out, sizeof out);
    assert_string_equal(out + RFC3339_LEN,
                        " error mqtt: a\\x0d\\x0ab\\x1b[2J\\x7f\\xff\\xc0\\xaf 泊位 "
                        "\\xc2\\x9b %s%n\n");
}

static void test_long_text_is_one_line(void **state)
{
    static char text[20000];
    char out[8192];

    (void)state;
    memset(text, 1, sizeof text - 1);
    capture_begin();
    log_line(LOG_ERROR, "area", "%s", text);
    log_line(LOG_ERROR, "area", "next");
    capture_end(out, sizeof out);
    assert_non_null(strstr(out, "area: \\x01\\x01"));
    assert_non_null(strstr(out, "\\x01\n2"));
    assert_non_null(strstr(out, "area: next\n"));
}

static void test_levels(void **state)
{
    char out[4096];

    (void)state;
    capture_begin();
    log_line(LOG_DEBUG, "a", "debug off");
    log_set_level(LOG_DEBUG);
    log_line(LOG_DEBUG, "a", "debug on");
    log_set_level(LOG_ERROR);
    log_line(LOG_WARNING, "a", "warning off");
    log_line(LOG_ERROR, "a", "error on");
    log_set_level(LOG_INFO);
    log_line(LOG_LEVEL_COUNT, "a", "no level");
    capture_end(out, sizeof out);
    assert_null(strstr(out, "off"));
    assert_null(strstr(out, "no level"));
    assert_non_null(strstr(out, "debug on"));
    assert_non_null(strstr(out, "error on"));
}

static void test_rate(void **state)
{
    char out[4096];
    int64_t gate = 0;
    int64_t always = 0;

    (void)state;
    capture_begin();
    for (int i = 0; i < 100; i++) {
        log_rate(LOG_INFO, &gate, 3600000, "a", "once %d", i);
    }
    log_rate(LOG_INFO, &always, 0, "a", "first");
    log_rate(LOG_INFO, &always, 0, "a", "second");
    capture_end(out, sizeof out);
    assert_non_null(strstr(out, "once 0\n"));
    assert_null(strstr(out, "once 1\n"));
    assert_non_null(strstr(out, "first\n"));
    assert_non_null(strstr(out, "second\n"));
}

/* Nobody reads: a blocking write would hang this test until its time limit. */
static void test_full_pipe_drops(void **state)
{
    static char out[1 << 20];
    unsigned long before = log_dropped();
    size_t lines = 0;

    (void)state;
    capture_begin();
    for (int i = 0; i < 10000; i++) {
        log_line(LOG_INFO, "a", "line %d of a log that nobody reads", i);
    }
    capture_end(out, sizeof out);
    for (const char *p = out; (p = strchr(p, '\n')) != NULL; p++) {
        lines++;
    }
    assert_true(log_dropped() > before);
    assert_int_equal(log_dropped() - before + lines, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),   cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_levels), cmocka_unit_test(test_long_text_is_one_line),
        cmocka_unit_test(test_rate),   cmocka_unit_test(test_full_pipe_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
