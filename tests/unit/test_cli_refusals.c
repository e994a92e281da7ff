/* The command line again, where it refuses or warns: what it says must let the reader mend it. Each
 * command runs in a child process, as from a shell. */
#include "tests/unit/cli_fixture.h"

static void test_ids(void **state)
{
    char text[1000] = "";

    (void)state;
    assert_int_equal(bowei("id", "make", "150402001R0010012Z", NULL), CLI_FAILURE);
    assert_string_equal(wrong_text, "150402001R0010012Z: 17 characters are needed, there are 18\n");
    memset(text, '1', sizeof text - 1);
    text[0] = '\x1b';
    assert_int_equal(bowei("id", "check", text, NULL), CLI_FAILURE);
    assert_true(strlen(out_text) < 150 && out_text[0] == '?');
}

static void test_keys_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(bowei("keys", "create", "--role", "operator", "--operator", "mb", "--name",
                           "x", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_non_null(strstr(wrong_text, "2 to 6 capital letters"));
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--district",
                           "950402", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_non_null(strstr(wrong_text, "the first 1 to 8"));
    /* as a script says it whose variable is empty: no key for everything */
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--district", "",
                           "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_non_null(strstr(wrong_text, "--district is empty"));
}

/* A key file that is refused: why, so that it can be mended. */
static void test_key_file_faults_are_told(void **state)
{
    static const struct {
        const char *text, *says;
        unsigned mode;
    } rows[] = {
        {"# bowei keys 9: more\n",      "it has schema 9, this program reads up to 2", 0600},
        {"# bowei keys 2\n\nrubbish\n", "line 3 is no row of a key",                   0600},
        {"# bowei keys 2\n# torn",      "line 2 is no row of a key",                   0600},
        {"# bowei keys 2\n",            "others may read it: chmod 600",               0640},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        text_write("faulty", rows[i].text);
        assert_int_equal(chmod(path_of("faulty"), rows[i].mode), 0);
        assert_int_equal(bowei("keys", "list", "--keys", path_of("faulty"), NULL), CLI_FAILURE);
        assert_non_null(strstr(wrong_text, rows[i].says));
    }
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "a", "--keys",
                           path_of("nowhere/keys"), NULL),
                     CLI_FAILURE);
    assert_non_null(strstr(wrong_text, "its folder is not there"));
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(bowei("import", "--state", path_of("wrong"), own_folder, NULL), CLI_BAD_INPUT);
    assert_non_null(strstr(wrong_text, "is a directory"));
}

static void test_unknown_models_are_warned_of(void **state)
{
    (void)state;
    text_write("models.csv", "id,source,model\nd1,lora,bosch_tps101\nd2,lora,\nbus/u,bus,DX80\n");
    assert_int_equal(
        bowei("import", "--dry-run", "--state", path_of("wrong"), path_of("models.csv"), NULL),
        CLI_OK);
    assert_non_null(strstr(wrong_text,
                           "models.csv:2:1: warning: model: no frame of a \"bosch_tps101\" can be "
                           "decoded (`bowei models`), did you mean \"bosch_tps110\"?\ndry run"));
}

static void test_sources_and_kinds_are_warned_of(void **state)
{
    (void)state;
    text_write("links.yaml",
               "links:\n  - {name: lora}\nlines:\n  - {name: bus, host: 192.0.2.1}\n");
    text_write("devices.csv", "id,source,model\nd1,lorra,native\nd2,lora,nwave_ncc405\n"
                              "d3,lora,nwave_ncc405\nbus/u,bus,DX80\n");
    text_write("bound.csv", "device,space\nd2,150402001R0010012Z\nd3,\n");
    (void)bowei("import", "--dry-run", "--config", path_of("links.yaml"), path_of("devices.csv"),
                path_of("bound.csv"), NULL);
    assert_non_null(strstr(wrong_text, "devices.csv:2:1: warning: source: no line, link or push is "
                                       "called \"lorra\", did you mean \"lora\"?\n"));
    assert_non_null(strstr(wrong_text,
                           "devices.csv:3:1: warning: model: nwave_ncc405 is a counter: "
                           "it never says whether the space that d2 is bound to is"));
    assert_null(strstr(wrong_text, "devices.csv:4:1: warning"));
    assert_null(strstr(wrong_text, "devices.csv:5:1: warning"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_keys_that_cannot_be),
        cmocka_unit_test(test_key_file_faults_are_told),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_unknown_models_are_warned_of),
        cmocka_unit_test(test_sources_and_kinds_are_warned_of),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
