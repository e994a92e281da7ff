/* The pick-list: filter, rank, group. All matching cases are ranked, the first `limit` are grouped:
 * the best-ranked of those left begins a group and takes its nearest neighbours of the same street
 * office along; groups stand in the order of a round from the start (nearest next), without a start
 * in the order of their first. Integers on a plane laid through the first position: no float, and
 * equal inputs give equal lists. */
#include "gateway/core/zombie/zombie_list.h"
#include "gateway/core/bike/bike.h"
#include <stdlib.h>

#define DAY_MS      INT64_C(86400000)
#define LAT_UM      11132 /* of 1e-7 degree: 40 030 km round / 360 */
#define LON_SPAN_E7 100000
#define FAR_MM      INT64_C(1000000000) /* 1 000 km */

struct pick {
    uint32_t slot; /**< of the case */
    uint32_t street;
    uint32_t dwell_days;
    uint32_t rank, group;
    int64_t x_mm, y_mm; /**< on the plane */
    int64_t from_mm2;   /**< squared distance to the start, 0 without one */
    int64_t in_group;   /**< squared distance to the first of its group */
    const struct case_image *about;
};

/* --- filter --- */

/* County and street as 9 digits; 0 = not known. */
static uint32_t street_of(const struct case_image *about)
{
    uint64_t grid = about->grid;

    if (about->place != 0) {
        return space_key_adcode(about->place) * 1000 + space_key_street(about->place);
    }
    while (grid >= INT64_C(1000000000)) { /* 14 or 15 digits begin with county and street */
        grid /= 10;
    }
    return (uint32_t)grid;
}

static bool matches(const struct zombie_request *request, const struct case_image *about)
{
    const uint32_t street_stages =
        1U << STAGE_SUSPECT | 1U << STAGE_CONFIRMED | 1U << STAGE_NOTICED | 1U << STAGE_OVERDUE;
    const uint32_t stages = request->stages != 0 ? request->stages : street_stages;
    const uint32_t street = street_of(about);

    return case_kind_life((enum case_kind)about->kind) == LIFE_ZOMBIE &&
           case_status_open((enum case_status)about->status) &&
           (request->kinds == 0 || (request->kinds & 1U << about->kind) != 0) &&
           (stages & 1U << about->stage) != 0 &&
           (request->adcode == 0 || street / 1000 == request->adcode) &&
           (request->street == 0 || street % 1000 == request->street);
}

/* --- the plane --- */

struct plane {
    struct position_e7 origin;
    int64_t lon_um; /**< micrometres of 1e-7 degree of longitude there */
};

static struct plane plane_at(struct position_e7 origin)
{
    const struct position_e7 east = {origin.lat, origin.lon + LON_SPAN_E7};

    return (struct plane){origin, distance_mm(origin, east) * 1000 / LON_SPAN_E7};
}

/* What is that far away is far away; squares of differences fit in 63 bits. */
static int64_t bounded(int64_t mm)
{
    return mm < -FAR_MM ? -FAR_MM : mm > FAR_MM ? FAR_MM : mm;
}

static void plane_put(const struct plane *plane, struct position_e7 at, int64_t *x_mm,
                      int64_t *y_mm)
{
    *x_mm = bounded(((int64_t)at.lon - plane->origin.lon) * plane->lon_um / 1000);
    *y_mm = bounded(((int64_t)at.lat - plane->origin.lat) * LAT_UM / 1000);
}

static int64_t apart_mm2(const struct pick *a, const struct pick *b)
{
    const int64_t x = a->x_mm - b->x_mm;
    const int64_t y = a->y_mm - b->y_mm;

    return x * x + y * y;
}

/* --- rank --- */

static int order3(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Since when it stands: as measured, or at least since people saw it there. */
static int64_t stands_since(const struct case_image *about)
{
    return about->since_ms != 0 ? about->since_ms : about->reported_ms;
}

/* The worst first: severity, then how long it stands, then how near, then the older number. */
static int pick_order(const void *left, const void *right)
{
    const struct pick *a = left;
    const struct pick *b = right;
    const int by[] = {order3(b->about->severity, a->about->severity),
                      order3(b->dwell_days, a->dwell_days), order3(a->from_mm2, b->from_mm2),
                      order3(stands_since(a->about), stands_since(b->about))};

    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        if (by[i] != 0) {
            return by[i];
        }
    }
    return a->about->id < b->about->id ? -1 : 1;
}

static uint32_t collect(const struct zombie_list *list, const struct zombie_request *request,
                        struct pick *picks)
{
    const int64_t radius_mm = (int64_t)request->radius_m * 1000;
    struct plane plane = plane_at(request->from);
    struct pick start = {0};
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < casebook_case_slots(list->book); slot++) {
        const struct case_image *about = casebook_case(list->book, slot);
        struct pick *pick = &picks[count];

        if (about == NULL || !matches(request, about)) {
            continue;
        }
        if (count == 0 && !request->has_from) {
            plane = plane_at(about->at);
        }
        *pick = (struct pick){.slot = slot, .street = street_of(about), .about = about};
        plane_put(&plane, about->at, &pick->x_mm, &pick->y_mm);
        if (request->has_from) {
            pick->from_mm2 = apart_mm2(pick, &start);
            if (radius_mm != 0 && pick->from_mm2 > radius_mm * radius_mm) {
                continue;
            }
        }
        pick->dwell_days = list->now_ms > stands_since(about)
                               ? (uint32_t)((list->now_ms - stands_since(about)) / DAY_MS)
                               : 0;
        count++;
    }
    return count;
}

/* --- group --- */

/* The nearest that is in no group yet and fits into this one; NULL = none. */
static struct pick *neighbour(struct pick *picks, uint32_t count, const struct pick *first,
                              int64_t radius_mm)
{
    struct pick *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        struct pick *pick = &picks[i];

        if (pick->group != 0 || pick->street != first->street) {
            continue;
        }
        pick->in_group = apart_mm2(pick, first);
        if (pick->in_group <= radius_mm * radius_mm &&
            (best == NULL || pick->in_group < best->in_group)) {
            best = pick;
        }
    }
    return best;
}

static uint32_t group_all(struct pick *picks, uint32_t count, int64_t radius_mm)
{
    uint32_t groups = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (picks[i].group != 0) {
            continue;
        }
        picks[i].group = ++groups;
        picks[i].in_group = 0;
        for (unsigned n = 1; n < ZOMBIE_GROUP_MAX; n++) {
            struct pick *next = neighbour(picks, count, &picks[i], radius_mm);

            if (next == NULL) {
                break;
            }
            next->group = groups;
        }
    }
    return groups;
}

/* Groups in the order of a round that begins at the start: nearest first stop next. */
static void round_order(struct pick *picks, uint32_t count, uint32_t groups, uint32_t *number_of)
{
    struct pick at = {0};

    for (uint32_t g = 1; g <= groups; g++) {
        const struct pick *best = NULL;

        for (uint32_t i = 0; i < count; i++) {
            if (picks[i].in_group == 0 && number_of[picks[i].group] == 0 &&
                (best == NULL || apart_mm2(&picks[i], &at) < apart_mm2(best, &at))) {
                best = &picks[i];
            }
        }
        if (best == NULL) {
            break;
        }
        number_of[best->group] = g;
        at = *best;
    }
    for (uint32_t i = 0; i < count; i++) {
        picks[i].group = number_of[picks[i].group];
    }
}

static int group_order(const void *left, const void *right)
{
    const struct pick *a = left;
    const struct pick *b = right;

    if (a->group != b->group) {
        return a->group < b->group ? -1 : 1;
    }
    return a->in_group != b->in_group ? order3(a->in_group, b->in_group) : order3(a->rank, b->rank);
}

/* --- the answer --- */

/* How much of the dwell nobody heard of its place, or of the bike: as it is now, while the stay or
 * stop is still the one the case is about. A bike that was forgotten has been silent since. */
static int64_t gap_of(const struct zombie_list *list, const struct case_image *about,
                      int64_t dwell_s)
{
    const uint32_t slot = about->place == 0 ? NO_SLOT : inventory_space(list->inv, about->place);

    if (about->kind == CASE_ZOMBIE_CAR && slot != NO_SLOT) {
        const struct stay_known whole = list->stay(list->ctx, slot);

        return whole.state == SPACE_OCCUPIED && whole.since_ms == about->since_ms ? whole.gap_s
                                                                                  : about->gap_s;
    }
    if (about->kind == CASE_ZOMBIE_SHARED_BIKE && about->vehicle[0] != '\0') {
        const struct bike_image *bike = list->bike(list->ctx, about->vehicle);

        return bike == NULL                     ? dwell_s
               : (bike->flags & BIKE_GONE) == 0 ? bike_unheard_s(bike, list->now_ms)
                                                : about->gap_s;
    }
    return about->gap_s;
}

/* 0: of what people saw nothing was measured. */
static uint16_t healthy(const struct zombie_list *list, const struct case_image *about)
{
    const int64_t dwell_s = (list->now_ms - about->since_ms) / 1000;
    int64_t gap_s;

    if (about->since_ms == 0 || dwell_s <= 0) {
        return 0;
    }
    gap_s = gap_of(list, about, dwell_s);
    return gap_s >= dwell_s ? 0 : (uint16_t)((dwell_s - gap_s) * 10000 / dwell_s);
}

static void answer(const struct zombie_list *list, struct zombie_request *request,
                   struct pick *picks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct pick *pick = &picks[i];

        request->items[i] = (struct zombie_item){
            .case_ = *pick->about,
            .group = pick->group,
            .rank = pick->rank,
            .dwell_days = pick->dwell_days,
            .healthy_hundredths = healthy(list, pick->about),
        };
        if (request->has_from) {
            request->items[i].distance_m =
                (uint32_t)(distance_mm(request->from, pick->about->at) / 1000);
        }
    }
    request->count = count;
}

bool zombie_list_page(const struct zombie_list *list, struct zombie_request *request)
{
    const uint32_t slots = casebook_case_slots(list->book);
    const uint32_t limit = request->limit < ZOMBIE_LIMIT_MAX ? request->limit : ZOMBIE_LIMIT_MAX;
    struct pick *picks = calloc((size_t)slots + 1, sizeof *picks);
    uint32_t *number_of = calloc((size_t)limit + 2, sizeof *number_of);
    uint32_t count;
    bool done = false;

    if (picks == NULL || number_of == NULL) {
        goto undo_picks;
    }
    request->matches = collect(list, request, picks);
    qsort(picks, request->matches, sizeof *picks, pick_order);
    count = request->matches < limit ? request->matches : limit;
    for (uint32_t i = 0; i < count; i++) {
        picks[i].rank = i + 1;
    }
    request->groups = group_all(picks, count, (int64_t)request->group_radius_m * 1000);
    if (request->has_from) {
        round_order(picks, count, request->groups, number_of);
    }
    qsort(picks, count, sizeof *picks, group_order);
    answer(list, request, picks, count);
    request->as_of_ms = list->now_ms;
    done = true;
undo_picks:
    free(picks);
    free(number_of);
    return done;
}
