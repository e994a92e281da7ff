/* `bowei keys`: writes the key file; the server notices by itself. The key itself is printed once,
 * to standard output. */
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "bowei/keys.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/key_audit.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OVERLAP_MS    (INT64_C(7) * 86400000) /* a week to hand the new key over */
#define SPAN_DAYS_MAX 36500
#define LIST_ROW      "%-8s  %-31s  %-8s  %-7s  %-20s  %-20s  %-7s  %s\n"

struct keys_call {
    struct place place;
    const char *keys, *role, *name, *operator_code, *expires, *overlap;
    struct option_list districts;
    bool json, quiet;
    const char *command;
    struct words words; /* words.items[0] is the action */
};

static int fail(const struct keys_call *call, enum err e)
{
    char why[160];

    key_set_explain(call->keys, e, why, sizeof why);
    fprintf(stderr, "bowei keys: %s: %s\n", call->keys, why);
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
    if (call->operator_code != NULL && !key_operator_good(call->operator_code)) {
        return commands_usage(call->command,
                              "--operator must be 2 to 6 capital letters, as in the inventory");
    }
    return CLI_OK;
}

/* "90d", "12h", "30m" or "45s"; false when it is none of them. */
static bool span_read(const char *text, int64_t *out_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {
        {'d', 86400000},
        {'h', 3600000 },
        {'m', 60000   },
        {'s', 1000    },
    };

    char *end;
    const long count = strtol(text, &end, 10);

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (end != text && end[0] == units[i].letter && end[1] == '\0' && count >= 0 &&
            count <= SPAN_DAYS_MAX * (86400000 / units[i].ms)) {
            *out_ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}

/* --expires: a span from now, or an RFC 3339 time. CLI_OK with 0 when it is not given. */
static int expires_read(const struct keys_call *call, int64_t now_ms, int64_t *out_ms)
{
    int64_t span_ms = 0;

    *out_ms = 0;
    if (call->expires == NULL) {
        return CLI_OK;
    }
    if (span_read(call->expires, &span_ms)) {
        *out_ms = now_ms + span_ms;
    } else if (rfc3339_parse(call->expires, (uint32_t)strlen(call->expires), out_ms) != 0) {
        return commands_usage(call->command,
                              "--expires must be like 90d, 12h or 2027-01-31T00:00:00+08:00");
    }
    return *out_ms > now_ms ? CLI_OK : commands_usage(call->command, "--expires is in the past");
}

/* --district, each time one or several with commas, as one list. */
static int districts_read(const struct keys_call *call, enum role role,
                          char out[KEY_DISTRICTS_TEXT])
{
    struct key_row row;
    size_t n = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < call->districts.count && n < KEY_DISTRICTS_TEXT; i++) {
        n += (size_t)snprintf(out + n, KEY_DISTRICTS_TEXT - n, "%s%s", i == 0 ? "" : ",",
                              call->districts.items[i]);
    }
    if (call->districts.count > 0 && n == 0) { /* an empty variable of a script */
        return commands_usage(call->command,
                              "--district is empty; left out, the key changes all districts");
    }
    if (n >= KEY_DISTRICTS_TEXT || !key_districts_read(out, &row) || !key_districts_good(&row)) {
        return commands_usage(
            call->command,
            "--district must be up to 8 codes of 6 digits, the first 1 to 8, e.g. 150402");
    }
    if (row.district_count > 0 && role != ROLE_STAFF) {
        return commands_usage(call->command, "--district belongs to --role staff, and only there");
    }
    return CLI_OK;
}

/* A key that cannot be audited is not given out. */
static int audit_made(const struct keys_call *call, const char *action, const struct key_row *row)
{
    const enum err e = key_audit(call->keys, action, row, host_wall_ms());

    if (e != ERR_OK) {
        fprintf(stderr, "bowei keys: %s.audit cannot be written (%s): no key is given out\n",
                call->keys, err_text(e, 0));
        if (key_revoke(call->keys, row->prefix) != ERR_OK) {
            fprintf(stderr, "bowei keys: revoke %s by hand\n", row->prefix);
        }
        return CLI_FAILURE;
    }
    return CLI_OK;
}

/* The key, for the person who asked. */
static int key_print(const struct keys_call *call, const struct key_row *row, const char *text)
{
    struct strbuf out = {0};
    struct json_writer w;

    if (call->json) {
        json_writer_init(&w, &out);
        json_object(&w);
        json_kv_str(&w, "key", text);
        key_row_json(&w, row);
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

static int create(const struct keys_call *call)
{
    const int64_t now_ms = host_wall_ms();
    enum role role = ROLE_PUBLIC;
    char districts[KEY_DISTRICTS_TEXT];
    char text[KEY_TEXT_MAX];
    struct key_order order = {.name = call->name, .operator_code = call->operator_code};
    struct key_row row;
    enum err e = ERR_OK;
    int status = check_create(call, &role);

    status = status == CLI_OK ? districts_read(call, role, districts) : status;
    status = status == CLI_OK ? expires_read(call, now_ms, &order.expires_ms) : status;
    if (status != CLI_OK) {
        return status;
    }
    order.role = role;
    order.districts = districts;
    e = key_issue(call->keys, &order, now_ms, &row, text);
    if (e == ERR_CONFLICT) {
        fprintf(stderr, "bowei keys: %s has two live keys: revoke one first\n", call->name);
        return CLI_BAD_INPUT;
    }
    if (e != ERR_OK) {
        return fail(call, e);
    }
    status = audit_made(call, "create", &row);
    return status == CLI_OK ? key_print(call, &row, text) : status;
}

static int rotate(const struct keys_call *call)
{
    const int64_t now_ms = host_wall_ms();
    const char *name = call->words.items[1];
    struct key_rotation rotation = {.name = name, .overlap_ms = OVERLAP_MS};
    char text[KEY_TEXT_MAX];
    struct key_row row;
    enum err e = ERR_OK;
    int status = expires_read(call, now_ms, &rotation.expires_ms);

    if (status != CLI_OK) {
        return status;
    }
    if (call->overlap != NULL && !span_read(call->overlap, &rotation.overlap_ms)) {
        return commands_usage(call->command, "--overlap must be like 7d, 12h or 30m");
    }
    e = key_rotate(call->keys, &rotation, now_ms, &row, text);
    switch ((int)e) {
    case ERR_OK:
        status = audit_made(call, "rotate", &row);
        return status == CLI_OK ? key_print(call, &row, text) : status;
    case ERR_NOT_FOUND:
        fprintf(stderr, "bowei keys: no live key is named %s\n", name);
        return CLI_NOT_FOUND;
    case ERR_CONFLICT:
        fprintf(stderr, "bowei keys: %s has two live keys already: revoke one first\n", name);
        return CLI_BAD_INPUT;
    case ERR_BAD_PARAMETER:
        fprintf(stderr, "bowei keys: the key of %s expires: say --expires for the second, too\n",
                name);
        return CLI_USAGE;
    default: return fail(call, e);
    }
}

static void list_json(const struct key_row *rows, size_t count, struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_object(&w);
        key_row_json(&w, &rows[i]);
        json_object_end(&w);
    }
    json_array_end(&w);
    strbuf_putc(out, '\n');
}

static void list_table(const struct key_row *rows, size_t count, struct strbuf *out)
{
    const int64_t now_ms = host_wall_ms();

    strbuf_printf(out, LIST_ROW, "PREFIX", "NAME", "ROLE", "OP", "CREATED", "EXPIRES", "STATE",
                  "DISTRICTS");
    for (size_t i = 0; i < count; i++) {
        char created[RFC3339_LEN + 1];
        char expires[RFC3339_LEN + 1] = "never";
        char districts[KEY_DISTRICTS_TEXT];

        rfc3339_format(rows[i].created_ms, created);
        if (rows[i].expires_ms != 0) {
            rfc3339_format(rows[i].expires_ms, expires);
        }
        key_districts_write(&rows[i], districts);
        strbuf_printf(out, LIST_ROW, rows[i].prefix, rows[i].name, role_name(rows[i].role),
                      rows[i].operator_code, created, expires,
                      rows[i].revoked                   ? "revoked"
                      : key_row_lives(&rows[i], now_ms) ? "valid"
                                                        : "expired",
                      districts[0] == '\0' ? "all" : districts);
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
    struct key_row row = {.prefix = ""};
    enum err e;

    (void)snprintf(row.prefix, sizeof row.prefix, "%s", call->words.items[1]);
    e = key_audit(call->keys, "revoke", &row, host_wall_ms());
    if (e != ERR_OK) { /* a key that must go goes */
        fprintf(stderr, "bowei keys: %s.audit cannot be written (%s)\n", call->keys,
                err_text(e, 0));
    }
    e = key_revoke(call->keys, call->words.items[1]);
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
    {"rotate", 2, rotate},
};

int command_keys(int argc, char **argv)
{
    struct keys_call call = {.command = argv[0]};
    const struct option rows[] = {
        {"config",   OPTION_TEXT, &call.place.config_option},
        {"district", OPTION_LIST, &call.districts          },
        {"expires",  OPTION_TEXT, &call.expires            },
        {"json",     OPTION_FLAG, &call.json               },
        {"keys",     OPTION_TEXT, &call.keys               },
        {"name",     OPTION_TEXT, &call.name               },
        {"operator", OPTION_TEXT, &call.operator_code      },
        {"overlap",  OPTION_TEXT, &call.overlap            },
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
    return commands_usage(argv[0], "create, list, rotate NAME or revoke PREFIX");
}
