/* The canonical text of grids, units and wardens, and of what places say of those responsible. */
#include "gateway/inventory/rows.h"
#include "gateway/inventory/territory/rows_territory.h"
#include "gateway/inventory/territory/territory_words.h"
#include "gateway/inventory/write.h"
#include <inttypes.h>
#include <stdio.h>

#define DIGITS_MAX 21

static void digits_write(struct json_writer *w, const char *key, uint64_t digits)
{
    char text[DIGITS_MAX];

    (void)snprintf(text, sizeof text, "%" PRIu64, digits);
    json_kv_str(w, key, text);
}

void write_grid(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_grid *g = &DRAFT_GRIDS(d)[row];

    json_object(w);
    json_kv_str(w, "type", "Feature");
    digits_write(w, "id", g->id);
    write_outline(w, d, &g->outline);
    json_key(w, "properties");
    json_object(w);
    json_kv_str(w, "type", "grid");
    write_text(w, d, "name_zh", g->name_zh);
    write_text(w, d, "name_en", g->name_en);
    json_object_end(w);
    json_object_end(w);
}

static void trades_write(struct json_writer *w, uint32_t trades)
{
    if (trades == 0) {
        return;
    }
    json_key(w, "trades");
    json_array(w);
    for (unsigned i = 0; i < TRADES_MAX; i++) {
        if ((trades >> i & 1) != 0) {
            json_str(w, territory_trade(i));
        }
    }
    json_array_end(w);
}

void write_unit(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_unit *u = &DRAFT_UNITS(d)[row];

    json_object(w);
    json_kv_str(w, "unit", draft_text(d, u->code));
    json_kv_str(w, "kind", unit_kind_code((enum unit_kind)u->kind));
    write_text(w, d, "name_zh", u->name_zh);
    write_text(w, d, "name_en", u->name_en);
    trades_write(w, u->trades);
    write_list(w, "scope", draft_text(d, u->scope));
    write_text(w, d, "person", u->person);
    json_object_end(w);
}

void write_warden(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_warden *warden = &DRAFT_WARDENS(d)[row];
    char scope[SPACE_ID_LEN + 1];

    rows_warden_scope(warden, scope);
    json_object(w);
    json_kv_str(w, "level", warden_level_code((enum warden_level)warden->level));
    json_kv_str(w, "scope", scope);
    json_kv_str(w, "person", draft_text(d, warden->person));
    write_text(w, d, "unit", warden->unit);
    json_object_end(w);
}

void write_duty(struct json_writer *w, const struct draft *d, space_key place)
{
    uint32_t row = rows_find(d, TABLE_DUTY, place);
    const struct draft_duty *duty;

    if (row == NO_SLOT) {
        return;
    }
    duty = &DRAFT_DUTIES(d)[row];
    write_text(w, d, "owner_unit", duty->owner);
    write_text(w, d, "manage_unit", duty->manager);
    if (duty->permit != PERMIT_UNSET) {
        json_kv_str(w, "permit", permit_code((enum permit)duty->permit));
    }
    if (duty->component != 0) {
        digits_write(w, "component_code", duty->component);
    }
}
