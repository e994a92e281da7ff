/* The columns of the third part of the inventory: grids, units, wardens, and what places say of
 * those responsible for them. GeoJSON and CSV both come here. */
#include "gateway/inventory/territory/row_territory.h"
#include "gateway/inventory/row_values.h"
#include "gateway/inventory/rows.h"
#include "gateway/inventory/territory/territory_words.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENT_DIGITS 16  /* CJ/T 214: 6 county, 2 major class, 2 minor class, 6 serial */
#define STREET_CODE_MAX  599 /* GB/T 10114 as in a space ID */
#define SCOPES_MAX       200 /* codes in one row */

/* All digits, up to 16 of them. */
static bool digits_parse(const char *text, size_t len, uint64_t *out)
{
    uint64_t v = 0;
    bool good = len > 0 && len <= COMPONENT_DIGITS;

    for (size_t i = 0; good && i < len; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    *out = v;
    return good;
}

static bool is_county(uint64_t district)
{
    return district >= 100000 && district <= 899999;
}

static bool is_street(uint64_t street)
{
    return is_county(scope_district(street)) && street % 1000 > 0 &&
           street % 1000 <= STREET_CODE_MAX;
}

static bool grid_parse(struct row *row, const char *text, size_t len, uint64_t *id)
{
    if ((len != 14 && len != 15) || !digits_parse(text, len, id)) {
        return row_refuse(row, "a grid ID has 14 or 15 digits: county 6, street 3, community 3, "
                               "grid 2 or 3");
    }
    return is_street(scope_street(*id))
               ? true
               : row_refuse(row, "its first 9 digits are no county (1-8...) and street (001-599)");
}

static bool unit_code(struct row *row, const char *text, size_t len, int repeat, uint32_t *out)
{
    return row_name(row, text, len, UNIT_CODE_MAX, "-") && row_text(row, text, len, repeat, out);
}

static bool person_code(struct row *row, const char *text, size_t len, uint32_t *out)
{
    return row_name(row, text, len, PERSON_CODE_MAX, "-") && row_text(row, text, len, -1, out);
}

/* --- grids --- */

static bool grid_id(struct row *row, const char *text, size_t len)
{
    return grid_parse(row, text, len, &row->grid.id);
}

static bool grid_name_zh(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->grid.name_zh);
}

static bool grid_name_en(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->grid.name_en);
}

const struct row_field row_grid_fields[] = {
    {"id",      true,  grid_id     },
    {"name_zh", false, grid_name_zh},
    {"name_en", false, grid_name_en},
    {NULL,      false, NULL        },
};

/* --- units --- */

static bool unit_unit(struct row *row, const char *text, size_t len)
{
    return unit_code(row, text, len, -1, &row->unit.code);
}

static bool unit_kind_set(struct row *row, const char *text, size_t len)
{
    for (unsigned k = 0; k < UNIT_KIND_COUNT; k++) {
        const char *code = unit_kind_code((enum unit_kind)k);

        if (strlen(code) == len && memcmp(code, text, len) == 0) {
            row->unit.kind = (uint8_t)k;
            row->unit_kind_known = true;
            return true;
        }
    }
    return row_refuse(row, "must be street_office, department, operator or enterprise");
}

static bool unit_name_zh(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->unit.name_zh);
}

static bool unit_name_en(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->unit.name_en);
}

static bool unit_person(struct row *row, const char *text, size_t len)
{
    return person_code(row, text, len, &row->unit.person);
}

/* The next item of a list with ; between; false at its end. */
static bool item_next(const char **at, const char *end, const char **item, size_t *len)
{
    const char *stop;

    if (*at >= end) {
        return false;
    }
    stop = memchr(*at, ';', (size_t)(end - *at));
    stop = stop == NULL ? end : stop;
    *item = *at;
    *len = (size_t)(stop - *at);
    *at = stop < end ? stop + 1 : end;
    return true;
}

static bool unit_trades(struct row *row, const char *text, size_t len)
{
    const char *end = text + len;
    const char *item;
    size_t item_len;

    while (item_next(&text, end, &item, &item_len)) {
        unsigned trade;

        if (!trade_find(item, item_len, &trade)) {
            int n = snprintf(row->reason, sizeof row->reason, "%.*s is no trade; there are",
                             (int)(item_len < 30 ? item_len : 30), item);

            for (unsigned i = 0; i < TRADES_MAX && territory_trade(i) != NULL; i++) {
                n += snprintf(row->reason + n, sizeof row->reason - (size_t)n, " %s",
                              territory_trade(i));
            }
            return false;
        }
        row->unit.trades |= UINT32_C(1) << trade;
    }
    return true;
}

static bool scope_parse(struct row *row, const char *text, size_t len, uint64_t *scope)
{
    if ((len == 14 || len == 15) && digits_parse(text, len, scope)) {
        return grid_parse(row, text, len, scope);
    }
    if (digits_parse(text, len, scope) &&
        ((len == 6 && is_county(*scope)) || (len == 9 && is_street(*scope)))) {
        return true;
    }
    (void)snprintf(row->reason, sizeof row->reason,
                   "%.*s is no scope: a county (6 digits), street (9) or grid (14 or 15); separate "
                   "by ;",
                   (int)(len < 30 ? len : 30), text);
    return false;
}

static int scope_order(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Sorted, each once: the same list always is the same text. */
static bool unit_scope(struct row *row, const char *text, size_t len)
{
    uint64_t scopes[SCOPES_MAX];
    char list[SCOPES_MAX * 16 + 1];
    const char *end = text + len;
    const char *item;
    size_t item_len;
    size_t used = 0;
    unsigned n = 0;

    while (item_next(&text, end, &item, &item_len)) {
        if (n == SCOPES_MAX) {
            return row_refuse(row, "more than 200 codes: name their street or county");
        }
        if (!scope_parse(row, item, item_len, &scopes[n++])) {
            return false;
        }
    }
    qsort(scopes, n, sizeof *scopes, scope_order);
    for (unsigned i = 0; i < n; i++) {
        if (i == 0 || scopes[i] != scopes[i - 1]) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%" PRIu64,
                                     used > 0 ? ";" : "", scopes[i]);
        }
    }
    return row_text(row, list, used, -1, &row->unit.scope);
}

const struct row_field row_unit_fields[] = {
    {"unit",    true,  unit_unit    },
    {"kind",    false, unit_kind_set},
    {"name_zh", false, unit_name_zh },
    {"name_en", false, unit_name_en },
    {"trades",  false, unit_trades  },
    {"scope",   false, unit_scope   },
    {"person",  false, unit_person  },
    {NULL,      false, NULL         },
};

bool row_unit_whole(struct row *row, const char **field)
{
    const struct draft_unit *u = &row->unit;

    if (!row->unit_kind_known) {
        *field = "kind";
        row->unit.kind = UNIT_KIND_COUNT;
        return u->name_zh == 0 && u->name_en == 0 && u->trades == 0 && u->scope == 0 &&
                       u->person == 0
                   ? true
                   : row_refuse(row, "is missing");
    }
    *field = "trades";
    if (u->trades != 0 && u->scope == 0 && u->kind != UNIT_OPERATOR && u->kind != UNIT_ENTERPRISE) {
        *field = "scope";
        return row_refuse(row, "a unit that serves trades needs a scope");
    }
    if (u->kind == UNIT_STREET_OFFICE && u->scope == 0) {
        *field = "scope";
        return row_refuse(row, "a street office needs its streets (9 digits) as scope");
    }
    if (u->kind == UNIT_OPERATOR && u->scope != 0) {
        *field = "scope";
        return row_refuse(row, "an operator answers for its own bikes wherever they are: it has no "
                               "scope");
    }
    return u->scope == 0 || u->trades != 0 || u->kind == UNIT_STREET_OFFICE
               ? true
               : row_refuse(row, "a unit with a scope needs trades");
}

/* --- wardens --- */

static bool warden_level(struct row *row, const char *text, size_t len)
{
    for (unsigned l = 0; l < WARDEN_LEVEL_COUNT; l++) {
        const char *code = warden_level_code((enum warden_level)l);

        if (strlen(code) == len && memcmp(code, text, len) == 0) {
            row->warden.level = (uint8_t)l;
            return true;
        }
    }
    return row_refuse(row, "must be area, street or road (片长, 街长, 路长)");
}

/* Judged in warden_scope_parse: the level says what it must be, and may stand behind it. */
static bool warden_scope(struct row *row, const char *text, size_t len)
{
    if (len >= sizeof row->scope) {
        return row_refuse(row, "must be a grid ID, a street code or the ID of a lot or fence");
    }
    memcpy(row->scope, text, len);
    row->scope[len] = '\0';
    return true;
}

static bool warden_person(struct row *row, const char *text, size_t len)
{
    return person_code(row, text, len, &row->warden.person);
}

static bool warden_unit(struct row *row, const char *text, size_t len)
{
    return unit_code(row, text, len, -1, &row->warden.unit);
}

const struct row_field row_warden_fields[] = {
    {"level",  true,  warden_level },
    {"scope",  true,  warden_scope },
    {"person", false, warden_person},
    {"unit",   false, warden_unit  },
    {NULL,     false, NULL         },
};

/* What the scope of each level is. */
static bool warden_scope_parse(struct row *row)
{
    struct draft_warden *w = &row->warden;
    const size_t len = strlen(row->scope);

    switch ((enum warden_level)w->level) {
    case WARDEN_AREA: return grid_parse(row, row->scope, len, &w->scope);
    case WARDEN_STREET:
        return len == 9 && digits_parse(row->scope, len, &w->scope) && is_street(w->scope)
                   ? true
                   : row_refuse(row, "a street warden's scope is a street code of 9 digits");
    case WARDEN_ROAD:
        if (!row_key(row, row->scope, len, &w->scope)) {
            return false;
        }
        return space_key_number(w->scope) == 0
                   ? true
                   : row_refuse(row, "a road warden's scope is the ID of a lot, road section or "
                                     "fence (number 0000)");
    case WARDEN_LEVEL_COUNT: break;
    }
    return false;
}

bool row_warden_whole(struct row *row, const char **field)
{
    const struct draft_warden *w = &row->warden;

    *field = "scope";
    if (!warden_scope_parse(row)) {
        return false;
    }
    *field = "person";
    return w->unit == 0 || w->person != 0 ? true : row_refuse(row, "is missing");
}

bool row_grid_whole(struct row *row, const char **field)
{
    const struct draft_grid *g = &row->grid;

    *field = "geometry";
    return g->outline.ring_count > 0 || (g->name_zh == 0 && g->name_en == 0)
               ? true
               : row_refuse(row, "must be a Polygon or a MultiPolygon; null takes the grid away");
}

/* --- what places say --- */

bool row_owner_unit(struct row *row, const char *text, size_t len)
{
    row->duty_given = true;
    return unit_code(row, text, len, REPEAT_OWNER, &row->duty.owner);
}

bool row_manage_unit(struct row *row, const char *text, size_t len)
{
    row->duty_given = true;
    return unit_code(row, text, len, REPEAT_MANAGER, &row->duty.manager);
}

bool row_permit(struct row *row, const char *text, size_t len)
{
    for (unsigned p = PERMIT_NO; p < PERMIT_COUNT; p++) {
        const char *code = permit_code((enum permit)p);

        if (strlen(code) == len && memcmp(code, text, len) == 0) {
            row->duty.permit = (uint8_t)p;
            row->duty_given = true;
            return true;
        }
    }
    return row_refuse(row, "must be accessible, charging, official, resident or no");
}

bool row_component_code(struct row *row, const char *text, size_t len)
{
    row->duty_given = true;
    return len == COMPONENT_DIGITS && digits_parse(text, len, &row->duty.component) &&
                   is_county(row->duty.component / UINT64_C(10000000000))
               ? true
               : row_refuse(row, "a component code has 16 digits: county 6, class 4, serial 6");
}

bool row_duty_add(struct row *row)
{
    struct draft_duty *to;

    if (!row->duty_given) {
        return true;
    }
    row->duty.key = row->table == TABLE_LOT     ? row->lot.key
                    : row->table == TABLE_SPACE ? row->space.key
                                                : row->fence.key;
    row->duty.origin = row->origin;
    to = draft_row_add(row->draft, TABLE_DUTY);
    if (to == NULL) {
        return false;
    }
    *to = row->duty;
    return true;
}
