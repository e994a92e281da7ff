/* `bowei alerts VERB`: the duty desk's and an operator's day, over the REST interface: look, take
 * on, send a van, say that it is cleared or wrong, decide, and mute a planned event. */
#include "bowei/base/json_write.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include "gateway/cli/verbs.h"
#include <stdlib.h>
#include <string.h>

#define MUTE_MINUTES_MAX 525600 /* a year */

static const char *const columns[REST_COLUMNS_MAX] = {
    "id", "kind", "state", "operator", "vehicle", "fence", "opened_at", "severity", NULL};
static const char *const move_columns[REST_COLUMNS_MAX] = {"id", "result", NULL};
static const char *const mute_columns[REST_COLUMNS_MAX] = {"fence", "muted", "until", NULL};

static int list_verb(int argc, char **argv)
{
    struct rest_query queries[] = {
        {"state",   NULL},
        {"kind",    NULL},
        {"fence",   NULL},
        {"vehicle", NULL},
        {"crs",     NULL},
        {"limit",   NULL},
        {"cursor",  NULL},
        {"format",  NULL},
    };

    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/alerts", NULL, columns}, queries,
                          ARRAY_LEN(queries));
}

static int show_verb(int argc, char **argv)
{
    return rest_object_verb(
        argc, argv, &(struct rest_object){"/v1/alerts/", "", "show takes one alert", columns});
}

/* --- moves --- */

static void moves_write(const struct words *ids, const char *event, const char *note,
                        struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "event", event);
    json_key(&w, "ids");
    json_array(&w);
    for (size_t i = 0; i < ids->count; i++) {
        json_str(&w, ids->items[i]);
    }
    json_array_end(&w);
    if (note != NULL) {
        json_kv_str(&w, "note", note);
    }
    json_object_end(&w);
    strbuf_putc(out, '\0');
}

/* Were all of them moved? */
static bool all_done(const char *answer)
{
    static const char result[] = "\"result\":\"";

    for (const char *at = strstr(answer, result); at != NULL; at = strstr(at + 1, result)) {
        if (strncmp(at + sizeof result - 1, "done\"", 5) != 0) {
            return false;
        }
    }
    return true;
}

/* Always in bulk: one ID is a list of one, and each has its result. */
static int move(int argc, char **argv, const char *event)
{
    const char *note = NULL;
    struct option rows[1 + REST_OPTIONS] = {
        {"note", OPTION_TEXT, &note}
    };
    struct rest_call call = {0};
    struct strbuf body = {0};
    struct http_answer answer = {.status = 0};
    bool done;
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count == 0) {
        return commands_usage(argv[0], "needs the IDs of alerts");
    }
    moves_write(&call.words, event, note, &body);
    code = rest_ask(&call, "POST", "/v1/alerts/bulk", body.data, &answer);
    strbuf_finish(&body);
    if (code == CLI_OK) {
        done = all_done(answer.body.data);
        code = rest_show(&call, &answer, move_columns);
        code = code == CLI_OK && !done ? CLI_CONFLICT : code;
    }
    strbuf_finish(&answer.body);
    return code;
}

static int ack_verb(int argc, char **argv)
{
    return move(argc, argv, "ack");
}

static int dispatch_verb(int argc, char **argv)
{
    return move(argc, argv, "dispatch");
}

static int resolve_verb(int argc, char **argv)
{
    return move(argc, argv, "resolve");
}

static int dispute_verb(int argc, char **argv)
{
    return move(argc, argv, "dispute");
}

static int uphold_verb(int argc, char **argv)
{
    return move(argc, argv, "uphold");
}

static int dismiss_verb(int argc, char **argv)
{
    return move(argc, argv, "dismiss");
}

/* --- planned events --- */

static int mute_verb(int argc, char **argv)
{
    const char *minutes_text = NULL;
    const char *note = NULL;
    bool end = false;
    struct option rows[3 + REST_OPTIONS] = {
        {"minutes", OPTION_TEXT, &minutes_text},
        {"note",    OPTION_TEXT, &note        },
        {"end",     OPTION_FLAG, &end         },
    };
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct strbuf body = {0};
    char *rest = NULL;
    long minutes;
    int code = rest_options(argc, argv, rows, 3, &call);

    if (code != CLI_OK) {
        return code;
    }
    minutes = minutes_text == NULL ? 0 : strtol(minutes_text, &rest, 10);
    if (call.words.count != 1) {
        return commands_usage(argv[0], "mute takes one fence");
    }
    if (end ? minutes_text != NULL
            : minutes_text == NULL || *rest != '\0' || minutes < 1 || minutes > MUTE_MINUTES_MAX) {
        return commands_usage(argv[0], "mute needs --minutes 1-525600, or --end");
    }
    rest_path(&path, "/v1/fences/", call.words.items[0], "/mute");
    rest_until_body(&body, minutes, note);
    code =
        rest_send(&call, end ? "DELETE" : "POST", path.data, end ? NULL : body.data, mute_columns);
    strbuf_finish(&path);
    strbuf_finish(&body);
    return code;
}

int command_alerts(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"ack",      ack_verb     },
        {"dismiss",  dismiss_verb },
        {"dispatch", dispatch_verb},
        {"dispute",  dispute_verb },
        {"list",     list_verb    },
        {"mute",     mute_verb    },
        {"resolve",  resolve_verb },
        {"show",     show_verb    },
        {"uphold",   uphold_verb  },
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
