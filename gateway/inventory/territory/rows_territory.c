/* Comparing and copying the rows of grids, units, wardens and duties. */
#include "gateway/inventory/territory/rows_territory.h"
#include "gateway/inventory/rows_bikes.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int number_order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int text_order(struct row_ref a, uint32_t at, struct row_ref b, uint32_t bt)
{
    return strcmp(draft_text(a.draft, at), draft_text(b.draft, bt));
}

static bool text_same(struct row_ref a, uint32_t at, struct row_ref b, uint32_t bt)
{
    return text_order(a, at, b, bt) == 0;
}

int rows_grid_order(struct row_ref a, struct row_ref b)
{
    return number_order(((const struct draft_grid *)a.row)->id,
                        ((const struct draft_grid *)b.row)->id);
}

int rows_unit_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_unit *)a.row)->code, b,
                      ((const struct draft_unit *)b.row)->code);
}

int rows_warden_order(struct row_ref a, struct row_ref b)
{
    const struct draft_warden *x = a.row;
    const struct draft_warden *y = b.row;

    return x->level != y->level ? (int)x->level - (int)y->level : number_order(x->scope, y->scope);
}

int rows_duty_order(struct row_ref a, struct row_ref b)
{
    return number_order(((const struct draft_duty *)a.row)->key,
                        ((const struct draft_duty *)b.row)->key);
}

bool rows_grid_same(struct row_ref a, struct row_ref b)
{
    const struct draft_grid *x = a.row;
    const struct draft_grid *y = b.row;

    return text_same(a, x->name_zh, b, y->name_zh) && text_same(a, x->name_en, b, y->name_en) &&
           rows_outline_same(a, &x->outline, b, &y->outline);
}

bool rows_unit_same(struct row_ref a, struct row_ref b)
{
    const struct draft_unit *x = a.row;
    const struct draft_unit *y = b.row;

    return x->kind == y->kind && x->trades == y->trades &&
           text_same(a, x->name_zh, b, y->name_zh) && text_same(a, x->name_en, b, y->name_en) &&
           text_same(a, x->person, b, y->person) && text_same(a, x->scope, b, y->scope);
}

bool rows_warden_same(struct row_ref a, struct row_ref b)
{
    const struct draft_warden *x = a.row;
    const struct draft_warden *y = b.row;

    return text_same(a, x->person, b, y->person) && text_same(a, x->unit, b, y->unit);
}

bool rows_duty_same(struct row_ref a, struct row_ref b)
{
    const struct draft_duty *x = a.row;
    const struct draft_duty *y = b.row;

    return x->component == y->component && x->permit == y->permit &&
           text_same(a, x->owner, b, y->owner) && text_same(a, x->manager, b, y->manager);
}

void rows_grid_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "grid %" PRIu64, ((const struct draft_grid *)r.row)->id);
}

void rows_unit_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "unit %s",
                   draft_text(r.draft, ((const struct draft_unit *)r.row)->code));
}

void rows_warden_scope(const struct draft_warden *w, char out[SPACE_ID_LEN + 1])
{
    if (w->level == WARDEN_ROAD) {
        space_id_format(w->scope, out);
    } else {
        (void)snprintf(out, SPACE_ID_LEN + 1, "%" PRIu64, w->scope);
    }
}

void rows_warden_label(struct row_ref r, char *out, size_t cap)
{
    const struct draft_warden *w = r.row;
    char scope[SPACE_ID_LEN + 1];

    rows_warden_scope(w, scope);
    (void)snprintf(out, cap, "%s warden of %s", warden_level_code((enum warden_level)w->level),
                   scope);
}

void rows_duty_label(struct row_ref r, char *out, size_t cap)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(((const struct draft_duty *)r.row)->key, id);
    (void)snprintf(out, cap, "%s", id);
}

enum err rows_territory_move(struct draft *to, const struct draft *from, enum draft_table table,
                             void *row)
{
    struct draft_grid *grid = row;
    struct draft_unit *unit = row;
    struct draft_warden *warden = row;
    struct draft_duty *duty = row;
    uint32_t *texts[5] = {NULL};
    enum err e = ERR_OK;

    if (table == TABLE_DUTY) {
        e = rows_text_move(to, from, &duty->owner, REPEAT_OWNER);
        return e != ERR_OK ? e : rows_text_move(to, from, &duty->manager, REPEAT_MANAGER);
    }
    if (table == TABLE_GRID) {
        texts[0] = &grid->name_zh;
        texts[1] = &grid->name_en;
        e = rows_outline_move(to, from, &grid->outline);
    } else if (table == TABLE_UNIT) {
        texts[0] = &unit->code;
        texts[1] = &unit->name_zh;
        texts[2] = &unit->name_en;
        texts[3] = &unit->person;
        texts[4] = &unit->scope;
    } else {
        texts[0] = &warden->person;
        texts[1] = &warden->unit;
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(texts) && texts[i] != NULL; i++) {
        e = rows_text_move(to, from, texts[i], -1);
    }
    return e;
}
