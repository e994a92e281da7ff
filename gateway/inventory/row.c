/* A row on its way into the draft: fields are set one by one (row_fields.c says what each means),
 * then the row is checked as a whole and added. */
#include "gateway/inventory/row.h"
#include "gateway/inventory/place.h"
#include "gateway/inventory/row_bikes.h"
#include "gateway/inventory/rows.h"
#include "gateway/inventory/territory/row_territory.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *row_table_name(enum draft_table table)
{
    return row_tables[table].name;
}

const struct row_field *row_field_find(enum draft_table table, const char *name, size_t len)
{
    for (const struct row_field *f = row_tables[table].fields; f->name != NULL; f++) {
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0) {
            return f;
        }
    }
    return NULL;
}

void row_fields_list(enum draft_table table, char *out, size_t cap)
{
    size_t used = 0;

    out[0] = '\0';
    for (const struct row_field *f = row_tables[table].fields; f->name != NULL && used < cap; f++) {
        int n = snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ", f->name);

        used += n < 0 ? 0 : (size_t)n;
    }
}

void row_begin(struct row *row, struct draft *draft, enum draft_table table, enum crs crs,
               struct row_origin origin)
{
    memset(row, 0, sizeof *row);
    row->draft = draft;
    row->table = table;
    row->crs = crs;
    row->origin = origin;
}

bool row_set(struct row *row, const struct row_field *field, const char *text, size_t len)
{
    if (len == 0) {
        return true;
    }
    row->set |= UINT32_C(1) << (field - row_tables[row->table].fields);
    return field->set(row, text, len);
}

bool row_set_position(struct row *row, struct position_deg at)
{
    row->at = at;
    row->set |= UINT32_C(6); /* lat and lon stand second and third in the tables that have them */
    return true;
}

static bool is_missing(const struct row *row, const char **field)
{
    uint32_t bit = 1;

    for (const struct row_field *f = row_tables[row->table].fields; f->name != NULL;
         f++, bit <<= 1) {
        if (f->required && (row->set & bit) == 0) {
            *field = f->name;
            return true;
        }
    }
    return false;
}

/* Which half of the position a fault of it is told of. */
static const char *position_field(const struct row *row)
{
    bool lon_good = row->at.lon >= -180 && row->at.lon <= 180;

    return lon_good || row->at.lat > 90 || row->at.lat < -90 ? "lat" : "lon";
}

/* What one row can say of itself; what needs other rows is draft_complete's. */
static bool lot_whole(struct row *row, const char **field)
{
    *field = "capacity";
    if (row->lot.counting == COUNT_GATES && row->lot.capacity == 0) {
        return row_refuse(row, "a lot counted by gates needs its capacity");
    }
    if (row->lot.counting == COUNT_SPACES) {
        row->lot.capacity = 0; /* the number of its spaces; a figure in the file is a remark */
    }
    *field = position_field(row);
    return place_check(row->at, row->crs, &row->lot.at, row->reason, sizeof row->reason);
}

static bool space_whole(struct row *row, const char **field)
{
    *field = position_field(row);
    if (row->space.lot == 0) {
        row->space.lot = space_key_site(row->space.key);
    }
    return place_check(row->at, row->crs, &row->space.at, row->reason, sizeof row->reason);
}

static bool retired_whole(struct row *row, const char **field)
{
    *field = "replaced_by";
    return row->retired.key != row->retired.replaced_by
               ? true
               : row_refuse(row, "an ID cannot replace itself");
}

static bool row_whole(struct row *row, const char **field)
{
    switch (row->table) {
    case TABLE_LOT: return lot_whole(row, field);
    case TABLE_SPACE: return space_whole(row, field);
    case TABLE_FENCE: return row_fence_whole(row, field);
    case TABLE_GRID: return row_grid_whole(row, field);
    case TABLE_LISTENER: return row_listener_whole(row, field);
    case TABLE_VEHICLE: return row_vehicle_whole(row, field);
    case TABLE_UNIT: return row_unit_whole(row, field);
    case TABLE_WARDEN: return row_warden_whole(row, field);
    case TABLE_RETIRED: return retired_whole(row, field);
    case TABLE_DEVICE:
    case TABLE_BINDING:
    case TABLE_BEACON:
    case TABLE_OPERATOR:
    case TABLE_DUTY:
    case TABLE_ALIAS:
    case TABLE_COUNT: break;
    }
    return true;
}

bool row_end(struct row *row, const char **field)
{
    void *to;

    if (is_missing(row, field)) {
        return row_refuse(row, "is missing");
    }
    if (!row_whole(row, field)) {
        return false;
    }
    to = draft_row_add(row->draft, row->table);
    if (to == NULL) {
        row->no_memory = true;
        return row_refuse(row, "out of memory");
    }
    /* all rows of the union begin at its start */
    memcpy(to, (const char *)row + offsetof(struct row, lot), draft_row_size[row->table]);
    rows_origin_put(row->table, to, row->origin);
    if (!row_duty_add(row)) {
        row->no_memory = true;
        return row_refuse(row, "out of memory");
    }
    return true;
}
