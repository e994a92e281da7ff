/* From what files said to a whole inventory: sort, refuse duplicates, merge with what is there,
 * then (in references.c) check every reference. What one row can say of itself is row.c's. Linear
 * but for the sorts. */
#include "gateway/inventory/complete.h"
#include "gateway/inventory/row.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Dropping more is refused unless allowed: a file that was cut must not empty a city. */
#define REMOVALS_MAX_PCT 5

void complete_fault(struct merge *m, enum draft_table table, const void *row, const char *field,
                    const char *reason)
{
    struct row_origin at = rows_origin(table, row);
    char label[120];

    rows_label(table, (struct row_ref){m->draft, row}, label, sizeof label);
    report_fault(m->report, m->draft->files[at.file], &at, field, "%s: %s", label, reason);
}

static void duplicate_fault(struct merge *m, enum draft_table table, const void *kept,
                            const void *row)
{
    const struct row_origin first = rows_origin(table, kept);
    const struct row_origin at = rows_origin(table, row);
    const char *file = m->draft->files[first.file];
    const char *slash = strrchr(file, '/');
    char reason[160];

    if (first.file == at.file) {
        (void)snprintf(reason, sizeof reason, "stands twice, first at %u:%u", first.line,
                       first.column);
    } else {
        (void)snprintf(reason, sizeof reason, "stands twice, first at %.60s:%u:%u",
                       slash == NULL ? file : slash + 1, first.line, first.column);
    }
    complete_fault(m, table, row, row_tables[table].fields[0].name, reason);
}

/* Keeps the first of rows of the same identity. */
static void duplicates_drop(struct merge *m, enum draft_table table)
{
    struct rows *rows = &m->draft->tables[table];
    size_t size = draft_row_size[table];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rows->count; i++) {
        if (kept > 0 && rows_order(table, row_ref_of(m->draft, table, kept - 1),
                                   row_ref_of(m->draft, table, i)) == 0) {
            if (table != TABLE_DUTY) { /* told of its place */
                duplicate_fault(m, table, rows->data + (kept - 1) * size, rows->data + i * size);
            }
            continue;
        }
        if (kept != i) {
            memcpy(rows->data + kept * size, rows->data + i * size, size);
        }
        kept++;
    }
    rows->count = kept;
}

static bool is_retired(const struct merge *m, space_key key)
{
    return rows_find(m->draft, TABLE_RETIRED, key) != NO_SLOT;
}

static bool is_live_row(const struct merge *m, space_key key)
{
    return rows_find(m->draft, rows_place_table(key), key) != NO_SLOT;
}

/* Does a row that only the current inventory has stay? Retired IDs always do, what hangs on a newly
 * retired place does not. Aliases of retired places stay: they lead to the tombstone. */
static bool stays(const struct merge *m, enum draft_table table, const void *row)
{
    const struct draft_lot *lot = row;
    const struct draft_space *space = row;
    const struct draft_fence *fence = row;
    const struct draft_binding *binding = row;
    const struct draft_beacon *beacon = row;
    const struct draft_listener *listener = row;
    const struct draft_warden *warden = row;
    const struct draft_duty *duty = row;

    switch (table) {
    case TABLE_LOT: return !m->replace && !is_retired(m, lot->key);
    case TABLE_SPACE: return !m->replace && !is_retired(m, space->key);
    case TABLE_FENCE: return !m->replace && !is_retired(m, fence->key);
    case TABLE_BINDING: return !m->replace && !is_retired(m, binding->target);
    case TABLE_BEACON: return !m->replace && !is_retired(m, beacon->fence);
    case TABLE_LISTENER: return !m->replace && !is_retired(m, listener->fence);
    case TABLE_WARDEN:
        return !m->replace && (warden->level != WARDEN_ROAD || !is_retired(m, warden->scope));
    case TABLE_DUTY:
        /* merged before the places: what stands there are the files' rows, which say all */
        return !m->replace && !is_retired(m, duty->key) && !is_live_row(m, duty->key);
    case TABLE_GRID:
    case TABLE_DEVICE:
    case TABLE_OPERATOR:
    case TABLE_VEHICLE:
    case TABLE_UNIT:
    case TABLE_ALIAS: return !m->replace;
    case TABLE_RETIRED:
    case TABLE_COUNT: break;
    }
    return true;
}

static enum err row_keep(struct merge *m, enum draft_table table, const char *row)
{
    char *to = draft_row_add(m->draft, table);

    if (to == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(to, row, draft_row_size[table]);
    return ERR_OK;
}

/* Puts one row of the result: the new one, the current one, or none of both. */
static enum err row_merge(struct merge *m, enum draft_table table, const char *fresh,
                          const char *old)
{
    uint64_t *added = &m->report->added[table];
    uint64_t *changed = &m->report->changed[table];
    uint64_t *removed = &m->report->removed[table];

    if (fresh == NULL) {
        if (stays(m, table, old)) {
            return rows_copy(m->draft, table, (struct row_ref){m->current, old}, m->current_file);
        }
        ++*removed;
        m->missing[table]++;
        return ERR_OK;
    }
    if (rows_takes_away(table, fresh)) {
        *removed += old != NULL;
        return ERR_OK;
    }
    if (old == NULL) {
        ++*added;
    } else if (!rows_same(table, (struct row_ref){m->draft, fresh},
                          (struct row_ref){m->current, old})) {
        ++*changed;
    }
    return row_keep(m, table, fresh);
}

static enum err table_merge(struct merge *m, enum draft_table table)
{
    const struct rows none = {0};
    const struct rows *old = m->current == NULL ? &none : &m->current->tables[table];
    struct rows fresh = m->draft->tables[table];
    size_t size = draft_row_size[table];
    uint32_t i = 0;
    uint32_t j = 0;
    enum err e = ERR_OK;

    m->draft->tables[table] = none;
    while (e == ERR_OK && (i < fresh.count || j < old->count)) {
        const char *a = i < fresh.count ? fresh.data + i * size : NULL;
        const char *b = j < old->count ? old->data + j * size : NULL;
        int order = a == NULL   ? 1
                    : b == NULL ? -1
                                : rows_order(table, (struct row_ref){m->draft, a},
                                             (struct row_ref){m->current, b});

        e = row_merge(m, table, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    free(fresh.data);
    return e;
}

/* --- retired IDs --- */

static enum err retired_add(struct merge *m, space_key key)
{
    struct draft_retired *row = draft_row_add(m->draft, TABLE_RETIRED);

    if (row == NULL) {
        return ERR_NO_MEMORY;
    }
    *row = (struct draft_retired){.origin = row_origin_of(m->current_file, 0, 0), .key = key};
    return ERR_OK;
}

static enum err missing_add(struct merge *m, enum draft_table table, space_key key)
{
    return rows_find(m->draft, table, key) == NO_SLOT ? retired_add(m, key) : ERR_OK;
}

/* With `replace`, places the files no longer have become tombstones. */
static enum err missing_retire(struct merge *m)
{
    const struct draft_lot *lots = DRAFT_LOTS(m->current);
    const struct draft_space *spaces = DRAFT_SPACES(m->current);
    const struct draft_fence *fences = DRAFT_FENCES(m->current);
    uint32_t known = m->draft->tables[TABLE_RETIRED].count;
    enum err e = ERR_OK;

    for (uint32_t i = 0; e == ERR_OK && i < m->current->tables[TABLE_LOT].count; i++) {
        e = missing_add(m, TABLE_LOT, lots[i].key);
    }
    for (uint32_t i = 0; e == ERR_OK && i < m->current->tables[TABLE_SPACE].count; i++) {
        e = missing_add(m, TABLE_SPACE, spaces[i].key);
    }
    for (uint32_t i = 0; e == ERR_OK && i < m->current->tables[TABLE_FENCE].count; i++) {
        e = missing_add(m, TABLE_FENCE, fences[i].key);
    }
    if (e == ERR_OK && known != m->draft->tables[TABLE_RETIRED].count) {
        struct rows *rows = &m->draft->tables[TABLE_RETIRED];
        struct draft_retired *all;
        uint32_t kept = 0;

        e = rows_sort(m->draft, TABLE_RETIRED);
        all = DRAFT_RETIRED(m->draft);
        /* the row of a file (first: the sort is stable) wins over the one added here */
        for (uint32_t i = 0; e == ERR_OK && i < rows->count; i++) {
            if (kept == 0 || all[kept - 1].key != all[i].key) {
                all[kept++] = all[i];
            }
        }
        rows->count = e == ERR_OK ? kept : rows->count;
        m->report->added[TABLE_RETIRED] += rows->count - known;
    }
    return e;
}

/* The row of a place that is_live_row. */
static const void *place_row(const struct merge *m, space_key key)
{
    const enum draft_table table = rows_place_table(key);

    return m->draft->tables[table].data +
           (size_t)rows_find(m->draft, table, key) * draft_row_size[table];
}

/* A place the files list again comes back under its ID; not when another took over, and not when
 * the same files retire it. Runs while the draft's lots and spaces are the files' alone. */
static void returned_drop(struct merge *m)
{
    struct rows *rows = &m->draft->tables[TABLE_RETIRED];
    struct draft_retired *all = DRAFT_RETIRED(m->draft);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rows->count; i++) {
        if (is_live_row(m, all[i].key)) {
            if (all[i].origin.file == m->current_file && m->current != NULL &&
                all[i].replaced_by == 0) {
                m->report->removed[TABLE_RETIRED]++;
                continue;
            }
            complete_fault(
                m, rows_place_table(all[i].key), place_row(m, all[i].key), "id",
                "is retired, so it cannot be listed as a lot, space or fence (IDs are never "
                "used again)");
        }
        all[kept++] = all[i];
    }
    rows->count = kept;
}

static enum err retired_merge(struct merge *m)
{
    enum err e = table_merge(m, TABLE_RETIRED);

    if (e == ERR_OK) {
        returned_drop(m);
    }
    return e == ERR_OK && m->replace && m->current != NULL ? missing_retire(m) : e;
}

/* --- the whole --- */

static void removals_judge(struct merge *m, enum draft_table table, uint64_t removed)
{
    const uint64_t before = m->current->tables[table].count;
    const struct row_origin at = row_origin_of(0, 1, 1);

    if (removed * 100 > before * REMOVALS_MAX_PCT) {
        report_fault(m->report, m->draft->files[0], &at, "removals",
                     "removes %" PRIu64 " of %" PRIu64
                     " %s, more than 5 %%: --allow-removals if that is meant",
                     removed, before, import_kind_name(table));
    }
}

/* What hangs on places and devices is taken away by rows of its own every day; with `replace` a
 * file may have been forgotten, too, and all sensors of the city with it. */
static void removals_check(struct merge *m)
{
    static const enum draft_table checked[] = {TABLE_LOT,    TABLE_SPACE, TABLE_FENCE, TABLE_GRID,
                                               TABLE_DEVICE, TABLE_UNIT,  TABLE_WARDEN};

    static const enum draft_table hanging[] = {TABLE_BINDING, TABLE_BEACON, TABLE_LISTENER,
                                               TABLE_OPERATOR, TABLE_VEHICLE};

    for (size_t i = 0; m->current != NULL && i < ARRAY_LEN(checked); i++) {
        removals_judge(m, checked[i], m->report->removed[checked[i]]);
    }
    for (size_t i = 0; m->current != NULL && m->replace && i < ARRAY_LEN(hanging); i++) {
        removals_judge(m, hanging[i], m->missing[hanging[i]]);
    }
}

static enum err tables_merge(struct merge *m)
{
    static const enum draft_table order[] = {
        TABLE_DUTY,    TABLE_LOT,     TABLE_SPACE,  TABLE_FENCE,    TABLE_GRID,
        TABLE_DEVICE,  TABLE_BINDING, TABLE_BEACON, TABLE_LISTENER, TABLE_OPERATOR,
        TABLE_VEHICLE, TABLE_UNIT,    TABLE_WARDEN, TABLE_ALIAS};
    enum err e = ERR_OK;

    for (int t = 0; e == ERR_OK && t < TABLE_COUNT; t++) {
        e = rows_sort(m->draft, (enum draft_table)t);
        if (e == ERR_OK) {
            duplicates_drop(m, (enum draft_table)t);
        }
    }
    if (e == ERR_OK) {
        e = retired_merge(m);
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(order); i++) {
        e = table_merge(m, order[i]);
    }
    return e;
}

enum err draft_complete(struct draft *draft, const struct draft *current, bool replace,
                        bool allow_removals, struct import_report *report)
{
    struct merge m = {.draft = draft, .current = current, .report = report, .replace = replace};
    enum err e = draft_file_add(draft, "current inventory", &m.current_file);

    if (e != ERR_OK || (e = tables_merge(&m)) != ERR_OK) {
        return e;
    }
    if (!allow_removals) {
        removals_check(&m);
    }
    e = complete_references(&m);
    if (e == ERR_OK) {
        e = complete_devices(&m);
    }
    if (e == ERR_OK) {
        e = complete_bikes(&m);
    }
    e = e != ERR_OK ? e : complete_territory(&m);
    report_sort(report);
    return e;
}
