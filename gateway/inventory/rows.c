/* Comparing, sorting and copying the rows of a draft; draft_complete merges with these. */
#include "gateway/inventory/rows.h"
#include "gateway/inventory/rows_bikes.h"
#include "gateway/inventory/territory/rows_territory.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int key_order(space_key a, space_key b)
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

/* --- identity --- */

static int lot_order(struct row_ref a, struct row_ref b)
{
    return key_order(((const struct draft_lot *)a.row)->key,
                     ((const struct draft_lot *)b.row)->key);
}

static int space_order(struct row_ref a, struct row_ref b)
{
    return key_order(((const struct draft_space *)a.row)->key,
                     ((const struct draft_space *)b.row)->key);
}

static int device_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_device *)a.row)->id, b,
                      ((const struct draft_device *)b.row)->id);
}

static int binding_order(struct row_ref a, struct row_ref b)
{
    const struct draft_binding *x = a.row;
    const struct draft_binding *y = b.row;
    int order = text_order(a, x->device, b, y->device);

    return order != 0 ? order : (int)x->channel - (int)y->channel;
}

static int alias_order(struct row_ref a, struct row_ref b)
{
    const struct draft_alias *x = a.row;
    const struct draft_alias *y = b.row;
    int order = text_order(a, x->scheme, b, y->scheme);

    return order != 0 ? order : text_order(a, x->value, b, y->value);
}

static int retired_order(struct row_ref a, struct row_ref b)
{
    return key_order(((const struct draft_retired *)a.row)->key,
                     ((const struct draft_retired *)b.row)->key);
}

/* --- sameness --- */

static bool position_same(struct position_e7 a, struct position_e7 b)
{
    return a.lat == b.lat && a.lon == b.lon;
}

static bool lot_same(struct row_ref a, struct row_ref b)
{
    const struct draft_lot *x = a.row;
    const struct draft_lot *y = b.row;
    bool same = position_same(x->at, y->at) && x->capacity == y->capacity &&
                x->height_cm == y->height_cm && x->counting == y->counting &&
                x->entrance_count == y->entrance_count && text_same(a, x->name_zh, b, y->name_zh) &&
                text_same(a, x->name_en, b, y->name_en) &&
                text_same(a, x->address, b, y->address) && text_same(a, x->hours, b, y->hours) &&
                text_same(a, x->fee, b, y->fee);

    for (uint32_t i = 0; same && i < x->entrance_count; i++) {
        same = position_same(a.draft->entrances[x->entrances + i],
                             b.draft->entrances[y->entrances + i]);
    }
    return same;
}

static bool space_same(struct row_ref a, struct row_ref b)
{
    const struct draft_space *x = a.row;
    const struct draft_space *y = b.row;

    return position_same(x->at, y->at) && x->lot == y->lot && x->attributes == y->attributes;
}

static bool device_same(struct row_ref a, struct row_ref b)
{
    const struct draft_device *x = a.row;
    const struct draft_device *y = b.row;

    return x->heartbeat_s == y->heartbeat_s && x->stale_limit_s == y->stale_limit_s &&
           x->inverted == y->inverted && text_same(a, x->source, b, y->source) &&
           text_same(a, x->model, b, y->model);
}

static bool binding_same(struct row_ref a, struct row_ref b)
{
    const struct draft_binding *x = a.row;
    const struct draft_binding *y = b.row;

    return x->target == y->target && x->rank == y->rank;
}

static bool alias_same(struct row_ref a, struct row_ref b)
{
    return ((const struct draft_alias *)a.row)->key == ((const struct draft_alias *)b.row)->key;
}

static bool retired_same(struct row_ref a, struct row_ref b)
{
    return ((const struct draft_retired *)a.row)->replaced_by ==
           ((const struct draft_retired *)b.row)->replaced_by;
}

/* --- labels --- */

static void key_label(space_key key, char *out, size_t cap)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(key, id);
    (void)snprintf(out, cap, "%s", id);
}

static void lot_label(struct row_ref r, char *out, size_t cap)
{
    key_label(((const struct draft_lot *)r.row)->key, out, cap);
}

static void space_label(struct row_ref r, char *out, size_t cap)
{
    key_label(((const struct draft_space *)r.row)->key, out, cap);
}

static void device_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "device %s",
                   draft_text(r.draft, ((const struct draft_device *)r.row)->id));
}

static void binding_label(struct row_ref r, char *out, size_t cap)
{
    const struct draft_binding *b = r.row;

    (void)snprintf(out, cap, "device %s channel %u", draft_text(r.draft, b->device), b->channel);
}

static void alias_label(struct row_ref r, char *out, size_t cap)
{
    const struct draft_alias *a = r.row;

    (void)snprintf(out, cap, "%s %s", draft_text(r.draft, a->scheme),
                   draft_text(r.draft, a->value));
}

static void retired_label(struct row_ref r, char *out, size_t cap)
{
    key_label(((const struct draft_retired *)r.row)->key, out, cap);
}

static const struct {
    int (*order)(struct row_ref a, struct row_ref b);
    bool (*same)(struct row_ref a, struct row_ref b);
    void (*label)(struct row_ref r, char *out, size_t cap);
    size_t origin; /* where struct row_origin stands */
} tables[TABLE_COUNT] = {
    [TABLE_LOT] = {lot_order,           lot_same,           lot_label,           offsetof(struct draft_lot,   origin)},
    [TABLE_SPACE] = {space_order,         space_same,         space_label,         offsetof(struct draft_space, origin)},
    [TABLE_FENCE] = {rows_fence_order,    rows_fence_same,    rows_fence_label,
                   offsetof(struct draft_fence,                                                               origin)},
    [TABLE_GRID] = {rows_grid_order,     rows_grid_same,     rows_grid_label,
                   offsetof(struct draft_grid,                                                                origin)},
    [TABLE_DEVICE] = {device_order,        device_same,        device_label,
                   offsetof(struct draft_device,                                                              origin)},
    [TABLE_BINDING] = {binding_order,       binding_same,       binding_label,
                   offsetof(struct draft_binding,                                                             origin)},
    [TABLE_BEACON] = {rows_beacon_order,   rows_beacon_same,   rows_beacon_label,
                   offsetof(struct draft_beacon,                                                              origin)},
    [TABLE_LISTENER] = {rows_listener_order, rows_listener_same, rows_listener_label,
                   offsetof(struct draft_listener,                                                            origin)},
    [TABLE_OPERATOR] = {rows_operator_order, rows_operator_same, rows_operator_label,
                   offsetof(struct draft_operator,                                                            origin)},
    [TABLE_VEHICLE] = {rows_vehicle_order,  rows_vehicle_same,  rows_vehicle_label,
                   offsetof(struct draft_vehicle,                                                             origin)},
    [TABLE_UNIT] = {rows_unit_order,     rows_unit_same,     rows_unit_label,
                   offsetof(struct draft_unit,                                                                origin)},
    [TABLE_WARDEN] = {rows_warden_order,   rows_warden_same,   rows_warden_label,
                   offsetof(struct draft_warden,                                                              origin)},
    [TABLE_DUTY] = {rows_duty_order,     rows_duty_same,     rows_duty_label,
                   offsetof(struct draft_duty,                                                                origin)},
    [TABLE_ALIAS] = {alias_order,         alias_same,         alias_label,         offsetof(struct draft_alias, origin)},
    [TABLE_RETIRED] = {retired_order,       retired_same,       retired_label,
                   offsetof(struct draft_retired,                                                             origin)},
};

int rows_order(enum draft_table table, struct row_ref a, struct row_ref b)
{
    return tables[table].order(a, b);
}

bool rows_same(enum draft_table table, struct row_ref a, struct row_ref b)
{
    return tables[table].same(a, b);
}

void rows_label(enum draft_table table, struct row_ref row, char *out, size_t cap)
{
    tables[table].label(row, out, cap);
}

struct row_origin rows_origin(enum draft_table table, const void *row)
{
    struct row_origin at;

    memcpy(&at, (const char *)row + tables[table].origin, sizeof at);
    return at;
}

void rows_origin_put(enum draft_table table, void *row, struct row_origin at)
{
    memcpy((char *)row + tables[table].origin, &at, sizeof at);
}

/* --- sorting --- */

static int numbers_order(const struct draft *d, enum draft_table table, uint32_t a, uint32_t b)
{
    return rows_order(table, row_ref_of(d, table, a), row_ref_of(d, table, b));
}

/* One round of a merge sort from the bottom: runs of `run` numbers become runs of twice that. */
static void runs_merge(const struct draft *d, enum draft_table table, const uint32_t *from,
                       uint32_t *to, uint32_t run)
{
    uint32_t count = d->tables[table].count;

    for (uint32_t low = 0; low < count;) {
        uint32_t mid = count - low < run ? count : low + run;
        uint32_t high = count - mid < run ? count : mid + run;
        uint32_t a = low;
        uint32_t b = mid;

        for (uint32_t i = low; i < high; i++) {
            /* NOLINTNEXTLINE(clang-analyzer-core*): a run holds only numbers of rows */
            bool left = b == high || (a < mid && numbers_order(d, table, from[a], from[b]) <= 0);

            to[i] = left ? from[a++] : from[b++];
        }
        low = high;
    }
}

static bool is_sorted(const struct draft *d, enum draft_table table)
{
    for (uint32_t i = 1; i < d->tables[table].count; i++) {
        if (rows_order(table, row_ref_of(d, table, i - 1), row_ref_of(d, table, i)) > 0) {
            return false;
        }
    }
    return true;
}

enum err rows_sort(struct draft *draft, enum draft_table table)
{
    struct rows *rows = &draft->tables[table];
    size_t size = draft_row_size[table];
    uint32_t *from;
    uint32_t *to;
    char *sorted;
    enum err e = ERR_NO_MEMORY;

    if (rows->count < 2 || is_sorted(draft, table)) {
        return ERR_OK;
    }
    from = malloc(rows->count * sizeof *from);
    to = malloc(rows->count * sizeof *to);
    sorted = malloc(rows->count * size);
    if (from == NULL || to == NULL || sorted == NULL) {
        goto undo_memory;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        from[i] = i;
    }
    for (uint64_t run = 1; run < rows->count; run *= 2) {
        uint32_t *swap = from;

        runs_merge(draft, table, from, to, (uint32_t)run);
        from = to;
        to = swap;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        memcpy(sorted + i * size, rows->data + from[i] * size, size);
    }
    free(rows->data);
    rows->data = sorted;
    rows->cap = rows->count;
    sorted = NULL;
    e = ERR_OK;
undo_memory:
    free(from);
    free(to);
    free(sorted);
    return e;
}

static space_key key_of(const struct draft *d, enum draft_table table, uint32_t i)
{
    const struct row_ref r = row_ref_of(d, table, i);

    switch (table) {
    case TABLE_LOT: return ((const struct draft_lot *)r.row)->key;
    case TABLE_SPACE: return ((const struct draft_space *)r.row)->key;
    case TABLE_FENCE: return ((const struct draft_fence *)r.row)->key;
    case TABLE_DUTY: return ((const struct draft_duty *)r.row)->key;
    case TABLE_RETIRED: return ((const struct draft_retired *)r.row)->key;
    case TABLE_GRID:
    case TABLE_UNIT:
    case TABLE_WARDEN:
    case TABLE_DEVICE:
    case TABLE_BINDING:
    case TABLE_BEACON:
    case TABLE_LISTENER:
    case TABLE_OPERATOR:
    case TABLE_VEHICLE:
    case TABLE_ALIAS:
    case TABLE_COUNT: break;
    }
    return 0;
}

uint32_t rows_find(const struct draft *draft, enum draft_table table, space_key key)
{
    uint32_t low = 0;
    uint32_t high = draft->tables[table].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (key_of(draft, table, mid) < key) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < draft->tables[table].count && key_of(draft, table, low) == key ? low : NO_SLOT;
}

enum draft_table rows_place_table(space_key key)
{
    switch (space_key_kind(key)) {
    case PLACE_BIKE_AREA:
    case PLACE_FENCE:
    case PLACE_NO_PARKING: return space_key_number(key) == 0 ? TABLE_FENCE : TABLE_SPACE;
    case PLACE_ON_STREET:
    case PLACE_LOT:
    case PLACE_TEMPORARY:
    case PLACE_KIND_COUNT: break;
    }
    return space_key_number(key) == 0 ? TABLE_LOT : TABLE_SPACE;
}

bool rows_takes_away(enum draft_table table, const void *row)
{
    const struct draft_vehicle *vehicle = row;

    switch (table) {
    case TABLE_BINDING: return ((const struct draft_binding *)row)->target == 0;
    case TABLE_BEACON: return ((const struct draft_beacon *)row)->fence == 0;
    case TABLE_LISTENER: return ((const struct draft_listener *)row)->fence == 0;
    case TABLE_VEHICLE: return vehicle->mac == 0 && vehicle->imei == 0 && vehicle->beacon == 0;
    case TABLE_GRID: return ((const struct draft_grid *)row)->outline.ring_count == 0;
    case TABLE_UNIT: return ((const struct draft_unit *)row)->kind == UNIT_KIND_COUNT;
    case TABLE_WARDEN: return ((const struct draft_warden *)row)->person == 0;
    case TABLE_LOT:
    case TABLE_SPACE:
    case TABLE_FENCE:
    case TABLE_DEVICE:
    case TABLE_OPERATOR:
    case TABLE_DUTY:
    case TABLE_ALIAS:
    case TABLE_RETIRED:
    case TABLE_COUNT: break;
    }
    return false;
}

/* --- copying --- */

enum err rows_text_move(struct draft *to, const struct draft *from, uint32_t *offset, int repeat)
{
    const char *text = draft_text(from, *offset);

    return draft_text_add(to, text, strlen(text), repeat, offset);
}

static enum err lot_texts(struct draft *to, const struct draft *from, struct draft_lot *lot)
{
    uint32_t *const texts[] = {&lot->name_zh, &lot->name_en, &lot->address, &lot->hours, &lot->fee};
    uint32_t first = to->entrance_count;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (rows_text_move(to, from, texts[i], -1) != ERR_OK) {
            return ERR_NO_MEMORY;
        }
    }
    for (uint32_t i = 0; i < lot->entrance_count; i++) {
        if (draft_entrance_add(to, from->entrances[lot->entrances + i]) != ERR_OK) {
            return ERR_NO_MEMORY;
        }
    }
    lot->entrances = first;
    return ERR_OK;
}

static enum err texts_move(struct draft *to, const struct draft *from, enum draft_table table,
                           void *row)
{
    struct draft_device *device = row;
    struct draft_binding *binding = row;
    struct draft_alias *alias = row;
    bool good = true;

    switch (table) {
    case TABLE_LOT: return lot_texts(to, from, row);
    case TABLE_DEVICE:
        good = rows_text_move(to, from, &device->id, -1) == ERR_OK &&
               rows_text_move(to, from, &device->source, REPEAT_SOURCE) == ERR_OK &&
               rows_text_move(to, from, &device->model, REPEAT_MODEL) == ERR_OK;
        break;
    case TABLE_BINDING: good = rows_text_move(to, from, &binding->device, -1) == ERR_OK; break;
    case TABLE_ALIAS:
        good = rows_text_move(to, from, &alias->scheme, REPEAT_SOURCE) == ERR_OK &&
               rows_text_move(to, from, &alias->value, -1) == ERR_OK;
        break;
    case TABLE_FENCE:
    case TABLE_BEACON:
    case TABLE_LISTENER:
    case TABLE_OPERATOR:
    case TABLE_VEHICLE: return rows_bikes_move(to, from, table, row);
    case TABLE_GRID:
    case TABLE_UNIT:
    case TABLE_WARDEN:
    case TABLE_DUTY: return rows_territory_move(to, from, table, row);
    case TABLE_SPACE:
    case TABLE_RETIRED:
    case TABLE_COUNT: break;
    }
    return good ? ERR_OK : ERR_NO_MEMORY;
}

enum err rows_copy(struct draft *to, enum draft_table table, struct row_ref from, uint16_t file)
{
    struct row_origin at = rows_origin(table, from.row);
    char *row = draft_row_add(to, table);

    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    at = row_origin_of(file, at.line, at.column);
    memcpy(row, from.row, draft_row_size[table]);
    rows_origin_put(table, row, at);
    return texts_move(to, from.draft, table, row);
}
