/* `bowei plan`: what a configuration will do, before it does it: the time of each Modbus line, what
 * differs from the configuration in force (or from another file), and which spaces that affects.
 * Reads files only. */
#include "bowei/state_folder.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include "gateway/cli/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EFFECTS_SHOWN 40

struct plan_call {
    const char *against, *inventory, *state;
    bool json;
    struct config *config, *before; /* before: NULL = nothing to compare with */
    char before_path[640];
    char inventory_path[700]; /* "" = none */
    struct draft *draft;
    uint64_t version;
    struct config_difference difference;
    struct plan_faults faults;
    struct plan_spaces spaces;
};

static void print_faults(const struct config_report *report)
{
    struct strbuf text = {0};

    config_report_print(report, &text);
    if (!text.failed && text.len > 0) {
        fwrite(text.data, 1, text.len, stderr);
    }
    strbuf_finish(&text);
}

/* What to compare with: the file asked for, else what the gateway of the state folder runs with. */
static int load_before(struct plan_call *call)
{
    struct config_report *report = NULL;
    enum err e = ERR_NO_MEMORY;

    if (call->against != NULL) {
        snprintf(call->before_path, sizeof call->before_path, "%s", call->against);
    } else {
        snprintf(call->before_path, sizeof call->before_path, "%s/" STATE_RUNNING_CONFIG,
                 call->state);
        if (access(call->before_path, F_OK) != 0) {
            call->before_path[0] = '\0';
            return CLI_OK;
        }
    }
    report = calloc(1, sizeof *report);
    if (report != NULL) {
        const struct config_origin origin = {.path = call->before_path,
                                             .masked = call->against == NULL};

        e = cli_read_config(&origin, report, &call->before);
    }
    if (e == ERR_CONFIG) {
        print_faults(report);
    }
    free(report);
    if (e == ERR_OK && call->against == NULL) {
        config_forget_secrets(call->before); /* the file in the state folder has none */
        config_forget_secrets(call->config);
    }
    return e == ERR_OK ? CLI_OK : e == ERR_CONFIG ? CLI_BAD_INPUT : CLI_FAILURE;
}

/* The inventory asked for, else the newest of the state folder; without one no space is affected.
 */
static int load_inventory(struct plan_call *call)
{
    char folder[600];
    enum err e = ERR_OK;

    snprintf(folder, sizeof folder, "%s/inventory", call->state);
    if (call->inventory != NULL) {
        snprintf(call->inventory_path, sizeof call->inventory_path, "%s", call->inventory);
    } else {
        e = inventory_store_newest(folder, &call->version, call->inventory_path,
                                   sizeof call->inventory_path);
        if (e != ERR_OK || call->version == 0) {
            call->inventory_path[0] = '\0';
            return CLI_OK;
        }
    }
    e = draft_load(call->inventory_path, &call->draft, &call->version);
    if (e != ERR_OK) {
        fprintf(stderr, "bowei plan: %s: %s\n", call->inventory_path, err_text(e, 0));
    }
    return e == ERR_OK ? CLI_OK : CLI_BAD_INPUT;
}

/* Where changes are printed to: one of the two. */
struct change_printer {
    struct json_writer *w;
    struct strbuf *out;
};

static void put_change(void *ctx, const char *kind, const char *name, const char *change)
{
    const struct change_printer *to = ctx;

    if (to->w == NULL) {
        strbuf_printf(to->out, "  %s %s: %s\n", kind, name, change);
        return;
    }
    json_object(to->w);
    json_kv_str(to->w, "kind", kind);
    json_kv_str(to->w, "name", name);
    json_kv_str(to->w, "change", change);
    json_object_end(to->w);
}

static void put_changes(const struct plan_call *call, struct json_writer *w, struct strbuf *out)
{
    struct change_printer to = {w, out};

    config_changes(call->before, call->config, &call->difference, put_change, &to);
}

static void json_changes(const struct plan_call *call, struct json_writer *w)
{
    json_object(w);
    json_kv_str(w, "against", call->before_path);
    json_key(w, "changes");
    json_array(w);
    put_changes(call, w, NULL);
    json_array_end(w);
    json_key(w, "needs_restart");
    json_array(w);
    for (uint32_t i = 0; i < call->difference.waiting_count; i++) {
        json_str(w, call->difference.waiting[i]);
    }
    json_array_end(w);
    if (call->draft != NULL) {
        json_kv_u64(w, "inventory", call->version);
        json_kv_u64(w, "spaces_affected", call->spaces.spaces);
        json_kv_u64(w, "spaces_left_without_sensor", call->spaces.left_silent);
        json_key(w, "spaces");
        plan_spaces_json(&call->spaces, w);
    }
    json_object_end(w);
}

static void text_changes(const struct plan_call *call, struct strbuf *out)
{
    strbuf_printf(out, "compared with %s:\n", call->before_path);
    put_changes(call, NULL, out);
    for (uint32_t i = 0; i < call->difference.waiting_count; i++) {
        strbuf_printf(out, "  %s: needs a restart\n", call->difference.waiting[i]);
    }
    if (call->draft != NULL) {
        plan_spaces_text(&call->spaces, EFFECTS_SHOWN, out);
    } else {
        strbuf_puts(out, "  no inventory: spaces are not compared\n");
    }
}

static enum err print_json(struct plan_call *call, struct strbuf *out)
{
    struct json_writer w;
    enum err e = ERR_OK;

    json_writer_init(&w, out);
    json_object(&w);
    json_key(&w, "lines");
    json_array(&w);
    e = plan_lines(call->config, &w, NULL, &call->faults);
    json_array_end(&w);
    json_kv_u64(&w, "lines_overloaded", call->faults.count);
    json_key(&w, "difference");
    if (call->before != NULL) {
        json_changes(call, &w);
    } else {
        json_null(&w);
    }
    json_object_end(&w);
    strbuf_putc(out, '\n');
    return e;
}

static enum err print_text(struct plan_call *call, struct strbuf *out)
{
    const enum err e = plan_lines(call->config, NULL, out, &call->faults);

    if (call->before != NULL) {
        text_changes(call, out);
    } else {
        strbuf_printf(out, "nothing to compare with: no gateway has run with %s\n", call->state);
    }
    return e;
}

static int plan(struct plan_call *call)
{
    struct strbuf out = {0};
    enum err e = ERR_OK;
    int status = load_before(call);

    if (status == CLI_OK && call->before != NULL) {
        config_compare(call->before, call->config, &call->difference);
        status = load_inventory(call);
    }
    if (status != CLI_OK) {
        return status;
    }
    if (call->draft != NULL) {
        e = plan_spaces_make(call->draft, call->version, call->before, call->config, &call->spaces);
    }
    if (e == ERR_OK) {
        e = call->json ? print_json(call, &out) : print_text(call, &out);
    }
    if (e != ERR_OK) {
        fprintf(stderr, "bowei plan: %s\n", err_text(e, 0));
        strbuf_finish(&out);
        return CLI_FAILURE;
    }
    status = commands_print(&out);
    if (call->faults.text.len > 0) {
        fwrite(call->faults.text.data, 1, call->faults.text.len, stderr);
    }
    return status == CLI_OK && call->faults.count > 0 ? CLI_BAD_INPUT : status;
}

int command_plan(int argc, char **argv)
{
    struct plan_call call = {.against = NULL};
    const char *path = NULL;
    struct option_list sets = {.count = 0};
    const struct option rows[] = {
        {"against",   OPTION_TEXT, &call.against  },
        {"config",    OPTION_TEXT, &path          },
        {"inventory", OPTION_TEXT, &call.inventory},
        {"json",      OPTION_FLAG, &call.json     },
        {"set",       OPTION_LIST, &sets          },
        {"state",     OPTION_TEXT, &call.state    },
    };
    struct words words;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count > 0 || path == NULL) {
        return commands_usage(argv[0],
                              path == NULL ? "--config FILE is needed" : "takes no arguments");
    }
    status = command_config_load(path, &sets, &call.config);
    if (status == CLI_OK) {
        call.state = call.state == NULL ? call.config->state_folder : call.state;
        status = plan(&call);
    }
    strbuf_finish(&call.faults.text);
    plan_spaces_finish(&call.spaces);
    draft_destroy(call.draft);
    config_destroy(call.before);
    config_destroy(call.config);
    return status;
}
