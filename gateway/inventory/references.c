/* Every reference between the rows of a whole inventory: nothing dangles, nothing is over its
 * limit. */
#include "gateway/inventory/complete.h"
#include "gateway/inventory/slot_map.h"
#include <stdlib.h>
#include <string.h>

struct checking {
    struct merge *m;
    struct slot_map spaces; /* key -> row: bindings come in the order of devices */
    uint8_t *sensors;       /* per space row */
    uint32_t *lot_spaces;   /* per lot row */
    uint8_t *lot_gates;
};

static uint32_t space_row(const struct checking *c, space_key key)
{
    const struct draft_space *rows = DRAFT_SPACES(c->m->draft);
    struct slot_walk walk;
    uint32_t row;

    slot_map_begin(&c->spaces, slot_hash_key(key), &walk);
    do {
        row = slot_map_next(&c->spaces, &walk);
    } while (row != NO_SLOT && rows[row].key != key);
    return row;
}

static bool is_known(const struct checking *c, space_key key)
{
    enum draft_table table = rows_place_table(key);

    return rows_find(c->m->draft, TABLE_RETIRED, key) != NO_SLOT ||
           (table == TABLE_SPACE ? space_row(c, key) : rows_find(c->m->draft, table, key)) !=
               NO_SLOT;
}

static void spaces_check(struct checking *c)
{
    const struct draft *d = c->m->draft;
    const struct draft_space *rows = DRAFT_SPACES(d);
    const struct draft_lot *lots = DRAFT_LOTS(d);
    uint32_t lot = NO_SLOT;

    for (uint32_t i = 0; i < d->tables[TABLE_SPACE].count; i++) {
        if (lot == NO_SLOT || lots[lot].key != rows[i].lot) {
            lot = rows_find(d, TABLE_LOT, rows[i].lot);
        }
        if (lot == NO_SLOT) {
            complete_fault(c->m, TABLE_SPACE, &rows[i], "lot", "its lot is not in the inventory");
        } else if (space_key_adcode(lots[lot].key) != space_key_adcode(rows[i].key)) {
            /* what is kept of a place stands under its county: it can never move */
            complete_fault(c->m, TABLE_SPACE, &rows[i], "lot",
                           "its lot is in another county than its own ID says");
        } else if (lots[lot].counting != COUNT_SPACES) {
            complete_fault(c->m, TABLE_SPACE, &rows[i], "lot",
                           "its lot is counted by gates and has no single spaces");
        } else if (++c->lot_spaces[lot] == UINT16_MAX + 1) {
            complete_fault(c->m, TABLE_LOT, &lots[lot], "id", "more than 65535 spaces");
        }
    }
}

static void gate_check(struct checking *c, const struct draft_binding *row)
{
    const struct draft_lot *lots = DRAFT_LOTS(c->m->draft);
    uint32_t lot = rows_find(c->m->draft, TABLE_LOT, row->target);

    if (lot == NO_SLOT) {
        complete_fault(c->m, TABLE_BINDING, row, "lot",
                       "bound to a lot that is not in the inventory");
    } else if (lots[lot].counting != COUNT_GATES) {
        complete_fault(c->m, TABLE_BINDING, row, "lot",
                       "bound to a lot that is not counted by gates (counting=gates)");
    } else if (++c->lot_gates[lot] > GATES_PER_LOT_MAX) {
        c->lot_gates[lot] = GATES_PER_LOT_MAX;
        complete_fault(c->m, TABLE_BINDING, row, "lot", "more than 8 gates on one lot");
    }
}

static void sensor_check(struct checking *c, const struct draft_binding *row)
{
    uint32_t space = space_row(c, row->target);

    if (space == NO_SLOT) {
        complete_fault(c->m, TABLE_BINDING, row, "space",
                       "bound to a space that is not in the inventory");
    } else if (++c->sensors[space] > SENSORS_PER_SPACE_MAX) {
        c->sensors[space] = SENSORS_PER_SPACE_MAX;
        complete_fault(c->m, TABLE_BINDING, row, "space", "more than 4 sensors on one space");
    }
}

/* Bindings and devices are both sorted by device: one pass. */
static void bindings_check(struct checking *c)
{
    const struct draft *d = c->m->draft;
    const struct draft_binding *rows = DRAFT_BINDINGS(d);
    const struct draft_device *devices = DRAFT_DEVICES(d);
    uint32_t device = 0;

    for (uint32_t i = 0; i < d->tables[TABLE_BINDING].count; i++) {
        int order = 1;

        while (device < d->tables[TABLE_DEVICE].count &&
               (order = strcmp(draft_text(d, rows[i].device), draft_text(d, devices[device].id))) >
                   0) {
            device++;
        }
        if (order != 0) {
            complete_fault(c->m, TABLE_BINDING, &rows[i], "device", "is not among the devices");
        }
        if (space_key_number(rows[i].target) == 0) {
            gate_check(c, &rows[i]);
        } else {
            sensor_check(c, &rows[i]);
        }
    }
}

static void names_check(struct checking *c)
{
    const struct draft *d = c->m->draft;
    const struct draft_alias *aliases = DRAFT_ALIASES(d);
    const struct draft_retired *retired = DRAFT_RETIRED(d);

    for (uint32_t i = 0; i < d->tables[TABLE_ALIAS].count; i++) {
        if (!is_known(c, aliases[i].key)) {
            complete_fault(c->m, TABLE_ALIAS, &aliases[i], "id", "its ID is not in the inventory");
        }
    }
    for (uint32_t i = 0; i < d->tables[TABLE_RETIRED].count; i++) {
        if (retired[i].replaced_by != 0 && !is_known(c, retired[i].replaced_by)) {
            complete_fault(c->m, TABLE_RETIRED, &retired[i], "replaced_by",
                           "its replacement is not in the inventory");
        }
    }
}

static uint32_t replacement_row(const struct draft *d, uint32_t row)
{
    const space_key by = DRAFT_RETIRED(d)[row].replaced_by;

    return by == 0 ? NO_SLOT : rows_find(d, TABLE_RETIRED, by);
}

/* Of a circle the row that a file has now; the others were there before. */
static uint32_t chain_row(const struct merge *m, uint32_t row)
{
    uint32_t at = row;

    do {
        if (DRAFT_RETIRED(m->draft)[at].origin.file != m->current_file) {
            return at;
        }
        at = replacement_row(m->draft, at);
    } while (at != row);
    return row;
}

/* Whoever follows what replaces a place must arrive somewhere. Each row is walked over twice. */
static enum err chains_check(struct checking *c)
{
    enum { UNSEEN, ON_THE_WAY, SEEN };
    const struct draft *d = c->m->draft;
    const uint32_t count = d->tables[TABLE_RETIRED].count;
    uint8_t *marks = calloc((size_t)count + 1, sizeof *marks);

    if (marks == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = i;

        while (row != NO_SLOT && marks[row] == UNSEEN) {
            marks[row] = ON_THE_WAY;
            row = replacement_row(d, row);
        }
        if (row != NO_SLOT && marks[row] == ON_THE_WAY) {
            complete_fault(c->m, TABLE_RETIRED, &DRAFT_RETIRED(d)[chain_row(c->m, row)],
                           "replaced_by", "the replacements lead back to this ID");
        }
        for (row = i; row != NO_SLOT && marks[row] == ON_THE_WAY; row = replacement_row(d, row)) {
            marks[row] = SEEN;
        }
    }
    free(marks);
    return ERR_OK;
}

enum err complete_references(struct merge *m)
{
    struct checking c = {.m = m};
    uint32_t spaces = m->draft->tables[TABLE_SPACE].count;
    uint32_t lots = m->draft->tables[TABLE_LOT].count;
    enum err e = slot_map_init(&c.spaces, spaces);

    c.sensors = calloc((size_t)spaces + 1, sizeof *c.sensors);
    c.lot_spaces = calloc((size_t)lots + 1, sizeof *c.lot_spaces);
    c.lot_gates = calloc((size_t)lots + 1, sizeof *c.lot_gates);
    if (c.sensors == NULL || c.lot_spaces == NULL || c.lot_gates == NULL) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_OK) {
        for (uint32_t i = 0; i < spaces; i++) {
            slot_map_put(&c.spaces, slot_hash_key(DRAFT_SPACES(m->draft)[i].key), i);
        }
        spaces_check(&c);
        bindings_check(&c);
        names_check(&c);
        e = chains_check(&c);
    }
    slot_map_finish(&c.spaces);
    free(c.sensors);
    free(c.lot_spaces);
    free(c.lot_gates);
    return e;
}
