/* The command line again, where it refuses or warns: what it says must let the reader mend it. Each
 * command runs in a child process, as from a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "bowei/cli.h"
#include "bowei/journal.h"
#include "bowei/state_folder.h"
#include "tests/unit/scratch_folder.h"
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX 65536
#define ARGS_MAX 16

static char folder[256];
static char out_text[TEXT_MAX], err_text_read[TEXT_MAX];

static int folder_make(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    scratch_folder_remove(folder);
    return 0;
}

static const char *path_of(const char *name)
{
    static char paths[4][512];
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

static void run_child(int argc, char **argv)
{
    const int out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
        _exit(99);
    }
    const int status = cli_run(argc, argv, NULL, 0);

    fflush(stdout);
    _exit(status);
}

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

static void test_ids(void **state)
{
    char text[1000] = "";

    (void)state;
    assert_int_equal(bowei("id", "make", "150402001R0010012Z", NULL), CLI_FAILURE);
    assert_string_equal(err_text_read,
                        "150402001R0010012Z: 17 characters are needed, there are 18\n");
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
    assert_non_null(strstr(err_text_read, "2 to 6 capital letters"));
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "x", "--district",
                           "950402", "--keys", path_of("keys"), NULL),
                     CLI_USAGE);
    assert_non_null(strstr(err_text_read, "the first 1 to 8"));
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
        write_file("faulty", rows[i].text);
        assert_int_equal(chmod(path_of("faulty"), rows[i].mode), 0);
        assert_int_equal(bowei("keys", "list", "--keys", path_of("faulty"), NULL), CLI_FAILURE);
        assert_non_null(strstr(err_text_read, rows[i].says));
    }
    assert_int_equal(bowei("keys", "create", "--role", "staff", "--name", "a", "--keys",
                           path_of("nowhere/keys"), NULL),
                     CLI_FAILURE);
    assert_non_null(strstr(err_text_read, "its folder is not there"));
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

/* A table that counts little counts, too. */
static void test_aliases_alone_are_stored(void **state)
{
    (void)state;
    make_city();
    assert_int_equal(bowei("import", "--state", path_of("city"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    write_file("aliases.csv", "scheme,value,id\nbay,12,150402001R0010012Z\n");
    assert_int_equal(bowei("import", "--state", path_of("city"), path_of("aliases.csv"), NULL),
                     CLI_OK);
    assert_non_null(strstr(out_text, "aliases          1 added, 0 changed, 0 removed"));
    assert_int_equal(bowei("export", "--state", path_of("city"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "{\"scheme\":\"bay\",\"value\":\"12\""));
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(bowei("import", "--state", path_of("wrong"), folder, NULL), CLI_BAD_INPUT);
    assert_non_null(strstr(err_text_read, "is a directory"));
}

static void test_unknown_models_are_warned_of(void **state)
{
    (void)state;
    write_file("models.csv", "id,source,model\nd1,lora,bosch_tps101\nd2,lora,\nbus/u,bus,DX80\n");
    assert_int_equal(
        bowei("import", "--dry-run", "--state", path_of("wrong"), path_of("models.csv"), NULL),
        CLI_OK);
    assert_non_null(strstr(err_text_read,
                           "models.csv:2:1: warning: model: no frame of a \"bosch_tps101\" can be "
                           "decoded (`bowei models`), did you mean \"bosch_tps110\"?\ndry run"));
}

/* A stand-in for the server: owns the folder, and names the version in force when it is told to. */
static pid_t start_owner(const char *path)
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
            sigwait(&hup, &signal_number) != 0 || state_folder_set_applied(owned, 1) != ERR_OK) {
            _exit(1);
        }
        for (;;) {
            pause(); /* holds the lock until it is killed */
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

/* What is stored already and not in force is brought into force by the same import again. */
static void test_the_same_import_again_is_applied(void **state)
{
    pid_t owner = 0;

    (void)state;
    make_city();
    assert_int_equal(bowei("import", "--state", path_of("live"), path_of("lots.csv"),
                           path_of("spaces.csv"), NULL),
                     CLI_OK);
    owner = start_owner(path_of("live"));
    assert_int_equal(bowei("import", "--state", path_of("live"), path_of("spaces.csv"), NULL),
                     CLI_OK);
    assert_string_equal(err_text_read, "nothing differs from version 1\napplied as version 1\n");
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
}

static void test_journal_dump_says_what_it_could_not_read(void **state)
{
    static struct counters counters;
    const struct journal_params params = {.folder = path_of("dump/journal"), .counters = &counters};
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
    assert_int_equal(mkdir(path_of("dump"), 0700), 0);
    assert_int_equal(journal_open(&params, &journal), ERR_OK);
    assert_int_equal(journal_append_images(journal, RECORD_EFFECT, &stamp, images, 2), ERR_OK);
    journal_close(journal);
    assert_int_equal(bowei("journal", "dump", "--json", "--state", path_of("dump"), NULL), CLI_OK);
    assert_string_equal(err_text_read, "");
    assert_non_null(strstr(out_text, "\"set\":true,\"reason\":\"event\""));
    assert_non_null(strstr(out_text, "\"command\":\"lot_close\""));
    damaged = fopen(path_of("dump/journal/0000000000000003-0000000000000007.bwj"), "ab");
    assert_non_null(damaged);
    assert_int_equal(fwrite("rubbish", 1, 7, damaged), 7);
    assert_int_equal(fclose(damaged), 0);
    assert_int_equal(bowei("journal", "dump", "--json", "--state", path_of("dump"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"command\":\"lot_close\""));
    assert_non_null(strstr(err_text_read, "7.bwj: not readable from byte "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_keys_that_cannot_be),
        cmocka_unit_test(test_key_file_faults_are_told),
        cmocka_unit_test(test_aliases_alone_are_stored),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_unknown_models_are_warned_of),
        cmocka_unit_test(test_the_same_import_again_is_applied),
        cmocka_unit_test(test_journal_dump_says_what_it_could_not_read),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
