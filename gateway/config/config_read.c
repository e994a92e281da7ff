/* From YAML to struct config by the rows of settings.def. libyaml makes the tree; every scalar goes
 * to its row, and whatever has no row, stands twice, has the wrong shape or the wrong value becomes
 * a fault at its place. Reading goes on behind a fault, so that one run shows all of them; a
 * refused value leaves its default behind. */
#include "gateway/config/config_read.h"
#include "bowei/base/suggest.h"
#include "gateway/config/config_excerpt.h"
#include "gateway/config/register_maps.h"
#include "gateway/config/setting.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define KEYS_MAX     256 /* keys of one mapping; the largest section has 32 */
#define DEPTH_MAX    16  /* the deepest section stands at 6 */
#define ROWS_MAX     256 /* rows of one section */
#define PATH_MAX_LEN 160
#define KEY_MAX      64

struct reader {
    struct config_source *source;
    yaml_document_t *document;
    bool no_memory;
};

/* One section being filled. */
struct filling {
    enum section_id section;
    void *item;
    char path[PATH_MAX_LEN]; /* "lines[0].", "" for the file itself */
    bool given[ROWS_MAX];    /* by row of the section, also when its value was refused */
    bool prefilled;          /* began as a copy of a shipped map: rows have values already */
};

static uint32_t line_of(const yaml_node_t *node)
{
    return (uint32_t)node->start_mark.line + 1;
}

static uint32_t column_of(const yaml_node_t *node)
{
    return (uint32_t)node->start_mark.column + 1;
}

static const char *scalar(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

/* Index of the row within its section. */
static size_t row_index(const struct setting *row)
{
    size_t index = 0;

    for (const struct setting *r = setting_next(row->section, NULL); r != row && r != NULL;
         r = setting_next(row->section, r)) {
        index++;
    }
    assert(index < ROWS_MAX); /* else two rows would count as one */
    return index;
}

static const struct setting *find_row(enum section_id section, const char *key)
{
    const struct setting *row = setting_next(section, NULL);

    while (row != NULL && strcmp(row->key, key) != 0) {
        row = setting_next(section, row);
    }
    return row;
}

/* Is `key` a mapping of further keys ("http")? */
static bool is_group(enum section_id section, const char *key)
{
    const size_t len = strlen(key);

    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         row = setting_next(section, row)) {
        if (strncmp(row->key, key, len) == 0 && row->key[len] == '.') {
            return true;
        }
    }
    return false;
}

struct names {
    char text[ROWS_MAX][KEY_MAX];
    size_t count;
};

static const char *name_at(const void *ctx, size_t i)
{
    const struct names *names = ctx;

    return names->text[i];
}

/* The keys that may stand at this level. */
static void collect_names(enum section_id section, const char *prefix, struct names *names)
{
    const size_t len = strlen(prefix);

    names->count = 0;
    for (const struct setting *row = setting_next(section, NULL);
         row != NULL && names->count < ROWS_MAX; row = setting_next(section, row)) {
        if (strncmp(row->key, prefix, len) == 0) {
            snprintf(names->text[names->count++], KEY_MAX, "%.*s",
                     (int)strcspn(row->key + len, "."), row->key + len);
        }
    }
}

static void fault_unknown(struct reader *r, const struct filling *f, const char *prefix,
                          const yaml_node_t *key)
{
    struct names names;
    const char *near = NULL;

    collect_names(f->section, prefix, &names);
    near = suggest_name(scalar(key), name_at, &names, names.count);
    config_source_fault(r->source, line_of(key), column_of(key), "%s%s%.60s: unknown key%s%s%s",
                        f->path, prefix, scalar(key), near == NULL ? "" : ", did you mean \"",
                        near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

/* Plain ~, null or nothing: as if the key were not there. */
static bool is_null(const yaml_node_t *node)
{
    const char *text = NULL;

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    text = scalar(node);
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* A tag of its own (!include, !env) would be dropped silently. */
static bool has_plain_tag(struct reader *r, const struct filling *f, const char *key,
                          const yaml_node_t *node)
{
    static const char core[] = "tag:yaml.org,2002:";

    if (node->tag == NULL || strncmp((const char *)node->tag, core, sizeof core - 1) == 0) {
        return true;
    }
    config_source_fault(r->source, line_of(node), column_of(node),
                        "%s%s: the tag %.40s is not known", f->path, key, (const char *)node->tag);
    return false;
}

/* Two rows may fill one field: a password and its file. */
static bool is_taken(const struct filling *f, const struct setting *row)
{
    for (const struct setting *other = setting_next(f->section, NULL); other != NULL;
         other = setting_next(f->section, other)) {
        if (other != row && other->offset == row->offset && other->type != SETTING_LIST &&
            f->given[row_index(other)]) {
            return true;
        }
    }
    return false;
}

static void read_scalar(struct reader *r, struct filling *f, const struct setting *row,
                        const yaml_node_t *node)
{
    const uint32_t faults = r->source->report->count;
    char why[SETTING_WHY_MAX] = "";

    r->source->hides_value = row->type == SETTING_SECRET;
    if (node->type != YAML_SCALAR_NODE) {
        config_source_fault(r->source, line_of(node), column_of(node),
                            "%s%s: is not a single value", f->path, row->key);
    } else if (strlen(scalar(node)) != node->data.scalar.length) {
        config_source_fault(r->source, line_of(node), column_of(node), "%s%s: holds a NUL byte",
                            f->path, row->key);
    } else if (is_taken(f, row)) {
        config_source_fault(r->source, line_of(node), column_of(node),
                            "%s%s: given in two ways, keep one", f->path, row->key);
    } else if (!setting_put(row, f->item, scalar(node), why)) {
        config_source_fault(r->source, line_of(node), column_of(node), "%s%s: %s", f->path,
                            row->key, why);
    }
    r->source->hides_value = false;
    r->no_memory |= !config_source_mark(r->source, setting_field(row, f->item), line_of(node),
                                        column_of(node), r->source->report->count > faults);
}

/* Fills in what was not given. */
static void finish_section(struct reader *r, struct filling *f, uint32_t line, uint32_t column)
{
    for (const struct setting *row = setting_next(f->section, NULL); row != NULL;
         row = setting_next(f->section, row)) {
        const bool is_text = setting_is_text(row->type);
        const bool empty = is_text && *(char **)setting_field(row, f->item) == NULL;

        if (row->type == SETTING_LIST || f->prefilled) {
            continue;
        }
        if (row->fallback == NULL && !f->given[row_index(row)]) {
            config_source_fault(r->source, line, column, "%s%s: is missing", f->path, row->key);
        } else if ((is_text && empty) || !f->given[row_index(row)] ||
                   config_source_refused(r->source, setting_field(row, f->item))) {
            r->no_memory |= !setting_default(row, f->item);
        }
    }
}

static void read_mapping(struct reader *r, struct filling *f, const char *prefix,
                         const yaml_node_t *node);

/* The shipped map of this name, if `node` names one: it is what the item starts from. */
static void prefill_map(struct reader *r, struct filling *f, const yaml_node_t *node)
{
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

    for (; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, pair->value);
        const struct register_map *shipped = NULL;

        if (key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE &&
            strcmp(scalar(key), "name") == 0) {
            shipped = register_maps_find(scalar(value));
        }
        if (shipped != NULL) {
            *(struct register_map *)f->item = *shipped;
            ((struct register_map *)f->item)->name = NULL; /* the row sets it */
            f->prefilled = true;
        }
    }
}

static void read_item(struct reader *r, struct filling *item, const yaml_node_t *node)
{
    r->no_memory |= !config_source_mark(r->source, item->item, line_of(node), column_of(node),
                                        node->type != YAML_MAPPING_NODE);
    if (node->type != YAML_MAPPING_NODE) {
        config_source_fault(r->source, line_of(node), column_of(node),
                            "%.*s: is not a mapping of keys", (int)strlen(item->path) - 1,
                            item->path);
        item->prefilled = true; /* one fault is enough */
        return;
    }
    if (item->section == SECTION_MAP) {
        prefill_map(r, item, node);
    }
    read_mapping(r, item, "", node);
}

static void read_list(struct reader *r, struct filling *f, const struct setting *row,
                      const yaml_node_t *node)
{
    const size_t size = sections[row->item].size;
    void **list = setting_field(row, f->item);
    uint32_t *count = (uint32_t *)(void *)((char *)f->item + row->count_offset);
    size_t items = 0;

    if (node->type != YAML_SEQUENCE_NODE) {
        config_source_fault(r->source, line_of(node), column_of(node),
                            "%s%s: is not a list (- key: value)", f->path, row->key);
        return;
    }
    items = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (items > (size_t)row->max) {
        config_source_fault(r->source, line_of(node), column_of(node),
                            "%s%s: has %zu items, %d are allowed", f->path, row->key, items,
                            (int)row->max);
        return;
    }
    *list = calloc(items + 1, size); /* + 1: never of size 0 */
    if (*list == NULL) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < items; i++) {
        const yaml_node_t *child =
            yaml_document_get_node(r->document, node->data.sequence.items.start[i]);
        struct filling item = {.section = row->item, .item = (char *)*list + i * size};

        snprintf(item.path, sizeof item.path, "%.80s%.20s[%u].", f->path, row->key, (unsigned)i);
        *count = (uint32_t)i + 1; /* what is half read is freed, too */
        read_item(r, &item, child);
        finish_section(r, &item, line_of(child), column_of(child));
    }
}

/* A key may stand once in its mapping. Returns false, with a fault, the second time. */
static bool is_first(struct reader *r, const struct filling *f, const char *prefix,
                     const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);

    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = yaml_document_get_node(r->document, p->key);

        if (other->type == YAML_SCALAR_NODE && strcmp(scalar(other), scalar(key)) == 0) {
            config_source_fault(r->source, line_of(key), column_of(key),
                                "%s%s%.60s: stands twice, first in line %u", f->path, prefix,
                                scalar(key), (unsigned)line_of(other));
            return false;
        }
    }
    return true;
}

static void read_pair(struct reader *r, struct filling *f, const char *prefix,
                      const yaml_node_t *key, const yaml_node_t *value)
{
    char full[KEY_MAX * 2 + 2];
    const struct setting *row = NULL;

    snprintf(full, sizeof full, "%.*s%.*s", KEY_MAX, prefix, KEY_MAX, scalar(key));
    row = find_row(f->section, full);
    if (row == NULL && !is_group(f->section, full)) {
        fault_unknown(r, f, prefix, key);
    } else if (!has_plain_tag(r, f, full, value)) {
        if (row != NULL) {
            f->given[row_index(row)] = true;
        }
    } else if (is_null(value)) {
        return; /* as if it were not there */
    } else if (row == NULL && value->type != YAML_MAPPING_NODE) {
        config_source_fault(r->source, line_of(value), column_of(value),
                            "%s%s: is not a mapping of keys", f->path, full);
    } else if (row == NULL) {
        snprintf(full + strlen(full), 2, ".");
        read_mapping(r, f, full, value);
    } else if (row->type == SETTING_LIST) {
        read_list(r, f, row, value);
    } else {
        read_scalar(r, f, row, value);
        f->given[row_index(row)] = true;
    }
}

static void read_mapping(struct reader *r, struct filling *f, const char *prefix,
                         const yaml_node_t *node)
{
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

    if (node->data.mapping.pairs.top - pair > KEYS_MAX) {
        config_source_fault(r->source, line_of(node), column_of(node), "%s%s more than %d keys",
                            f->path, prefix, KEYS_MAX);
        return;
    }
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, pair->value);

        if (key->type != YAML_SCALAR_NODE || strlen(scalar(key)) != key->data.scalar.length) {
            config_source_fault(r->source, line_of(key), column_of(key),
                                "%s%s a key must be a plain word", f->path, prefix);
        } else if (is_first(r, f, prefix, node, pair)) {
            read_pair(r, f, prefix, key, value);
        }
    }
}

/* "key=value" of the command line. */
static void read_override(struct reader *r, struct filling *root, const char *text)
{
    char key[KEY_MAX];
    char why[SETTING_WHY_MAX] = "";
    const size_t len = strcspn(text, "=");
    const struct setting *row = NULL;
    struct names names = {.count = 0};
    const char *near = NULL;

    snprintf(key, sizeof key, "%.*s", (int)(len < KEY_MAX ? len : KEY_MAX - 1), text);
    if (text[len] != '=') {
        config_source_fault(r->source, 0, 0, "--set %s: is not key=value", key);
        return;
    }
    row = find_row(SECTION_ROOT, key);
    if (row == NULL) {
        for (row = setting_next(SECTION_ROOT, NULL); row != NULL && names.count < ROWS_MAX;
             row = setting_next(SECTION_ROOT, row)) {
            snprintf(names.text[names.count++], KEY_MAX, "%s", row->key);
        }
        near = suggest_name(key, name_at, &names, names.count);
        config_source_fault(r->source, 0, 0, "--set %s: unknown key%s%s%s", key,
                            near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                            near == NULL ? "" : "\"?");
        return;
    }
    if (!setting_put(row, root->item, text + len + 1, why)) {
        config_source_fault(r->source, 0, 0, "--set %s: %s", key, why);
    }
    root->given[row_index(row)] = true;
}

static void fault_yaml(struct reader *r, const yaml_parser_t *parser)
{
    uint32_t line = (uint32_t)parser->problem_mark.line + 1;
    uint32_t column = (uint32_t)parser->problem_mark.column + 1;

    if (parser->error == YAML_MEMORY_ERROR) {
        r->no_memory = true;
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        line = column = 1;
        for (size_t i = 0; i < parser->problem_offset && i < r->source->len; i++) {
            column = r->source->text[i] == '\n' ? 1 : column + 1;
            line += r->source->text[i] == '\n';
        }
    }
    config_source_fault(r->source, line, column, "not YAML: %.120s%s%.60s%s",
                        parser->problem == NULL ? "cannot be read" : parser->problem,
                        parser->context == NULL ? "" : ", ",
                        parser->context == NULL ? "" : parser->context,
                        config_excerpt_byte(r->source->text, r->source->len, line, column) == '\t'
                            ? " (a tab: lines are indented by blanks)"
                            : "");
}

/* The first document; there may be no second one. */
static void read_document(struct reader *r, struct filling *root, yaml_parser_t *parser)
{
    yaml_document_t document;
    const yaml_node_t *top = NULL;

    if (!yaml_parser_load(parser, &document)) {
        fault_yaml(r, parser);
        return;
    }
    r->document = &document;
    top = yaml_document_get_root_node(&document);
    if (top != NULL && top->type != YAML_MAPPING_NODE && !is_null(top)) {
        config_source_fault(r->source, line_of(top), column_of(top),
                            "the file is not a mapping of keys");
    } else if (top != NULL && top->type == YAML_MAPPING_NODE) {
        read_mapping(r, root, "", top);
    }
    r->document = NULL;
    yaml_document_delete(&document);
    if (top == NULL) {
        return; /* an empty file: all defaults */
    }
    if (!yaml_parser_load(parser, &document)) {
        fault_yaml(r, parser);
        return;
    }
    top = yaml_document_get_root_node(&document);
    if (top != NULL) {
        config_source_fault(r->source, line_of(top), column_of(top),
                            "a second document (---) in the file");
    }
    yaml_document_delete(&document);
}

/* A first pass over the events, for the depth only: libyaml takes time with the square of it, and
 * the tree below must not be made at all. Syntax faults are found by the second pass. */
static bool is_flat(struct reader *r)
{
    struct config_source *source = r->source;
    yaml_parser_t parser;
    yaml_event_t event;
    int depth = 0;
    bool end = false;

    if (!yaml_parser_initialize(&parser)) {
        r->no_memory = true;
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->len);
    while (!end && depth <= DEPTH_MAX && yaml_parser_parse(&parser, &event)) {
        depth += event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
        depth -= event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        end = event.type == YAML_STREAM_END_EVENT;
        if (depth > DEPTH_MAX) {
            config_source_fault(source, (uint32_t)event.start_mark.line + 1,
                                (uint32_t)event.start_mark.column + 1,
                                "nested deeper than %d levels", DEPTH_MAX);
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return depth <= DEPTH_MAX;
}

bool config_read(struct config_source *source, const char *const *overrides, uint32_t count,
                 struct config *config)
{
    struct reader r = {.source = source};
    struct filling root = {.section = SECTION_ROOT, .item = config};
    yaml_parser_t parser;

    if (is_flat(&r)) {
        if (!yaml_parser_initialize(&parser)) {
            return false;
        }
        yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->len);
        read_document(&r, &root, &parser);
        yaml_parser_delete(&parser);
    }
    for (uint32_t i = 0; i < count; i++) {
        read_override(&r, &root, overrides[i]);
    }
    finish_section(&r, &root, 1, 1);
    return !r.no_memory;
}
