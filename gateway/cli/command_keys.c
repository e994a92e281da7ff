/* `bowei keys`: writes the key file; the server notices by itself. The key itself is printed once,
 * to standard output. */
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "bowei/keys.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <string.h>

struct keys_call {
    struct place place;
    const char *keys, *role, *name, *operator_code;
    bool json, quiet;
    const char *command;
    struct words words; /* words.items[0] is the action */
};

static int fail(const struct keys_call *call, enum err e)
{
    fprintf(stderr, "bowei keys: %s: %s\n", call->keys, err_text(e, 0));
    return e == ERR_NOT_FOUND ? CLI_NOT_FOUND : e == ERR_BAD_PARAMETER ? CLI_USAGE : CLI_FAILURE;
}

static bool plain_name(const char *text, size_t max)
{
    const size_t len = strlen(text);

    return len > 0 && len < max &&
           text[strspn(
               text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

/* CLI_OK when the options make a key. */
static int check_create(const struct keys_call *call, enum role *role)
{
    const size_t operator_max = sizeof((struct key_row *)NULL)->operator_code;

    if (call->role == NULL || !role_find(call->role, role) || *role == ROLE_PUBLIC) {
        return commands_usage(call->command, "--role must be operator, staff or admin");
    }
    if (call->name == NULL || !plain_name(call->name, KEY_NAME_MAX)) {
        return commands_usage(call->command, "--name must be up to 31 of letters, digits, _ . -");
    }
    if ((*role == ROLE_OPERATOR) != (call->operator_code != NULL)) {
        return commands_usage(call->command,
                              "--operator OP belongs to --role operator, and only there");
    }
    if (call->operator_code != NULL && !plain_name(call->operator_code, operator_max)) {
        return commands_usage(call->command,
                              "--operator must be up to 7 of letters, digits, _ . -");
    }
    return CLI_OK;
}

static int create(const struct keys_call *call)
{
    enum role role = ROLE_PUBLIC;
    char text[KEY_TEXT_MAX];
    struct strbuf out = {0};
    struct json_writer w;
    enum err e = ERR_OK;
    const int status = check_create(call, &role);

    if (status != CLI_OK) {
        return status;
    }
    e = key_create(call->keys, call->name, role,
                   call->operator_code == NULL ? "" : call->operator_code, host_wall_ms(), text);
    if (e != ERR_OK) {
        return fail(call, e);
    }
    if (call->json) {
        json_writer_init(&w, &out);
        json_object(&w);
        json_kv_str(&w, "key", text);
        json_kv_str(&w, "name", call->name);
        json_kv_str(&w, "role", role_name(role));
        if (call->operator_code != NULL) {
            json_kv_str(&w, "operator", call->operator_code);
        }
        json_object_end(&w);
    } else {
        strbuf_puts(&out, text);
        if (!call->quiet) {
            fprintf(stderr, "This key is shown only now; %s keeps its hash.\n", call->keys);
        }
    }
    strbuf_putc(&out, '\n');
    return commands_print(&out);
}

static void list_json(const struct key_row *rows, size_t count, struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_object(&w);
        json_kv_str(&w, "prefix", rows[i].prefix);
        json_kv_str(&w, "name", rows[i].name);
        json_kv_str(&w, "role", role_name(rows[i].role));
        if (rows[i].operator_code[0] != '\0') {
            json_kv_str(&w, "operator", rows[i].operator_code);
        }
        json_kv_time(&w, "created_at", rows[i].created_ms);
        json_kv_bool(&w, "revoked", rows[i].revoked);
        json_object_end(&w);
    }
    json_array_end(&w);
    strbuf_putc(out, '\n');
}

static void list_table(const struct key_row *rows, size_t count, struct strbuf *out)
{
    char created[RFC3339_LEN + 1];

    strbuf_printf(out, "%-8s  %-31s  %-8s  %-7s  %-20s  %s\n", "PREFIX", "NAME", "ROLE", "OP",
                  "CREATED", "STATE");
    for (size_t i = 0; i < count; i++) {
        rfc3339_format(rows[i].created_ms, created);
        strbuf_printf(out, "%-8s  %-31s  %-8s  %-7s  %-20s  %s\n", rows[i].prefix, rows[i].name,
                      role_name(rows[i].role), rows[i].operator_code, created,
                      rows[i].revoked ? "revoked" : "valid");
    }
}

static int list(const struct keys_call *call)
{
    struct key_set *set = NULL;
    const struct key_row *rows = NULL;
    struct strbuf out = {0};
    size_t count = 0;
    const enum err e = key_set_load(call->keys, &set);

    if (e != ERR_OK) {
        return fail(call, e);
    }
    count = key_set_rows(set, &rows);
    if (call->json) {
        list_json(rows, count, &out);
    } else {
        list_table(rows, count, &out);
    }
    key_set_destroy(set);
    return commands_print(&out);
}

static int revoke(const struct keys_call *call)
{
    const enum err e = key_revoke(call->keys, call->words.items[1]);

    if (e == ERR_NOT_FOUND) {
        fprintf(stderr, "bowei keys: there is no key %s\n", call->words.items[1]);
        return CLI_NOT_FOUND;
    }
    if (e != ERR_OK) {
        return fail(call, e);
    }
    if (!call->quiet) {
        fprintf(stderr, "revoked %s\n", call->words.items[1]);
    }
    return CLI_OK;
}

static const struct {
    const char *name;
    size_t words;
    int (*run)(const struct keys_call *call);
} actions[] = {
    {"create", 1, create},
    {"list",   1, list  },
    {"revoke", 2, revoke},
};

int command_keys(int argc, char **argv)
{
    struct keys_call call = {.command = argv[0]};
    const struct option rows[] = {
        {"config",   OPTION_TEXT, &call.place.config_option},
        {"json",     OPTION_FLAG, &call.json               },
        {"keys",     OPTION_TEXT, &call.keys               },
        {"name",     OPTION_TEXT, &call.name               },
        {"operator", OPTION_TEXT, &call.operator_code      },
        {"quiet",    OPTION_FLAG, &call.quiet              },
        {"role",     OPTION_TEXT, &call.role               },
        {"state",    OPTION_TEXT, &call.place.state_option },
    };
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &call.words)) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < ARRAY_LEN(actions) && call.words.count > 0; i++) {
        if (strcmp(actions[i].name, call.words.items[0]) == 0 &&
            actions[i].words == call.words.count) {
            if (call.keys == NULL) {
                status = command_place_find(&call.place, argv[0]);
                call.keys = call.place.keys;
            }
            return status == CLI_OK ? actions[i].run(&call) : status;
        }
    }
    return commands_usage(argv[0], "create, list or revoke PREFIX");
}
