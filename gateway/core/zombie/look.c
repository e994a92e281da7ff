/* One look of the watch at one subject: what is known of it against the rules, and what the
 * casebook is told. The same look twice tells nothing twice. */
#include "gateway/core/zombie/suspicion.h"
#include "gateway/core/zombie/watch_state.h"
#include <string.h>

/* Still on the street: not moved into keeping by the city itself. */
static bool stands(const struct case_image *about)
{
    return about->stage == STAGE_SUSPECT || about->stage == STAGE_CONFIRMED ||
           about->stage == STAGE_NOTICED || about->stage == STAGE_OVERDUE;
}

const struct case_image *look_case(const struct zombie_city *city, space_key place)
{
    const uint32_t slot = casebook_find(city->book, CASE_ZOMBIE_CAR, place, "");
    const struct case_image *about = slot == NO_CASE ? NULL : casebook_case(city->book, slot);

    return about != NULL && stands(about) ? about : NULL;
}

/* A release that was long enough ends the suspicion, if it was there before. False: nobody asks. */
static bool tell_gone(struct zombie_watch *watch, const struct zombie_city *city, space_key place,
                      int64_t gone_ms)
{
    const struct case_image *about = look_case(city, place);

    if (about == NULL || gone_ms - (int64_t)watch->rules.gone_ms < about->reported_ms) {
        return false;
    }
    watch->told++;
    casebook_gone(city->book, casebook_find(city->book, CASE_ZOMBIE_CAR, place, ""), gone_ms);
    return true;
}

static void look_free(struct zombie_watch *watch, const struct zombie_city *city, space_key key,
                      struct stay *stay, const struct zombie_space *space)
{
    const int64_t free_ms = watch->now.at_ms - space->known.since_ms;
    /* before anything is told: what is told may be taken back */
    const bool asked = look_case(city, key) != NULL;

    if (free_ms - (int64_t)space->known.gap_s * 1000 >= watch->rules.gone_ms) {
        (void)tell_gone(watch, city, key, space->known.since_ms + watch->rules.gone_ms);
    }
    if (stay != NULL && stay->image.set && stay->image.gone_ms == 0 &&
        free_ms >= watch->rules.release_ms && !asked) {
        stay_end(&watch->stays, stay); /* whoever comes now begins anew */
    }
}

static void report_car(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                       const struct stay_known *whole)
{
    const struct inv_space *is = &city->inv->spaces[slot];
    const struct case_finding finding = {.kind = CASE_ZOMBIE_CAR,
                                         .place = is->key,
                                         .vehicle = "",
                                         .at = is->at,
                                         .reasons = 1U << ZOMBIE_STILL,
                                         .since_ms = whole->since_ms,
                                         .gap_s = whole->gap_s};

    watch->told++;
    if (casebook_report(city->book, &finding) == NO_CASE) {
        count_add(watch->counters, COUNT_ZOMBIES_NOT_KEPT, 1);
    } else {
        count_add(watch->counters, COUNT_ZOMBIES_SUSPECTED, 1);
    }
}

/* Its case is remembered with the stay, so that a suspicion that people rejected is not raised
 * again. */
static void remember_told(struct zombie_watch *watch, uint32_t slot, space_key key,
                          struct stay *stay, const struct stay_known *known,
                          const struct case_image *about)
{
    if (stay == NULL && (stay = stay_make(&watch->stays, slot, key)) == NULL) {
        count_add(watch->counters, COUNT_STAYS_FULL, 1);
        return;
    }
    stay_tell(&watch->stays, stay, known, about->reported_ms);
}

static void look_occupied(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                          struct stay *stay, const struct zombie_space *space)
{
    const struct stay_known whole = stay_whole(stay, &space->known);
    const space_key key = city->inv->spaces[slot].key;
    const struct case_image *about;

    if (!suspicion_of_stay(&whole, &watch->rules, watch->now.at_ms)) {
        return;
    }
    about = look_case(city, key);
    if (about != NULL && (about->reasons & 1U << ZOMBIE_STILL) != 0) {
        remember_told(watch, slot, key, stay, &space->known, about);
        return;
    }
    if (space->state == SPACE_OCCUPIED && city->in_service(city->ctx, slot) &&
        !territory_permit(city->inv, key) &&
        (about != NULL || stay == NULL || stay->image.told_ms == 0)) {
        report_car(watch, city, slot, &whole);
    }
}

/* Of a stay that is of no use any more: the space says the same by itself. */
static bool is_moot(const struct stay *stay, const struct zombie_space *space)
{
    const struct stay_image *image = &stay->image;

    return image->set && image->gone_ms == 0 && image->told_ms == 0 &&
           (image->back_ms != space->known.since_ms || image->since_ms >= image->back_ms);
}

void look_space(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                struct stay *stay)
{
    const space_key key = city->inv->spaces[slot].key;
    struct zombie_space space;

    city->space(city->ctx, slot, &space);
    if (stay != NULL && stay->image.gone_ms != 0 &&
        !tell_gone(watch, city, key, stay->image.gone_ms)) {
        stay->image.gone_ms = 0; /* told and journalled in a former step, or nobody asks */
        stay_mark(&watch->stays, stay);
    }
    if (space.removed || space.known.state == SPACE_UNKNOWN) {
        if (stay != NULL && stay->image.set) {
            stay_end(&watch->stays, stay);
        }
        return;
    }
    if (space.known.state == SPACE_FREE) {
        look_free(watch, city, key, stay, &space);
        return;
    }
    if (stay != NULL && stay->image.set && stay->image.released_ms != 0) {
        const struct stay_known nothing = {.state = SPACE_FREE};

        stay_return(&watch->stays, stay, &nothing, space.known.since_ms, &watch->rules);
    }
    if (stay != NULL && stay->image.set && stay->image.told_ms != 0 &&
        stay->image.back_ms != space.known.since_ms) {
        stay->image.told_ms = 0; /* of a stay that is over */
    }
    look_occupied(watch, city, slot, stay, &space);
    stay = stay == NULL ? NULL : stay_find(&watch->stays, slot);
    if (stay != NULL && is_moot(stay, &space)) {
        stay_end(&watch->stays, stay);
    }
}

static void report_bike(struct zombie_watch *watch, const struct zombie_city *city,
                        const struct bike_image *bike, uint8_t reasons, int64_t since_ms)
{
    struct case_finding finding = {.kind = CASE_ZOMBIE_SHARED_BIKE,
                                   .place = bike->fence,
                                   .vehicle = bike->ref,
                                   .at = bike->newest,
                                   .reasons = reasons,
                                   .since_ms = since_ms,
                                   .gap_s = (uint32_t)bike_unheard_s(bike, watch->now.at_ms)};

    (void)bike_position(bike, &finding.at);
    watch->told++;
    if (casebook_report(city->book, &finding) == NO_CASE) {
        count_add(watch->counters, COUNT_ZOMBIES_NOT_KEPT, 1);
    } else {
        count_add(watch->counters, COUNT_ZOMBIES_SUSPECTED, 1);
    }
}

void look_bike(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot)
{
    struct suspicion_bike look = {.now_ms = watch->now.at_ms, .listening_ms = watch->listening_ms};
    struct bike_look seen;
    uint32_t number;
    uint8_t reasons;
    int64_t since_ms;

    if (!fleet_bike_look(city->fleet, slot, &seen)) {
        return;
    }
    look.bike = seen.bike;
    look.alert = seen.alert;
    number = casebook_find(city->book, CASE_ZOMBIE_SHARED_BIKE, 0, seen.bike->ref);
    const struct case_image *about = number == NO_CASE ? NULL : casebook_case(city->book, number);
    if (about != NULL && stands(about) &&
        suspicion_bike_left(seen.bike, about, fleet_moved_mm(city->fleet), &since_ms)) {
        watch->told++;
        casebook_gone(city->book, number, since_ms);
        return;
    }
    reasons = suspicion_of_bike(&look, &watch->rules, &since_ms);
    if (about != NULL) {
        fleet_bike_told(city->fleet, slot);
        if ((reasons & ~about->reasons) == 0) {
            return;
        }
    }
    if (reasons != 0 && (about != NULL || (seen.bike->flags & BIKE_TOLD) == 0)) {
        report_bike(watch, city, seen.bike, reasons, since_ms);
    }
}
