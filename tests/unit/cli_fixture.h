#ifndef TESTS_UNIT_CLI_FIXTURE_H
#define TESTS_UNIT_CLI_FIXTURE_H

/* The command line as a shell sees it: a command runs in a child process, and what it wrote to
 * standard output and standard error is in out_text and wrong_text. Its files are in the test's own
 * folder. Included by one source a program. */
#include "tests/unit/own_folder.h"

#include "bowei/base/json_read.h"
#include "bowei/cli.h"
#include <sys/wait.h>

#define CLI_TEXT_MAX  65536
#define CLI_WORDS_MAX 24
#define CLI_NODES_MAX 4096

static char out_text[CLI_TEXT_MAX], wrong_text[CLI_TEXT_MAX];

static inline int serve_stub(int argc, char **argv)
{
    printf("serve %d %s\n", argc, argv[0]);
    return 42;
}

/* What the program adds to the commands of the room. */
static const struct cli_command serve_command = {
    .name = "serve", .summary = "run", .usage = "bowei serve", .run = serve_stub};

/* Starts "bowei" with these words, which end with NULL. */
static inline pid_t bowei_begin(const char *const words[])
{
    pid_t child;

    fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *argv[CLI_WORDS_MAX + 2] = {strdup("bowei")};
        int argc = 1;
        int status = 99;

        for (; argc <= CLI_WORDS_MAX && words[argc - 1] != NULL; argc++) {
            argv[argc] = strdup(words[argc - 1]);
        }
        if (dup2(open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO) >= 0 &&
            dup2(open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO) >= 0) {
            status = cli_run(argc, argv, &serve_command, 1);
            fflush(stdout);
        }
        _exit(status);
    }
    return child;
}

/* Its exit code; fills out_text and wrong_text. */
static inline int bowei_end(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    text_read("out", out_text, sizeof out_text);
    text_read("err", wrong_text, sizeof wrong_text);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Runs "bowei" with the words up to NULL. */
static inline int bowei(const char *first, ...)
{
    const char *words[CLI_WORDS_MAX + 1] = {first};
    va_list args;

    va_start(args, first);
    for (int n = 0; words[n] != NULL && n + 1 < CLI_WORDS_MAX;) {
        words[++n] = va_arg(args, const char *);
    }
    va_end(args);
    return bowei_end(bowei_begin(words));
}

/* How many lines standard output has; each must be one JSON document. */
static inline unsigned json_lines(void)
{
    static struct json_node nodes[CLI_NODES_MAX];
    unsigned lines = 0;

    for (char *line = out_text; *line != '\0'; lines++) {
        const size_t len = strcspn(line, "\n");
        struct json_doc doc;

        assert_int_equal(json_parse(&doc, line, len, nodes, CLI_NODES_MAX), JSON_OK);
        line += len + (line[len] == '\n');
    }
    return lines;
}

#endif
