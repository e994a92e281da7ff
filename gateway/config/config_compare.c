/* What differs between two configurations, row by row of settings.def: what a reload may take over,
 * what waits for a restart, and which lines and links an edit touches. Pure; the reload in the
 * wiring and `bowei plan` ask. */
#include "bowei/config.h"
#include "gateway/config/setting.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct setting *row, const void *item)
{
    return *(char *const *)setting_field_of(row, item);
}

static const char *list_of(const struct setting *row, const void *item)
{
    return *(void *const *)setting_field_of(row, item);
}

static uint32_t count_of(const struct setting *row, const void *item)
{
    return *(const uint32_t *)(const void *)((const char *)item + row->count_offset);
}

static bool list_same(const struct setting *row, const void *a, const void *b)
{
    const uint32_t count = count_of(row, a);

    if (count != count_of(row, b)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const size_t at = i * sections[row->item].size;

        if (!setting_items_same(row->item, list_of(row, a) + at, list_of(row, b) + at)) {
            return false;
        }
    }
    return true;
}

static size_t size_of(enum setting_type type)
{
    return type == SETTING_BOOL ? sizeof(bool) : sizeof(uint32_t);
}

bool setting_same(const struct setting *row, const void *a, const void *b)
{
    const char *x = NULL;
    const char *y = NULL;

    if (row->type == SETTING_LIST) {
        return list_same(row, a, b);
    }
    if (!setting_is_text(row->type)) {
        return memcmp(setting_field_of(row, a), setting_field_of(row, b), size_of(row->type)) == 0;
    }
    x = text_of(row, a);
    y = text_of(row, b);
    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

bool setting_items_same(enum section_id section, const void *a, const void *b)
{
    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         row = setting_next(section, row)) {
        if (!setting_same(row, a, b)) {
            return false;
        }
    }
    return true;
}

static bool copy_list(const struct setting *row, void *to, const void *from)
{
    const size_t size = sections[row->item].size;
    const uint32_t count = count_of(row, from);
    uint32_t *copied = (uint32_t *)(void *)((char *)to + row->count_offset);
    char *items = NULL;

    setting_free_list(row, to);
    if (count == 0) {
        return true;
    }
    items = calloc(count, size);
    *(void **)setting_field(row, to) = items;
    if (items == NULL) {
        return false;
    }
    for (; *copied < count; ++*copied) {
        const size_t at = *copied * size;

        for (const struct setting *r = setting_next(row->item, NULL); r != NULL;
             r = setting_next(row->item, r)) {
            if (!setting_copy(r, items + at, list_of(row, from) + at)) {
                ++*copied; /* what it has is freed with it */
                return false;
            }
        }
    }
    return true;
}

bool setting_copy(const struct setting *row, void *to, const void *from)
{
    char **text = NULL;

    if (row->type == SETTING_LIST) {
        return copy_list(row, to, from);
    }
    if (!setting_is_text(row->type)) {
        memcpy(setting_field(row, to), setting_field_of(row, from), size_of(row->type));
        return true;
    }
    text = setting_field(row, to);
    free(*text);
    *text = text_of(row, from) == NULL ? NULL : strdup(text_of(row, from));
    return *text != NULL || text_of(row, from) == NULL;
}

const struct line_config *config_line(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->line_count; i++) {
        if (strcmp(config->lines[i].name, name) == 0) {
            return &config->lines[i];
        }
    }
    return NULL;
}

const struct link_config *config_link(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->link_count; i++) {
        if (strcmp(config->links[i].name, name) == 0) {
            return &config->links[i];
        }
    }
    return NULL;
}

bool config_map_same(const struct config *a, const struct config *b, const char *name)
{
    const struct register_map *x = config_map(a, name);
    const struct register_map *y = config_map(b, name);

    return x == NULL || y == NULL ? x == y : setting_items_same(SECTION_MAP, x, y);
}

bool config_line_same(const struct config *a, const struct line_config *line_a,
                      const struct config *b, const struct line_config *line_b)
{
    if (!setting_items_same(SECTION_LINE, line_a, line_b)) {
        return false;
    }
    for (uint32_t i = 0; i < line_a->unit_count; i++) {
        if (!config_map_same(a, b, line_a->units[i].map)) {
            return false;
        }
    }
    return true;
}

const struct push_config *config_push(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->push_count; i++) {
        if (strcmp(config->pushes[i].name, name) == 0) {
            return &config->pushes[i];
        }
    }
    return NULL;
}

static const struct mapping *mapping_of(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->mapping_count; i++) {
        if (strcmp(config->mappings[i].name, name) == 0) {
            return &config->mappings[i];
        }
    }
    return NULL;
}

/* The same mapping of that name in both, or in neither? */
static bool mapping_same(const struct config *a, const struct config *b, const char *name)
{
    const struct mapping *x = mapping_of(a, name);
    const struct mapping *y = mapping_of(b, name);

    return x == NULL || y == NULL ? x == y : setting_items_same(SECTION_MAPPING, x, y);
}

static bool link_same(const struct config *a, const struct link_config *link_a,
                      const struct config *b, const struct link_config *link_b)
{
    if (!setting_items_same(SECTION_LINK, link_a, link_b)) {
        return false;
    }
    for (uint32_t i = 0; i < link_a->subscription_count; i++) {
        if (!mapping_same(a, b, link_a->subscriptions[i].envelope)) {
            return false;
        }
    }
    return true;
}

/* Settings of the file itself. Two rows may fill one field (password, password_file): it is
 * compared once. */
static void compare_root(const struct config *running, const struct config *next,
                         struct config_difference *out)
{
    for (const struct setting *row = setting_next(SECTION_ROOT, NULL); row != NULL;
         row = setting_next(SECTION_ROOT, row)) {
        if (row->type == SETTING_SECRET_FILE || setting_same(row, running, next)) {
            continue;
        }
        if (row->reload == RELOAD_LIVE) {
            out->live |= row->type != SETTING_LIST;
        } else if (out->waiting_count < CONFIG_WAITING_MAX) {
            out->waiting[out->waiting_count++] = row->key;
        }
    }
}

static bool timing_same(const struct line_config *a, const struct line_config *b)
{
    bool same = a->unit_count == b->unit_count;

    for (uint32_t i = 0; same && i < a->unit_count; i++) {
        same = strcmp(a->units[i].name, b->units[i].name) == 0 &&
               a->units[i].period_ms == b->units[i].period_ms &&
               a->units[i].limit_ms == b->units[i].limit_ms;
    }
    return same;
}

static void compare_lines(const struct config *running, const struct config *next,
                          struct config_difference *out)
{
    uint32_t known = 0;

    for (uint32_t i = 0; i < next->line_count; i++) {
        const struct line_config *line = &next->lines[i];
        const struct line_config *former = config_line(running, line->name);

        out->lines[i] = former == NULL                                  ? CONFIG_ADDED
                        : config_line_same(running, former, next, line) ? CONFIG_KEPT
                                                                        : CONFIG_EDITED;
        out->live |= out->lines[i] != CONFIG_KEPT;
        out->timing |= former == NULL || !timing_same(former, line);
        known += former != NULL;
    }
    out->lines_removed = running->line_count - known;
    out->timing |= out->lines_removed > 0;
}

static void compare_links(const struct config *running, const struct config *next,
                          struct config_difference *out)
{
    uint32_t known = 0;

    for (uint32_t i = 0; i < next->link_count; i++) {
        const struct link_config *link = &next->links[i];
        const struct link_config *former = config_link(running, link->name);

        out->links[i] = former == NULL                           ? CONFIG_ADDED
                        : link_same(running, former, next, link) ? CONFIG_KEPT
                                                                 : CONFIG_EDITED;
        out->live |= out->links[i] != CONFIG_KEPT;
        known += former != NULL;
    }
    out->links_removed = running->link_count - known;
}

static bool push_same(const struct config *a, const struct push_config *push_a,
                      const struct config *b, const struct push_config *push_b)
{
    return setting_items_same(SECTION_PUSH, push_a, push_b) && mapping_same(a, b, push_a->envelope);
}

static void compare_pushes(const struct config *running, const struct config *next,
                           struct config_difference *out)
{
    uint32_t known = 0;

    for (uint32_t i = 0; i < next->push_count; i++) {
        const struct push_config *push = &next->pushes[i];
        const struct push_config *former = config_push(running, push->name);

        out->pushes[i] = former == NULL                           ? CONFIG_ADDED
                         : push_same(running, former, next, push) ? CONFIG_KEPT
                                                                  : CONFIG_EDITED;
        out->live |= out->pushes[i] != CONFIG_KEPT;
        known += former != NULL;
    }
    out->pushes_removed = running->push_count - known;
}

void config_compare(const struct config *running, const struct config *next,
                    struct config_difference *out)
{
    *out = (struct config_difference){0};
    compare_root(running, next, out);
    compare_lines(running, next, out);
    compare_links(running, next, out);
    compare_pushes(running, next, out);
    out->live |= out->lines_removed > 0 || out->links_removed > 0 || out->pushes_removed > 0;
}

static const char *const change_words[CONFIG_CHANGE_COUNT] = {
    [CONFIG_KEPT] = "kept", [CONFIG_EDITED] = "edited", [CONFIG_ADDED] = "added"};

/* Lines, links and pushes alike: names of both configurations, and what became of the new ones. */
struct named_list {
    const char *kind;
    const char *(*name)(const struct config *config, uint32_t i); /* NULL behind the last */
    const uint8_t *changes;
};

static const char *line_name(const struct config *config, uint32_t i)
{
    return i < config->line_count ? config->lines[i].name : NULL;
}

static const char *link_name(const struct config *config, uint32_t i)
{
    return i < config->link_count ? config->links[i].name : NULL;
}

static const char *push_name(const struct config *config, uint32_t i)
{
    return i < config->push_count ? config->pushes[i].name : NULL;
}

static bool has_name(const struct named_list *list, const struct config *config, const char *name)
{
    const char *other;

    for (uint32_t i = 0; (other = list->name(config, i)) != NULL; i++) {
        if (strcmp(other, name) == 0) {
            return true;
        }
    }
    return false;
}

void config_changes(const struct config *running, const struct config *next,
                    const struct config_difference *difference,
                    void (*each)(void *ctx, const char *kind, const char *name, const char *change),
                    void *ctx)
{
    const struct named_list lists[] = {
        {"line", line_name, difference->lines },
        {"link", link_name, difference->links },
        {"push", push_name, difference->pushes},
    };
    const char *name;

    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        for (uint32_t i = 0; (name = lists[k].name(next, i)) != NULL; i++) {
            if (lists[k].changes[i] != CONFIG_KEPT) {
                each(ctx, lists[k].kind, name, change_words[lists[k].changes[i]]);
            }
        }
        for (uint32_t i = 0; (name = lists[k].name(running, i)) != NULL; i++) {
            if (!has_name(&lists[k], next, name)) {
                each(ctx, lists[k].kind, name, "removed");
            }
        }
    }
}

/* Client ids that were made of the instance are made again: it may be another now. */
static bool rename_clients(struct config *next)
{
    for (uint32_t i = 0; i < next->link_count; i++) {
        struct link_config *link = &next->links[i];
        const size_t cap = strlen(next->instance) + strlen(link->name) + 2;
        char *id = link->client_id_derived ? malloc(cap) : NULL;

        if (id == NULL && link->client_id_derived) {
            return false;
        }
        if (id != NULL) {
            snprintf(id, cap, "%s-%s", next->instance, link->name);
            free(link->client_id);
            link->client_id = id;
        }
    }
    return true;
}

bool config_keep(const struct config *running, struct config *next)
{
    for (const struct setting *row = setting_next(SECTION_ROOT, NULL); row != NULL;
         row = setting_next(SECTION_ROOT, row)) {
        if (row->reload == RELOAD_RESTART && row->type != SETTING_SECRET_FILE &&
            !setting_same(row, running, next) && !setting_copy(row, next, running)) {
            return false;
        }
    }
    return rename_clients(next);
}

static void forget_items(enum section_id section, void *item)
{
    for (const struct setting *row = setting_next(section, NULL); row != NULL;
         row = setting_next(section, row)) {
        char **text = setting_field(row, item);

        if (row->type == SETTING_SECRET) {
            free(*text);
            *text = NULL;
        }
        for (uint32_t i = 0; row->type == SETTING_LIST && i < count_of(row, item); i++) {
            forget_items(row->item, *text + i * sections[row->item].size);
        }
    }
}

void config_forget_secrets(struct config *config)
{
    forget_items(SECTION_ROOT, config);
}
