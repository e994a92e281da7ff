/* Histories of a city that keeps changing its fences: imports that bring, move and take away
 * fences, operators and listeners, windows that begin and end, a wall clock that is set, a journal
 * that refuses. After each input counts are what the bikes say; when all has settled, each bike
 * that is outside has one open episode, and no other has any. */
#include "tests/unit/fleet_fixture.h"
#include "tests/unit/seeds.h"
#include <time.h>

#define STEPS     60
#define SEEDS     150
#define FENCES    4 /* of kind F; two zones of kind N beside them */
#define PLACES    6
#define SETTLE_MS 400000 /* dwell, reopening and the retries of what was refused */

struct story {
    struct fleet_fixture f;
    struct dice dice;
};

static const char *const operators[] = {"HLO", "MTN", "ABC", "ZZZ"};

static unsigned below(struct story *s, unsigned n)
{
    return dice_below(&s->dice, n);
}

static int64_t wall_ms(const struct story *s)
{
    return s->f.now.at_ms + s->f.now.shift_ms;
}

static void time_put(char out[32], int64_t at_ms)
{
    const time_t at = (time_t)(at_ms / 1000);
    struct tm utc;

    (void)gmtime_r(&at, &utc);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* One of PLACES fences, not always at the same spot, half of them for a while only. */
static void fence_put(struct story *s, struct fleet_import *import, unsigned place)
{
    const bool zone = place >= FENCES;
    char body[24];
    char more[160];
    char from[32];
    char until[32];

    (void)snprintf(body, sizeof body, "150402001%c%03u0000", zone ? 'N' : 'F', place % 1000 + 1);
    (void)snprintf(more, sizeof more, "%s", zone ? "" : ",\"capacity\":3");
    if (below(s, 2) == 0) {
        time_put(from, wall_ms(s) - 300000 + (int64_t)below(s, 1200) * 1000);
        time_put(until, wall_ms(s) + 1000000 + (int64_t)below(s, 2000) * 1000);
        (void)snprintf(more + strlen(more), sizeof more - strlen(more),
                       ",\"valid_from\":\"%s\",\"valid_until\":\"%s\"", from, until);
    }
    fleet_import_square(import, body, more,
                        zone ? (int)(place - FENCES) * 150 + (int)below(s, 3) * 20
                             : (int)place * 100 + (int)below(s, 2) * 30);
}

static void tables_read(struct story *s, struct fleet_import *import, bool park)
{
    char id[SPACE_ID_LEN + 1];
    char text[160] = "operator,name_en\n";

    for (unsigned i = 0; i < 3; i++) {
        if (i == 0 || below(s, 3) != 0) {
            (void)snprintf(text + strlen(text), 16, "%s,X\n", operators[i]);
        }
    }
    fleet_import_table(import, text);
    if (park && below(s, 2) == 0) {
        space_id_format(fleet_key(PARK_ID), id);
        (void)snprintf(text, sizeof text,
                       "listener,fence,source,scan_period_s\nac233fc0000%u,%s,ble,10\n",
                       below(s, 3), id);
        fleet_import_table(import, text);
    }
}

static struct inventory *city_make(struct story *s, uint64_t version,
                                   const struct inventory *previous)
{
    struct fleet_import import;
    bool park = false;

    fleet_import_begin(&import);
    for (unsigned i = 0; i < PLACES; i++) {
        if (below(s, 4) != 0) {
            fence_put(s, &import, i);
            park = park || i == 0;
        }
    }
    tables_read(s, &import, park);
    return fleet_import_end(&import, version, previous);
}

/* --- what happens --- */

/* Carries the effects out; one in `refuse` of those that would be journalled is refused. */
static bool carried(struct story *s, unsigned refuse)
{
    if (refuse != 0 && s->f.effects->kept_count > 0 && below(s, refuse) == 0) {
        core_undo(s->f.core);
        return false;
    }
    return true;
}

static void time_passes(struct story *s, int64_t ms, unsigned refuse)
{
    const int64_t until_ms = s->f.now.at_ms + ms;

    while (s->f.now.at_ms < until_ms) {
        s->f.now.at_ms += 250;
        while (core_due(s->f.core) <= s->f.now.at_ms) {
            s->f.effects = core_advance(s->f.core, s->f.now);
            if (!carried(s, refuse)) {
                break; /* again in a second */
            }
        }
    }
}

static void bike_speaks(struct story *s)
{
    char ref[VEHICLE_REF_MAX + 1];
    struct bike_report report;

    (void)snprintf(ref, sizeof ref, "%s-%08u", operators[below(s, 4)], 100 + below(s, 12));
    report = fleet_fix(&s->f, ref, fleet_at((int)below(s, 500) - 40, (int)below(s, 60) - 10));
    if (below(s, 6) == 0) {
        report.lock = LOCK_UNLOCKED;
        report.has = REPORT_HAS_TIME;
    }
    fleet_say(&s->f, &report);
    (void)carried(s, 5);
}

static void listener_scans(struct story *s)
{
    const char *const refs[] = {"HLO-00000101", "MTN-00000102"};

    for (unsigned i = 0; i < 4 && fences_find(s->f.inv, fleet_key(PARK_ID)) != NO_FENCE; i++) {
        fleet_scan(&s->f, PARK_ID, 1 + below(s, 3), refs, 2, -60);
        time_passes(s, 10000, 0);
    }
}

static void city_changes(struct story *s)
{
    fleet_swap(&s->f, city_make(s, s->f.inv->version + 1, s->f.inv));
    (void)carried(s, 4);
}

static void something_happens(struct story *s)
{
    const unsigned roll = below(s, 20);

    if (roll < 10) {
        bike_speaks(s);
    } else if (roll < 13) {
        listener_scans(s);
    } else if (roll < 15) {
        city_changes(s);
    } else if (roll < 16) {
        s->f.now.shift_ms = below(s, 2) == 0 ? 0 : -(int64_t)below(s, 3600) * 1000;
    } else {
        time_passes(s, (int64_t)below(s, 400) * 1000, below(s, 2) * 3);
    }
}

/* --- what must hold --- */

static void assert_counts(const struct story *s)
{
    struct image image;

    for (uint32_t fence = 0; fence < s->f.inv->fence_count; fence++) {
        struct fence_view view;
        uint32_t inside = 0;
        uint32_t known = 0;
        uint32_t sum = 0;

        for (uint32_t i = 0; i < core_bike_slots(s->f.core); i++) {
            if (core_bike_image(s->f.core, i, &image) &&
                (image.bike.verdict == VERDICT_INSIDE || image.bike.rule == RULE_NO_PARKING) &&
                image.bike.fence == s->f.inv->fences[fence].key) {
                assert_int_equal(s->f.inv->fences[fence].use,
                                 image.bike.verdict == VERDICT_INSIDE ? FENCE_PARK : FENCE_NO_PARK);
                inside++;
                known += fences_operator(s->f.inv, image.bike.ref, strlen(image.bike.ref)) !=
                         NO_OPERATOR;
            }
        }
        core_fence_view(s->f.core, fence, &view);
        for (unsigned i = 0; i < OPERATORS_MAX; i++) {
            sum += view.by_operator[i];
        }
        assert_int_equal(view.brief.count, inside);
        assert_int_equal(sum, known);
    }
}

static bool stands(const struct story *s, space_key key)
{
    const uint32_t fence = key == 0 ? NO_FENCE : fences_find(s->f.inv, key);

    return fence != NO_FENCE && !s->f.inv->fences[fence].removed &&
           fence_in_force(&s->f.inv->fences[fence], wall_ms(s));
}

static void assert_bike_settled(const struct story *s, const struct bike_image *bike)
{
    const enum alert_kind kind =
        bike->rule == RULE_NO_PARKING ? ALERT_NO_PARKING_ZONE : ALERT_OUT_OF_FENCE;
    struct image image;
    unsigned open = 0;
    unsigned right = 0;

    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        if (core_alert_image(s->f.core, i, &image) && alert_is_open(&image.alert) &&
            strcmp(image.alert.vehicle, bike->ref) == 0) {
            open++;
            right += image.alert.kind == kind;
        }
    }
    assert_true(open <= 1);
    if (bike->verdict == VERDICT_OUTSIDE) {
        assert_int_equal(right, 1);
    } else if (bike->verdict == VERDICT_INSIDE) {
        assert_int_equal(open, 0);
        assert_true(stands(s, bike->fence));
    }
}

static void assert_settled(const struct story *s)
{
    struct image image;

    for (uint32_t i = 0; i < core_bike_slots(s->f.core); i++) {
        if (core_bike_image(s->f.core, i, &image)) {
            assert_bike_settled(s, &image.bike);
        }
    }
    for (uint32_t i = 0; i < core_alert_slots(s->f.core); i++) {
        if (core_alert_image(s->f.core, i, &image) && alert_is_open(&image.alert) &&
            image.alert.vehicle[0] == '\0' && image.alert.fence != 0) {
            assert_true(stands(s, image.alert.fence));
        }
    }
}

static void fences_change_under_bikes(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS / 10);
    static struct story s;

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        s = (struct story){.dice = {seed_now}};
        s.f.now.at_ms = T0;
        fleet_start_with(&s.f, city_make(&s, 1, NULL));
        for (unsigned step = 1; step <= STEPS; step++) {
            something_happens(&s);
            assert_counts(&s);
            if (step % 10 == 0) {
                time_passes(&s, SETTLE_MS, 0);
                assert_counts(&s);
                assert_settled(&s);
            }
        }
        fleet_stop(&s.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEEDED_TEST(fences_change_under_bikes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
