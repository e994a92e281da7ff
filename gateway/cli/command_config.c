/* `bowei check-config` and `bowei config`, and how every command finds the configuration or the
 * state folder. */
#include "bowei/base/suggest.h"
#include "bowei/delivery.h"
#include "bowei/envelope.h"
#include "bowei/envelope_names.h"
#include "bowei/field.h"
#include "gateway/cli/check_certificates.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_report(const struct config_report *report)
{
    struct strbuf text = {0};

    config_report_print(report, &text);
    if (!text.failed && text.len > 0) {
        fwrite(text.data, 1, text.len, stderr);
    }
    strbuf_finish(&text);
}

static const char *envelope_at(const void *ctx, size_t i)
{
    (void)ctx;
    return envelope_name(i, NULL);
}

/* Mappings whose name is taken, or whose words mean nothing. */
static void check_mappings(struct config_source *source, const struct config *config)
{
    for (uint32_t i = 0; i < config->mapping_count; i++) {
        const struct mapping *m = &config->mappings[i];
        const struct mapping_fault fault = mapping_fault(m);
        struct envelope room;

        if (envelope_find(m->name) != NULL ||
            envelope_choose(config, m->name, &room)->mapping != m) {
            config_fault(source, &m->name, m,
                         "mappings[%u].name: there is an envelope \"%s\" already", i, m->name);
        }
        if (fault.key != NULL) {
            config_fault(source, fault.at, m, "mappings[%u].%s: %s", i, fault.key, fault.reason);
        }
    }
}

/* Is there such an envelope? Faults name the field at `path`. */
static void check_envelope(struct config_source *source, const struct config *config,
                           char *const *name, const void *item, const char *path)
{
    size_t count = 0;
    struct envelope room;
    const char *near;

    if (envelope_choose(config, *name, &room) != NULL) {
        return;
    }
    while (envelope_name(count, NULL) != NULL) {
        count++;
    }
    near = suggest_name(*name, envelope_at, NULL, count);
    config_fault(source, name, item, "%s.envelope: there is no envelope \"%s\"%s%s%s", path, *name,
                 near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                 near == NULL ? "" : "\"?");
}

/* What the settings table cannot know: the envelopes that the field side has. */
static void check_envelopes(struct config_source *source, const struct config *config)
{
    char path[48];

    check_mappings(source, config);
    for (uint32_t i = 0; i < config->link_count; i++) {
        for (uint32_t k = 0; k < config->links[i].subscription_count; k++) {
            const struct subscription_config *s = &config->links[i].subscriptions[k];

            snprintf(path, sizeof path, "links[%u].subscriptions[%u]", i, k);
            check_envelope(source, config, &s->envelope, s, path);
        }
    }
    for (uint32_t i = 0; i < config->push_count; i++) {
        snprintf(path, sizeof path, "push[%u]", i);
        check_envelope(source, config, &config->pushes[i].envelope, &config->pushes[i], path);
    }
}

/* Units whose map cannot be polled: their lines could not start. */
static void check_polls(struct config_source *source, const struct config *config)
{
    for (uint32_t i = 0; i < config->line_count; i++) {
        for (uint32_t k = 0; k < config->lines[i].unit_count; k++) {
            const struct unit_config *u = &config->lines[i].units[k];
            const struct register_map *map = config_map(config, u->map);
            const char *fault = map == NULL ? NULL : field_map_fault(map, u->max_read);

            if (fault != NULL) {
                config_fault(source, &u->map, u, "lines[%u].units[%u].map: \"%s\": %s", i, k,
                             u->map, fault);
            }
        }
    }
}

static void check_field(struct config_source *source, const struct config *config)
{
    check_envelopes(source, config);
    check_polls(source, config);
    check_certificates(source, config);
    delivery_check(source, config);
}

enum err cli_read_config(const struct config_origin *origin, struct config_report *report,
                         struct config **out)
{
    return config_load_checked(origin, check_field, report, out);
}

int command_config_load(const char *path, const struct option_list *sets, struct config **out)
{
    struct config_report *report = calloc(1, sizeof *report);
    enum err e = ERR_NO_MEMORY;

    if (report != NULL) {
        e = cli_read_config(&(struct config_origin){.path = path,
                                                    .overrides = sets->items,
                                                    .override_count = sets->count},
                            report, out);
    }
    if (e == ERR_CONFIG) {
        print_report(report);
    } else if (e != ERR_OK) {
        fprintf(stderr, "bowei: %s: %s\n", path, err_text(e, 0));
    }
    free(report);
    return e == ERR_OK ? CLI_OK : e == ERR_CONFIG ? CLI_BAD_INPUT : CLI_FAILURE;
}

int cli_load_config(int argc, char **argv, struct config **out)
{
    struct cli_origin origin;

    return cli_load_origin(argc, argv, &origin, out);
}

int cli_load_origin(int argc, char **argv, struct cli_origin *origin, struct config **out)
{
    const char *path = NULL;
    struct option_list sets = {.count = 0};
    const struct option rows[] = {
        {"config", OPTION_TEXT, &path},
        {"set",    OPTION_LIST, &sets},
    };
    struct words words;

    *out = NULL;
    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count > 0 || path == NULL) {
        return commands_usage(argv[0],
                              path == NULL ? "--config FILE is needed" : "takes no arguments");
    }
    *origin = (struct cli_origin){.path = path, .set_count = sets.count};
    memcpy(origin->sets, sets.items, sizeof origin->sets);
    return command_config_load(path, &sets, out);
}

int command_check_config(int argc, char **argv)
{
    const char *path = NULL;
    struct option_list sets = {.count = 0};
    const struct option rows[] = {
        {"config", OPTION_TEXT, &path},
        {"set",    OPTION_LIST, &sets},
    };
    struct words words;
    struct config *config = NULL;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count + (path != NULL) != 1) {
        return commands_usage(argv[0], "needs one file");
    }
    path = path == NULL ? words.items[0] : path;
    status = command_config_load(path, &sets, &config);
    if (status == CLI_OK) {
        fprintf(stderr, "%s is valid: %u lines, %u links\n", path, config->line_count,
                config->link_count);
    }
    config_destroy(config);
    return status;
}

struct config_part {
    const char *name;
    void (*print)(struct strbuf *out);
};

static const struct config_part parts[] = {
    {"reference", config_reference},
    {"template",  config_template },
};

static int print_shown(int argc, char **argv)
{
    struct config *config = NULL;
    struct strbuf text = {0};
    const int status = cli_load_config(argc, argv, &config);

    if (status != CLI_OK) {
        return status;
    }
    config_show(config, &text);
    config_destroy(config);
    return commands_print(&text);
}

int command_config(int argc, char **argv)
{
    struct strbuf text = {0};

    if (argc >= 2 && strcmp(argv[1], "show") == 0) {
        argv[1] = argv[0]; /* messages name the command */
        return print_shown(argc - 1, argv + 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(parts) && argc == 2; i++) {
        if (strcmp(parts[i].name, argv[1]) == 0) {
            parts[i].print(&text);
            return commands_print(&text);
        }
    }
    return commands_usage(argv[0], "template, show or reference?");
}

int command_place_find(struct place *place, const char *command)
{
    const struct option_list none = {.count = 0};
    struct config *config = NULL;
    int status = CLI_OK;

    if (place->state_option != NULL && place->config_option != NULL) {
        return commands_usage(command, "either --state or --config");
    }
    snprintf(place->state, sizeof place->state, "%s",
             place->state_option == NULL ? COMMANDS_STATE_DEFAULT : place->state_option);
    snprintf(place->keys, sizeof place->keys, "%s/keys", place->state);
    if (place->config_option == NULL) {
        return CLI_OK;
    }
    status = command_config_load(place->config_option, &none, &config);
    if (status == CLI_OK) {
        snprintf(place->state, sizeof place->state, "%s", config->state_folder);
        snprintf(place->keys, sizeof place->keys, "%s", config->keys_file);
    }
    config_destroy(config);
    return status;
}
