/* `bowei devices swap` and `bind`: a sensor installed or replaced in one command. The running
 * gateway says what the old device watches; the change goes in as a new inventory version through
 * `bowei import`, all or nothing, and is audited in the name of the key. Spaces keep their IDs. */
#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include "bowei/base/space_id.h"
#include "bowei/reading.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/device_names.h"
#include "gateway/cli/device_verbs.h"
#include "gateway/cli/rest_verbs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES_HEAD "id,source,model\n"
#define NODES_MAX    100000 /* 1 000 channels of about 30 nodes, and 20 frames */
#define CELL_MAX     64
#define NOTE_ROOM    120 /* of the audit's note, with its end; members.def */

struct install {
    struct rest_call call;
    const char *config, *state, *model, *source, *channel, *rank, *note;
    const char *device;   /* the new one */
    const char *replaces; /* NULL: bind */
    bool move;            /* the new one may be taken from where it is */
    char folder[64];
    struct strbuf devices, bindings; /* the two files */
};

/* What may stand in a CSV cell without quotes; the import judges the rest. */
static bool plain(const char *text)
{
    return text[0] != '\0' && strpbrk(text, ",\"\r\n") == NULL;
}

static int install_options(int argc, char **argv, struct install *in)
{
    struct option rows[8 + REST_OPTIONS] = {
        {"channel", OPTION_TEXT, &in->channel},
        {"config",  OPTION_TEXT, &in->config },
        {"model",   OPTION_TEXT, &in->model  },
        {"move",    OPTION_FLAG, &in->move   },
        {"note",    OPTION_TEXT, &in->note   },
        {"rank",    OPTION_TEXT, &in->rank   },
        {"source",  OPTION_TEXT, &in->source },
        {"state",   OPTION_TEXT, &in->state  },
    };
    const int code = rest_options(argc, argv, rows, 8, &in->call);

    if (code != CLI_OK) {
        return code;
    }
    for (size_t i = 0; i < in->call.words.count; i++) {
        if (!plain(in->call.words.items[i])) {
            return commands_usage(argv[0], "that is not a device or space");
        }
    }
    if ((in->model != NULL && !plain(in->model)) || (in->source != NULL && !plain(in->source)) ||
        (in->channel != NULL && !plain(in->channel)) || (in->rank != NULL && !plain(in->rank))) {
        return commands_usage(argv[0], "an option's value cannot stand in the inventory");
    }
    strbuf_puts(&in->devices, DEVICES_HEAD);
    strbuf_puts(&in->bindings, "device,channel,space,lot,rank\n");
    return CLI_OK;
}

static void cell(const struct json_doc *doc, const struct json_node *object, const char *name,
                 char out[CELL_MAX])
{
    const struct json_node *value = json_member(doc, object, name);

    out[0] = '\0';
    if (value != NULL && value->kind != JSON_NULL && json_text(doc, value, out, CELL_MAX) < 0) {
        (void)snprintf(out, CELL_MAX, "%.*s", (int)(value->len < CELL_MAX ? value->len : 0),
                       doc->text + value->start);
    }
}

/* All that the old device watches goes to the new one; the old one watches nothing any more. */
static bool take_over(struct install *in, const struct json_doc *doc)
{
    const struct json_node *channels = json_member(doc, &doc->nodes[0], "channels");
    const struct json_node *one = channels == NULL ? NULL : json_first(doc, channels);
    char source[CELL_MAX];
    char model[CELL_MAX];

    cell(doc, &doc->nodes[0], "source", source);
    cell(doc, &doc->nodes[0], "model", model);
    strbuf_printf(&in->devices, "%s,%s,%s\n", in->device, in->source != NULL ? in->source : source,
                  in->model != NULL ? in->model : model);
    for (uint32_t i = 0; one != NULL && i < channels->count; i++) {
        char channel[CELL_MAX];
        char space[CELL_MAX];
        char lot[CELL_MAX];
        char rank[CELL_MAX];

        cell(doc, one, "channel", channel);
        cell(doc, one, "space", space);
        cell(doc, one, "lot", lot);
        cell(doc, one, "rank", rank);
        strbuf_printf(&in->bindings, "%s,%s,,,\n", in->replaces, channel);
        strbuf_printf(&in->bindings, "%s,%s,%s,%s,%s\n", in->device, channel, space, lot, rank);
        one = json_after(doc, one);
    }
    return channels != NULL && channels->count > 0;
}

/* The place as the command line has it may be in its display form, or in lower case. */
static bool is_same_place(const char *place, const struct install *in)
{
    const char *given = in->call.words.items[1];
    char plain_id[SPACE_ID_LEN];
    const size_t len = id_plain(given, strlen(given), plain_id, sizeof plain_id);

    return len == strlen(place) && len <= sizeof plain_id && memcmp(plain_id, place, len) == 0;
}

/* Does this channel of the new device watch another place than the one it is bound to? */
static bool is_taken(const struct install *in, const struct json_doc *doc,
                     const struct json_node *row, char place[CELL_MAX], char channel[CELL_MAX])
{
    const char *wanted = in->channel != NULL ? in->channel : "0";

    cell(doc, row, "channel", channel);
    cell(doc, row, "space", place);
    if (place[0] == '\0') {
        cell(doc, row, "lot", place);
    }
    if (place[0] == '\0') {
        return false;
    }
    return in->replaces != NULL || (strcmp(channel, wanted) == 0 && !is_same_place(place, in));
}

static int taken_find(const struct install *in, const struct json_doc *doc)
{
    const struct json_node *channels = json_member(doc, &doc->nodes[0], "channels");
    const struct json_node *one = channels == NULL ? NULL : json_first(doc, channels);
    char place[CELL_MAX];
    char channel[CELL_MAX];

    for (uint32_t i = 0; one != NULL && i < channels->count; i++) {
        if (is_taken(in, doc, one, place, channel)) {
            fprintf(
                stderr,
                "bowei devices: %s watches %s already (channel %s); --move takes it from there\n",
                in->device, place, channel);
            return CLI_CONFLICT;
        }
        one = json_after(doc, one);
    }
    return CLI_OK;
}

/* A device that is known keeps what the inventory says of it, its heartbeat and its polarity say,
 * unless it is to get another source or model. */
static void keep_known(struct install *in, const struct json_doc *doc)
{
    char source[CELL_MAX];
    char model[CELL_MAX];

    cell(doc, &doc->nodes[0], "source", source);
    cell(doc, &doc->nodes[0], "model", model);
    if ((in->source == NULL || strcmp(in->source, source) == 0) &&
        (in->model == NULL || strcmp(in->model, model) == 0)) {
        strbuf_clear(&in->devices);
        strbuf_puts(&in->devices, DEVICES_HEAD);
    }
}

/* The new device is not taken from another place without a word: that would be silent from then
 * on. */
static int ask_new(struct install *in)
{
    struct strbuf path = {0};
    struct http_answer answer = {.status = 0};
    struct json_node *nodes = calloc(NODES_MAX, sizeof *nodes);
    struct json_doc doc;
    int code = nodes == NULL ? CLI_FAILURE : CLI_OK;

    device_path(&path, in->device, "");
    if (code == CLI_OK) {
        code = rest_look(&in->call, path.data, &answer);
    }
    if (code == CLI_NOT_FOUND) {
        code = CLI_OK;
    } else if (code == CLI_OK &&
               json_parse(&doc, answer.body.data, answer.body.len, nodes, NODES_MAX) == JSON_OK) {
        keep_known(in, &doc);
        code = in->move ? CLI_OK : taken_find(in, &doc);
    }
    free(nodes);
    strbuf_finish(&answer.body);
    strbuf_finish(&path);
    return code;
}

static int ask_old(struct install *in)
{
    struct strbuf path = {0};
    struct http_answer answer = {.status = 0};
    struct json_node *nodes = calloc(NODES_MAX, sizeof *nodes);
    struct json_doc doc;
    int code = nodes == NULL ? CLI_FAILURE : CLI_OK;

    device_path(&path, in->replaces, "");
    if (code == CLI_OK) {
        code = rest_ask(&in->call, "GET", path.data, NULL, &answer);
    }
    if (code == CLI_OK &&
        (json_parse(&doc, answer.body.data, answer.body.len, nodes, NODES_MAX) != JSON_OK ||
         !take_over(in, &doc))) {
        fprintf(stderr, "bowei devices: %s watches nothing that could be taken over\n",
                in->replaces);
        code = CLI_CONFLICT;
    }
    free(nodes);
    strbuf_finish(&answer.body);
    strbuf_finish(&path);
    return code;
}

static bool put_file(const struct install *in, const char *name, const struct strbuf *text,
                     char path[128])
{
    FILE *file;
    bool good;

    (void)snprintf(path, 128, "%s/%s", in->folder, name);
    file = fopen(path, "wxe");
    if (file == NULL) {
        return false;
    }
    good = !text->failed && fwrite(text->data, 1, text->len, file) == text->len;
    return fclose(file) == 0 && good;
}

/* The new version, through the command that everybody imports with. */
static int import(struct install *in)
{
    char command[] = "import";
    char quiet[] = "--quiet";
    char option[] = "--config";
    char state[] = "--state";
    char where[600] = "";
    char devices[128];
    char bindings[128];
    char *argv[8] = {command, quiet, devices, bindings, in->config != NULL ? option : state, where};
    const char *place = in->config != NULL ? in->config : in->state;
    int code = CLI_FAILURE;

    (void)snprintf(where, sizeof where, "%s", place == NULL ? "" : place);
    (void)snprintf(in->folder, sizeof in->folder, P_tmpdir "/bowei-devices-XXXXXX");
    if (mkdtemp(in->folder) == NULL) {
        fprintf(stderr, "bowei devices: no temporary folder can be made\n");
        return CLI_FAILURE;
    }
    if (put_file(in, "devices.csv", &in->devices, devices) &&
        put_file(in, "bindings.csv", &in->bindings, bindings)) {
        code = command_import(place == NULL ? 4 : 6, argv);
    } else {
        fprintf(stderr, "bowei devices: %s cannot be written\n", in->folder);
    }
    (void)unlink(devices);
    (void)unlink(bindings);
    (void)rmdir(in->folder);
    return code;
}

/* What the audit says. Its length; NOTE_ROOM and more does not fit. */
static size_t note_make(const struct install *in, bool waits, char out[NOTE_ROOM])
{
    const char *what = in->replaces == NULL ? "installed" : waits ? "gives way to " : "replaces ";
    const char *other = in->replaces == NULL ? "" : waits ? in->device : in->replaces;
    const int len = snprintf(out, NOTE_ROOM, "%s%s%s%s", what, other, in->note != NULL ? "; " : "",
                             in->note != NULL ? in->note : "");

    return len < 0 ? 0 : (size_t)len;
}

/* Who did it, and what was there before. */
static int audit(const struct install *in, int stored)
{
    static const char *const columns[REST_COLUMNS_MAX] = {"id", "note", NULL};
    struct strbuf path = {0};
    struct strbuf body = {0};
    struct json_writer w;
    const bool waits = stored == CLI_UNREACHABLE; /* so that the new one is not known yet */
    char note[NOTE_ROOM];
    int code;

    (void)note_make(in, waits, note);
    json_writer_init(&w, &body);
    json_object(&w);
    json_kv_str(&w, "note", note);
    json_object_end(&w);
    strbuf_putc(&body, '\0');
    device_path(&path, waits ? in->replaces : in->device, "/installed");
    code = rest_send(&in->call, "POST", path.data, body.data, columns);
    strbuf_finish(&body);
    strbuf_finish(&path);
    if (code != CLI_OK) {
        fprintf(stderr, "bowei devices: the change is stored, but it could not be audited\n");
    }
    return stored != CLI_OK ? stored : code;
}

static int carry_out(struct install *in)
{
    int code = import(in);

    if (code == CLI_OK || (code == CLI_UNREACHABLE && in->replaces != NULL)) {
        return audit(in, code);
    }
    if (code == CLI_UNREACHABLE) {
        fprintf(stderr, "bowei devices: not audited yet: say it again once it is in force\n");
    }
    return code;
}

/* All that can be found out before anything is changed. */
static int examine(struct install *in)
{
    char note[NOTE_ROOM];
    const size_t at_once = note_make(in, false, note);
    const size_t later = note_make(in, true, note);
    const size_t longest = at_once > later ? at_once : later;
    int code = CLI_OK;

    if (longest >= NOTE_ROOM) {
        fprintf(stderr, "bowei devices: --note is %zu bytes too long for the audit\n",
                longest - NOTE_ROOM + 1);
        return CLI_USAGE;
    }
    for (const char *p = in->note; p != NULL && *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == '\x7f') {
            return commands_usage("devices", "--note has control characters");
        }
    }
    code = device_model_check(in->model);
    if (code == CLI_OK) {
        code = device_source_check(in->source, in->config);
    }
    if (code == CLI_OK && in->replaces != NULL) {
        code = ask_old(in);
    }
    return code == CLI_OK ? ask_new(in) : code;
}

static int install_end(struct install *in, int code)
{
    strbuf_finish(&in->devices);
    strbuf_finish(&in->bindings);
    return code;
}

int device_verb_swap(int argc, char **argv)
{
    struct install in = {0};
    int code = install_options(argc, argv, &in);

    if (code == CLI_OK && (in.call.words.count != 2 || in.channel != NULL || in.rank != NULL)) {
        code = commands_usage(argv[0], "swap OLD NEW [--model M] [--source L]");
    } else if (code == CLI_OK) {
        in.replaces = in.call.words.items[0];
        in.device = in.call.words.items[1];
        code = examine(&in);
    }
    return install_end(&in, code == CLI_OK ? carry_out(&in) : code);
}

int device_verb_bind(int argc, char **argv)
{
    struct install in = {0};
    int code = install_options(argc, argv, &in);

    if (code == CLI_OK && (in.call.words.count != 2 || in.source == NULL)) {
        code = commands_usage(argv[0],
                              "bind DEVICE SPACE --source L [--model M] [--channel N] [--rank N]");
    } else if (code == CLI_OK) {
        in.device = in.call.words.items[0];
        strbuf_printf(&in.devices, "%s,%s,%s\n", in.device, in.source,
                      in.model != NULL ? in.model : "");
        strbuf_printf(&in.bindings, "%s,%s,%s,,%s\n", in.device,
                      in.channel != NULL ? in.channel : "0", in.call.words.items[1],
                      in.rank != NULL ? in.rank : "0");
        code = examine(&in);
    }
    return install_end(&in, code == CLI_OK ? carry_out(&in) : code);
}
