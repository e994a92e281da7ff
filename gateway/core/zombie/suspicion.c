/* Who is suspected, and who has left. Thresholds: docs/decisions/0013-zombies.md. Called by the
 * watch for each subject of its sweep. */
#include "gateway/core/zombie/suspicion.h"

#define DAY_MS         INT64_C(86400000)
#define HOUR_MS        INT64_C(3600000)
#define MINUTE_MS      INT64_C(60000)

#define POSITION_FIXES 2 /* one fix may be anywhere */

bool suspicion_of_stay(const struct stay_known *whole, const struct case_rules *rules,
                       int64_t now_ms)
{
    const int64_t dwell_ms = now_ms - whole->since_ms;

    return dwell_ms >= rules->zombie[CASE_ZOMBIE_CAR].suspect_days * DAY_MS &&
           (int64_t)whole->gap_s * 1000 * 10000 <= dwell_ms * rules->gap_pct_hundredths;
}

/* One reason each: when it began, or 0 when it does not hold. */

/* It said itself that it stands there still, and it was heard for most of the time. */
static int64_t still_since(const struct suspicion_bike *look, const struct case_rules *rules)
{
    const struct bike_image *bike = look->bike;
    const int64_t stood_ms =
        bike->heard_ms - bike->moved_ms - (int64_t)bike->unheard_min * MINUTE_MS;

    return stood_ms >= rules->zombie[CASE_ZOMBIE_SHARED_BIKE].suspect_days * DAY_MS ? bike->moved_ms
                                                                                    : 0;
}

static bool listened(const struct suspicion_bike *look, const struct case_rules *rules)
{
    return look->now_ms - look->listening_ms >= rules->listen_hours * HOUR_MS;
}

static int64_t silent_since(const struct suspicion_bike *look, const struct case_rules *rules)
{
    return listened(look, rules) &&
                   look->now_ms - look->bike->heard_ms >= rules->silent_days * DAY_MS
               ? look->bike->heard_ms
               : 0;
}

static int64_t dragged_since(const struct suspicion_bike *look, const struct case_rules *rules)
{
    const struct bike_image *bike = look->bike;
    const int64_t since_ms = (int64_t)bike->dragged_s * 1000;

    return since_ms != 0 && bike->heard_ms - since_ms - (int64_t)bike->unheard_min * MINUTE_MS >=
                                rules->dragged_days * DAY_MS
               ? since_ms
               : 0;
}

/* A flat battery charges nowhere by itself: it counts unheard, too. */
static int64_t flat_since(const struct suspicion_bike *look, const struct case_rules *rules)
{
    const int64_t since_ms = (int64_t)look->bike->flat_s * 1000;

    return since_ms != 0 && listened(look, rules) &&
                   look->now_ms - since_ms >= rules->flat_days * DAY_MS
               ? since_ms
               : 0;
}

static int64_t expired_since(const struct suspicion_bike *look, const struct case_rules *rules)
{
    const struct alert_image *alert = look->alert;

    return alert != NULL && alert->state == ALERT_EXPIRED && alert->due_clear_ms != 0 &&
                   alert->opened_ms >= look->bike->moved_ms &&
                   look->bike->heard_ms - alert->due_clear_ms >= rules->expired_days * DAY_MS
               ? alert->due_clear_ms
               : 0;
}

uint8_t suspicion_of_bike(const struct suspicion_bike *look, const struct case_rules *rules,
                          int64_t *since_ms)
{
    static int64_t (*const since_of[ZOMBIE_REASON_COUNT])(const struct suspicion_bike *,
                                                          const struct case_rules *) = {
        [ZOMBIE_STILL] = still_since,           [ZOMBIE_SILENT] = silent_since,
        [ZOMBIE_DRAGGED] = dragged_since,       [ZOMBIE_FLAT_BATTERY] = flat_since,
        [ZOMBIE_EXPIRED_ALERT] = expired_since,
    };
    uint8_t reasons = 0;

    *since_ms = INT64_MAX;
    if ((look->bike->flags & BIKE_GONE) != 0) {
        return 0;
    }
    for (unsigned i = 0; i < ZOMBIE_REASON_COUNT; i++) {
        const int64_t begun_ms = since_of[i](look, rules);

        if (begun_ms != 0) {
            reasons |= (uint8_t)(1U << i);
            *since_ms = begun_ms < *since_ms ? begun_ms : *since_ms;
        }
    }
    return reasons;
}

bool suspicion_bike_left(const struct bike_image *bike, const struct case_image *about,
                         int64_t moved_mm, int64_t *left_ms)
{
    struct position_e7 at;

    *left_ms = bike->moved_ms;
    if (bike->moved_ms <= about->reported_ms) {
        return false;
    }
    if ((bike->flags & BIKE_MOVED) != 0) {
        return true;
    }
    /* forgotten, and heard again: nobody saw it move, but it may stand elsewhere */
    return (bike->flags & BIKE_GONE) == 0 && bike->fixes >= POSITION_FIXES &&
           (about->at.lat != 0 || about->at.lon != 0) && bike_position(bike, &at) &&
           distance_mm(at, about->at) > moved_mm;
}
