/* Configurations that are refused: what each broken file is told and where, all faults at once, and
 * files that are hostile or none. */
#include "tests/unit/config_fixture.h"

struct broken {
    const char *name;
    const char *text;
    uint32_t line, column;
    const char *says;
};

#define LINE_OK                                                                                    \
    "lines:\n  - name: a\n    host: 192.0.2.1\n    units:\n      - {name: u, unit: 1, map: "
#define MAP_OK  "maps:\n  - name: m\n    "
#define PUSH_OK "push:\n  - name: a\n    envelope: native\n    "
#define LINK_OK "links:\n  - name: a\n    "

/* clang-format off */
static const struct broken brokens[] = {
    {"no number", "http:\n  port: eighty\n", 2, 9,
     "http.port: \"eighty\" is not a number (0-65535)"},
    {"beyond range", "http:\n  port: 65536\n", 2, 9,
     "http.port: \"65536\" is out of range (0-65535)"},
    {"negative", "http: {idle_s: -1}\n", 1, 16, "http.idle_s: \"-1\" is out of range (1-600 s)"},
    {"negative timeout", "redis:\n  timeout_ms: -5\n", 2, 15,
     "redis.timeout_ms: \"-5\" is out of range"},
    {"huge number", "http:\n  port: 99999999999999999999\n", 2, 9, "is out of range"},
    {"fraction", "http:\n  port: 80.5\n", 2, 9, "is not a number"},
    {"wrong unit", "http:\n  idle_s: 5ms\n", 2, 11, "is not a number"},
    {"unknown key", "http:\n  prot: 80\n", 2, 3, "http.prot: unknown key, did you mean \"port\"?"},
    {"unknown top key", "instnace: x\n", 1, 1, "instnace: unknown key, did you mean \"instance\"?"},
    {"unknown far key", "zzzzzzzz: x\n", 1, 1, "zzzzzzzz: unknown key"},
    {"pasword_file", LINK_OK "pasword_file: /x\n", 3, 5,
     "links[0].pasword_file: unknown key, did you mean \"password_file\"?"},
    {"include", "include: a.yaml\n", 1, 1, "include: unknown key"},
    {"include tag", "instance: !include a.yaml\n", 1, 11, "the tag !include is not known"},
    {"merge key", "http: &h {port: 1}\nredis:\n  <<: *h\n", 3, 3, "redis.<<: unknown key"},
    {"twice", "http:\n  port: 1\n  port: 2\n", 3, 3, "http.port: stands twice, first in line 2"},
    {"group twice", "http: {port: 1}\nhttp: {port: 2}\n", 2, 1,
     "http: stands twice, first in line 1"},
    {"not a mapping", "http: 8080\n", 1, 7, "http: is not a mapping of keys"},
    {"not a value", "instance: [a]\n", 1, 11, "instance: is not a single value"},
    {"not a list", "lines: {name: a}\n", 1, 8, "lines: is not a list"},
    {"item no mapping", "lines:\n  - a\n", 2, 5, "lines[0]: is not a mapping of keys"},
    {"key no word", "[a, b]: c\n", 1, 1, "a key must be a plain word"},
    {"top no mapping", "- a\n", 1, 1, "the file is not a mapping"},
    {"second document", "instance: a\n---\ninstance: b\n", 3, 1, "a second document"},
    {"tab", "http:\n\tport: 1\n", 2, 1, "not YAML"},
    {"open bracket", "http: {port: 1\n", 2, 1, "not YAML"},
    {"unclosed quote", "instance: \"a\n", 2, 1, "not YAML"},
    {"invalid UTF-8", "instance: a\nkeys_file: \xff\xfe\n", 2, 12, "not YAML"},
    {"control character", "instance: a\nkeys_file: \"a\\x1bb\"\n", 2, 12,
     "keys_file: the text has a control character"},
    {"NUL", "instance: \"a\\0b\"\n", 1, 11, "instance: holds a NUL byte"},
    {"unknown alias", "instance: *nobody\n", 1, 11, "not YAML"},
    {"empty name", "instance: \"\"\n", 1, 11, "instance: the text is empty"},
    {"bad name", "instance: a b\n", 1, 11, "instance: \"a b\" is not allowed here"},
    {"long name", "instance: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, 11,
     "has 33 bytes, 32 are allowed"},
    {"bool", "http:\n  rate_limit_loopback: yes\n", 2, 24, "\"yes\" is neither (true or false)"},
    {"choice", "log_level: loud\n", 1, 12,
     "\"loud\" is not allowed here (error, warning, info or debug)"},
    {"no IP", "http:\n  host: localhost\n", 2, 9,
     "http.host: \"localhost\" is not allowed here (IP address)"},
    {"secret in the file", "redis:\n  password: hunter2\n", 2, 13,
     "redis.password: a secret does not stand in the file"},
    {"environment missing", "redis:\n  username: u\n  password: ${BOWEI_TEST_NOT_SET}\n", 3, 13,
     "the environment has no BOWEI_TEST_NOT_SET"},
    {"environment unclosed", "state_folder: ${HOME\n", 1, 15, "${ without a name"},
    {"secret file missing", "redis:\n  password_file: /nonexistent/secret\n", 2, 18,
     "cannot open \"/nonexistent/secret\": No such file"},
    {"secret file a folder", "redis:\n  password_file: /\n", 2, 18, "\"/\" is not a file"},
    {"secret twice", "redis:\n  password: ${PATH}\n  password_file: /x\n  username: u\n", 3, 18,
     "given in two ways"},
    {"beyond loopback", "http:\n  host: 0.0.0.0\n", 2, 9, "http.host: 0.0.0.0 is beyond this host"},
    {"half a pair", "http:\n  tls:\n    key_file: k\n", 3, 15,
     "http.tls: set certificate_file and key_file"},
    {"two Redis", "redis:\n  socket: /a\n  host: b\n", 3, 9,
     "redis.host: redis.socket is set, too"},
    {"reserve", "journal:\n  limit_mib: 16\n  reserve_mib: 16\n", 3, 16,
     "journal.reserve_mib: 16 is not below"},
    {"streams", "http:\n  connections: 10\n  streams: 11\n", 3, 12,
     "http.streams: 11 streams, but 10"},
    {"name missing", "lines:\n  - host: 192.0.2.1\n", 2, 5, "lines[0].name: is missing"},
    {"host and device", "lines:\n  - name: a\n    host: 192.0.2.1\n    device: /dev/ttyS0\n", 4,
     13, "lines[0]: set either host (TCP) or device (RTU)"},
    {"neither", "lines:\n  - name: a\n", 2, 5, "set either host (TCP) or device (RTU)"},
    {"relative tty", "lines:\n  - name: a\n    device: ttyS0\n", 3, 13,
     "\"ttyS0\" is not allowed here (absolute path)"},
    {"one tty twice",
     "lines:\n  - {name: a, device: /dev/ttyS0}\n  - {name: b, device: /dev/ttyS0}\n", 3, 23,
     "is the port of lines[0], too"},
    {"line name twice", "lines:\n  - {name: a, host: 192.0.2.1}\n  - {name: a, host: 192.0.2.2}\n",
     3, 12, "lines[1].name: \"a\" is lines[0], too"},
    {"baud", "lines:\n  - {name: a, device: /dev/ttyS0, baud: 9601}\n", 2, 41,
     "\"9601\" is out of range"},
    {"parity", "lines:\n  - {name: a, device: /dev/ttyS0, parity: mark}\n", 2, 43,
     "none, even or odd"},
    {"period 0", LINE_OK "dx80_raw, period_ms: 0}\n", 5, 54,
     "period_ms: \"0\" is out of range (50-3600000 ms)"},
    {"limit below period", LINE_OK "dx80_raw, limit_ms: 999}\n", 5, 53,
     "limit_ms: 999 is below the period of 1000 ms"},
    {"map unknown", LINE_OK "dx80_rav}\n", 5, 33,
     "there is no map \"dx80_rav\", did you mean \"dx80_raw\"?"},
    {"max_read words", LINE_OK "dx80_raw, max_read: 126}\n", 5, 53,
     "126 registers, a request may have 125"},
    {"unit 0",
     "lines:\n  - name: a\n    host: 192.0.2.1\n    units:\n      - {name: u, unit: 0, map: "
     "dx80_raw}\n", 5, 25, "\"0\" is out of range (1-255)"},
    {"unit 248",
     "lines:\n  - name: a\n    host: 192.0.2.1\n    units:\n      - {name: u, unit: 248, map: "
     "dx80_raw}\n", 5, 25, "248 is not 1-247 or 255"},
    {"bridge on a serial line",
     "lines:\n  - name: a\n    device: /dev/x\n    units:\n      - {name: u, unit: 255, map: "
     "dx80_raw}\n", 5, 25, "255 is not 1-247"},
    {"unit twice", LINE_OK "dx80_raw}\n      - {name: v, unit: 1, map: dx80_raw}\n", 6, 25,
     "unit 1 is polled with the same map by units[0]"},
    {"unit name twice", LINE_OK "dx80_raw}\n      - {name: u, unit: 2, map: dx80_raw}\n", 6, 16,
     "lines[0].units[1].name: \"u\" is units[0], too"},
    {"registers beyond", MAP_OK "first: 65530\n    channels: 10\n", 4, 15,
     "the last register is 65539, beyond 65535"},
    {"status beyond", MAP_OK "first: 65535\n    status_offset: 3\n", 2, 5,
     "the last register is 65538, beyond 65535"},
    {"below base", MAP_OK "base: 1\n    first: 0\n", 4, 12, "maps[0].first: 0 is below the base 1"},
    {"overlapping status", MAP_OK "channels: 8\n    status_offset: 4\n", 4, 20, "overlaps a value"},
    {"mask code alone", MAP_OK "status_link_code: 0x35\n", 3, 23, "without status_offset"},
    {"never occupied", MAP_OK "mask: 0x0F\n    occupied_value: 16\n", 4, 21,
     "16 never passes the mask 0xF"},
    {"a mask beyond the register", MAP_OK "mask: 0x10000\n", 3, 11,
     "mask: 0x10000 lets nothing of the value through"},
    {"a mask beyond the bit", MAP_OK "function: 2\n    mask: 2\n", 4, 11,
     "mask: 0x2 lets nothing of the value through"},
    {"occupied beyond the register", MAP_OK "occupied_value: 70000\n", 3, 21,
     "70000 is beyond the largest value 65535"},
    {"occupied beyond the bit", MAP_OK "function: 1\n    occupied_value: 5\n", 4, 21,
     "5 is beyond the largest value 1"},
    {"occupied is empty", MAP_OK "occupied_value: 2\n    empty_value: 2\n", 4, 18,
     "2 is the occupied_value, too"},
    {"all but empty is occupied", MAP_OK "empty_value: 0\n", 3, 18,
     "all but 0 is occupied: nothing is free"},
    {"never free", MAP_OK "threshold: 10\n    hysteresis: 20\n", 4, 17,
     "with 20 nothing below the threshold 10 is free"},
    {"hysteresis of nothing", MAP_OK "hysteresis: 20\n", 3, 17, "20 without threshold"},
    {"beyond a register", MAP_OK "threshold: 65530\n    hysteresis: 20\n", 3, 16,
     "is beyond the largest value 65535"},
    {"beyond the mask", MAP_OK "mask: 0xFF\n    threshold: 300\n", 4, 16,
     "is beyond the largest value 255"},
    {"empty behind the mask", MAP_OK "mask: 1\n    empty_value: 65535\n", 4, 18,
     "65535 is beyond the largest value 1"},
    {"function", MAP_OK "function: 5\n", 3, 15, "\"5\" is out of range (1-4)"},
    {"bits with status", MAP_OK "function: 2\n    status_offset: 4\n", 4, 20,
     "bits (function 2) have no threshold"},
    {"bits with a type", MAP_OK "function: 2\n    type: u32\n", 4, 11,
     "bits (function 2) have no type"},
    {"no such order", MAP_OK "order: dabc\n", 3, 12, "abcd, cdab, badc or dcba"},
    {"mask of a float", MAP_OK "type: f32\n    mask: 0xFF\n", 4, 11,
     "only u16 and u32 may be masked"},
    {"stride of 32 bits", MAP_OK "type: s32\n    channels: 2\n", 2, 5,
     "a 32-bit value takes 2 registers"},
    {"status in the value", MAP_OK "type: u32\n    status_offset: 1\n", 4, 20,
     "1 is a register of the value itself"},
    {"recalibrate by a read", MAP_OK "recalibrate: {function: 3}\n", 3, 29, "3 is not 5, 6 or 16"},
    {"recalibrate a coil to 2", MAP_OK "recalibrate: {function: 5, value: 2}\n", 3, 39,
     "function 5 writes 0 or 1"},
    {"recalibrate beyond", MAP_OK
     "channels: 2\n    recalibrate: {function: 6, address: 65535, stride: 1}\n", 4, 41,
     "leaves 0-65535"},
    {"identity below base", MAP_OK "base: 1\n    first: 1\n    identity: {function: 3}\n", 2, 5,
     "identity.address: 0, with base 1"},
    {"identity of no register", LINE_OK "dx80_raw, identity: 7}\n", 5, 53,
     "has no identity register"},
    {"unit cap of 32 bits", MAP_OK "type: u32\n" LINE_OK "m, max_read: 1}\n", 8, 46,
     "a 32-bit value takes 2 registers"},
    {"map name twice", MAP_OK "first: 1\n  - name: m\n", 4, 11,
     "maps[1].name: \"m\" is maps[0], too"},
    {"link as line", "lines:\n  - {name: a, host: 192.0.2.1}\nlinks:\n  - name: a\n", 4, 11,
     "links[0].name: \"a\" is lines[0], too"},
    {"client id twice", "links:\n  - {name: a, client_id: x}\n  - {name: b, client_id: x}\n", 3,
     26, "the broker knows links[0] by \"x\""},
    {"push without secret", PUSH_OK "auth: query\n", 2, 5,
     "push[0]: set either secret or secret_file"},
    {"push secret in the file", PUSH_OK "secret: hunter2hunter2hunter2\n", 4, 13,
     "a secret does not stand in the file"},
    {"push signed by another", PUSH_OK "auth: onenet\n    secret: ${PATH}\n", 4, 11,
     "only msg is signed"},
    {"push whose device is not signed",
     "mappings:\n  - {name: m, device: id, occupied: msg.value}\npush:\n"
     "  - {name: a, envelope: m, auth: onenet, secret: \"${PATH}\"}\n", 4, 34,
     "only msg is signed"},
    {"push as link",
     "links:\n  - name: a\npush:\n  - {name: a, envelope: native, secret: \"${PATH}\"}\n", 4, 12,
     "push[0].name: \"a\" is links[0], too"},
    {"push twice", PUSH_OK
     "secret: ${PATH}\n  - {name: a, envelope: native, secret: \"${PATH}\"}\n", 5, 12,
     "push[1].name: \"a\" is push[0], too"},
    {"push secret too short", PUSH_OK "secret: ${BOWEI_SHORT}\n", 4, 13,
     "push[0].secret: the text has 15 bytes, at least 16 are needed"},
    {"topic #", LINK_OK "subscriptions:\n      - {topic: a/#/b, envelope: native}\n", 4, 17,
     "\"a/#/b\" is not allowed here (MQTT topic filter)"},
    {"topic +", LINK_OK "subscriptions:\n      - {topic: a+, envelope: native}\n", 4, 17,
     "MQTT topic filter"},
    {"share of nothing", LINK_OK "subscriptions:\n      - {topic: $share/g, envelope: native}\n",
     4, 17, "MQTT topic filter"},
    {"topic twice", LINK_OK
     "subscriptions:\n      - {topic: t, envelope: native}\n      - {topic: t, envelope: native}\n",
     5, 17, "subscriptions[1].topic: stands twice"},
    {"qos 2", LINK_OK "subscriptions:\n      - {topic: t, envelope: native, qos: 2}\n", 4, 43,
     "\"2\" is out of range (0-1)"},
    {"certificate without tls", LINK_OK "ca_file: /x\n", 3, 14,
     "certificates are given, but tls is false"},
    {"certificate without key", LINK_OK "tls: true\n    cert_file: /x\n", 4, 16,
     "cert_file and key_file belong together"},
    {"CRLF and a fault", "instance: a\r\nhttp:\r\n  port: x\r\n", 3, 9,
     "http.port: \"x\" is not a number"},
    {"BOM and a fault", "\xEF\xBB\xBFinstance: a b\n", 1, 11, "instance: \"a b\""},
};

/* clang-format on */

static bool has_fault(const struct config_report *report, const struct broken *b)
{
    for (uint32_t i = 0; i < report->count; i++) {
        const struct config_fault *fault = &report->faults[i];

        if (fault->line == b->line && fault->column == b->column &&
            strstr(fault->text, b->says) != NULL) {
            return true;
        }
    }
    return false;
}

/* Each has the one fault that its row says, at its place. */
static void check_broken(const struct broken *rows, size_t count)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < count; i++) {
        const struct broken *b = &rows[i];
        struct config_report report;
        struct config *config = NULL;
        const enum err e = load_text(b->text, &report, &config);
        struct strbuf text = {0};

        if (e != ERR_CONFIG || config != NULL || report.count != 1 || !has_fault(&report, b)) {
            config_report_print(&report, &text);
            strbuf_putc(&text, '\0');
            print_message("%s: wanted %u:%u %s\ngot %u faults:\n%s", b->name, b->line, b->column,
                          b->says, report.count, text.data);
            wrong++;
        }
        strbuf_finish(&text);
        config_destroy(config);
    }
    assert_int_equal(wrong, 0);
}

static void test_each_broken_file_is_told_where_and_why(void **state)
{
    (void)state;
    check_broken(brokens, ARRAY_LEN(brokens));
}

#define OUT_OK "mqtt_out:\n  host: b\n  "

static void test_mqtt_out(void **state)
{
    /* clang-format off */
    static const struct broken rows[] = {
        {"no area", "mqtt_out:\n  host: b\n", 2, 9, "mqtt_out.area: must be set"},
        {"a link called out", OUT_OK "area: a\n" LINK_OK "host: b\n  - {name: out, host: b}\n",
         7, 12, "knows mqtt_out by"},
        {"of nothing", OUT_OK "area: a\n  spaces: false\n", 4, 11, "neither spaces nor operators"},
        {"no user", OUT_OK "area: a\n  password: ${PATH}\n", 4, 13, "without username"},
        {"two passwords", OUT_OK
         "area: a\n  username: u\n  password: ${PATH}\n  password_file: /etc/hostname\n", 6, 18,
         "given in two ways"},
        {"a link's id", OUT_OK "area: a\n  client_id: c\n" LINK_OK "host: b\n    client_id: c\n",
         4, 14, "the broker knows links[0] by"},
    };
    /* clang-format on */

    (void)state;
    check_broken(rows, ARRAY_LEN(rows));
}

static void test_all_faults_at_once_with_caret(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};
    char want[1200];

    (void)state;
    assert_int_equal(load_text("http:\n  port: eighty\nredis:\n  prt: 1\nlines:\n  - name: a\n",
                               &report, &config),
                     ERR_CONFIG);
    config_report_print(&report, &text);
    strbuf_putc(&text, '\0');
    snprintf(want, sizeof want,
             "%s:2:9: http.port: \"eighty\" is not a number (0-65535)\n"
             "      port: eighty\n"
             "            ^\n"
             "%s:4:3: redis.prt: unknown key, did you mean \"port\"?\n"
             "      prt: 1\n"
             "      ^\n"
             "%s:6:5: lines[0]: set either host (TCP) or device (RTU)\n"
             "      - name: a\n"
             "        ^\n",
             report.file, report.file, report.file);
    assert_string_equal(text.data, want);
    strbuf_finish(&text);
}

static void test_more_faults_than_are_kept(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};
    struct strbuf print = {0};

    (void)state;
    for (int i = 0; i < 200; i++) {
        strbuf_printf(&text, "key%d: 1\n", i);
    }
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_CONFIG);
    assert_int_equal(report.count, CONFIG_FAULTS_MAX);
    config_report_print(&report, &print);
    strbuf_putc(&print, '\0');
    assert_non_null(strstr(print.data, "there may be more faults"));
    strbuf_finish(&text);
    strbuf_finish(&print);
}

static void test_hostile_files(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        strbuf_printf(&text, "k%d: 1\n", i);
    }
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_CONFIG);
    assert_non_null(strstr(report.faults[0].text, "more than 256 keys"));
    strbuf_clear(&text);
    for (int i = 0; i < 100000; i++) {
        strbuf_putc(&text, '[');
    }
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_CONFIG);
    assert_string_equal(report.faults[0].text, "nested deeper than 16 levels");
    assert_int_equal(report.faults[0].column, 17);
    strbuf_clear(&text);
    strbuf_puts(&text, "lines:\n");
    for (int i = 0; i < 201; i++) {
        strbuf_printf(&text, "  - {name: l%d, host: 192.0.2.1}\n", i);
    }
    strbuf_putc(&text, '\0');
    assert_int_equal(load_text(text.data, &report, &config), ERR_CONFIG);
    assert_non_null(strstr(report.faults[0].text, "lines: has 201 items, 200 are allowed"));
    strbuf_clear(&text);
    assert_non_null(strbuf_reserve(&text, 5u << 20));
    memset(text.data, '#', 5u << 20);
    assert_int_equal(
        config_load(bytes_write("big.yaml", text.data, 5u << 20), NULL, 0, &report, &config),
        ERR_CONFIG);
    assert_non_null(strstr(report.faults[0].text, "larger than 4 MiB"));
    strbuf_finish(&text);
    assert_int_equal(load_text("lines: &a [*a]\n", &report, &config), ERR_CONFIG);
}

static void test_files_that_are_none(void **state)
{
    struct config_report report;
    struct config *config = NULL;
    struct strbuf text = {0};

    (void)state;
    assert_int_equal(config_load(path_of("missing.yaml"), NULL, 0, &report, &config), ERR_CONFIG);
    assert_string_equal(report.faults[0].text, "cannot be opened: No such file or directory");
    config_report_print(&report, &text);
    strbuf_putc(&text, '\0');
    assert_non_null(strstr(text.data, "missing.yaml: cannot be opened"));
    strbuf_finish(&text);
    assert_int_equal(config_load(own_folder, NULL, 0, &report, &config), ERR_CONFIG);
    assert_string_equal(report.faults[0].text, "is a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_broken_file_is_told_where_and_why),
        cmocka_unit_test(test_mqtt_out),
        cmocka_unit_test(test_all_faults_at_once_with_caret),
        cmocka_unit_test(test_more_faults_than_are_kept),
        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_files_that_are_none),
    };

    return cmocka_run_group_tests(tests, set_up, folder_remove);
}
