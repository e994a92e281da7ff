/* `bowei cases VERB`: the duty desk over the REST interface: lists, what is due next, the hand-over
 * note, prints and export; opening and moves are case_moves.c. */
#include "gateway/cli/case_verbs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include "gateway/cli/verbs.h"
#include <stdio.h>
#include <string.h>

static const char *const columns[REST_COLUMNS_MAX] = {
    "id", "kind", "status", "stage", "place", "unit", "person", "due.next", "overdue", NULL};
static const char *const audit_columns[REST_COLUMNS_MAX] = {"at",   "actor", "command", "case",
                                                            "note", "place", NULL};
static const char *const row_columns[REST_COLUMNS_MAX] = {"number", "at",    "event", "actor",
                                                          "status", "stage", "note",  NULL};
static const char *const figure_columns[REST_COLUMNS_MAX] = {
    "opened", "closed", "voided", "outstanding", "balanced", "overdue", "orphans", NULL};

/* --- lists --- */

static int list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"status",  NULL},
        {"kind",    NULL},
        {"stage",   NULL},
        {"source",  NULL},
        {"unit",    NULL},
        {"person",  NULL},
        {"is",      NULL},
        {"place",   NULL},
        {"vehicle", NULL},
        {"from",    NULL},
        {"until",   NULL},
        {"order",   NULL},
        {"crs",     NULL},
        {"limit",   NULL},
        {"cursor",  NULL},
        {"format",  NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/cases", NULL, columns}, queries,
                          ARRAY_LEN(queries));
}

static int due_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"kind",   NULL},
        {"stage",  NULL},
        {"source", NULL},
        {"unit",   NULL},
        {"person", NULL},
        {"is",     NULL},
        {"limit",  NULL},
        {"cursor", NULL},
        {"format", NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/cases/due", NULL, columns},
                          queries, ARRAY_LEN(queries));
}

static int audit_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"case",    NULL},
        {"actor",   NULL},
        {"command", NULL},
        {"from",    NULL},
        {"until",   NULL},
        {"limit",   NULL},
        {"cursor",  NULL},
        {"format",  NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/audit", NULL, audit_columns},
                          queries, ARRAY_LEN(queries));
}

/* --- one case, notes, prints --- */

static int get_verb(int argc, char **argv)
{
    bool history = false;
    struct option rows[1 + REST_OPTIONS] = {
        {"history", OPTION_FLAG, &history}
    };
    struct rest_call call = {0};
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "get takes one case");
    }
    call.list = history ? "history" : NULL;
    return rest_get(&call, "/v1/cases/", call.words.items[0], NULL, 0,
                    history ? row_columns : case_columns);
}

static int print_verb(int argc, char **argv)
{
    const char *what = "file";
    struct rest_query lang = {"lang", NULL};
    struct option rows[2 + REST_OPTIONS] = {
        {"what", OPTION_TEXT, &what      },
        {"lang", OPTION_TEXT, &lang.value},
    };
    struct rest_call call = {.csv = true}; /* printed as it came */
    struct strbuf path = {0};
    int code = rest_options(argc, argv, rows, 2, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1 || (strcmp(what, "file") != 0 && strcmp(what, "notice") != 0)) {
        return commands_usage(argv[0], "print takes one case, and --what file or notice");
    }
    rest_path(&path, "/v1/cases/", call.words.items[0],
              strcmp(what, "file") == 0 ? "/file" : "/notice");
    code = path.failed ? CLI_FAILURE : rest_get(&call, path.data, NULL, &lang, 1, columns);
    strbuf_finish(&path);
    return code;
}

static int handover_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"hours",  NULL  },
        {"lang",   NULL  },
        {"format", "text"},
    };
    struct option rows[ARRAY_LEN(queries) + REST_OPTIONS];
    struct rest_call call = {0};
    int code;

    rest_query_options(rows, queries, ARRAY_LEN(queries));
    code = rest_options(argc, argv, rows, ARRAY_LEN(queries), &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "handover takes no arguments");
    }
    queries[2].value = call.json ? "json" : queries[2].value;
    call.csv = !call.json; /* text and HTML are printed as they come */
    return rest_get(&call, "/v1/cases/handover", NULL, queries, ARRAY_LEN(queries), columns);
}

static int figures_verb(int argc, char **argv)
{
    struct option rows[REST_OPTIONS];
    struct rest_call call = {0};
    int code = rest_options(argc, argv, rows, 0, &call);

    return code != CLI_OK ? code
                          : rest_get(&call, "/v1/cases/figures", NULL, NULL, 0, figure_columns);
}

/* --- export: all pages as one CSV, the heading once --- */

static int export_page(struct rest_call *call, const char *path, bool heading, char next[64])
{
    struct http_answer answer = {.status = 0};
    int code = rest_ask(call, "GET", path, NULL, &answer);

    if (code == CLI_OK) {
        const char *rows = heading ? answer.body.data : strchr(answer.body.data, '\n');

        (void)snprintf(next, 64, "%s", answer.next);
        code = rows == NULL || fputs(rows + (heading ? 0 : 1), stdout) < 0 ? CLI_FAILURE : CLI_OK;
    }
    strbuf_finish(&answer.body);
    return code;
}

static int export_verb(int argc, char **argv)
{
    const char *is = NULL;
    struct option rows[1 + REST_OPTIONS] = {
        {"is", OPTION_TEXT, &is}
    };
    struct rest_call call = {0};
    char next[64] = "";
    bool heading = true;
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "export takes no arguments");
    }
    do {
        struct strbuf path = {0};

        strbuf_puts(&path, "/v1/cases?format=csv&limit=1000");
        if (is != NULL) {
            strbuf_puts(&path, "&is=");
            http_get_escape(is, &path);
        }
        strbuf_printf(&path, "%s%s", next[0] != '\0' ? "&cursor=" : "", next);
        strbuf_putc(&path, '\0');
        code = path.failed ? CLI_FAILURE : export_page(&call, path.data, heading, next);
        strbuf_finish(&path);
        heading = false;
    } while (code == CLI_OK && next[0] != '\0');
    return code == CLI_OK && fflush(stdout) != 0 ? CLI_FAILURE : code;
}

#define CASE_VERB(code, run)
#define CASE_MOVE(name, code)                                                                      \
    static int move_##name(int argc, char **argv)                                                  \
    {                                                                                              \
        return case_verb_move(argc, argv, CASE_EVENT_##name);                                      \
    }
#include "gateway/cli/case_verbs.def"
#undef CASE_VERB
#undef CASE_MOVE

static const struct verb verbs[] = {
#define CASE_VERB(code, run)  {code, run},
#define CASE_MOVE(name, code) {code, move_##name},
#include "gateway/cli/case_verbs.def"
#undef CASE_VERB
#undef CASE_MOVE
};

int command_cases(int argc, char **argv)
{
    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
