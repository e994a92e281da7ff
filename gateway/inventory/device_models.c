/* The sensor models and the sources that an import names, against those that there are: with a
 * mistyped one every frame that a network server hands on is refused, or none is ever heard, and
 * the space stays unknown. What there is the inventory does not know; the importer says so. */
#include "bowei/base/suggest.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/report.h"
#include <string.h>

/* Its index, names->count when it is none of them. */
static size_t name_find(const struct known_names *names, const char *name)
{
    size_t i = 0;

    while (i < names->count && strcmp(names->name_at(names->ctx, i), name) != 0) {
        i++;
    }
    return i;
}

/* A unit is "line/unit", its source the line: its map says what it means, its model is a remark. */
static bool is_unit(const char *id, const char *source)
{
    const size_t len = strlen(source);

    return strncmp(id, source, len) == 0 && id[len] == '/';
}

/* A name of the row that is none of these, and what comes of it. */
struct unknown_name {
    const char *field, *name;
    const char *before, *after; /* the sentence round the name in quotes */
};

static void warn_unknown(const struct draft *draft, const struct draft_device *row,
                         const struct unknown_name *is, const struct known_names *names,
                         struct import_report *report)
{
    const char *near = suggest_name(is->name, names->name_at, names->ctx, names->count);

    report_fault(report, draft->files[row->origin.file], &row->origin, is->field,
                 "%s \"%.40s\"%s%s%s%s", is->before, is->name, is->after,
                 near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                 near == NULL ? "" : "\"?");
}

static bool is_bound(const struct draft *draft, const char *device)
{
    const struct draft_binding *rows = DRAFT_BINDINGS(draft);

    for (uint32_t i = 0; i < draft->tables[TABLE_BINDING].count; i++) {
        if (rows[i].target != 0 && space_key_number(rows[i].target) != 0 &&
            strcmp(draft_text(draft, rows[i].device), device) == 0) {
            return true;
        }
    }
    return false;
}

void draft_models_check(const struct draft *draft, const struct known_names *models,
                        struct import_report *report)
{
    const struct draft_device *rows = DRAFT_DEVICES(draft);

    for (uint32_t i = 0; i < draft->tables[TABLE_DEVICE].count; i++) {
        const char *id = draft_text(draft, rows[i].id);
        const char *model = draft_text(draft, rows[i].model);
        const size_t at = name_find(models, model);
        const char *kind = at < models->count ? models->kind_at(models->ctx, at) : NULL;

        if (model[0] == '\0' || is_unit(id, draft_text(draft, rows[i].source))) {
            continue;
        }
        if (at == models->count) {
            warn_unknown(draft, &rows[i],
                         &(struct unknown_name){"model", model, "no frame of a",
                                                " can be decoded (`bowei models`)"},
                         models, report);
        } else if (kind != NULL && is_bound(draft, id)) {
            report_fault(report, draft->files[rows[i].origin.file], &rows[i].origin, "model",
                         "%s is a %s: it never says whether the space that %s is bound to is free",
                         model, kind, id);
        }
    }
}

void draft_sources_check(const struct draft *draft, const struct known_names *sources,
                         struct import_report *report)
{
    const struct draft_device *rows = DRAFT_DEVICES(draft);

    for (uint32_t i = 0; i < draft->tables[TABLE_DEVICE].count; i++) {
        const char *source = draft_text(draft, rows[i].source);

        if (name_find(sources, source) == sources->count) {
            warn_unknown(
                draft, &rows[i],
                &(struct unknown_name){"source", source, "no line, link or push is called", ""},
                sources, report);
        }
    }
}
