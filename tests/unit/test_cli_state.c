/* `bowei import`, `export` and `journal dump`: what a state folder holds, with a gateway that owns
 * it and without. */
#include "tests/unit/cli_fixture.h"

#include "bowei/journal.h"
#include "bowei/state_folder.h"
#include <signal.h>
#include <sys/prctl.h>

static const char lots_csv[] =
    "id,name_zh,name_en,counting,lat,lon,capacity\n"
    "150402001R00100008,钢铁街,Gangtie Street,spaces,42.2578,118.8869,\n";
static const char spaces_csv[] = "id,lat,lon\n150402001R0010012Z,42.2578,118.8869\n";

static void make_city(void)
{
    text_write("lots.csv", lots_csv);
    text_write("spaces.csv", spaces_csv);
}

static void test_import_and_export(void **state)
{
    char first[CLI_TEXT_MAX];

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
    assert_non_null(strstr(wrong_text, "stored as version 1; no gateway is running here"));
    assert_int_equal(bowei("export", "--state", path_of("city"), NULL), CLI_OK);
    snprintf(first, sizeof first, "%s", out_text);
    assert_int_not_equal(first[0], '\0');
    assert_int_equal(bowei("import", "--state", path_of("city"), path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(wrong_text, "nothing differs from version 1"));
    text_write("back.geojson", first);
    assert_int_equal(bowei("import", "--json", "--quiet", "--state", path_of("again"),
                           path_of("back.geojson"), NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_string_equal(wrong_text, "");
    assert_int_equal(bowei("export", "--state", path_of("again"), NULL), CLI_OK);
    assert_string_equal(out_text, first);
}

/* A table that counts little counts, too. */
static void test_aliases_alone_are_stored(void **state)
{
    (void)state;
    make_city();
    assert_int_equal(bowei("import", "--state", path_of("aliased"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    text_write("aliases.csv", "scheme,value,id\nbay,12,150402001R0010012Z\n");
    assert_int_equal(bowei("import", "--state", path_of("aliased"), path_of("aliases.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(out_text, "aliases          1 added, 0 changed, 0 removed"));
    assert_int_equal(bowei("export", "--state", path_of("aliased"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "{\"scheme\":\"bay\",\"value\":\"12\""));
}

static void test_import_refuses_as_a_whole(void **state)
{
    (void)state;
    make_city();
    text_write("wrong.csv",
               "id,lat,lon\n150402001R0010012Y,42.2578,118.8869\n150402001R0010013X,99,118.8869\n");
    assert_int_equal(bowei("import", "--state", path_of("wrong"), path_of("lots.csv"),
                           path_of("wrong.csv"), NULL),
                     CLI_BAD_INPUT);
    assert_non_null(strstr(wrong_text, "wrong.csv:2:1: id: "));
    assert_non_null(strstr(wrong_text, "wrong.csv:3:"));
    assert_non_null(strstr(wrong_text, "nothing was changed"));
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

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
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
    assert_string_equal(wrong_text, "applied as version 1\n");
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    owner = start_owner(path_of("dying"), false);
    assert_int_equal(bowei("import", "--state", path_of("dying"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_UNREACHABLE);
    assert_non_null(strstr(wrong_text, "the gateway has stopped"));
    waitpid(owner, NULL, 0);
}

/* What is stored already and not in force is brought into force by the same import again. */
static void test_the_same_import_again_is_applied(void **state)
{
    pid_t owner = 0;

    (void)state;
    make_city();
    assert_int_equal(bowei("import", "--state", path_of("stored"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    owner = start_owner(path_of("stored"), true);
    assert_int_equal(bowei("import", "--state", path_of("stored"), path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_string_equal(wrong_text, "nothing differs from version 1\napplied as version 1\n");
    kill(owner, SIGKILL);
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

static void test_journal_dump_says_what_it_could_not_read(void **state)
{
    static struct counters counters;
    const struct journal_params params = {.folder = path_of("torn/journal"), .counters = &counters};
    const struct record_stamp stamp = {
        .at = {.epoch = 3, .seq = 7},
          .now = {.at_ms = 1700000000123         }
    };
    const struct image images[] = {
        {.kind = IMAGE_OVERRIDE, .at = {3, 7}, .override = {.set = true, .reason = OUT_EVENT}},
        {.kind = IMAGE_AUDIT,
         .at = {3, 7},
         .audit = {.command = COMMAND_LOT_CLOSE, .actor = "wang"}                            },
    };
    struct journal *journal = NULL;
    FILE *damaged;

    (void)state;
    assert_int_equal(mkdir(path_of("torn"), 0700), 0);
    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    assert_int_equal(journal_append_images(journal, RECORD_EFFECT, &stamp, images, 2), ERR_OK);
    journal_close(journal);
    assert_int_equal(bowei("journal", "dump", "--json", "--state", path_of("torn"), NULL), CLI_OK);
    assert_string_equal(wrong_text, "");
    assert_non_null(strstr(out_text, "\"set\":true,\"reason\":\"event\""));
    assert_non_null(strstr(out_text, "\"command\":\"lot_close\""));
    damaged = fopen(path_of("torn/journal/0000000000000003-0000000000000007.bwj"), "ab");
    assert_non_null(damaged);
    assert_int_equal(fwrite("rubbish", 1, 7, damaged), 7);
    assert_int_equal(fclose(damaged), 0);
    assert_int_equal(bowei("journal", "dump", "--json", "--state", path_of("torn"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"command\":\"lot_close\""));
    assert_non_null(strstr(wrong_text, "7.bwj: not readable from byte "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import_and_export),
        cmocka_unit_test(test_aliases_alone_are_stored),
        cmocka_unit_test(test_import_refuses_as_a_whole),
        cmocka_unit_test(test_import_waits_for_the_gateway),
        cmocka_unit_test(test_the_same_import_again_is_applied),
        cmocka_unit_test(test_journal_dump),
        cmocka_unit_test(test_journal_dump_says_what_it_could_not_read),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
