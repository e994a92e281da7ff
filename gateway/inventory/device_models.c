/* The sensor models that an import names, against those that the program decodes: with a mistyped
 * one every frame that a network server hands on is refused, and the space stays unknown. What
 * models there are the inventory does not know; the importer says so. */
#include "bowei/base/suggest.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/report.h"
#include <string.h>

static bool is_known(const struct model_names *names, const char *model)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->name_at(names->ctx, i), model) == 0) {
            return true;
        }
    }
    return false;
}

/* A unit is "line/unit", its source the line: its map says what it means, its model is a remark. */
static bool is_unit(const char *id, const char *source)
{
    const size_t len = strlen(source);

    return strncmp(id, source, len) == 0 && id[len] == '/';
}

void draft_models_check(const struct draft *draft, const struct model_names *names,
                        struct import_report *report)
{
    const struct draft_device *rows = DRAFT_DEVICES(draft);

    for (uint32_t i = 0; i < draft->tables[TABLE_DEVICE].count; i++) {
        const char *model = draft_text(draft, rows[i].model);
        const char *near = NULL;

        if (model[0] == '\0' || is_known(names, model) ||
            is_unit(draft_text(draft, rows[i].id), draft_text(draft, rows[i].source))) {
            continue;
        }
        near = suggest_name(model, names->name_at, names->ctx, names->count);
        report_fault(report, draft->files[rows[i].origin.file], &rows[i].origin, "model",
                     "no frame of a \"%.40s\" can be decoded (`bowei models`)%s%s%s", model,
                     near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                     near == NULL ? "" : "\"?");
    }
}
