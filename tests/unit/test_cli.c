/* The command line: help and unknown words, IDs, the check of a configuration, keys, and the
 * commands that ask a server. Frames and messages: test_cli_decode.c; what a state folder holds:
 * test_cli_state.c; what refusals and warnings say: test_cli_refusals.c. */
#include "tests/unit/cli_fixture.h"
#include "tests/unit/loopback.h"

static void test_help_and_unknown_commands(void **state)
{
    (void)state;
    assert_int_equal(bowei(NULL), CLI_USAGE);
    assert_string_equal(out_text, "");
    assert_non_null(strstr(wrong_text, "check-config"));
    assert_int_equal(bowei("help", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "journal"));
    assert_non_null(strstr(out_text, "serve"));
    assert_int_equal(bowei("--help", NULL), CLI_OK);
    assert_int_equal(bowei("help", "import", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "--dry-run"));
    assert_int_equal(bowei("import", "x", "-h", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "--dry-run"));
    assert_int_equal(bowei("improt", NULL), CLI_USAGE);
    assert_string_equal(wrong_text, "bowei: there is no command improt, did you mean import?\n");
    assert_int_equal(bowei("improt", "--help", NULL), CLI_USAGE);
    assert_int_equal(bowei("serve", "a", NULL), 42);
    assert_string_equal(out_text, "serve 2 serve\n");
    assert_int_equal(bowei("version", NULL), CLI_OK);
    assert_int_equal(strncmp(out_text, "bowei ", 6), 0);
    assert_int_equal(bowei("version", "--json", NULL), CLI_OK);
    assert_int_equal(json_lines(), 1);
}

static void test_unknown_options_never_run(void **state)
{
    (void)state;
    assert_int_equal(bowei("import", "--dryrun", "x", NULL), CLI_USAGE);
    assert_string_equal(wrong_text,
                        "bowei import: --dryrun is not an option, did you mean --dry-run?\n");
    assert_int_equal(bowei("import", "--crs", NULL), CLI_USAGE);
    assert_int_equal(bowei("import", "--dry-run=1", "x", NULL), CLI_USAGE);
    assert_int_equal(bowei("import", "-x", NULL), CLI_USAGE);
    assert_int_equal(bowei("import", NULL), CLI_USAGE);
    assert_int_equal(bowei("import", "--crs", "mars", "x", NULL), CLI_USAGE);
    assert_int_equal(bowei("export", "--format", "csv", NULL), CLI_USAGE);
    assert_int_equal(bowei("import", "--state", "a", "--config", "b", "c", NULL), CLI_USAGE);
}

static void test_ids(void **state)
{
    (void)state;
    assert_int_equal(bowei("id", "check", "150402001R0010012Z", NULL), CLI_OK);
    assert_int_equal(bowei("id", "check", "150402001R0010012Y", NULL), CLI_FAILURE);
    assert_string_equal(out_text,
                        "150402001R0010012Y: the check character does not match, it should be Z\n");
    assert_int_equal(bowei("id", "check", " 150402001R0010012Z", NULL), CLI_FAILURE);
    assert_int_equal(bowei("id", "format", "150402001r0010012z", NULL), CLI_OK);
    assert_string_equal(out_text, "150402-001-R001-0012-Z\n");
    assert_int_equal(bowei("id", "make", "150402-001-r001-0012", NULL), CLI_OK);
    assert_string_equal(out_text, "150402001R0010012Z\n");
    assert_int_equal(bowei("id", "make", "150402001R0010012Z", NULL), CLI_FAILURE);
    assert_string_equal(out_text, "");
    assert_int_not_equal(wrong_text[0], '\0');
    assert_int_equal(bowei("id", "check", "x", "150402001R0010012Z", "--json", NULL), CLI_FAILURE);
    assert_int_equal(json_lines(), 2);
    assert_int_equal(bowei("id", "check", NULL), CLI_USAGE);
    assert_int_equal(bowei("id", "chekc", "x", NULL), CLI_USAGE);
}

static void test_check_config(void **state)
{
    (void)state;
    text_write("good.yaml", "http: {port: 0}\n");
    text_write("bad.yaml", "http: {prot: 0}\n");
    text_write("envelope.yaml",
               "links:\n  - name: a\n    subscriptions: [{topic: t, envelope: natvie}]\n");
    assert_int_equal(bowei("check-config", path_of("good.yaml"), NULL), CLI_OK);
    assert_int_equal(
        bowei("check-config", "--config", path_of("good.yaml"), "--set", "http.port=x", NULL),
        CLI_BAD_INPUT);
    assert_int_equal(bowei("check-config", path_of("bad.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(
        strstr(wrong_text, "bad.yaml:1:8: http.prot: unknown key, did you mean \"port\"?"));
    assert_string_equal(out_text, "");
    assert_int_equal(bowei("check-config", path_of("envelope.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(
        strstr(wrong_text, "there is no envelope \"natvie\", did you mean \"native\"?"));
    assert_int_equal(bowei("check-config", path_of("none.yaml"), NULL), CLI_BAD_INPUT);
    assert_int_equal(bowei("check-config", NULL), CLI_USAGE);
    text_write("hooks.yaml", "delivery: {allow: 10.0.0.0, schedule_s: 5;6, ca_file: /nowhere/ca}\n"
                             "webhook_templates:\n"
                             "  - {name: a, body: '{kind} {kindd}'}\n"
                             "  - {name: a, body: x}\n");
    assert_int_equal(bowei("check-config", path_of("hooks.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(strstr(wrong_text, "hooks.yaml:1:19: delivery.allow: \"10.0.0.0\": a network"));
    assert_non_null(strstr(wrong_text, "delivery.schedule_s: must be 1 to 20 pauses"));
    assert_non_null(strstr(wrong_text, "delivery.ca_file: /nowhere/ca: No such file"));
    assert_non_null(strstr(wrong_text, "webhook_templates[0].body: there is no {kindd}"));
    assert_non_null(strstr(wrong_text, "webhook_templates[1].name: \"a\" stands twice"));
    assert_int_equal(
        bowei("config", "show", "--config", path_of("good.yaml"), "--set", "instance=z", NULL),
        CLI_OK);
    assert_non_null(strstr(out_text, "instance: \"z\""));
    assert_int_equal(bowei("config", "template", NULL), CLI_OK);
    text_write("template.yaml", out_text);
    assert_int_equal(bowei("check-config", path_of("template.yaml"), NULL), CLI_OK);
    assert_int_equal(bowei("config", "reference", NULL), CLI_OK);
    assert_int_equal(bowei("config", "tempalte", NULL), CLI_USAGE);
    assert_int_equal(bowei("config", "show", NULL), CLI_USAGE);
}

static int occurrences(const char *text, const char *needle)
{
    int n = 0;

    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        n++;
    }
    return n;
}

/* What `bowei keys` changes is audited before it is shown; without an audit nothing is given out.
 */
static void test_key_audit(void **state)
{
    static char text[CLI_TEXT_MAX];
    char prefix[9];

    (void)state;
    assert_int_equal(bowei("keys", "create", "--role", "operator", "--operator", "MB", "--name",
                           "van", "--quiet", "--keys", path_of("audited"), NULL),
                     CLI_OK);
    snprintf(prefix, sizeof prefix, "%.8s", out_text + 3);
    assert_int_equal(bowei("keys", "rotate", "van", "--quiet", "--keys", path_of("audited"), NULL),
                     CLI_OK);
    assert_int_equal(bowei("keys", "revoke", prefix, "--quiet", "--keys", path_of("audited"), NULL),
                     CLI_OK);
    text_read("audited.audit", text, sizeof text);
    assert_int_equal(occurrences(text, "\n"), 3);
    assert_int_equal(occurrences(text, "\"uid\":"), 3);
    assert_int_equal(occurrences(text, prefix), 2); /* made, revoked */
    assert_int_equal(occurrences(text, "\"action\":\"create\""), 1);
    assert_int_equal(occurrences(text, "\"action\":\"rotate\""), 1);
    assert_int_equal(occurrences(text, "\"action\":\"revoke\""), 1);
    assert_int_equal(occurrences(text, "\"operator\":\"MB\""), 2);
    assert_int_equal(mkdir(path_of("unaudited.audit"), 0700), 0);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "desk", "--keys",
                           path_of("unaudited"), NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "");
    assert_int_equal(bowei("keys", "list", "--json", "--keys", path_of("unaudited"), NULL), CLI_OK);
    assert_int_equal(occurrences(out_text, "\"revoked\":true"), 1);
    assert_int_equal(occurrences(out_text, "\"revoked\":false"), 0);
}

static void test_keys(void **state)
{
    char prefix[9];

    (void)state;
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "desk", "--keys",
                           path_of("keys"), NULL),
                     CLI_OK);
    assert_int_equal(strncmp(out_text, "bw_", 3), 0);
    assert_non_null(strstr(wrong_text, "shown only now"));
    snprintf(prefix, sizeof prefix, "%.8s", out_text + 3);
    assert_int_equal(bowei("keys", "create", "--role", "operator", "--operator", "MB", "--name",
                           "feed", "--quiet", "--json", "--keys", path_of("keys"), NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_string_equal(wrong_text, "");
    assert_int_equal(bowei("keys", "list", "--keys", path_of("keys"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, prefix));
    assert_int_equal(bowei("keys", "revoke", prefix, "--keys", path_of("keys"), NULL), CLI_OK);
    assert_int_equal(bowei("keys", "list", "--json", "--keys", path_of("keys"), NULL), CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_non_null(strstr(out_text, "\"revoked\":true"));
    assert_int_equal(bowei("keys", "rotate", "feed", "--overlap", "1h", "--quiet", "--keys",
                           path_of("keys"), NULL),
                     CLI_OK);
    assert_int_equal(bowei("keys", "rotate", "feed", "--keys", path_of("keys"), NULL),
                     CLI_BAD_INPUT);
    assert_int_equal(bowei("keys", "rotate", "nobody", "--keys", path_of("keys"), NULL),
                     CLI_NOT_FOUND);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "north", "--district",
                           "150402", "--district", "150403", "--expires", "90d", "--quiet",
                           "--keys", path_of("keys"), NULL),
                     CLI_OK);
    assert_int_equal(bowei("keys", "create", "--role", "admin", "--name", "x", "--district",
                           "150402", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--expires",
                           "yesterday", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--expires",
                           "2020-01-01T00:00:00Z", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "revoke", "zzzzzzzz", "--keys", path_of("keys"), NULL),
                     CLI_NOT_FOUND);
    assert_int_equal(
        bowei("keys", "create", "--role", "king", "--name", "x", "--keys", path_of("keys"), NULL),
        CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "a b", "--keys",
                           path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "operator", "--name", "x", "--keys",
                           path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--operator", "MB", "--name", "x",
                           "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--keys",
                           "/nonexistent/keys", NULL),
                     CLI_FAILURE);
}

/* Runs a command against a server of one answer. */
static int ask_server(const char *answer, const char *command, const char *first,
                      const char *second)
{
    uint16_t port = 0;
    const int listening = loopback_listen(&port);
    char url[LOOPBACK_URL_CAP];
    char request[4096];
    pid_t child;
    int peer;

    loopback_url(port, url);
    child = bowei_begin((const char *const[]){command, "--url", url, first, second, NULL});
    peer = accept(listening, NULL, NULL);
    assert_true(peer >= 0);
    assert_true(read(peer, request, sizeof request) > 0);
    assert_int_equal(write(peer, answer, strlen(answer)), strlen(answer));
    close(peer);
    close(listening);
    return bowei_end(child);
}

static void test_rest_commands(void **state)
{
    uint16_t port = 0;
    const int silent = loopback_bind(&port);
    char url[LOOPBACK_URL_CAP];

    (void)state;
    loopback_url(port, url);
    assert_int_equal(
        ask_server("HTTP/1.0 200 "
                   "OK\r\n\r\n{\"items\":[{\"id\":\"A\",\"state\":\"free\",\"confidence\":97},"
                   "{\"id\":\"B\",\"state\":\"unknown\"}]}",
                   "spaces", "list", NULL),
        CLI_OK);
    assert_non_null(strstr(out_text, "\nA   free     -       97"));
    assert_non_null(strstr(out_text, "\nB   unknown  -       -"));
    assert_int_equal(
        ask_server("HTTP/1.0 200 OK\r\n\r\n{\"id\":\"L\",\"free\":3}", "lots", "L", "--json"),
        CLI_OK);
    assert_string_equal(out_text, "{\"id\":\"L\",\"free\":3}\n");
    assert_int_equal(ask_server("HTTP/1.1 404 Not Found\r\n\r\n{}", "spaces", "get", "X"),
                     CLI_NOT_FOUND);
    assert_int_equal(ask_server("HTTP/1.1 401 No\r\n\r\n{}", "spaces", "get", "X"), CLI_AUTH);
    assert_int_equal(ask_server("HTTP/1.1 503 No\r\n\r\n{}", "spaces", "get", "X"), CLI_FAILURE);
    assert_int_equal(ask_server("nonsense", "spaces", "get", "X"), CLI_UNREACHABLE);
    assert_int_equal(ask_server("HTTP/1.0 200 OK\r\n\r\n{broken", "lots", NULL, NULL), CLI_FAILURE);
    assert_int_equal(ask_server("HTTP/1.0 200 OK\r\n\r\nok", "doctor", "--quick", NULL), CLI_OK);
    assert_int_equal(ask_server("HTTP/1.0 503 No\r\n\r\nno", "doctor", "--quick", NULL),
                     CLI_FAILURE);
    assert_int_equal(bowei("doctor", "--quick", "--url", url, NULL), CLI_UNREACHABLE);
    close(silent);
    assert_int_equal(bowei("doctor", "--url", "ftp://x", NULL), CLI_UNREACHABLE);
    assert_int_equal(bowei("spaces", "frobnicate", NULL), CLI_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_and_unknown_commands),
        cmocka_unit_test(test_unknown_options_never_run),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_check_config),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_key_audit),
        cmocka_unit_test(test_rest_commands),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
