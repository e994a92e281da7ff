/* The sweep over all subjects, and the list of interrupted stays beside it. Stepped by step/;
 * nothing here decides who is a zombie (suspicion.c) or what a case becomes (the casebook).
 *
 * DESIGN. No timer and no memory a subject: a look costs some nanoseconds, so looking at all once
 * in ten minutes is cheaper than a million timers, and whatever restart, clock or order of images
 * brings about is seen by the next look. */
#include "gateway/core/zombie/watch_state.h"
#include <stdlib.h>
#include <string.h>

#define WATCH_LOOKS    1024 /* subjects of one step: some 50 us */
#define WATCH_TELL_MAX 64   /* findings of one step; each is journalled before it shows */
#define WATCH_RETRY_MS 1000
#define WATCH_LEAP_MS  3600000 /* no step comes so late: the clock leapt, or the machine slept */

struct zombie_watch *zombie_watch_create(struct counters *counters)
{
    struct zombie_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        return NULL;
    }
    watch->counters = counters;
    case_rules_default(&watch->rules);
    return watch;
}

void zombie_watch_destroy(struct zombie_watch *watch)
{
    if (watch != NULL) {
        stay_list_finish(&watch->stays);
        free(watch);
    }
}

void zombie_watch_set_rules(struct zombie_watch *watch, const struct case_rules *rules)
{
    watch->rules = *rules;
}

void zombie_watch_begin(struct zombie_watch *watch, struct now now)
{
    const int64_t leap_ms = now.at_ms - watch->now.at_ms;
    const int64_t least_ms = watch->rules.sweep_ms * INT64_C(2) > WATCH_LEAP_MS
                                 ? watch->rules.sweep_ms * INT64_C(2)
                                 : WATCH_LEAP_MS;

    watch->told = 0;
    watch->kept_count = 0;
    watch->former.next = watch->next;
    watch->former.total = watch->total;
    watch->former.begun_ms = watch->begun_ms;
    watch->former.sweep_due_ms = watch->sweep_due_ms;
    watch->now.shift_ms = now.shift_ms;
    if (leap_ms > 0) {
        watch->now.at_ms = now.at_ms;
        watch->listening_ms = leap_ms > least_ms ? now.at_ms : watch->listening_ms;
    }
}

void zombie_watch_at(struct zombie_watch *watch, struct position at)
{
    watch->at = at;
    zombie_watch_seen(watch, at);
}

void zombie_watch_seen(struct zombie_watch *watch, struct position at)
{
    if (position_compare(at, watch->newest) > 0) {
        watch->newest = at;
    }
}

void zombie_watch_space(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                        const struct stay_known *former, enum space_state state, int64_t since_ms)
{
    const space_key key = city->inv->spaces[slot].key;
    struct stay *stay = stay_find(&watch->stays, slot);

    if (stay != NULL && !watch->restored && position_compare(watch->at, stay->at) <= 0) {
        return; /* a replay of what the image knows already */
    }
    if (former->state == SPACE_FREE && state == SPACE_OCCUPIED && stay != NULL) {
        stay_return(&watch->stays, stay, former, since_ms, &watch->rules);
        return;
    }
    if (former->state != SPACE_OCCUPIED || state != SPACE_FREE) {
        return;
    }
    stay = stay != NULL ? stay : stay_make(&watch->stays, slot, key);
    if (stay == NULL) {
        count_add(watch->counters, COUNT_STAYS_FULL, 1);
        return;
    }
    stay_release(&watch->stays, stay, former, since_ms,
                 since_ms - former->since_ms >= STAY_DAY_MS || look_case(city, key) != NULL);
}

void zombie_watch_bike(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot)
{
    struct bike_look seen;

    if (watch->moved_count < WATCH_MOVED_MAX && fleet_bike_look(city->fleet, slot, &seen) &&
        casebook_find(city->book, CASE_ZOMBIE_SHARED_BIKE, 0, seen.bike->ref) != NO_CASE) {
        watch->moved[watch->moved_count++] = slot;
    }
}

/* --- the stays that changed --- */

static void keep_stay(struct zombie_watch *watch, uint32_t index)
{
    struct stay *stay = &watch->stays.stays[index];

    stay->at = watch->newest;
    stay->dirty = false;
    watch->stays.dirty--;
    watch->kept[watch->kept_count] =
        (struct image){.kind = IMAGE_STAY, .at = stay->at, .stay = stay->image};
    watch->touched[watch->kept_count++] = index;
}

/* From where the last step left off, so that many are not looked through again and again. */
static void keep_dirty(struct zombie_watch *watch, const struct zombie_city *city)
{
    for (uint32_t n = 0;
         n < watch->stays.used && watch->stays.dirty > 0 && watch->kept_count < WATCH_KEEP_MAX;
         n++) {
        const uint32_t index = watch->keep_next < watch->stays.used ? watch->keep_next : 0;
        const struct stay *stay = &watch->stays.stays[index];

        watch->keep_next = index + 1;
        if (stay->image.key != 0 && stay->dirty) {
            look_space(watch, city, stay->slot, &watch->stays.stays[index]);
            keep_stay(watch, index);
        }
    }
}

/* --- the sweep --- */

static void pass_begin(struct zombie_watch *watch, const struct zombie_city *city)
{
    fleet_watched(city->fleet, watch->begun_ms); /* the last pass is over and journalled */
    watch->next = 0;
    watch->total = city->space_count + fleet_bike_slots(city->fleet);
    watch->begun_ms = watch->now.at_ms;
}

static void look_spaces(struct zombie_watch *watch, const struct zombie_city *city, uint32_t end)
{
    for (; watch->next < end && watch->told < WATCH_TELL_MAX; watch->next++) {
        look_space(watch, city, watch->next, stay_find(&watch->stays, watch->next));
    }
}

static void sweep(struct zombie_watch *watch, const struct zombie_city *city)
{
    const int64_t now_ms = watch->now.at_ms;
    uint32_t end;

    if (watch->next == 0) {
        pass_begin(watch, city);
    }
    end = watch->total - watch->next > WATCH_LOOKS ? watch->next + WATCH_LOOKS : watch->total;
    if (watch->next < city->space_count) {
        look_spaces(watch, city, end < city->space_count ? end : city->space_count);
    }
    for (; watch->next >= city->space_count && watch->next < end && watch->told < WATCH_TELL_MAX;
         watch->next++) {
        look_bike(watch, city, watch->next - city->space_count);
    }
    if (watch->next >= watch->total) {
        count_add(watch->counters, COUNT_ZOMBIE_SWEEPS, 1);
        watch->next = 0;
        watch->sweep_due_ms = watch->begun_ms + watch->rules.sweep_ms;
    } else {
        watch->sweep_due_ms =
            watch->begun_ms + (int64_t)watch->rules.sweep_ms * watch->next / (int64_t)watch->total;
    }
    if (watch->sweep_due_ms <= now_ms) {
        watch->sweep_due_ms = now_ms + 1; /* inputs come between */
    }
}

/* A subject is looked at once in a step: what the second look saw might be taken back. */
void zombie_watch_advance(struct zombie_watch *watch, const struct zombie_city *city)
{
    if (!watch->on || watch->now.at_ms < watch->retry_ms) {
        return;
    }
    if (watch->stays.dirty > 0) {
        keep_dirty(watch, city);
    } else if (watch->moved_count > 0) {
        while (watch->moved_count > 0) { /* refused: the sweep sees it */
            look_bike(watch, city, watch->moved[--watch->moved_count]);
        }
    } else if (watch->now.at_ms >= watch->sweep_due_ms) {
        sweep(watch, city);
    }
}

int64_t zombie_watch_due(const struct zombie_watch *watch)
{
    int64_t due_ms = watch->sweep_due_ms;

    if (!watch->on) {
        return INT64_MAX;
    }
    if (watch->stays.dirty > 0 || watch->moved_count > 0) {
        due_ms = watch->now.at_ms;
    }
    return due_ms > watch->retry_ms ? due_ms : watch->retry_ms;
}

const struct image *zombie_watch_kept(const struct zombie_watch *watch, size_t *count)
{
    *count = watch->kept_count;
    return watch->kept;
}

const uint32_t *zombie_watch_touched(const struct zombie_watch *watch, size_t *count)
{
    *count = watch->kept_count;
    return watch->touched;
}

void zombie_watch_undo(struct zombie_watch *watch)
{
    const bool swept = watch->sweep_due_ms != watch->former.sweep_due_ms;

    for (size_t i = 0; i < watch->kept_count; i++) {
        stay_mark(&watch->stays, &watch->stays.stays[watch->touched[i]]);
    }
    if (swept || watch->kept_count > 0) {
        watch->retry_ms = watch->now.at_ms + WATCH_RETRY_MS;
    }
    watch->next = watch->former.next;
    watch->total = watch->former.total;
    watch->begun_ms = watch->former.begun_ms;
    watch->sweep_due_ms = watch->former.sweep_due_ms;
    watch->kept_count = 0;
}

/* --- recovery --- */

void zombie_watch_on(struct zombie_watch *watch)
{
    watch->on = true;
    watch->sweep_due_ms = watch->now.at_ms;
}

void zombie_watch_restore(struct zombie_watch *watch, const struct inventory *inv,
                          const struct image *image)
{
    const uint32_t slot = inventory_space(inv, image->stay.key);

    if (slot != NO_SLOT && !stay_restore(&watch->stays, slot, image)) {
        count_add(watch->counters, COUNT_STAYS_FULL, 1);
    }
}

void zombie_watch_restored(struct zombie_watch *watch, struct now now)
{
    watch->now = now;
    watch->restored = true;
    watch->listening_ms = now.at_ms;
}

void zombie_watch_confirmed(struct zombie_watch *watch, struct position confirmed)
{
    if (watch->on) {
        stay_list_sweep(&watch->stays, confirmed);
    }
}

/* --- reading --- */

bool zombie_watch_image(const struct zombie_watch *watch, uint32_t index, struct image *out)
{
    const struct stay *stay = &watch->stays.stays[index];

    if (index >= watch->stays.used || stay->image.key == 0 || stay->at.epoch == 0) {
        return false; /* none, or not journalled yet */
    }
    *out = (struct image){.kind = IMAGE_STAY, .at = stay->at, .stay = stay->image};
    return true;
}

uint32_t zombie_watch_slots(const struct zombie_watch *watch)
{
    return watch->stays.used;
}

struct stay_known zombie_watch_stay(const struct zombie_watch *watch, uint32_t slot,
                                    const struct stay_known *known)
{
    return stay_whole(stay_find(&watch->stays, slot), known);
}

size_t zombie_watch_memory(const struct zombie_watch *watch)
{
    return sizeof *watch +
           watch->stays.room * (sizeof *watch->stays.stays + sizeof *watch->stays.spare +
                                2 * sizeof *watch->stays.table);
}
