/* The configuration's front door: reads the file, completes what depends on other values, and hands
 * out an immutable struct config. Called by main at start and by the CLI. */
#include "bowei/config.h"
#include "gateway/config/config_read.h"
#include "gateway/config/register_maps.h"
#include "gateway/config/setting.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (4u << 20) /* 200 lines of 248 units, each in a line of 80 characters */

/* Whole file, or a fault in the report. NULL on a fault. */
static char *read_file(struct config_source *source, const char *path)
{
    struct stat info;
    char *text = NULL;
    size_t len = 0;
    ssize_t got = 1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        config_source_fault(source, 0, 0, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        config_source_fault(source, 0, 0, "is a directory");
        goto undo_open;
    }
    text = malloc(FILE_BYTES_MAX + 1);
    while (text != NULL && got > 0 && len <= FILE_BYTES_MAX) {
        got = read(fd, text + len, FILE_BYTES_MAX + 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (text == NULL || got < 0 || len > FILE_BYTES_MAX) {
        config_source_fault(source, 0, 0, "%s",
                            len > FILE_BYTES_MAX ? "is larger than 4 MiB" : "cannot be read");
        free(text);
        text = NULL;
    }
    source->text = text;
    source->len = len;
undo_open:
    close(fd);
    return text;
}

static char *join(const char *a, const char *separator, const char *b)
{
    const size_t size = strlen(a) + strlen(separator) + strlen(b) + 1;
    char *text = malloc(size);

    if (text != NULL) {
        snprintf(text, size, "%s%s%s", a, separator, b);
    }
    return text;
}

static char *index_path(const char *list, uint32_t i)
{
    char path[24];

    snprintf(path, sizeof path, "%s[%u]", list, i);
    return strdup(path);
}

/* The shipped maps behind those of the file, unless it has its own of that name. */
static bool add_shipped_maps(struct config *config)
{
    size_t shipped = 0;
    const struct register_map *maps = register_maps(&shipped);
    struct register_map *all = realloc(config->maps, (config->map_count + shipped) * sizeof *all);

    if (all == NULL) {
        return false;
    }
    config->maps = all;
    for (size_t i = 0; i < shipped; i++) {
        if (config_map(config, maps[i].name) == NULL) {
            char *name = strdup(maps[i].name);

            if (name == NULL) {
                return false;
            }
            all[config->map_count] = maps[i];
            all[config->map_count].name = name;
            config->map_count++;
        }
    }
    return true;
}

/* Defaults that are made of other values. Before the cross-checks. */
static bool derive(struct config *config)
{
    bool good = true;

    if (config->keys_file == NULL && config->state_folder != NULL) {
        config->keys_file = join(config->state_folder, "/", "keys");
        good &= config->keys_file != NULL;
    }
    if (config->redis.socket == NULL && config->redis.host == NULL) {
        config->redis.host = strdup("127.0.0.1");
        good &= config->redis.host != NULL;
    }
    for (uint32_t i = 0; i < config->line_count; i++) {
        config->lines[i].path = index_path("lines", i);
        good &= config->lines[i].path != NULL;
    }
    for (uint32_t i = 0; i < config->link_count; i++) {
        struct link_config *link = &config->links[i];

        link->path = index_path("links", i);
        good &= link->path != NULL;
        if (link->client_id == NULL && link->name != NULL && config->instance != NULL) {
            link->client_id = join(config->instance, "-", link->name);
            link->client_id_derived = true;
            good &= link->client_id != NULL;
        }
    }
    return good;
}

enum err config_load(const char *path, const char *const *overrides, uint32_t override_count,
                     struct config_report *report, struct config **out)
{
    const struct config_origin origin = {
        .path = path, .overrides = overrides, .override_count = override_count};

    return config_load_checked(&origin, NULL, report, out);
}

enum err config_load_checked(const struct config_origin *origin, config_checker *check,
                             struct config_report *report, struct config **out)
{
    const char *path = origin->path;
    struct config_source source = {.report = report, .masked = origin->masked};
    struct config *config = calloc(1, sizeof *config);
    char *text = NULL;
    enum err result = ERR_NO_MEMORY;

    *out = NULL;
    *report = (struct config_report){.count = 0};
    snprintf(report->file, sizeof report->file, "%s", path);
    if (config == NULL) {
        return ERR_NO_MEMORY;
    }
    text = read_file(&source, path);
    if (text == NULL) {
        result = ERR_CONFIG;
        goto undo_config;
    }
    if (!config_read(&source, origin->overrides, origin->override_count, config) ||
        !derive(config)) {
        goto undo_config;
    }
    config_check(&source, config);
    if (check != NULL && report->count == 0) { /* it may rely on what the table promises */
        check(&source, config);
    }
    config_source_sort(&source);
    if (report->count > 0) {
        result = ERR_CONFIG;
        goto undo_config;
    }
    if (!add_shipped_maps(config)) {
        goto undo_config;
    }
    config_source_finish(&source);
    free(text);
    *out = config;
    return ERR_OK;
undo_config:
    config_source_finish(&source);
    free(text);
    config_destroy(config);
    return result;
}

static void free_path(const char *path)
{
    free((char *)(uintptr_t)path);
}

void config_destroy(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (uint32_t i = 0; i < config->line_count; i++) {
        free_path(config->lines[i].path);
    }
    for (uint32_t i = 0; i < config->link_count; i++) {
        free_path(config->links[i].path);
    }
    setting_free(SECTION_ROOT, config);
    free(config);
}

const struct register_map *config_map(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->map_count; i++) {
        if (config->maps[i].name != NULL && strcmp(config->maps[i].name, name) == 0) {
            return &config->maps[i];
        }
    }
    return NULL;
}

const struct unit_config *config_unit(const struct config *config, const char *line,
                                      const char *device)
{
    const size_t len = strlen(line);

    if (strncmp(device, line, len) == 0 && device[len] == '/') {
        device += len + 1;
    }
    for (uint32_t i = 0; i < config->line_count; i++) {
        const struct line_config *l = &config->lines[i];

        for (uint32_t k = 0; strcmp(l->name, line) == 0 && k < l->unit_count; k++) {
            if (strcmp(l->units[k].name, device) == 0) {
                return &l->units[k];
            }
        }
    }
    return NULL;
}
