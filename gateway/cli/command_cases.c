/* `bowei cases VERB`: the duty desk over the REST interface: lists, what is due next, opening, each
 * move, the hand-over note, prints and export. A move's options are the members of its body; the
 * gateway says which of them the move takes. */
#include "bowei/base/json_write.h"
#include "bowei/case.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/verbs.h"
#include <stdio.h>
#include <string.h>

#define QUERIES_MAX 20

static const char *const columns[REST_COLUMNS_MAX] = {
    "id", "kind", "status", "stage", "source", "place", "unit", "person", "overdue", NULL};
static const char *const case_columns[REST_COLUMNS_MAX] = {
    "id", "kind", "status", "stage", "unit", "person", "place", "version", NULL};
static const char *const row_columns[REST_COLUMNS_MAX] = {"number", "at",    "event", "actor",
                                                          "status", "stage", "note",  NULL};
static const char *const figure_columns[REST_COLUMNS_MAX] = {
    "opened", "closed", "voided", "outstanding", "balanced", "overdue", "orphans", NULL};

/* --- lists --- */

/* A list with its filters: each query is an option of the same name; --csv asks for CSV. */
static int list(int argc, char **argv, const char *path, struct rest_query *queries, size_t count)
{
    struct option rows[QUERIES_MAX + DEVICE_OPTIONS];
    struct rest_call call = {0};
    int code;

    for (size_t i = 0; i + 1 < count; i++) {
        rows[i] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
    rows[count - 1] = (struct option){"csv", OPTION_FLAG, &call.csv};
    code = device_options(argc, argv, rows, count, &call);
    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "takes no arguments here");
    }
    queries[count - 1].value = call.csv ? "csv" : NULL;
    return rest_get(&call, path, NULL, queries, count, columns);
}

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

    return list(argc, argv, "/v1/cases", queries, ARRAY_LEN(queries));
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

    return list(argc, argv, "/v1/cases/due", queries, ARRAY_LEN(queries));
}

/* --- one case, notes, prints --- */

/* "/v1/cases/<number><tail>", NUL-terminated. */
static void case_path(struct strbuf *path, const char *number, const char *tail)
{
    strbuf_puts(path, "/v1/cases/");
    http_get_escape(number, path);
    strbuf_putc(path, '/');
    strbuf_puts(path, tail);
    strbuf_putc(path, '\0');
}

static int get_verb(int argc, char **argv)
{
    bool history = false;
    struct option rows[1 + DEVICE_OPTIONS] = {
        {"history", OPTION_FLAG, &history}
    };
    struct rest_call call = {0};
    int code = device_options(argc, argv, rows, 1, &call);

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
    struct option rows[2 + DEVICE_OPTIONS] = {
        {"what", OPTION_TEXT, &what      },
        {"lang", OPTION_TEXT, &lang.value},
    };
    struct rest_call call = {.csv = true}; /* printed as it came */
    struct strbuf path = {0};
    int code = device_options(argc, argv, rows, 2, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1 || (strcmp(what, "file") != 0 && strcmp(what, "notice") != 0)) {
        return commands_usage(argv[0], "print takes one case, and --what file or notice");
    }
    case_path(&path, call.words.items[0], what);
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
    struct option rows[ARRAY_LEN(queries) + DEVICE_OPTIONS];
    struct rest_call call = {0};
    int code;

    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        rows[i] = (struct option){queries[i].name, OPTION_TEXT, &queries[i].value};
    }
    code = device_options(argc, argv, rows, ARRAY_LEN(queries), &call);
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
    struct option rows[DEVICE_OPTIONS];
    struct rest_call call = {0};
    int code = device_options(argc, argv, rows, 0, &call);

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
    struct option rows[1 + DEVICE_OPTIONS] = {
        {"is", OPTION_TEXT, &is}
    };
    struct rest_call call = {0};
    char next[64] = "";
    bool heading = true;
    int code = device_options(argc, argv, rows, 1, &call);

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

/* --- bodies: members of one name each, and the evidence in its object --- */

/* Kinds of members, by what JSON they are. */
enum member_kind { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_LIST };

struct member {
    const char *option, *name;
    enum member_kind kind;
    const char *value; /**< NULL = not given */
};

static const struct member members[] = {
    {"note",     "note",     MEMBER_TEXT,   NULL},
    {"text",     "text",     MEMBER_TEXT,   NULL},
    {"kind",     "kind",     MEMBER_TEXT,   NULL},
    {"source",   "source",   MEMBER_TEXT,   NULL},
    {"place",    "place",    MEMBER_TEXT,   NULL},
    {"vehicle",  "vehicle",  MEMBER_TEXT,   NULL},
    {"unit",     "unit",     MEMBER_TEXT,   NULL},
    {"person",   "person",   MEMBER_TEXT,   NULL},
    {"duty",     "duty",     MEMBER_TEXT,   NULL},
    {"until",    "until",    MEMBER_TEXT,   NULL},
    {"score",    "score",    MEMBER_NUMBER, NULL},
    {"document", "document", MEMBER_TEXT,   NULL},
    {"channel",  "channel",  MEMBER_TEXT,   NULL},
    {"features", "features", MEMBER_LIST,   NULL},
    {"into",     "into",     MEMBER_TEXT,   NULL},
    {"version",  "version",  MEMBER_NUMBER, NULL},
};

/* Of the objects `evidence` and `location`. */
static const struct member evidence_members[] = {
    {"evidence-uri",    "uri",      MEMBER_TEXT, NULL},
    {"evidence-sha256", "sha256",   MEMBER_TEXT, NULL},
    {"evidence-taken",  "taken_at", MEMBER_TEXT, NULL},
    {"evidence-device", "device",   MEMBER_TEXT, NULL},
};

static const struct member location_members[] = {
    {"lat", "lat", MEMBER_NUMBER, NULL},
    {"lon", "lon", MEMBER_NUMBER, NULL},
    {"crs", "crs", MEMBER_TEXT,   NULL},
};

#define MEMBERS_MAX (ARRAY_LEN(members) + ARRAY_LEN(evidence_members) + ARRAY_LEN(location_members))

struct body {
    struct member plain[ARRAY_LEN(members)];
    struct member evidence[ARRAY_LEN(evidence_members)];
    struct member location[ARRAY_LEN(location_members)];
    bool emergency;
};

static void body_init(struct body *body)
{
    *body = (struct body){.emergency = false};
    memcpy(body->plain, members, sizeof members);
    memcpy(body->evidence, evidence_members, sizeof evidence_members);
    memcpy(body->location, location_members, sizeof location_members);
}

static size_t options_of(struct member *rows, size_t count, struct option *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct option){rows[i].option, OPTION_TEXT, &rows[i].value};
    }
    return count;
}

static void list_write(struct json_writer *w, const char *words)
{
    json_array(w);
    for (const char *at = words;; at++) {
        const size_t len = strcspn(at, ",");

        json_strn(w, at, len);
        at += len;
        if (*at == '\0') {
            break;
        }
    }
    json_array_end(w);
}

/* A number goes as it is when it looks like one, else as a text that the gateway refuses. */
static void number_write(struct json_writer *w, const char *text)
{
    const size_t len = strlen(text);

    if (len > 0 && len < 24 && strspn(text, "-0123456789.") == len) {
        json_raw(w, text, len);
    } else {
        json_str(w, text);
    }
}

static void members_write(struct json_writer *w, const struct member *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].value == NULL) {
            continue;
        }
        json_key(w, rows[i].name);
        switch (rows[i].kind) {
        case MEMBER_TEXT: json_str(w, rows[i].value); break;
        case MEMBER_NUMBER: number_write(w, rows[i].value); break;
        case MEMBER_LIST: list_write(w, rows[i].value); break;
        }
    }
}

static bool any_given(const struct member *rows, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        any = any || rows[i].value != NULL;
    }
    return any;
}

static void object_write(struct json_writer *w, const char *name, const struct member *rows,
                         size_t count)
{
    if (any_given(rows, count)) {
        json_key(w, name);
        json_object(w);
        members_write(w, rows, count);
        json_object_end(w);
    }
}

static void body_write(const struct body *body, struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    members_write(&w, body->plain, ARRAY_LEN(body->plain));
    object_write(&w, "evidence", body->evidence, ARRAY_LEN(body->evidence));
    object_write(&w, "location", body->location, ARRAY_LEN(body->location));
    if (body->emergency) {
        json_kv_bool(&w, "emergency", true);
    }
    json_object_end(&w);
    strbuf_putc(out, '\0');
}

/* Reads all options of bodies; CLI_OK or an exit code. */
static int body_options(int argc, char **argv, struct body *body, struct rest_call *call)
{
    struct option rows[MEMBERS_MAX + 1 + DEVICE_OPTIONS];
    size_t count = 0;

    body_init(body);
    count += options_of(body->plain, ARRAY_LEN(body->plain), rows + count);
    count += options_of(body->evidence, ARRAY_LEN(body->evidence), rows + count);
    count += options_of(body->location, ARRAY_LEN(body->location), rows + count);
    rows[count++] = (struct option){"emergency", OPTION_FLAG, &body->emergency};
    return device_options(argc, argv, rows, count, call);
}

static int post(const struct rest_call *call, const char *path, const struct body *body)
{
    struct strbuf text = {0};
    int code;

    body_write(body, &text);
    code = text.failed ? CLI_FAILURE : rest_send(call, "POST", path, text.data, case_columns);
    strbuf_finish(&text);
    return code;
}

static int open_verb(int argc, char **argv)
{
    struct rest_call call = {0};
    struct body body;
    int code = body_options(argc, argv, &body, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count > 0) {
        return commands_usage(argv[0], "open takes no arguments");
    }
    return post(&call, "/v1/cases", &body);
}

static int move(int argc, char **argv, enum case_event event)
{
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct body body;
    int code = body_options(argc, argv, &body, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "takes one case");
    }
    case_path(&path, call.words.items[0], case_event_word(event)->code);
    code = path.failed ? CLI_FAILURE : post(&call, path.data, &body);
    strbuf_finish(&path);
    return code;
}

/* What people may do; the gateway has the same (unit.api_desk compares its routes with the core).
 */
/* clang-format off: one line a table */
#define MOVES(X)                                                                                   \
    X(ASSIST, "assist")                                                                            \
    X(ASSIST_FEEDBACK, "assist_feedback")                                                          \
    X(CHECK, "check") X(CHECK_IN, "check_in") X(CLAIM, "claim") X(CLOSE, "close")                  \
        X(CONFIRM, "confirm") X(DISPATCH, "dispatch") X(DISPOSE, "dispose")                        \
            X(ESCALATE, "escalate") X(EVIDENCE, "evidence") X(EXTEND, "extend")                    \
                X(FEEDBACK, "feedback") X(FILE, "file") X(IMPOUND, "impound") X(MERGE, "merge")    \
                    X(NOTE, "note") X(NOTICE, "notice") X(REHANDLE, "rehandle")                    \
                        X(RESUME, "resume") X(RETURN, "return") X(REWORK, "rework")                \
                            X(SELF_CLEAR, "self_clear") X(SUSPEND, "suspend")                      \
                                X(TRANSFER, "transfer") X(URGE, "urge") X(VOID, "void")

#define MOVE_VERB(name, code)                                                                      \
    static int move_##name(int argc, char **argv)                                                  \
    {                                                                                              \
        return move(argc, argv, CASE_EVENT_##name);                                                \
    }

MOVES(MOVE_VERB)

#define MOVE_ROW(name, code) {code, move_##name},

int command_cases(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list",     list_verb    },
        {"due",      due_verb     },
        {"get",      get_verb     },
        {"open",     open_verb    },
        {"handover", handover_verb},
        {"figures",  figures_verb },
        {"print",    print_verb   },
        {"export",   export_verb  },
        MOVES(MOVE_ROW)
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}

/* clang-format on */
