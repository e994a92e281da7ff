/* `bowei reload`: checks the configuration, tells the running gateway to take it over, and waits
 * for what became of it (<state>/reload.json, which the gateway writes). */
#include "bowei/base/json_read.h"
#include "bowei/state_folder.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUTCOME_WAIT_MS 30000 /* a line ends its present request first, 10 s at most */
#define OUTCOME_STEP_MS 50
#define OUTCOME_BYTES   262144 /* 200 lines and 50 faults fit four times over */
#define OUTCOME_NODES   8192

/* What the gateway wrote last. */
struct outcome {
    char *text;
    size_t len;
    struct json_node *nodes;
    struct json_doc doc;
    int64_t number, pid;
    char result[16], config[PATH_MAX];
};

struct reload_call {
    const char *config_option, *state_option;
    bool json, quiet, unchecked;
    char state[512];
    struct outcome outcome;
};

static void text_of(const struct outcome *o, const char *name, char *out, size_t cap)
{
    const struct json_node *n = json_member(&o->doc, o->doc.nodes, name);

    if (n == NULL || json_text(&o->doc, n, out, cap) < 0) {
        out[0] = '\0';
    }
}

/* False when there is none or it is not whole. */
static bool outcome_read(const char *state, struct outcome *o)
{
    char path[640];
    FILE *file = NULL;
    const struct json_node *number = NULL;
    const struct json_node *pid = NULL;

    snprintf(path, sizeof path, "%s/" STATE_RELOAD, state);
    file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    o->len = fread(o->text, 1, OUTCOME_BYTES, file);
    (void)fclose(file);
    if (json_parse(&o->doc, o->text, o->len, o->nodes, OUTCOME_NODES) != JSON_OK) {
        return false;
    }
    number = json_member(&o->doc, o->doc.nodes, "number");
    pid = json_member(&o->doc, o->doc.nodes, "pid");
    text_of(o, "result", o->result, sizeof o->result);
    text_of(o, "config", o->config, sizeof o->config);
    return number != NULL && pid != NULL && json_int(&o->doc, number, &o->number) &&
           json_int(&o->doc, pid, &o->pid);
}

/* Calls for each text of a list, or each object of it with its members. */
static void print_list(const struct outcome *o, const char *name, const char *after)
{
    const struct json_node *list = json_member(&o->doc, o->doc.nodes, name);
    const struct json_node *item = list == NULL ? NULL : json_first(&o->doc, list);
    char text[512];

    for (uint32_t i = 0; item != NULL && i < list->count; i++) {
        if (json_text(&o->doc, item, text, sizeof text) >= 0) {
            fprintf(stderr, "%s%s\n", text, after);
        }
        item = json_after(&o->doc, item);
    }
}

static void print_changes(const struct outcome *o)
{
    const struct json_node *list = json_member(&o->doc, o->doc.nodes, "changes");
    const struct json_node *item = list == NULL ? NULL : json_first(&o->doc, list);
    static const char *const names[] = {"kind", "name", "change"};
    char text[ARRAY_LEN(names)][64];

    for (uint32_t i = 0; item != NULL && i < list->count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            const struct json_node *n = json_member(&o->doc, item, names[k]);

            if (n == NULL || json_text(&o->doc, n, text[k], sizeof text[k]) < 0) {
                text[k][0] = '\0';
            }
        }
        fprintf(stderr, "%s %s: %s\n", text[0], text[1], text[2]);
        item = json_after(&o->doc, item);
    }
}

static int print_outcome(const struct reload_call *call)
{
    const struct outcome *o = &call->outcome;
    const bool refused = strcmp(o->result, "refused") == 0;

    if (refused || !call->quiet) {
        print_list(o, "errors", "");
    }
    if (!call->quiet) {
        print_changes(o);
        print_list(o, "needs_restart", ": needs a restart");
        fprintf(stderr, "%s: %s%s\n", o->config, o->result,
                refused ? ", the former one stays in force" : "");
    }
    if (call->json && fwrite(o->text, 1, o->len, stdout) != o->len) {
        return CLI_FAILURE;
    }
    return refused ? CLI_BAD_INPUT : CLI_OK;
}

static int signal_and_wait(struct reload_call *call, pid_t owner)
{
    const struct timespec step = {.tv_nsec = OUTCOME_STEP_MS * 1000000L};
    const int64_t before = call->outcome.number;

    if (kill(owner, SIGHUP) != 0) {
        fprintf(stderr, "bowei reload: cannot signal the gateway (process %ld): %s\n", (long)owner,
                strerror(errno));
        return CLI_FAILURE;
    }
    for (int waited = 0; waited < OUTCOME_WAIT_MS; waited += OUTCOME_STEP_MS) {
        if (outcome_read(call->state, &call->outcome) && call->outcome.pid == (int64_t)owner &&
            call->outcome.number > before) {
            return print_outcome(call);
        }
        if (state_folder_owner(call->state) != owner) {
            fprintf(stderr, "bowei reload: the gateway has stopped\n");
            return CLI_UNREACHABLE;
        }
        nanosleep(&step, NULL);
    }
    fprintf(stderr, "bowei reload: the gateway has not answered within 30 s: see its log\n");
    return CLI_UNREACHABLE;
}

/* The gateway reads its own file again; another one here would be a misunderstanding. */
static bool is_its_file(const struct reload_call *call)
{
    char path[PATH_MAX];

    return call->config_option == NULL || realpath(call->config_option, path) == NULL ||
           strcmp(path, call->outcome.config) == 0;
}

static int check(const struct reload_call *call)
{
    const struct option_list none = {.count = 0};
    struct config *config = NULL;
    const char *path = call->config_option == NULL ? call->outcome.config : call->config_option;
    const int status = call->unchecked ? CLI_OK : command_config_load(path, &none, &config);

    config_destroy(config);
    return status;
}

static int not_told(int status)
{
    fprintf(stderr, "bowei reload: the gateway was not told; its configuration stays\n");
    return status;
}

static int reload(struct reload_call *call)
{
    const pid_t owner = state_folder_owner(call->state);
    int status = CLI_OK;

    if (owner <= 0) {
        fprintf(stderr, "bowei reload: no gateway is running with %s\n", call->state);
        return CLI_UNREACHABLE;
    }
    if (!outcome_read(call->state, &call->outcome) || call->outcome.pid != (int64_t)owner) {
        fprintf(stderr, "bowei reload: the gateway of %s is still starting\n", call->state);
        return CLI_UNREACHABLE;
    }
    if (!is_its_file(call)) {
        fprintf(stderr, "bowei reload: the gateway of %s runs with %s\n", call->state,
                call->outcome.config);
        return CLI_CONFLICT;
    }
    status = check(call);
    return status == CLI_OK ? signal_and_wait(call, owner) : not_told(status);
}

/* The state folder asked for, or that of the configuration. */
static int find_state(struct reload_call *call)
{
    struct place place = {.state_option = call->state_option};
    int status = CLI_OK;

    if (call->state_option == NULL) {
        place.config_option = call->config_option;
    }
    status = command_place_find(&place, "reload");
    snprintf(call->state, sizeof call->state, "%s", place.state);
    return status;
}

int command_reload(int argc, char **argv)
{
    struct reload_call call = {.config_option = NULL};
    const struct option rows[] = {
        {"config",   OPTION_TEXT, &call.config_option},
        {"json",     OPTION_FLAG, &call.json         },
        {"no-check", OPTION_FLAG, &call.unchecked    },
        {"quiet",    OPTION_FLAG, &call.quiet        },
        {"state",    OPTION_TEXT, &call.state_option },
    };
    struct words words;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count > 0) {
        return commands_usage(argv[0], "takes no arguments");
    }
    status = find_state(&call);
    if (status != CLI_OK) {
        return not_told(status);
    }
    call.outcome.text = malloc(OUTCOME_BYTES);
    call.outcome.nodes = calloc(OUTCOME_NODES, sizeof *call.outcome.nodes);
    status = call.outcome.text == NULL || call.outcome.nodes == NULL ? CLI_FAILURE : reload(&call);
    free(call.outcome.text);
    free(call.outcome.nodes);
    return status;
}
