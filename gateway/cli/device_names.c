/* The model and the source of a device that is installed by hand, against what this program and its
 * configuration know. */
#include "gateway/cli/device_names.h"
#include "bowei/base/suggest.h"
#include "bowei/sensor_model.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <string.h>

static const char *model_at(const void *ctx, size_t i)
{
    const struct sensor_model *const *models = ctx;

    return models[i]->name;
}

/* What no sensor of bays is, NULL of one. */
static const char *kind_at(const void *ctx, size_t i)
{
    const struct sensor_model *const *models = ctx;

    return models[i]->kind == MODEL_BAY ? NULL : model_kind_name(models[i]->kind);
}

static void did_you_mean(const char *near)
{
    if (near != NULL) {
        fprintf(stderr, ", did you mean \"%s\"?", near);
    }
    fputc('\n', stderr);
}

int device_model_check(const char *model)
{
    size_t count = 0;
    const struct sensor_model *const *models = sensor_models(&count);

    for (size_t i = 0; model != NULL && i < count; i++) {
        if (strcmp(models[i]->name, model) == 0) {
            if (models[i]->kind == MODEL_BAY) {
                return CLI_OK;
            }
            fprintf(stderr, "bowei devices: %s is a %s, it never says whether a space is free\n",
                    model, model_kind_name(models[i]->kind));
            return CLI_BAD_INPUT;
        }
    }
    if (model != NULL) {
        fprintf(stderr,
                "bowei devices: warning: no frame of a \"%s\" can be decoded (bowei models)",
                model);
        did_you_mean(suggest_name(model, model_at, models, count));
    }
    return CLI_OK;
}

/* Lines, links, then pushes. */
static const char *source_at(const void *ctx, size_t i)
{
    const struct config *c = ctx;

    if (i < c->line_count) {
        return c->lines[i].name;
    }
    i -= c->line_count;
    return i < c->link_count ? c->links[i].name : c->pushes[i - c->link_count].name;
}

int device_source_check(const char *source, const char *config_path)
{
    const struct option_list none = {.count = 0};
    struct config *config = NULL;
    int code = CLI_OK;
    size_t count;

    if (source == NULL || config_path == NULL) {
        return CLI_OK;
    }
    code = command_config_load(config_path, &none, &config);
    if (code != CLI_OK) {
        config_destroy(config);
        return code;
    }
    count = (size_t)config->line_count + config->link_count + config->push_count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(source_at(config, i), source) == 0) {
            config_destroy(config);
            return CLI_OK;
        }
    }
    fprintf(stderr, "bowei devices: no line, link or push of %s is called \"%s\"", config_path,
            source);
    did_you_mean(suggest_name(source, source_at, config, count));
    config_destroy(config);
    return CLI_BAD_INPUT;
}

void device_names_check(const struct draft *draft, const char *config_path,
                        struct import_report *report)
{
    const struct option_list none = {.count = 0};
    struct known_names models = {.name_at = model_at, .kind_at = kind_at};
    struct config *config = NULL;

    models.ctx = sensor_models(&models.count);
    draft_models_check(draft, &models, report);
    if (config_path != NULL && command_config_load(config_path, &none, &config) == CLI_OK) {
        const struct known_names sources = {.name_at = source_at,
                                            .ctx = config,
                                            .count = (size_t)config->line_count +
                                                     config->link_count + config->push_count};

        draft_sources_check(draft, &sources, report);
    }
    config_destroy(config);
}
