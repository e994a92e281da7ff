/* `bowei webhooks VERB`: an operator's webhooks over the REST interface: make, look, try, change
 * the secret, send again what could not be delivered. */
#include "bowei/base/json_write.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/rest_verbs.h"
#include "gateway/cli/verbs.h"
#include <stdlib.h>
#include <string.h>

static const char *const columns[REST_COLUMNS_MAX] = {
    "id", "operator", "url", "state", "delivered", "dead_letters", "waiting_since", "secret", NULL};
static const char *const letter_columns[REST_COLUMNS_MAX] = {
    "event", "failed_at", "attempts", "status", "reason", "replaying", NULL};
static const char *const asked_columns[REST_COLUMNS_MAX] = {"id", "asked", "deleted", NULL};

/* "a,b" as a list. */
static void list_write(struct json_writer *w, const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    json_key(w, name);
    json_array(w);
    while (*text != '\0') {
        const size_t len = strcspn(text, ",");

        json_strn(w, text, len);
        text += len;
        text += *text == ',' ? 1 : 0;
    }
    json_array_end(w);
}

static void text_write(struct json_writer *w, const char *name, const char *text)
{
    if (text != NULL) {
        json_kv_str(w, name, text);
    }
}

/* False: no whole number. */
static bool number_read(const char *text, long *out)
{
    char *end = NULL;

    *out = text == NULL ? 0 : strtol(text, &end, 10);
    return text == NULL || (end != text && *end == '\0');
}

static int create_verb(int argc, char **argv)
{
    const char *name = NULL;
    const char *form = NULL;
    const char *kinds = NULL;
    const char *severity_text = NULL;
    const char *districts = NULL;
    const char *crs = NULL;
    struct option rows[6 + REST_OPTIONS] = {
        {"name",      OPTION_TEXT, &name         },
        {"template",  OPTION_TEXT, &form         },
        {"kinds",     OPTION_TEXT, &kinds        },
        {"severity",  OPTION_TEXT, &severity_text},
        {"districts", OPTION_TEXT, &districts    },
        {"crs",       OPTION_TEXT, &crs          },
    };
    struct rest_call call = {0};
    struct strbuf body = {0};
    struct json_writer w;
    long severity;
    int code = rest_options(argc, argv, rows, 6, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1 || !number_read(severity_text, &severity)) {
        return commands_usage(argv[0], "create takes one URL; --severity is a whole number");
    }
    json_writer_init(&w, &body);
    json_object(&w);
    json_kv_str(&w, "url", call.words.items[0]);
    text_write(&w, "name", name);
    text_write(&w, "template", form);
    text_write(&w, "crs", crs);
    list_write(&w, "kinds", kinds);
    list_write(&w, "districts", districts);
    if (severity_text != NULL) {
        json_kv_i64(&w, "severity", severity);
    }
    json_object_end(&w);
    strbuf_putc(&body, '\0');
    code = rest_send(&call, "POST", "/v1/webhooks", body.data, columns);
    strbuf_finish(&body);
    return code;
}

static int list_verb(int argc, char **argv)
{
    return rest_list_verb(argc, argv, &(struct rest_listing){"/v1/webhooks", NULL, columns}, NULL,
                          0);
}

/* method /v1/webhooks/<the one word><tail>. */
static int one(int argc, char **argv, const char *method, const char *tail, const char *list,
               const char *const *shown)
{
    struct option rows[REST_OPTIONS];
    struct rest_call call = {.list = list};
    struct strbuf path = {0};
    int code = rest_options(argc, argv, rows, 0, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "needs one webhook");
    }
    rest_path(&path, "/v1/webhooks/", call.words.items[0], tail);
    code = rest_send(&call, method, path.data, NULL, shown);
    strbuf_finish(&path);
    return code;
}

static int show_verb(int argc, char **argv)
{
    return one(argc, argv, "GET", "", NULL, columns);
}

static int delete_verb(int argc, char **argv)
{
    return one(argc, argv, "DELETE", "", NULL, asked_columns);
}

static int enable_verb(int argc, char **argv)
{
    return one(argc, argv, "POST", "/enable", NULL, columns);
}

static int test_verb(int argc, char **argv)
{
    return one(argc, argv, "POST", "/test", NULL, asked_columns);
}

static int letters_verb(int argc, char **argv)
{
    return one(argc, argv, "GET", "/deliveries", "dead_letters", letter_columns);
}

/* The webhook, and a body of one member. */
static int one_with(const struct rest_call *call, const char *tail, struct strbuf *body,
                    const char *const *shown)
{
    struct strbuf path = {0};
    int code;

    rest_path(&path, "/v1/webhooks/", call->words.items[0], tail);
    strbuf_putc(body, '\0');
    code = rest_send(call, "POST", path.data, body->data, shown);
    strbuf_finish(&path);
    strbuf_finish(body);
    return code;
}

static int rotate_verb(int argc, char **argv)
{
    const char *overlap_text = NULL;
    struct option rows[1 + REST_OPTIONS] = {
        {"overlap", OPTION_TEXT, &overlap_text}
    };
    struct rest_call call = {0};
    struct strbuf body = {0};
    struct json_writer w;
    long overlap_s;
    const int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1 || !number_read(overlap_text, &overlap_s)) {
        return commands_usage(argv[0], "rotate takes one webhook; --overlap is seconds");
    }
    json_writer_init(&w, &body);
    json_object(&w);
    if (overlap_text != NULL) {
        json_kv_i64(&w, "overlap_s", overlap_s);
    }
    json_object_end(&w);
    return one_with(&call, "/rotate", &body, columns);
}

/* The webhook, and the events that are meant; none: all. */
static int replay_verb(int argc, char **argv)
{
    struct option rows[REST_OPTIONS];
    struct rest_call call = {0};
    struct strbuf body = {0};
    struct json_writer w;
    const int code = rest_options(argc, argv, rows, 0, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count == 0) {
        return commands_usage(argv[0], "replay takes a webhook, and events if not all");
    }
    json_writer_init(&w, &body);
    json_object(&w);
    if (call.words.count > 1) { /* an empty list would be none of them */
        json_key(&w, "events");
        json_array(&w);
        for (size_t i = 1; i < call.words.count; i++) {
            json_str(&w, call.words.items[i]);
        }
        json_array_end(&w);
    }
    json_object_end(&w);
    return one_with(&call, "/replay", &body, asked_columns);
}

int command_webhooks(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"create",  create_verb },
        {"delete",  delete_verb },
        {"enable",  enable_verb },
        {"letters", letters_verb},
        {"list",    list_verb   },
        {"replay",  replay_verb },
        {"rotate",  rotate_verb },
        {"show",    show_verb   },
        {"test",    test_verb   },
    };

    return verbs_run(argc, argv, verbs, ARRAY_LEN(verbs));
}
