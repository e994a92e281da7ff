/* The command line: each test runs a command in a child process and looks at its exit code,
 * standard output and standard error, as a shell would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/json_read.h"
#include "bowei/cli.h"
#include "bowei/journal.h"
#include "bowei/state_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX  65536
#define ARGS_MAX  16
#define NODES_MAX 512

static char folder[] = "/tmp/bowei-cli-XXXXXX";
static char out_text[TEXT_MAX], err_text_read[TEXT_MAX];

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void read_back(const char *name, char *out)
{
    FILE *file = fopen(path_of(name), "rb");

    assert_non_null(file);
    out[fread(out, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
}

static int extra_run(int argc, char **argv)
{
    printf("extra %d %s\n", argc, argv[0]);
    return 42;
}

static const struct cli_command extra = {
    .name = "serve", .summary = "run", .usage = "bowei serve", .run = extra_run};

static void run_child(int argc, char **argv)
{
    const int out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
        _exit(99);
    }
    const int status = cli_run(argc, argv, &extra, 1);

    fflush(stdout);
    _exit(status);
}

/* Runs "bowei" with the words up to NULL; fills out_text and err_text_read. */
static int bowei(const char *first, ...)
{
    char *argv[ARGS_MAX + 2] = {strdup("bowei")};
    int argc = 1;
    int status = 0;
    pid_t child = 0;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word != NULL && argc <= ARGS_MAX;
         word = va_arg(args, const char *)) {
        argv[argc++] = strdup(word);
    }
    va_end(args);
    fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_child(argc, argv);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    read_back("out", out_text);
    read_back("err", err_text_read);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Every line of standard output is one JSON document. */
static unsigned json_lines(void)
{
    static struct json_node nodes[NODES_MAX];
    unsigned lines = 0;

    for (char *line = out_text; *line != '\0'; lines++) {
        const size_t len = strcspn(line, "\n");
        struct json_doc doc;

        assert_int_equal(json_parse(&doc, line, len, nodes, NODES_MAX), JSON_OK);
        line += len + (line[len] == '\n');
    }
    return lines;
}

static void test_help_and_unknown_commands(void **state)
{
    (void)state;
    assert_int_equal(bowei(NULL), CLI_USAGE);
    assert_string_equal(out_text, "");
    assert_non_null(strstr(err_text_read, "check-config"));
    assert_int_equal(bowei("help", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "journal"));
    assert_non_null(strstr(out_text, "serve"));
    assert_int_equal(bowei("--help", NULL), CLI_OK);
    assert_int_equal(bowei("help", "import", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "--dry-run"));
    assert_int_equal(bowei("import", "x", "-h", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "--dry-run"));
    assert_int_equal(bowei("improt", NULL), CLI_USAGE);
    assert_string_equal(err_text_read, "bowei: there is no command improt, did you mean import?\n");
    assert_int_equal(bowei("improt", "--help", NULL), CLI_USAGE);
    assert_int_equal(bowei("serve", "a", NULL), 42);
    assert_string_equal(out_text, "extra 2 serve\n");
    assert_int_equal(bowei("version", NULL), CLI_OK);
    assert_int_equal(strncmp(out_text, "bowei ", 6), 0);
    assert_int_equal(bowei("version", "--json", NULL), CLI_OK);
    assert_int_equal(json_lines(), 1);
}

static void test_unknown_options_never_run(void **state)
{
    (void)state;
    assert_int_equal(bowei("import", "--dryrun", "x", NULL), CLI_USAGE);
    assert_string_equal(err_text_read,
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
    assert_int_not_equal(err_text_read[0], '\0');
    assert_int_equal(bowei("id", "check", "x", "150402001R0010012Z", "--json", NULL), CLI_FAILURE);
    assert_int_equal(json_lines(), 2);
    assert_int_equal(bowei("id", "check", NULL), CLI_USAGE);
    assert_int_equal(bowei("id", "chekc", "x", NULL), CLI_USAGE);
}

static void test_check_config(void **state)
{
    (void)state;
    write_file("good.yaml", "http: {port: 0}\n");
    write_file("bad.yaml", "http: {prot: 0}\n");
    write_file("envelope.yaml",
               "links:\n  - name: a\n    subscriptions: [{topic: t, envelope: natvie}]\n");
    assert_int_equal(bowei("check-config", path_of("good.yaml"), NULL), CLI_OK);
    assert_int_equal(
        bowei("check-config", "--config", path_of("good.yaml"), "--set", "http.port=x", NULL),
        CLI_BAD_INPUT);
    assert_int_equal(bowei("check-config", path_of("bad.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(
        strstr(err_text_read, "bad.yaml:1:8: http.prot: unknown key, did you mean \"port\"?"));
    assert_string_equal(out_text, "");
    assert_int_equal(bowei("check-config", path_of("envelope.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(
        strstr(err_text_read, "there is no envelope \"natvie\", did you mean \"native\"?"));
    assert_int_equal(bowei("check-config", path_of("none.yaml"), NULL), CLI_BAD_INPUT);
    assert_int_equal(bowei("check-config", NULL), CLI_USAGE);
    write_file("hooks.yaml", "delivery: {allow: 10.0.0.0, schedule_s: 5;6, ca_file: /nowhere/ca}\n"
                             "webhook_templates:\n"
                             "  - {name: a, body: '{kind} {kindd}'}\n"
                             "  - {name: a, body: x}\n");
    assert_int_equal(bowei("check-config", path_of("hooks.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(
        strstr(err_text_read, "hooks.yaml:1:19: delivery.allow: \"10.0.0.0\": a network"));
    assert_non_null(strstr(err_text_read, "delivery.schedule_s: must be 1 to 20 pauses"));
    assert_non_null(strstr(err_text_read, "delivery.ca_file: /nowhere/ca: No such file"));
    assert_non_null(strstr(err_text_read, "webhook_templates[0].body: there is no {kindd}"));
    assert_non_null(strstr(err_text_read, "webhook_templates[1].name: \"a\" stands twice"));
    assert_int_equal(
        bowei("config", "show", "--config", path_of("good.yaml"), "--set", "instance=z", NULL),
        CLI_OK);
    assert_non_null(strstr(out_text, "instance: \"z\""));
    assert_int_equal(bowei("config", "template", NULL), CLI_OK);
    write_file("template.yaml", out_text);
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
    static char text[TEXT_MAX];
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
    read_back("audited.audit", text);
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
    assert_non_null(strstr(err_text_read, "shown only now"));
    snprintf(prefix, sizeof prefix, "%.8s", out_text + 3);
    assert_int_equal(bowei("keys", "create", "--role", "operator", "--operator", "MB", "--name",
                           "feed", "--quiet", "--json", "--keys", path_of("keys"), NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_string_equal(err_text_read, "");
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

static void test_models_and_decode(void **state)
{
    (void)state;
    assert_int_equal(bowei("models", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "bosch_tps110"));
    assert_int_equal(bowei("models", "--json", NULL), CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_int_equal(bowei("envelopes", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "native"));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "01", NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_non_null(strstr(out_text, "\"occupied\":true"));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "", NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n");
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "256", "01", NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "0x", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "none", "01", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "01", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--envelope", "none", path_of("x"), NULL), CLI_USAGE);
}

/* The message says device, time, counter and signal; the model what the frame means. */
static void test_decode_envelopes(void **state)
{
    (void)state;
    write_file("up.json",
               "{\"deviceInfo\":{\"devEui\":\"1000000000000001\"},\"time\":"
               "\"2023-05-22T07:47:05.404859+00:00\",\"fCnt\":4,\"fPort\":2,\"data\":\"ARI=\","
               "\"rxInfo\":[{\"rssi\":-90},{\"rssi\":-35}]}\n");
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "--model", "bosch_tps110",
                           path_of("up.json"), NULL),
                     CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"heartbeat\",\"occupied\":true,\"temperature_c\":18,"
                        "\"device_id\":\"1000000000000001\",\"time\":\"2023-05-22T07:47:05.404Z\","
                        "\"rssi\":-35,\"frame_counter\":4}\n");
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", path_of("up.json"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"fport\":2,\"hex\":\"0112\""));
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "--topic",
                           "application/a/device/1000000000000002/event/up", path_of("up.json"),
                           NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"topic\"}\n");
    write_file("scan.json", "[{\"type\":\"Gateway\",\"mac\":\"AC233FC07DA5\"},"
                            "{\"type\":\"Unknown\",\"mac\":\"0BE383050DE8\",\"rssi\":-58},"
                            "{\"type\":\"Unknown\",\"mac\":\"0BE383050DE9\",\"rssi\":-59}]");
    assert_int_equal(bowei("decode", "--envelope", "minew", path_of("scan.json"), NULL), CLI_OK);
    assert_int_equal(json_lines(), 2);
    assert_string_equal(out_text, "{\"type\":\"sighting\",\"gateway\":\"ac233fc07da5\",\"mac\":"
                                  "\"0be383050de8\",\"beacon\":null,\"rssi\":-58}\n"
                                  "{\"type\":\"sighting\",\"gateway\":\"ac233fc07da5\",\"mac\":"
                                  "\"0be383050de9\",\"beacon\":null,\"rssi\":-59}\n");
    write_file("broken.json", "{");
    assert_int_equal(bowei("decode", "--envelope", "tts", path_of("broken.json"), NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"json\"}\n");
    assert_int_equal(bowei("decode", "--envelope", "tts", path_of("none.json"), NULL), CLI_FAILURE);
}

/* A message format of the configuration's own: paths, a constant, words. */
static void test_decode_mapping(void **state)
{
    (void)state;
    write_file("mapped.yaml", "mappings:\n"
                              "  - name: city-feed\n"
                              "    items: data.bays\n"
                              "    device: no\n"
                              "    occupied: s.state\n"
                              "    states: \"1=occupied,0=free,E=fault\"\n"
                              "    time: t\n"
                              "    battery_v: v\n"
                              "  - name: one\n"
                              "    device: \"=gate-1\"\n"
                              "links:\n"
                              "  - name: l\n"
                              "    subscriptions:\n"
                              "      - {topic: a, envelope: city-feed}\n");
    assert_int_equal(bowei("check-config", path_of("mapped.yaml"), NULL), CLI_OK);
    write_file("bays.json",
               "{\"data\":{\"bays\":[{\"no\":17,\"s\":{\"state\":1},\"t\":1795305600,"
               "\"v\":3.6},{\"no\":\"18\",\"s\":{\"state\":\"0\"}},"
               "{\"no\":19,\"s\":{\"state\":null}},{\"no\":20,\"s\":{\"state\":2}}]}}");
    assert_int_equal(bowei("decode", "--config", path_of("mapped.yaml"), "--envelope", "city-feed",
                           path_of("bays.json"), NULL),
                     CLI_FAILURE);
    assert_string_equal(
        out_text, "{\"type\":\"status\",\"occupied\":true,\"battery_v\":3.6,\"device_id\":\"17\","
                  "\"time\":\"2026-11-22T00:00:00Z\"}\n"
                  "{\"type\":\"status\",\"occupied\":false,\"device_id\":\"18\"}\n"
                  "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"19\"}\n"
                  "{\"refused\":\"field\"}\n");
    assert_int_equal(bowei("decode", "--envelope", "city-feed", path_of("bays.json"), NULL),
                     CLI_USAGE);
    write_file("one.json", "{}");
    assert_int_equal(bowei("decode", "--config", path_of("mapped.yaml"), "--envelope", "one",
                           path_of("one.json"), NULL),
                     CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"gate-1\"}\n");
    write_file("taken.yaml", "mappings:\n  - {name: tts, device: a}\n");
    assert_int_equal(bowei("check-config", path_of("taken.yaml"), NULL), CLI_BAD_INPUT);
    write_file("words.yaml", "mappings:\n  - {name: x, device: a, states: \"1=full\"}\n");
    assert_int_equal(bowei("check-config", path_of("words.yaml"), NULL), CLI_BAD_INPUT);
    write_file("types.yaml", "mappings:\n  - {name: x, device: a, type: b}\n");
    assert_int_equal(bowei("check-config", path_of("types.yaml"), NULL), CLI_BAD_INPUT);
}

static void test_decode_lines(void **state)
{
    (void)state;
    write_file("frames", "1 01\n1 00\n2 01ff\n\n9 01\nx 01\n1 0\n");
    assert_non_null(freopen(path_of("frames"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text,
                        "{\"type\":\"status\",\"occupied\":true}\n"
                        "{\"type\":\"status\",\"occupied\":false}\n"
                        "{\"type\":\"heartbeat\",\"occupied\":true,\"temperature_c\":-1}\n"
                        "{\"refused\":\"length\"}\n{\"refused\":\"unknown\"}\n"
                        "{\"refused\":\"field\"}\n{\"refused\":\"field\"}\n");
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", "01", NULL), CLI_USAGE);
    write_file("empty", "1 \n1\r\n\n");
    assert_non_null(freopen(path_of("empty"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n{\"refused\":\"length\"}\n"
                                  "{\"refused\":\"length\"}\n");
    write_file("all good", "01\n00\n");
    assert_non_null(freopen(path_of("all good"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "--lines", NULL),
                     CLI_OK);
    assert_string_equal(out_text, "{\"type\":\"status\",\"occupied\":true}\n"
                                  "{\"type\":\"status\",\"occupied\":false}\n");
}

/* A message a line, several readings in one of them, and what each line of output is for. */
static void test_decode_message_lines(void **state)
{
    (void)state;
    write_file(
        "messages",
        "{\"msg\":[{\"type\":2,\"imei\":\"864016059485616\",\"status\":0},{\"type\":\"x\"}]}\n"
        "{\"msg\":\n"
        "{\"msg\":{\"type\":1,\"imei\":\"864016059485616\",\"ds_id\":\"3200_0_5500\",\"at\":"
        "1466133706841,\"value\":1}}\n");
    assert_non_null(freopen(path_of("messages"), "r", stdin));
    assert_int_equal(bowei("decode", "--envelope", "onenet", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text,
                        "{\"type\":\"offline\",\"occupied\":null,\"device_id\":"
                        "\"864016059485616\"}\n"
                        "{\"refused\":\"field\"}\n{\"refused\":\"json\"}\n"
                        "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"864016059485616\","
                        "\"time\":\"2016-06-17T03:21:46.841Z\",\"platform_time_ms\":1466133706841,"
                        "\"stream\":\"3200_0_5500\",\"value\":1}\n");
    write_file(
        "status",
        "{\"deviceInfo\":{\"devEui\":\"0102030405060708\"},\"margin\":7,\"batteryLevel\":94.5}");
    assert_non_null(freopen(path_of("status"), "r", stdin));
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "-", NULL), CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"link_status\",\"occupied\":null,\"low_battery\":false,"
                        "\"device_id\":\"0102030405060708\",\"margin\":7,\"battery_pct\":94.5}\n");
}

/* A startup's bit is shown where the layout gives it a meaning; a lock's line is a frame. */
static void test_decode_frames_as_sent(void **state)
{
    (void)state;
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "3",
                           "2403000075030000000000001D0203", NULL),
                     CLI_FAILURE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "3",
                           "240300007503000000000000001D020301", NULL),
                     CLI_OK);
    assert_non_null(strstr(out_text, "{\"type\":\"startup\",\"occupied\":true"));
    assert_int_equal(
        bowei("decode", "--model", "omni", "*SCOR,OM,123456789123456,Q0,412,80,28#", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"type\":\"checkin\",\"occupied\":null,\"battery_v\":4.12"));
    assert_int_equal(bowei("decode", "--model", "omni", "", NULL), CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n");
    assert_int_equal(bowei("models", "bosch_tps110", NULL), CLI_USAGE);
    assert_int_equal(bowei("envelopes", "tts", NULL), CLI_USAGE);
}

static const char lots_csv[] =
    "id,name_zh,name_en,counting,lat,lon,capacity\n"
    "150402001R00100008,钢铁街,Gangtie Street,spaces,42.2578,118.8869,\n";
static const char spaces_csv[] = "id,lat,lon\n150402001R0010012Z,42.2578,118.8869\n";

static void make_city(void)
{
    write_file("lots.csv", lots_csv);
    write_file("spaces.csv", spaces_csv);
}

static void test_import_and_export(void **state)
{
    char first[TEXT_MAX];

    (void)state;
    make_city();
    assert_int_equal(bowei("export", "--state", path_of("city"), NULL), CLI_NOT_FOUND);
    assert_int_equal(bowei("import", "--dry-run", "--state", path_of("city"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(out_text, "spaces           1 added, 0 changed, 0 removed"));
    assert_int_not_equal(access(path_of("city"), F_OK), 0); /* a dry run leaves nothing behind */
    assert_int_equal(bowei("import", "--state", path_of("city"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(err_text_read, "stored as version 1; no gateway is running here"));
    assert_int_equal(bowei("export", "--state", path_of("city"), NULL), CLI_OK);
    snprintf(first, sizeof first, "%s", out_text);
    assert_int_not_equal(first[0], '\0');
    assert_int_equal(bowei("import", "--state", path_of("city"), path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(err_text_read, "nothing differs from version 1"));
    write_file("back.geojson", first);
    assert_int_equal(bowei("import", "--json", "--quiet", "--state", path_of("again"),
                           path_of("back.geojson"), NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_string_equal(err_text_read, "");
    assert_int_equal(bowei("export", "--state", path_of("again"), NULL), CLI_OK);
    assert_string_equal(out_text, first);
}

static void test_import_refuses_as_a_whole(void **state)
{
    (void)state;
    make_city();
    write_file("wrong.csv",
               "id,lat,lon\n150402001R0010012Y,42.2578,118.8869\n150402001R0010013X,99,118.8869\n");
    assert_int_equal(bowei("import", "--state", path_of("wrong"), path_of("lots.csv"),
                           path_of("wrong.csv"), NULL),
                     CLI_BAD_INPUT);
    assert_non_null(strstr(err_text_read, "wrong.csv:2:1: id: "));
    assert_non_null(strstr(err_text_read, "wrong.csv:3:"));
    assert_non_null(strstr(err_text_read, "nothing was changed"));
    assert_int_equal(bowei("export", "--state", path_of("wrong"), NULL), CLI_NOT_FOUND);
    assert_int_equal(bowei("import", "--state", path_of("wrong"), path_of("absent.csv"), NULL),
                     CLI_BAD_INPUT);
}

/* A stand-in for the server: owns the folder, and names the version in force when it is told to. */
static pid_t start_owner(const char *path, bool answers)
{
    int ready[2];
    char byte = 0;
    pid_t child = 0;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct state_folder *owned = NULL;
        pid_t other = 0;
        sigset_t hup;
        int signal_number = 0;

        sigemptyset(&hup);
        sigaddset(&hup, SIGHUP);
        sigprocmask(SIG_BLOCK, &hup, NULL);
        if (state_folder_open(path, &owned, &other) != ERR_OK || write(ready[1], "x", 1) != 1 ||
            sigwait(&hup, &signal_number) != 0 ||
            (answers && state_folder_set_applied(owned, 1) != ERR_OK)) {
            _exit(1);
        }
        while (answers) {
            pause(); /* holds the lock until it is killed */
        }
        _exit(0); /* dies with the version unapplied */
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void test_import_waits_for_the_gateway(void **state)
{
    pid_t owner = 0;

    (void)state;
    make_city();
    owner = start_owner(path_of("live"), true);
    assert_int_equal(bowei("import", "--state", path_of("live"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_string_equal(err_text_read, "applied as version 1\n");
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    owner = start_owner(path_of("dying"), false);
    assert_int_equal(bowei("import", "--state", path_of("dying"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_UNREACHABLE);
    assert_non_null(strstr(err_text_read, "the gateway has stopped"));
    waitpid(owner, NULL, 0);
}

static void test_journal_dump(void **state)
{
    static struct counters counters;
    const struct journal_params params = {.folder = path_of("dump/journal"), .counters = &counters};
    const struct record_stamp stamp = {
        .at = {.epoch = 3, .seq = 7},
          .now = {.at_ms = 1700000000123         },
          .inventory_version = 2
    };
    struct reading reading = {
        .value = VALUE_OCCUPIED, .has = HAS_COUNTER, .counter = 41, .channel = 2};
    struct image image = {
        .kind = IMAGE_OVERRIDE, .at = {3, 8}
    };
    const struct image of_cases[] = {
        {.kind = IMAGE_CASE_ROW,
         .at = {3, 9},
         .case_row = {.id = case_id_make(150402, 20261129, 1),
                      .number = 2,
                      .event = CASE_EVENT_FILE,
                      .role = CASE_BY_STAFF,
                      .status = STATUS_FILED,
                      .actor = "wang"}                                                           },
        {.kind = IMAGE_CASE,
         .at = {3, 9},
         .case_ = {.id = case_id_make(150402, 20261129, 1), .version = 2, .status = STATUS_FILED}},
        {.kind = IMAGE_STAY,     .at = {3, 9}, .stay = {.set = true, .gap_s = 60}                },
    };
    struct journal *journal = NULL;

    (void)state;
    assert_int_equal(space_id_parse("150402001R0010012Z", SPACE_ID_LEN, &reading.root), ID_OK);
    image.override.key = reading.root;
    image.override.set = true;
    memcpy(reading.device, "0004a30b", 8);
    reading.device_len = 8;
    assert_int_equal(mkdir(path_of("dump"), 0700), 0);
    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    assert_int_equal(journal_append_readings(journal, &stamp, &reading, 1), ERR_OK);
    assert_int_equal(journal_append_images(journal, RECORD_EFFECT, &stamp, &image, 1), ERR_OK);
    assert_int_equal(
        journal_append_images(journal, RECORD_EFFECT, &stamp, of_cases, ARRAY_LEN(of_cases)),
        ERR_OK);
    assert_int_equal(bowei("journal", "dump", "--json", "--state", path_of("dump"), NULL), CLI_OK);
    journal_close(journal);
    assert_int_equal(json_lines(), 5);
    assert_non_null(strstr(out_text, "\"kind\":\"case_row\""));
    assert_non_null(strstr(out_text, "\"case\":\"150402-20261129-00001-"));
    assert_non_null(strstr(out_text, "\"number\":2,\"event\":\"file\",\"role\":\"staff\","
                                     "\"status\":\"filed\""));
    assert_non_null(strstr(out_text, "\"kind\":\"stay\""));
    assert_non_null(
        strstr(out_text,
               "{\"type\":\"R\",\"epoch\":3,\"seq\":7,\"at\":\"2023-11-14T22:13:20Z\","
               "\"at_ms\":1700000000123,\"inventory\":2,\"root\":\"150402001R0010012Z\","
               "\"device\":\"0004a30b\",\"channel\":2,\"value\":\"occupied\",\"counter\":41}\n"));
    assert_non_null(strstr(out_text, "\"type\":\"E\""));
    assert_non_null(strstr(out_text, "\"kind\":\"override\""));
    assert_int_equal(bowei("journal", "dump", "--state", path_of("dump"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "150402001R0010012Z 0004a30b/2 occupied"));
    assert_int_equal(bowei("journal", "dump", "--state", path_of("nowhere"), NULL), CLI_NOT_FOUND);
    assert_int_equal(bowei("journal", NULL), CLI_USAGE);
    assert_int_equal(bowei("journal", "dmp", NULL), CLI_USAGE);
}

/* A server of one answer on a port of the kernel's choosing. */
static pid_t start_server(const char *answer, char url[40])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child = 0;

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, 40, "http://127.0.0.1:%u", ntohs(at.sin_port));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char request[4096];
        const int peer = accept(fd, NULL, NULL);

        if (read(peer, request, sizeof request) <= 0 ||
            write(peer, answer, strlen(answer)) != (ssize_t)strlen(answer)) {
            _exit(1);
        }
        shutdown(peer, SHUT_WR);
        _exit(0);
    }
    close(fd);
    return child;
}

static int ask_server(const char *answer, const char *command, const char *first,
                      const char *second)
{
    char url[40];
    const pid_t server = start_server(answer, url);
    const int code = bowei(command, "--url", url, first, second, NULL);

    waitpid(server, NULL, 0);
    return code;
}

static void test_rest_commands(void **state)
{
    (void)state;
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
    assert_int_equal(bowei("doctor", "--quick", "--url", "http://127.0.0.1:1", NULL),
                     CLI_UNREACHABLE);
    assert_int_equal(bowei("doctor", "--url", "ftp://x", NULL), CLI_UNREACHABLE);
    assert_int_equal(bowei("spaces", "frobnicate", NULL), CLI_USAGE);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    char command[300];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
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
        cmocka_unit_test(test_models_and_decode),
        cmocka_unit_test(test_decode_envelopes),
        cmocka_unit_test(test_decode_mapping),
        cmocka_unit_test(test_decode_lines),
        cmocka_unit_test(test_decode_message_lines),
        cmocka_unit_test(test_decode_frames_as_sent),
        cmocka_unit_test(test_import_and_export),
        cmocka_unit_test(test_import_refuses_as_a_whole),
        cmocka_unit_test(test_import_waits_for_the_gateway),
        cmocka_unit_test(test_journal_dump),
        cmocka_unit_test(test_rest_commands),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
