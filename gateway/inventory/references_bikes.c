/* The references of the non-motor half of a whole inventory: every beacon and listener is at a
 * fence, every vehicle has its operator, and no radio means two things. */
#include "bowei/bike.h"
#include "bowei/fences.h"
#include "gateway/inventory/complete.h"
#include "gateway/inventory/fences/identity.h"
#include "gateway/inventory/slot_map.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fence_check(struct merge *m, enum draft_table table, const void *row, space_key fence)
{
    if (rows_find(m->draft, TABLE_FENCE, fence) == NO_SLOT) {
        complete_fault(m, table, row, "fence", "bound to a fence that is not in the inventory");
    }
}

static void radios_check(struct merge *m)
{
    const struct draft_beacon *beacons = DRAFT_BEACONS(m->draft);
    const struct draft_listener *listeners = DRAFT_LISTENERS(m->draft);

    for (uint32_t i = 0; i < m->draft->tables[TABLE_BEACON].count; i++) {
        fence_check(m, TABLE_BEACON, &beacons[i], beacons[i].fence);
    }
    for (uint32_t i = 0; i < m->draft->tables[TABLE_LISTENER].count; i++) {
        fence_check(m, TABLE_LISTENER, &listeners[i], listeners[i].fence);
    }
}

/* The core keeps so many a fence: one more would take the place of another with each scan. */
static enum err listeners_check(struct merge *m)
{
    const struct draft_listener *rows = DRAFT_LISTENERS(m->draft);
    uint8_t *counts = calloc((size_t)m->draft->tables[TABLE_FENCE].count + 1, sizeof *counts);

    if (counts == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < m->draft->tables[TABLE_LISTENER].count; i++) {
        const uint32_t fence = rows_find(m->draft, TABLE_FENCE, rows[i].fence);

        if (fence == NO_SLOT) {
            continue;
        }
        if (counts[fence] == FENCE_LISTENERS_MAX) {
            complete_fault(m, TABLE_LISTENER, &rows[i], "fence", "has four listeners already");
        } else {
            counts[fence]++;
        }
    }
    free(counts);
    return ERR_OK;
}

/* --- operators --- */

/* Is item (len characters) in a list, or does one of them begin as the other? */
static bool list_meets(const char *list, const char *item, size_t len)
{
    while (*list != '\0') {
        size_t other = strcspn(list, ";");

        if (memcmp(list, item, other < len ? other : len) == 0) {
            return true;
        }
        list += other + (list[other] == ';');
    }
    return false;
}

static bool lists_meet(const char *a, const char *b)
{
    while (*a != '\0') {
        size_t len = strcspn(a, ";");

        if (list_meets(b, a, len)) {
            return true;
        }
        a += len + (a[len] == ';');
    }
    return false;
}

static void operators_check(struct merge *m)
{
    const struct draft *d = m->draft;
    const struct draft_operator *rows = DRAFT_OPERATORS(d);
    uint32_t count = d->tables[TABLE_OPERATOR].count;

    if (count > OPERATORS_MAX) {
        complete_fault(m, TABLE_OPERATOR, &rows[OPERATORS_MAX], "operator",
                       "more than 16 operators");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            char reason[80];

            if (lists_meet(draft_text(d, rows[i].mac_prefixes),
                           draft_text(d, rows[j].mac_prefixes))) {
                (void)snprintf(reason, sizeof reason, "a prefix overlaps one of operator %s",
                               draft_text(d, rows[j].code));
                complete_fault(m, TABLE_OPERATOR, &rows[i], "mac_prefixes", reason);
            }
            if (lists_meet(draft_text(d, rows[i].uuids), draft_text(d, rows[j].uuids))) {
                (void)snprintf(reason, sizeof reason, "a UUID is also listed by operator %s",
                               draft_text(d, rows[j].code));
                complete_fault(m, TABLE_OPERATOR, &rows[i], "uuids", reason);
            }
        }
    }
}

/* --- vehicles --- */

static bool operator_known(const struct draft *d, const char *ref)
{
    const struct draft_operator *rows = DRAFT_OPERATORS(d);
    size_t len = strcspn(ref, "-");

    for (uint32_t i = 0; i < d->tables[TABLE_OPERATOR].count; i++) {
        const char *code = draft_text(d, rows[i].code);

        if (strlen(code) == len && memcmp(code, ref, len) == 0) {
            return true;
        }
    }
    return false;
}

/* The three identities of a vehicle row. */
static const struct {
    const char *field;
    size_t at; /* of its text offset in the row */
} identities[] = {
    {"mac",    offsetof(struct draft_vehicle, mac)   },
    {"imei",   offsetof(struct draft_vehicle, imei)  },
    {"beacon", offsetof(struct draft_vehicle, beacon)},
};

static const char *identity_of(const struct draft *d, uint32_t row, size_t i)
{
    uint32_t offset;

    memcpy(&offset, (const char *)&DRAFT_VEHICLES(d)[row] + identities[i].at, sizeof offset);
    return draft_text(d, offset);
}

static enum err identities_check(struct merge *m, size_t which)
{
    const struct draft *d = m->draft;
    const struct draft_vehicle *rows = DRAFT_VEHICLES(d);
    struct slot_map seen;
    enum err e = slot_map_init(&seen, d->tables[TABLE_VEHICLE].count);

    for (uint32_t i = 0; e == ERR_OK && i < d->tables[TABLE_VEHICLE].count; i++) {
        const char *text = identity_of(d, i, which);
        uint64_t hash = slot_hash_text(text, strlen(text));
        struct slot_walk walk;
        uint32_t other;

        if (text[0] == '\0') {
            continue;
        }
        slot_map_begin(&seen, hash, &walk);
        do {
            other = slot_map_next(&seen, &walk);
        } while (other != NO_SLOT && strcmp(identity_of(d, other, which), text) != 0);
        if (other != NO_SLOT) {
            char reason[96];

            (void)snprintf(reason, sizeof reason, "%s is bound to %s already", text,
                           draft_text(d, rows[other].ref));
            complete_fault(m, TABLE_VEHICLE, &rows[i], identities[which].field, reason);
        }
        slot_map_put(&seen, hash, i);
    }
    slot_map_finish(&seen);
    return e;
}

static bool is_beacon(const struct draft *d, const char *identity)
{
    const struct draft_beacon *rows = DRAFT_BEACONS(d);
    uint32_t low = 0;
    uint32_t high = d->tables[TABLE_BEACON].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = strcmp(draft_text(d, rows[mid].identity), identity);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return false;
}

static void vehicles_check(struct merge *m)
{
    const struct draft *d = m->draft;
    const struct draft_vehicle *rows = DRAFT_VEHICLES(d);

    for (uint32_t i = 0; i < d->tables[TABLE_VEHICLE].count; i++) {
        char mac[IDENTITY_MAX];

        if (!operator_known(d, draft_text(d, rows[i].ref))) {
            complete_fault(m, TABLE_VEHICLE, &rows[i], "vehicle",
                           "its operator is not in the inventory");
        }
        (void)snprintf(mac, sizeof mac, "mac:%s", draft_text(d, rows[i].mac));
        if (is_beacon(d, mac)) {
            complete_fault(m, TABLE_VEHICLE, &rows[i], "mac", "marks a fence (beacons)");
        }
        if (is_beacon(d, draft_text(d, rows[i].beacon))) {
            complete_fault(m, TABLE_VEHICLE, &rows[i], "beacon", "marks a fence (beacons)");
        }
    }
}

enum err complete_bikes(struct merge *m)
{
    enum err e = listeners_check(m);

    radios_check(m);
    operators_check(m);
    vehicles_check(m);
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(identities); i++) {
        e = identities_check(m, i);
    }
    return e;
}
