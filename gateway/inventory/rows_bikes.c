/* Comparing and copying the rows of fences, beacons, listeners, operators and vehicles. */
#include "gateway/inventory/rows_bikes.h"
#include <stdio.h>
#include <string.h>

static int text_order(struct row_ref a, uint32_t at, struct row_ref b, uint32_t bt)
{
    return strcmp(draft_text(a.draft, at), draft_text(b.draft, bt));
}

static bool text_same(struct row_ref a, uint32_t at, struct row_ref b, uint32_t bt)
{
    return text_order(a, at, b, bt) == 0;
}

int rows_fence_order(struct row_ref a, struct row_ref b)
{
    const struct draft_fence *x = a.row;
    const struct draft_fence *y = b.row;

    return (x->key > y->key) - (x->key < y->key);
}

int rows_beacon_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_beacon *)a.row)->identity, b,
                      ((const struct draft_beacon *)b.row)->identity);
}

int rows_listener_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_listener *)a.row)->id, b,
                      ((const struct draft_listener *)b.row)->id);
}

int rows_operator_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_operator *)a.row)->code, b,
                      ((const struct draft_operator *)b.row)->code);
}

int rows_vehicle_order(struct row_ref a, struct row_ref b)
{
    return text_order(a, ((const struct draft_vehicle *)a.row)->ref, b,
                      ((const struct draft_vehicle *)b.row)->ref);
}

bool rows_outline_same(struct row_ref a, const struct draft_outline *x, struct row_ref b,
                       const struct draft_outline *y)
{
    bool same = x->ring_count == y->ring_count;

    for (uint32_t r = 0; same && r < x->ring_count; r++) {
        const struct draft_ring *p = &a.draft->rings[x->ring + r];
        const struct draft_ring *q = &b.draft->rings[y->ring + r];

        same = p->hole == q->hole && p->count == q->count &&
               memcmp(a.draft->corners + p->corner, b.draft->corners + q->corner,
                      p->count * sizeof *a.draft->corners) == 0;
    }
    return same;
}

bool rows_fence_same(struct row_ref a, struct row_ref b)
{
    const struct draft_fence *x = a.row;
    const struct draft_fence *y = b.row;

    return x->from_ms == y->from_ms && x->until_ms == y->until_ms && x->capacity == y->capacity &&
           text_same(a, x->name_zh, b, y->name_zh) && text_same(a, x->name_en, b, y->name_en) &&
           rows_outline_same(a, &x->outline, b, &y->outline);
}

bool rows_beacon_same(struct row_ref a, struct row_ref b)
{
    return ((const struct draft_beacon *)a.row)->fence ==
           ((const struct draft_beacon *)b.row)->fence;
}

bool rows_listener_same(struct row_ref a, struct row_ref b)
{
    const struct draft_listener *x = a.row;
    const struct draft_listener *y = b.row;

    return x->fence == y->fence && x->scan_period_s == y->scan_period_s &&
           text_same(a, x->source, b, y->source);
}

bool rows_operator_same(struct row_ref a, struct row_ref b)
{
    const struct draft_operator *x = a.row;
    const struct draft_operator *y = b.row;

    return x->quota == y->quota && text_same(a, x->name_zh, b, y->name_zh) &&
           text_same(a, x->name_en, b, y->name_en) &&
           text_same(a, x->mac_prefixes, b, y->mac_prefixes) && text_same(a, x->uuids, b, y->uuids);
}

bool rows_vehicle_same(struct row_ref a, struct row_ref b)
{
    const struct draft_vehicle *x = a.row;
    const struct draft_vehicle *y = b.row;

    return text_same(a, x->mac, b, y->mac) && text_same(a, x->imei, b, y->imei) &&
           text_same(a, x->beacon, b, y->beacon);
}

void rows_fence_label(struct row_ref r, char *out, size_t cap)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(((const struct draft_fence *)r.row)->key, id);
    (void)snprintf(out, cap, "%s", id);
}

void rows_beacon_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s",
                   draft_text(r.draft, ((const struct draft_beacon *)r.row)->identity));
}

void rows_listener_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "listener %s",
                   draft_text(r.draft, ((const struct draft_listener *)r.row)->id));
}

void rows_operator_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "operator %s",
                   draft_text(r.draft, ((const struct draft_operator *)r.row)->code));
}

void rows_vehicle_label(struct row_ref r, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s", draft_text(r.draft, ((const struct draft_vehicle *)r.row)->ref));
}

/* --- copying --- */

enum err rows_outline_move(struct draft *to, const struct draft *from,
                           struct draft_outline *outline)
{
    uint32_t first = to->ring_count;

    for (uint32_t r = 0; r < outline->ring_count; r++) {
        const struct draft_ring ring = from->rings[outline->ring + r];

        if (draft_ring_add(to, ring.hole) != ERR_OK) {
            return ERR_NO_MEMORY;
        }
        for (uint32_t i = 0; i < ring.count; i++) {
            if (draft_corner_add(to, from->corners[ring.corner + i]) != ERR_OK) {
                return ERR_NO_MEMORY;
            }
        }
    }
    outline->ring = first;
    return ERR_OK;
}

enum err rows_bikes_move(struct draft *to, const struct draft *from, enum draft_table table,
                         void *row)
{
    struct draft_fence *fence = row;
    struct draft_beacon *beacon = row;
    struct draft_listener *listener = row;
    struct draft_operator *operator= row;
    struct draft_vehicle *vehicle = row;
    uint32_t *texts[5] = {NULL};
    enum err e = ERR_OK;

    if (table == TABLE_FENCE) {
        texts[0] = &fence->name_zh;
        texts[1] = &fence->name_en;
        e = rows_outline_move(to, from, &fence->outline);
    } else if (table == TABLE_BEACON) {
        texts[0] = &beacon->identity;
    } else if (table == TABLE_LISTENER) {
        texts[0] = &listener->id;
        texts[1] = &listener->source;
    } else if (table == TABLE_OPERATOR) {
        texts[0] = &operator->code;
        texts[1] = &operator->name_zh;
        texts[2] = &operator->name_en;
        texts[3] = &operator->mac_prefixes;
        texts[4] = &operator->uuids;
    } else {
        texts[0] = &vehicle->ref;
        texts[1] = &vehicle->mac;
        texts[2] = &vehicle->imei;
        texts[3] = &vehicle->beacon;
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(texts) && texts[i] != NULL; i++) {
        e = rows_text_move(to, from, texts[i], texts[i] == &listener->source ? 0 : -1);
    }
    return e;
}
