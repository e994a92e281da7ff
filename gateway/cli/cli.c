/* The command table and its dispatch: finds the command, answers help, leaves the rest to the
 * command. */
#include "bowei/cli.h"
#include "bowei/base/json_write.h"
#include "bowei/base/suggest.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 64

static const struct cli_command own[] = {
#define COMMAND(title, function, text, lines)                                                      \
    {.name = (title), .summary = (text), .usage = (lines), .run = (function)},
#include "gateway/cli/commands.def"
#undef COMMAND
};

/* All commands, sorted by name. */
struct table {
    const struct cli_command *rows[COMMANDS_MAX];
    size_t count;
};

static void table_add(struct table *table, const struct cli_command *rows, size_t count)
{
    for (size_t i = 0; i < count && table->count < COMMANDS_MAX; i++) {
        size_t at = table->count++;

        while (at > 0 && strcmp(table->rows[at - 1]->name, rows[i].name) > 0) {
            table->rows[at] = table->rows[at - 1];
            at--;
        }
        table->rows[at] = &rows[i];
    }
}

static const struct cli_command *table_find(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i]->name, name) == 0) {
            return table->rows[i];
        }
    }
    return NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
    const struct table *table = ctx;

    return table->rows[i]->name;
}

static void print_overview(const struct table *table, FILE *out)
{
    fprintf(out, "bowei: the gateway of a city's parking spaces and shared bikes\n\n"
                 "  bowei serve --config FILE\n"
                 "  bowei COMMAND [ARGUMENT]...\n\n");
    for (size_t i = 0; i < table->count; i++) {
        fprintf(out, "  %-14s %s\n", table->rows[i]->name, table->rows[i]->summary);
    }
    fprintf(out, "\nbowei help COMMAND says more. Exit codes: 0 ok, 1 failure, 2 usage, 3 bad "
                 "configuration\n"
                 "or input file, 4 not found, 5 no access, 6 server not reached, 7 conflict.\n");
}

static int print_help(const struct table *table, const char *name)
{
    const struct cli_command *row = table_find(table, name);

    if (row == NULL) {
        fprintf(stderr, "bowei: there is no command %s\n", name);
        return CLI_USAGE;
    }
    printf("%s: %s\n\n%s", row->name, row->summary, row->usage);
    if (row->usage[0] != '\0' && row->usage[strlen(row->usage) - 1] != '\n') {
        printf("\n");
    }
    return CLI_OK;
}

static int unknown_command(const struct table *table, const char *name)
{
    const char *near = suggest_name(name, name_at, table, table->count);

    fprintf(stderr, "bowei: there is no command %s", name);
    if (near != NULL) {
        fprintf(stderr, ", did you mean %s?\n", near);
    } else {
        fprintf(stderr, "; bowei help lists them\n");
    }
    return CLI_USAGE;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

int cli_run(int argc, char **argv, const struct cli_command *extra, size_t extra_count)
{
    struct table table = {.count = 0};
    const struct cli_command *row = NULL;
    const char *name = argc > 1 ? argv[1] : "";

    table_add(&table, own, ARRAY_LEN(own));
    table_add(&table, extra, extra_count);
    if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    if (name[0] == '\0') {
        print_overview(&table, stderr);
        return CLI_USAGE;
    }
    row = table_find(&table, name);
    if (row != NULL && asks_help(argc - 1, argv + 1)) {
        return print_help(&table, name);
    }
    if (row != NULL) {
        return row->run(argc - 1, argv + 1);
    }
    if (strcmp(name, "help") == 0 && argc > 2 && argv[2][0] != '-') {
        return print_help(&table, argv[2]);
    }
    if (strcmp(name, "help") == 0 || (name[0] == '-' && asks_help(argc, argv))) {
        print_overview(&table, stdout);
        return CLI_OK;
    }
    return unknown_command(&table, name);
}

int commands_print(struct strbuf *text)
{
    const bool good = !text->failed &&
                      (text->len == 0 || fwrite(text->data, 1, text->len, stdout) == text->len) &&
                      fflush(stdout) == 0;

    strbuf_finish(text);
    if (!good) {
        fprintf(stderr, "bowei: cannot write to standard output\n");
    }
    return good ? CLI_OK : CLI_FAILURE;
}

int commands_usage(const char *command, const char *why)
{
    fprintf(stderr, "bowei %s: %s; bowei help %s\n", command, why, command);
    return CLI_USAGE;
}

int command_version(int argc, char **argv)
{
    bool json = false;
    const struct option rows[] = {
        {"json", OPTION_FLAG, &json}
    };
    struct words words;
    struct strbuf text = {0};
    struct json_writer w;

    if (argc > 0 && strcmp(argv[0], "--version") == 0) {
        argc = 1;
    }
    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (json) {
        json_writer_init(&w, &text);
        json_object(&w);
        json_kv_str(&w, "version", BOWEI_VERSION);
        json_object_end(&w);
    } else {
        strbuf_puts(&text, "bowei " BOWEI_VERSION);
    }
    strbuf_putc(&text, '\n');
    return commands_print(&text);
}
