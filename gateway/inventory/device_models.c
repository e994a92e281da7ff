/* The sensor models that an import names, against those that the program decodes: with a mistyped
 * one every frame of the device would be refused, and its space stay unknown. What models there
 * are the inventory does not know; the importer says so. */
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

void draft_models_check(const struct draft *draft, const struct model_names *names,
                        struct import_report *report)
{
    const struct draft_device *rows = DRAFT_DEVICES(draft);

    for (uint32_t i = 0; i < draft->tables[TABLE_DEVICE].count; i++) {
        const char *model = draft_text(draft, rows[i].model);
        const char *near = NULL;

        if (model[0] == '\0' || is_known(names, model)) {
            continue;
        }
        near = suggest_name(model, names->name_at, names->ctx, names->count);
        report_fault(report, draft->files[rows[i].origin.file], &rows[i].origin, "model",
                     "there is no sensor model \"%.40s\" (`bowei models` lists them)%s%s%s", model,
                     near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                     near == NULL ? "" : "\"?");
    }
}
