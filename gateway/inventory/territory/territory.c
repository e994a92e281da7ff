/* Whom a case concerns: trade, grid cell and territory (行业+网格单位+属地) against the units, by
 * the precedence of enum route_rule. Pure reads of a snapshot, any thread. */
#include "bowei/territory.h"
#include "gateway/inventory/territory/territory_map.h"
#include "gateway/inventory/territory/territory_words.h"
#include <stdio.h>
#include <string.h>

/* --- searches in the sorted tables --- */

static uint32_t serve_find(const struct territory *t, uint64_t scope, uint32_t trade)
{
    uint32_t low = 0;
    uint32_t high = t->serve_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct territory_serve *s = &t->serves[mid];

        if (s->scope < scope || (s->scope == scope && s->trade < trade)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < t->serve_count && t->serves[low].scope == scope && t->serves[low].trade == trade
               ? t->serves[low].unit
               : NO_UNIT;
}

static uint32_t warden_find(const struct territory *t, enum warden_level level, uint64_t scope)
{
    uint32_t low = 0;
    uint32_t high = t->warden_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct territory_warden *w = &t->wardens[mid];

        if (w->level < level || (w->level == level && w->scope < scope)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return scope != 0 && low < t->warden_count && t->wardens[low].level == level &&
                   t->wardens[low].scope == scope
               ? low
               : NO_SLOT;
}

static const struct territory_duty *duty_find(const struct territory *t, space_key key)
{
    uint32_t low = 0;
    uint32_t high = t->duty_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (t->duties[mid].key < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < t->duty_count && t->duties[low].key == key ? &t->duties[low] : NULL;
}

static uint32_t unit_find(const struct inventory *inv, const char *code)
{
    const struct territory *t = inv->territory;
    uint32_t low = 0;
    uint32_t high = t == NULL ? 0 : t->unit_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = strcmp(inventory_text(inv, t->units[mid].code), code);

        if (order == 0) {
            return mid;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NO_UNIT;
}

/* --- the place --- */

/* The lot, road section or fence a place is or belongs to. */
static space_key site_of(const struct inventory *inv, space_key place)
{
    uint32_t slot = space_key_number(place) == 0 ? NO_SLOT : inventory_space(inv, place);

    return slot == NO_SLOT ? space_key_site(place) : inv->lots[inv->spaces[slot].lot].key;
}

/* What the place says itself goes before what its lot says, each column by itself. */
static void duty_of(const struct inventory *inv, space_key place, struct territory_duty *out)
{
    const space_key from[] = {place, site_of(inv, place)};

    *out = (struct territory_duty){.owner = NO_UNIT, .manager = NO_UNIT};
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        const struct territory_duty *d = duty_find(inv->territory, from[i]);

        if (d != NULL) {
            out->owner = out->owner == NO_UNIT ? d->owner : out->owner;
            out->manager = out->manager == NO_UNIT ? d->manager : out->manager;
            out->permit = out->permit == PERMIT_UNSET ? d->permit : out->permit;
        }
    }
}

void territory_locate(const struct inventory *inv, space_key place, struct position_e7 at,
                      struct territory_at *out)
{
    const struct territory *t = inv->territory;
    struct territory_duty duty = {.owner = NO_UNIT, .manager = NO_UNIT};

    *out = (struct territory_at){.cell = grid_map_at(&t->grids, at)};
    out->grid = out->cell == NO_CELL ? NO_GRID : t->grids.ids[out->cell];
    if (place != 0) {
        duty_of(inv, place, &duty);
        out->street = scope_place(place);
    } else if (out->cell != NO_CELL) {
        out->street = scope_street(out->grid);
    }
    out->district = scope_district(out->street);
    out->owner = duty.owner;
    out->manager = duty.manager;
    out->wardens[WARDEN_AREA] = warden_find(t, WARDEN_AREA, out->grid);
    out->wardens[WARDEN_STREET] = warden_find(t, WARDEN_STREET, out->street);
    out->wardens[WARDEN_ROAD] =
        place == 0 ? NO_SLOT : warden_find(t, WARDEN_ROAD, site_of(inv, place));
}

/* --- the unit --- */

uint32_t territory_unit_for(const struct territory *t, const struct territory_at *at,
                            unsigned trade, enum route_rule *rule)
{
    const struct {
        enum route_rule rule;
        uint64_t scope;
        uint32_t trade;
    } steps[] = {
        {ROUTE_BY_GRID,          at->grid,     trade       },
        {ROUTE_BY_STREET,        at->street,   trade       },
        {ROUTE_BY_DISTRICT,      at->district, trade       },
        {ROUTE_BY_STREET_OFFICE, at->street,   TRADE_OFFICE},
    };

    if (at->manager != NO_UNIT && (t->units[at->manager].trades >> trade & 1) != 0) {
        *rule = ROUTE_BY_PLACE_MANAGER;
        return at->manager;
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        uint32_t unit =
            steps[i].scope == 0 ? NO_UNIT : serve_find(t, steps[i].scope, steps[i].trade);

        if (unit != NO_UNIT) {
            *rule = steps[i].rule;
            return unit;
        }
    }
    *rule = ROUTE_NONE;
    return NO_UNIT;
}

uint32_t territory_person(const struct territory *t, const struct territory_at *at, uint32_t unit)
{
    for (unsigned level = WARDEN_LEVEL_COUNT; level-- > 0;) {
        uint32_t warden = at->wardens[level];

        if (warden != NO_SLOT && t->wardens[warden].unit == unit) {
            return t->wardens[warden].person;
        }
    }
    return unit == NO_UNIT ? 0 : t->units[unit].person;
}

/* --- the contract --- */

static void code_put(const struct inventory *inv, uint32_t unit, char out[UNIT_CODE_MAX + 1])
{
    if (unit != NO_UNIT) {
        (void)snprintf(out, UNIT_CODE_MAX + 1, "%s",
                       inventory_text(inv, inv->territory->units[unit].code));
    }
}

static void person_put(const struct inventory *inv, uint32_t text, char out[PERSON_CODE_MAX + 1])
{
    (void)snprintf(out, PERSON_CODE_MAX + 1, "%s", inventory_text(inv, text));
}

void territory_route(const struct inventory *inv, const char *trade, space_key place,
                     struct position_e7 at, struct responsibility *out)
{
    const struct territory *t = inv->territory;
    struct territory_at where;
    uint32_t unit = NO_UNIT;
    unsigned number;

    memset(out, 0, sizeof *out);
    out->rule = ROUTE_NONE;
    if (t == NULL) {
        return;
    }
    territory_locate(inv, place, at, &where);
    out->grid = where.grid;
    code_put(inv, where.owner, out->owner);
    code_put(inv, where.manager, out->manager);
    for (unsigned l = 0; l < WARDEN_LEVEL_COUNT; l++) {
        if (where.wardens[l] != NO_SLOT) {
            person_put(inv, t->wardens[where.wardens[l]].person, out->wardens[l]);
        }
    }
    if (trade_find(trade, strlen(trade), &number)) {
        unit = territory_unit_for(t, &where, number, &out->rule);
    }
    if (unit != NO_UNIT) {
        code_put(inv, unit, out->unit);
        person_put(inv, territory_person(t, &where, unit), out->person);
    }
}

void territory_person_of(const struct inventory *inv, const char *unit, space_key place,
                         struct position_e7 at, char out[PERSON_CODE_MAX + 1])
{
    const uint32_t number = unit_find(inv, unit);
    struct territory_at where;

    out[0] = '\0';
    if (number != NO_UNIT) {
        territory_locate(inv, place, at, &where);
        person_put(inv, territory_person(inv->territory, &where, number), out);
    }
}

/* Of a space without a word in the column: residents may leave a car for weeks. A charging point or
 * a bay for disabled drivers that is taken for as long is what staff look for. */
static bool attribute_permit(const struct inventory *inv, space_key place)
{
    const uint32_t slot = space_key_number(place) == 0 ? NO_SLOT : inventory_space(inv, place);
    unsigned bit;

    return slot != NO_SLOT && attribute_find("resident", strlen("resident"), &bit) &&
           (inv->spaces[slot].attributes >> bit & 1) != 0;
}

bool territory_permit(const struct inventory *inv, space_key place)
{
    struct territory_duty duty = {.permit = PERMIT_UNSET};

    if (inv->territory != NULL) {
        duty_of(inv, place, &duty);
    }
    return duty.permit == PERMIT_UNSET ? attribute_permit(inv, place) : duty.permit != PERMIT_NO;
}

uint64_t territory_component(const struct inventory *inv, space_key place)
{
    const struct territory_duty *duty =
        inv->territory == NULL ? NULL : duty_find(inv->territory, place);

    return duty == NULL ? 0 : duty->component;
}

bool territory_unit(const struct inventory *inv, const char *code, const char **name_zh,
                    const char **name_en)
{
    uint32_t unit = unit_find(inv, code);

    *name_zh = "";
    *name_en = "";
    if (unit == NO_UNIT) {
        return false;
    }
    *name_zh = inventory_text(inv, inv->territory->units[unit].name_zh);
    *name_en = inventory_text(inv, inv->territory->units[unit].name_en);
    return true;
}
