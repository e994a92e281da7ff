/* What a reload would take over: which lines and links an edit touches, which settings wait for a
 * restart, and that those keep their running values. */
#include "tests/unit/own_folder.h"

#include "bowei/config.h"

static struct config *load(const char *text)
{
    struct config_report *report = calloc(1, sizeof *report);
    struct config *config = NULL;

    if (config_load(text_write("a.yaml", text), NULL, 0, report, &config) != ERR_OK) {
        fail_msg("%s", report->faults[0].text);
    }
    free(report);
    return config;
}

#define UNIT(name, number, more) "      - {name: " name ", unit: " number ", map: " more "}\n"
#define LINE(name, host, units)  "  - name: " name "\n    host: " host "\n    units:\n" units
#define A                        LINE("a", "192.0.2.1", UNIT("u", "1", "m"))
#define B                        LINE("b", "192.0.2.2", UNIT("u", "1", "dx80_raw"))
#define M(threshold)             "maps:\n  - {name: m, channels: 4, threshold: " threshold "}\n"
#define P(words)                 "mappings:\n  - {name: p, device: id, occupied: s, states: \"" words "\"}\n"
#define L(name, envelope)                                                                          \
    "  - name: " name "\n    subscriptions: [{topic: " name "/#, envelope: " envelope "}]\n"
#define BASE "lines:\n" A B M("300") "links:\n" L("l", "p") L("n", "native") P("1=free,2=occupied")

static struct config_difference difference(const char *before, const char *after)
{
    struct config *running = load(before);
    struct config *next = load(after);
    struct config_difference d;

    config_compare(running, next, &d);
    config_destroy(running);
    config_destroy(next);
    return d;
}

static void the_same_file_changes_nothing(void **state)
{
    struct config_difference d = difference(BASE, BASE);

    (void)state;
    assert_false(d.live);
    assert_false(d.timing);
    assert_int_equal(d.waiting_count, 0);
    assert_int_equal(d.lines[0] + d.lines[1] + d.links[0] + d.links[1], CONFIG_KEPT);
    /* by name: where they stand in the file says nothing */
    d = difference("lines:\n" A B M("300"), "lines:\n" B A M("300"));
    assert_false(d.live);
}

static void only_what_was_edited_is_touched(void **state)
{
    struct config_difference d = difference(
        "lines:\n" A B M("300"), "lines:\n" LINE("c", "192.0.2.3", UNIT("u", "1", "m")) B M("300"));

    (void)state;
    assert_true(d.live);
    assert_true(d.timing);
    assert_int_equal(d.lines[0], CONFIG_ADDED);
    assert_int_equal(d.lines[1], CONFIG_KEPT);
    assert_int_equal(d.lines_removed, 1);
    /* a map is the lines' that use it */
    d = difference(BASE, "lines:\n" A B M("301") "links:\n" L("l", "p") L("n", "native")
                             P("1=free,2=occupied"));
    assert_int_equal(d.lines[0], CONFIG_EDITED);
    assert_int_equal(d.lines[1], CONFIG_KEPT);
    assert_false(d.timing);
    /* a mapping is the links' that use it */
    d = difference(BASE, "lines:\n" A B M("300") "links:\n" L("l", "p") L("n", "native")
                             P("1=occupied,2=free"));
    assert_int_equal(d.links[0], CONFIG_EDITED);
    assert_int_equal(d.links[1], CONFIG_KEPT);
    assert_int_equal(d.lines[0] + d.lines[1], CONFIG_KEPT);
    d = difference(BASE, "lines:\n" A B M("300"));
    assert_int_equal(d.links_removed, 2);
    assert_true(d.live);
    /* what a map of the file hides comes back */
    d = difference("lines:\n" B "maps:\n  - {name: dx80_raw, threshold: 200}\n", "lines:\n" B);
    assert_int_equal(d.lines[0], CONFIG_EDITED);
}

static void a_push_source_is_compared_with_its_mapping(void **state)
{
#define PUSHES(more)                                                                               \
    "push:\n  - {name: s, envelope: p, secret: \"${BOWEI_COMPARE}\"" more                          \
    "}\n" P("1=free,2=occupied")
    struct config_difference d = difference(PUSHES(""), PUSHES(""));

    (void)state;
    assert_false(d.live);
    d = difference(
        PUSHES(""),
        "push:\n  - {name: s, envelope: p, secret: \"${BOWEI_COMPARE}\"}\n" P("1=occupied,2=free"));
    assert_int_equal(d.pushes[0], CONFIG_EDITED);
    assert_true(d.live);
    d = difference(PUSHES(""), P("1=free,2=occupied"));
    assert_int_equal(d.pushes_removed, 1);
    assert_true(d.live);
    d = difference(P("1=free,2=occupied"), PUSHES(""));
    assert_int_equal(d.pushes[0], CONFIG_ADDED);
}

static void timing_of_a_unit_concerns_the_inventory(void **state)
{
    struct config_difference d =
        difference("lines:\n" B,
                   "lines:\n" LINE("b", "192.0.2.2", UNIT("u", "1", "dx80_raw, limit_ms: 60000")));

    (void)state;
    assert_int_equal(d.lines[0], CONFIG_EDITED);
    assert_true(d.timing);
    d = difference("lines:\n" B, "lines:\n" LINE("b", "192.0.2.9", UNIT("u", "1", "dx80_raw")));
    assert_int_equal(d.lines[0], CONFIG_EDITED);
    assert_false(d.timing);
    assert_int_equal(difference("log_level: info\n", "log_level: debug\n").live, true);
}

static void what_needs_a_restart_is_named_and_kept(void **state)
{
    struct config *running = load("instance: x\nhttp: {port: 81}\nlinks:\n" L("l", "native"));
    struct config *next =
        load("instance: y\nhttp: {port: 82, idle_s: 9}\nredis:\n  password: ${BOWEI_COMPARE}\n"
             "log_level: debug\nlinks:\n" L("l", "native"));
    struct config_difference d;

    (void)state;
    config_compare(running, next, &d);
    assert_int_equal(d.waiting_count, 4);
    assert_string_equal(d.waiting[0], "instance");
    assert_string_equal(d.waiting[1], "http.port");
    assert_string_equal(d.waiting[2], "http.idle_s");
    assert_string_equal(d.waiting[3], "redis.password");
    assert_int_equal(d.links[0], CONFIG_EDITED); /* its client id would be another */
    assert_true(config_keep(running, next));
    assert_string_equal(next->instance, "x");
    assert_int_equal(next->http.port, 81);
    assert_int_equal(next->http.idle_s, 60);
    assert_null(next->redis.password);
    assert_int_equal(next->log_level, 3);
    assert_string_equal(next->links[0].client_id, "x-l");
    config_compare(running, next, &d);
    assert_int_equal(d.waiting_count, 0);
    assert_int_equal(d.links[0], CONFIG_KEPT);
    assert_true(d.live); /* the log level */
    config_destroy(running);
    config_destroy(next);
}

static int set_up(void **state)
{
    return folder_make(state) != 0 || setenv("BOWEI_COMPARE", "0123456789abcdef", 1) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_file_changes_nothing),
        cmocka_unit_test(only_what_was_edited_is_touched),
        cmocka_unit_test(a_push_source_is_compared_with_its_mapping),
        cmocka_unit_test(timing_of_a_unit_concerns_the_inventory),
        cmocka_unit_test(what_needs_a_restart_is_named_and_kept),
    };

    return cmocka_run_group_tests(tests, set_up, folder_remove);
}
