/* `bowei cases open` and every move: options become the members of the body; the gateway says which
 * of them the move takes. */
#include "bowei/base/json_write.h"
#include "gateway/cli/case_verbs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include <string.h>

const char *const case_columns[REST_COLUMNS_MAX] = {"id",     "kind",  "status",  "stage", "unit",
                                                    "person", "place", "version", NULL};

/* "/v1/cases/<number escaped>/<move>", NUL-terminated. */
static void move_path(struct strbuf *path, const char *number, const char *move)
{
    strbuf_puts(path, "/v1/cases/");
    http_get_escape(number, path);
    strbuf_putc(path, '/');
    strbuf_puts(path, move);
    strbuf_putc(path, '\0');
}

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
    struct option rows[MEMBERS_MAX + 1 + REST_OPTIONS];
    size_t count = 0;

    body_init(body);
    count += options_of(body->plain, ARRAY_LEN(body->plain), rows + count);
    count += options_of(body->evidence, ARRAY_LEN(body->evidence), rows + count);
    count += options_of(body->location, ARRAY_LEN(body->location), rows + count);
    rows[count++] = (struct option){"emergency", OPTION_FLAG, &body->emergency};
    return rest_options(argc, argv, rows, count, call);
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

int case_verb_open(int argc, char **argv)
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

int case_verb_move(int argc, char **argv, enum case_event event)
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
    move_path(&path, call.words.items[0], case_event_word(event)->code);
    code = path.failed ? CLI_FAILURE : post(&call, path.data, &body);
    strbuf_finish(&path);
    return code;
}
