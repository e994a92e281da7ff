/* `bowei id`: checks, formats and makes IDs of places. */
#include "bowei/base/bytes.h"
#include "bowei/base/json_write.h"
#include "bowei/base/space_id.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a refused text that are repeated */

enum id_action { ID_ACTION_CHECK, ID_ACTION_FORMAT, ID_ACTION_MAKE, ID_ACTION_COUNT };

/* What is wrong with a text; for a wrong check character, which one would be right. */
static void write_fault(const char *text, enum id_action action, enum id_fault fault,
                        struct strbuf *out)
{
    char plain[SPACE_ID_LEN];
    char right[SPACE_ID_LEN + 1];
    char why[120];
    space_key key = 0;

    id_fault_explain(fault, text, strlen(text),
                     action == ID_ACTION_MAKE ? SPACE_ID_LEN - 1 : SPACE_ID_LEN, why, sizeof why);
    strbuf_puts(out, why);
    (void)id_plain(text, strlen(text), plain, sizeof plain);
    if (fault == ID_CHECK && space_id_parse_body(plain, SPACE_ID_LEN - 1, &key) == ID_OK) {
        space_id_format(key, right);
        strbuf_printf(out, ", it should be %c", right[SPACE_ID_LEN - 1]);
    }
}

static void write_json(const char *text, enum id_action action, enum id_fault fault, space_key key,
                       struct strbuf *out)
{
    char id[SPACE_ID_LEN + 1];
    char display[SPACE_ID_DISPLAY_LEN + 1];
    struct strbuf why = {0};
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "input", text);
    json_kv_bool(&w, "valid", fault == ID_OK);
    if (fault == ID_OK) {
        space_id_format(key, id);
        space_id_display(key, display);
        json_kv_str(&w, "id", id);
        json_kv_str(&w, "display", display);
        json_kv_str(&w, "kind", place_kind_name(space_key_kind(key)));
    } else {
        write_fault(text, action, fault, &why);
        json_key(&w, "reason");
        json_strn(&w, why.data == NULL ? "" : why.data, why.len);
    }
    json_object_end(&w);
    strbuf_finish(&why);
}

static const char *const action_names[ID_ACTION_COUNT] = {"check", "format", "make"};

static void write_text(const char *text, enum id_action action, enum id_fault fault, space_key key,
                       struct strbuf *out)
{
    char id[SPACE_ID_DISPLAY_LEN + 1];

    if (fault != ID_OK) {
        char shown[SHOWN_MAX + 1];

        (void)snprintf(shown, sizeof shown, "%s", text);
        text_tidy(shown);
        strbuf_printf(out, "%s%s: ", shown, strlen(text) > SHOWN_MAX ? "..." : "");
        write_fault(text, action, fault, out);
        return;
    }
    if (action == ID_ACTION_FORMAT) {
        space_id_display(key, id);
    } else {
        space_id_format(key, id);
    }
    strbuf_puts(out, id);
    if (action == ID_ACTION_CHECK) {
        strbuf_printf(out, ": %s", id_fault_text(ID_OK));
    }
}

/* One ID: its line to standard output; a reason for format and make to standard error. */
static int handle(const char *text, enum id_action action, bool json)
{
    struct strbuf line = {0};
    space_key key = 0;
    const enum id_fault fault = action == ID_ACTION_MAKE
                                    ? space_id_parse_body(text, strlen(text), &key)
                                    : space_id_parse(text, strlen(text), &key);

    if (json) {
        write_json(text, action, fault, key, &line);
    } else {
        write_text(text, action, fault, key, &line);
    }
    strbuf_putc(&line, '\n');
    if (fault != ID_OK && !json && action != ID_ACTION_CHECK && !line.failed) {
        fwrite(line.data, 1, line.len, stderr);
        strbuf_clear(&line);
    }
    if (commands_print(&line) != CLI_OK) {
        return CLI_FAILURE;
    }
    return fault == ID_OK ? CLI_OK : CLI_FAILURE;
}

int command_id(int argc, char **argv)
{
    bool json = false;
    const struct option rows[] = {
        {"json", OPTION_FLAG, &json}
    };
    struct words words;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    for (int action = 0; action < ID_ACTION_COUNT && words.count >= 2; action++) {
        if (strcmp(action_names[action], words.items[0]) == 0) {
            for (size_t i = 1; i < words.count; i++) {
                if (handle(words.items[i], (enum id_action)action, json) != CLI_OK) {
                    status = CLI_FAILURE;
                }
            }
            return status;
        }
    }
    return commands_usage(argv[0], "check, format or make, and an ID");
}
