/* `bowei why SPACE` and `bowei watch SPACE|DEVICE`: why a bay says what it says, once or as it
 * happens. They speak the REST interface; the reasoning is the core's. */
#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include "bowei/base/space_id.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/rest_verbs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 2000 /* a space of 4 sensors: about 250 */
#define CELL_MAX  256

static const char *text_of(const struct json_doc *doc, const struct json_node *object,
                           const char *name, char cell[CELL_MAX])
{
    const struct json_node *value = json_member(doc, object, name);

    if (value == NULL || value->kind == JSON_NULL) {
        return "-";
    }
    if (json_text(doc, value, cell, CELL_MAX) < 0) {
        (void)snprintf(cell, CELL_MAX, "%.*s",
                       (int)(value->len < CELL_MAX ? value->len : CELL_MAX - 1),
                       doc->text + value->start);
    }
    return cell;
}

static bool is_true(const struct json_doc *doc, const struct json_node *object, const char *name)
{
    const struct json_node *value = json_member(doc, object, name);

    return value != NULL && value->kind == JSON_TRUE;
}

static void print_sensor(const struct json_doc *doc, const struct json_node *sensor)
{
    const struct json_node *pending = json_member(doc, sensor, "pending");
    char a[CELL_MAX];
    char b[CELL_MAX];
    char c[CELL_MAX];
    char d[CELL_MAX];

    printf("  %-24s rank %s  says %-9s", text_of(doc, sensor, "device", a),
           text_of(doc, sensor, "rank", b), text_of(doc, sensor, "value", c));
    if (json_member(doc, sensor, "heard") != NULL &&
        json_member(doc, sensor, "heard")->kind == JSON_STRING) {
        printf(" heard %s s ago of %s s", text_of(doc, sensor, "age_s", a),
               text_of(doc, sensor, "limit_s", b));
    }
    if (strcmp(text_of(doc, sensor, "counter", c), "-") != 0) {
        printf(" by message %s", c);
    }
    if (is_true(doc, sensor, "votes")) {
        printf("  votes%s", is_true(doc, sensor, "decides") ? ", decides" : "");
    } else {
        printf("  does not vote: %s", text_of(doc, sensor, "why_not", a));
    }
    if (pending != NULL && pending->kind == JSON_OBJECT) {
        printf("; %s waits since %s samples, counts at %s", text_of(doc, pending, "value", a),
               text_of(doc, pending, "samples", b), text_of(doc, pending, "counts_at", c));
    }
    if (json_member(doc, sensor, "test_until") != NULL &&
        json_member(doc, sensor, "test_until")->kind == JSON_STRING) {
        printf("; in test until %s", text_of(doc, sensor, "test_until", d));
    }
    printf("\n");
}

static void print_why(const struct json_doc *doc)
{
    const struct json_node *root = &doc->nodes[0];
    const struct json_node *sensors = json_member(doc, root, "sensors");
    const struct json_node *known = json_member(doc, root, "known");
    const struct json_node *out = json_member(doc, root, "out_of_service");
    const struct json_node *one = sensors == NULL ? NULL : json_first(doc, sensors);
    char a[CELL_MAX];
    char b[CELL_MAX];
    char c[CELL_MAX];
    char d[CELL_MAX];

    printf("%s  %s (%s)", text_of(doc, root, "id", a), text_of(doc, root, "state", b),
           text_of(doc, root, "reason", c));
    if (strcmp(text_of(doc, root, "since", d), "-") != 0) {
        printf(" since %s", d);
    }
    printf(", confidence %s\n  %s\n", text_of(doc, root, "confidence", a),
           text_of(doc, root, "because", b));
    for (uint32_t i = 0; sensors != NULL && i < sensors->count && one != NULL; i++) {
        print_sensor(doc, one);
        one = json_after(doc, one);
    }
    if (known != NULL && known->kind == JSON_OBJECT) {
        printf("  last known %s since %s\n", text_of(doc, known, "state", a),
               text_of(doc, known, "since", b));
    }
    if (json_member(doc, root, "held_since") != NULL &&
        json_member(doc, root, "held_since")->kind == JSON_STRING) {
        printf("  sensors disagree since %s, held until %s\n", text_of(doc, root, "held_since", a),
               text_of(doc, root, "held_until", b));
    }
    if (out != NULL && out->kind == JSON_OBJECT) {
        printf("  out of service: %s by %s until %s %s\n", text_of(doc, out, "reason", a),
               text_of(doc, out, "by", b), text_of(doc, out, "until", c),
               text_of(doc, out, "note", d));
    }
}

static void print_frame(const struct json_doc *doc)
{
    static const char *const payloads[] = {"hex", "text", "registers"};
    const struct json_node *root = &doc->nodes[0];
    const struct json_node *frame = json_member(doc, root, "frame");
    const struct json_node *decoded;
    char a[CELL_MAX];
    char b[CELL_MAX];
    char c[CELL_MAX];

    if (frame == NULL) {
        return;
    }
    printf("%s  %s", text_of(doc, frame, "time", a), text_of(doc, root, "device", b));
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        if (json_member(doc, frame, payloads[i]) != NULL) {
            printf("  %s %s", payloads[i], text_of(doc, frame, payloads[i], c));
        }
    }
    if (json_member(doc, frame, "counter") != NULL) {
        printf("  counter %s", text_of(doc, frame, "counter", c));
    }
    decoded = json_member(doc, frame, "decoded");
    if (decoded != NULL) {
        printf("  %s: %s %s\n", text_of(doc, frame, "fate", a), text_of(doc, decoded, "type", b),
               text_of(doc, decoded, "value", c));
    } else {
        printf("  %s: %s\n", text_of(doc, frame, "fate", a), text_of(doc, frame, "refused", b));
    }
}

/* Prints one object for people. False: it cannot be read. */
static bool print_object(const char *text, size_t len, void (*print)(const struct json_doc *doc))
{
    struct json_node *nodes = calloc(NODES_MAX, sizeof *nodes);
    struct json_doc doc;
    const bool good = nodes != NULL && json_parse(&doc, text, len, nodes, NODES_MAX) == JSON_OK;

    if (good) {
        print(&doc);
        fflush(stdout);
    }
    free(nodes);
    return good;
}

static void space_path(struct strbuf *out, const char *id, const char *tail)
{
    strbuf_puts(out, "/v1/spaces/");
    http_get_escape(id, out);
    strbuf_puts(out, tail);
    strbuf_putc(out, '\0');
}

int command_why(int argc, char **argv)
{
    struct option rows[REST_OPTIONS];
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct http_answer answer = {.status = 0};
    int code = rest_options(argc, argv, rows, 0, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "takes one space");
    }
    space_path(&path, call.words.items[0], "/why");
    code = rest_ask(&call, "GET", path.data, NULL, &answer);
    if (code == CLI_OK && call.json) {
        strbuf_putc(&answer.body, '\n');
        code = commands_print(&answer.body);
    } else if (code == CLI_OK && !print_object(answer.body.data, answer.body.len, print_why)) {
        fprintf(stderr, "bowei: the answer cannot be read\n");
        code = CLI_FAILURE;
    }
    strbuf_finish(&answer.body);
    strbuf_finish(&path);
    return code;
}

struct watching {
    bool json;
    long left; /* events to come; < 0 = no end */
};

static bool on_event(void *ctx, const char *name, const char *data)
{
    struct watching *w = ctx;
    const size_t len = strlen(data);
    struct strbuf out = {0};
    struct json_writer json;

    if (w->json) {
        json_writer_init(&json, &out);
        json_object(&json);
        json_kv_str(&json, "event", name);
        json_key(&json, "data");
        json_raw(&json, data, len);
        json_object_end(&json);
        strbuf_putc(&out, '\n');
        (void)commands_print(&out);
    } else if (strcmp(name, "why") == 0) {
        (void)print_object(data, len, print_why);
    } else if (strcmp(name, "frame") == 0) {
        (void)print_object(data, len, print_frame);
    }
    w->left -= w->left > 0;
    return w->left != 0 && !ferror(stdout);
}

/* An ID of a place has 18 characters (and two hyphens more as it is shown); all else is a device.
 */
static bool is_place(const char *text)
{
    const size_t len = strlen(text);
    space_key key;

    return (len == SPACE_ID_LEN || strchr(text, '-') != NULL) &&
           space_id_parse(text, len, &key) == ID_OK;
}

int command_watch(int argc, char **argv)
{
    const char *count = NULL;
    struct option rows[1 + REST_OPTIONS] = {
        {"count", OPTION_TEXT, &count}
    };
    struct rest_call call = {0};
    struct strbuf path = {0};
    struct watching watching = {.left = -1};
    int code = rest_options(argc, argv, rows, 1, &call);

    if (code != CLI_OK) {
        return code;
    }
    if (call.words.count != 1) {
        return commands_usage(argv[0], "takes one space or device");
    }
    if (count != NULL) {
        char *end = NULL;

        watching.left = strtol(count, &end, 10);
        if (*end != '\0' || watching.left < 1) {
            return commands_usage(argv[0], "--count must be a whole number above 0");
        }
    }
    watching.json = call.json;
    if (is_place(call.words.items[0])) {
        space_path(&path, call.words.items[0], "/watch");
    } else {
        device_path(&path, call.words.items[0], "/watch");
    }
    do { /* the server ends a stream after http.stream_life_s */
        code = rest_follow(&call, path.data, on_event, &watching);
    } while (code == CLI_OK && watching.left != 0);
    strbuf_finish(&path);
    return code;
}
