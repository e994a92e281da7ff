/* The non-motor half as a whole: its making, its bikes by reference, its effects, its timers. */
#define HASH_NONFATAL_OOM 1 /* no memory is told by hh.tbl, not by exit() */

#include "gateway/core/fleet/fleet_state.h"

#include <stdlib.h>
#include <string.h>

static bool fences_reserve(struct fleet *fleet, uint32_t count)
{
    struct fence *fences;

    if (count <= fleet->fence_count) {
        return true;
    }
    fences = realloc(fleet->fences, count * sizeof fences[0]);
    if (fences == NULL) {
        return false;
    }
    fleet->fences = fences;
    if (!wheel_reserve(&fleet->fence_wheel, count)) {
        return false;
    }
    for (; fleet->fence_count < count; fleet->fence_count++) {
        fence_begin(&fences[fleet->fence_count]);
    }
    return true;
}

struct fleet *fleet_create(const struct inventory *inv, struct counters *counters)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);

    if (fleet == NULL) {
        return NULL;
    }
    fleet->inv = inv;
    fleet->counters = counters;
    fleet->sweep = NO_SLOT;
    fleet->window_due_ms = INT64_MAX;
    fleet->mute_due_ms = INT64_MAX;
    fleet->retry_ms = INT64_MAX;
    fleet->watched_ms = INT64_MAX;
    fleet->mute_noted = UINT32_MAX;
    fleet_rules_default(&fleet->rules);
    for (unsigned i = 0; i < OPERATORS_MAX; i++) {
        fleet->feeds[i].alert = NO_ALERT;
    }
    wheel_init(&fleet->bike_wheel);
    wheel_init(&fleet->fence_wheel);
    wheel_init(&fleet->alert_wheel);
    if (!fences_reserve(fleet, inv->fence_count)) {
        fleet_destroy(fleet);
        return NULL;
    }
    fences_listeners(fleet);
    return fleet;
}

void fleet_destroy(struct fleet *fleet)
{
    if (fleet == NULL) {
        return;
    }
    HASH_CLEAR(hh, fleet->by_ref);
    for (uint32_t i = 0; i < fleet->bike_slots; i++) {
        free(fleet->bikes[i]);
    }
    free(fleet->bikes);
    free(fleet->free_slots);
    free(fleet->fences);
    alert_list_finish(&fleet->alerts);
    wheel_finish(&fleet->bike_wheel);
    wheel_finish(&fleet->fence_wheel);
    wheel_finish(&fleet->alert_wheel);
    free(fleet->mutes);
    free(fleet->touched);
    free(fleet->kept);
    free(fleet);
}

void fleet_set_rules(struct fleet *fleet, const struct fleet_rules *rules)
{
    const uint8_t flat_pct = fleet->rules.flat_pct;

    fleet->rules = *rules;
    fleet->rules.flat_pct = flat_pct;
    if (fleet->rules.feed_window > FEED_WINDOW_MAX) {
        fleet->rules.feed_window = FEED_WINDOW_MAX;
    }
    if (fleet->running) {
        bikes_sweep_on(fleet);
    }
}

void fleet_set_flat(struct fleet *fleet, uint8_t pct)
{
    fleet->rules.flat_pct = pct;
}

bool fleet_swap(struct fleet *fleet, const struct inventory *next)
{
    if (!fences_reserve(fleet, next->fence_count)) {
        return false;
    }
    feeds_swap(fleet, next);
    fences_freshen(fleet, next);
    fleet->inv = next;
    fences_listeners(fleet);
    for (uint32_t i = 0; i < fleet->bike_slots; i++) {
        if (fleet->bikes[i] != NULL) {
            fleet->bikes[i]->bike.operator_index = fences_operator(
                next, fleet->bikes[i]->bike.image.ref, strlen(fleet->bikes[i]->bike.image.ref));
        }
    }
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        /* operators may stand elsewhere now: counted anew by the sweep's own bikes */
        memset(fleet->fences[i].by_operator, 0, sizeof fleet->fences[i].by_operator);
    }
    for (uint32_t i = 0; i < fleet->bike_slots; i++) {
        const struct bike *bike = fleet->bikes[i] == NULL ? NULL : &fleet->bikes[i]->bike;

        if (bike != NULL && bike->fence != NO_FENCE && bike->operator_index < OPERATORS_MAX) {
            fleet->fences[bike->fence].by_operator[bike->operator_index]++;
        }
    }
    (void)fences_windows(fleet);
    for (uint32_t i = 0; i < next->fence_count; i++) {
        fences_rejudge(fleet, i);
        fleet_touch(fleet, CHANGE_FENCE, i, true);
    }
    bikes_sweep_on(fleet);
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): one macro of uthash */
struct bike *fleet_bike(const struct fleet *fleet, const char *ref)
{
    const struct bike_entry *entry;

    HASH_FIND(hh, fleet->by_ref, ref, strlen(ref), entry);
    return entry == NULL ? NULL : &fleet->bikes[entry->bike.slot]->bike;
}

static bool bikes_reserve(struct fleet *fleet)
{
    if (fleet->bike_slots < fleet->bike_room) {
        return true;
    }
    const uint32_t room = fleet->bike_room == 0 ? 256 : fleet->bike_room * 2;
    struct bike_entry **bikes = realloc(fleet->bikes, room * sizeof(struct bike_entry *));

    if (bikes == NULL) {
        return false;
    }
    fleet->bikes = bikes;
    uint32_t *free_slots = realloc(fleet->free_slots, room * sizeof free_slots[0]);
    if (free_slots == NULL) {
        return false;
    }
    fleet->free_slots = free_slots;
    if (!wheel_reserve(&fleet->bike_wheel, room)) {
        return false;
    }
    fleet->bike_room = room;
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): one macro of uthash */
static void bike_index(struct fleet *fleet, struct bike_entry *entry)
{
    HASH_ADD_KEYPTR(hh, fleet->by_ref, entry->bike.image.ref, strlen(entry->bike.image.ref), entry);
}

struct bike *fleet_bike_make(struct fleet *fleet, const char *ref)
{
    struct bike *bike = fleet_bike(fleet, ref);
    struct bike_entry *entry;

    if (bike != NULL) {
        return bike;
    }
    if (fleet->bike_count >= fleet->rules.bikes_max) {
        count_add(fleet->counters, COUNT_BIKES_FULL, 1);
        return NULL;
    }
    if (!bikes_reserve(fleet) || (entry = calloc(1, sizeof *entry)) == NULL) {
        count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
        return NULL;
    }
    bike_begin(&entry->bike, ref, fleet->now.at_ms);
    bike_index(fleet, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
        return NULL;
    }
    entry->bike.slot =
        fleet->free_count > 0 ? fleet->free_slots[--fleet->free_count] : fleet->bike_slots++;
    entry->bike.operator_index = fences_operator(fleet->inv, ref, strlen(ref));
    fleet->bikes[entry->bike.slot] = entry;
    fleet->bike_count++;
    return &entry->bike;
}

void fleet_begin(struct fleet *fleet, struct now now)
{
    fleet->touched_count = 0;
    fleet->kept_count = 0;
    fleet->expired_count = 0;
    fleet->mute_noted = UINT32_MAX;
    fleet->event_former = fleet->event;
    fleet->moved = NO_SLOT;
    alert_list_keep(&fleet->alerts);
    fleet->now.shift_ms = now.shift_ms;
    if (now.at_ms > fleet->now.at_ms) {
        fleet->now.at_ms = now.at_ms;
    }
    wheel_start(&fleet->bike_wheel, fleet->now.at_ms);
    wheel_start(&fleet->fence_wheel, fleet->now.at_ms);
    wheel_start(&fleet->alert_wheel, fleet->now.at_ms);
}

void fleet_at(struct fleet *fleet, struct position at)
{
    fleet->at = at;
}

/* One step touches few roots, a sweep some hundred: the last ones are looked through for a repeat.
 */
void fleet_touch(struct fleet *fleet, enum change_kind kind, uint32_t index, bool shown)
{
    if (!fleet->running) {
        return;
    }
    for (size_t i = fleet->touched_count; i > 0; i--) {
        struct touched *t = &fleet->touched[i - 1];

        if (t->kind == kind && t->index == index) {
            t->shown = t->shown || shown;
            return;
        }
    }
    if (fleet->touched_count == fleet->touched_room) {
        const size_t room = fleet->touched_room == 0 ? 64 : fleet->touched_room * 2;
        struct touched *touched = realloc(fleet->touched, room * sizeof touched[0]);

        if (touched == NULL) {
            count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
            return;
        }
        fleet->touched = touched;
        fleet->touched_room = room;
    }
    fleet->touched[fleet->touched_count++] =
        (struct touched){.kind = kind, .index = index, .shown = shown};
}

bool fleet_keep(struct fleet *fleet, const struct image *image)
{
    if (fleet->kept_count == fleet->kept_room) {
        const size_t room = fleet->kept_room == 0 ? 8 : fleet->kept_room * 2;
        struct image *kept = realloc(fleet->kept, room * sizeof kept[0]);

        if (kept == NULL) {
            count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
            return false;
        }
        fleet->kept = kept;
        fleet->kept_room = room;
    }
    fleet->kept[fleet->kept_count++] = *image;
    return true;
}

bool fleet_keep_also(struct fleet *fleet, const struct image *image)
{
    return fleet_keep(fleet, image);
}

const struct touched *fleet_touched(const struct fleet *fleet, size_t *count)
{
    *count = fleet->touched_count;
    return fleet->touched;
}

const uint32_t *fleet_expired(const struct fleet *fleet, uint32_t *count)
{
    *count = fleet->expired_count;
    return fleet->expired;
}

const struct image *fleet_kept(const struct fleet *fleet, size_t *count)
{
    *count = fleet->kept_count;
    return fleet->kept;
}

static void retry(struct fleet *fleet)
{
    fleet->retry_ms = INT64_MAX;
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        fences_rejudge(fleet, i);
    }
    bikes_sweep_on(fleet);
}

/* At once when the wall clock was set: the moment was worked out by the former one. */
static int64_t window_due_ms(const struct fleet *fleet)
{
    return fleet->now.shift_ms == fleet->window_shift_ms ? fleet->window_due_ms : fleet->now.at_ms;
}

void fleet_advance(struct fleet *fleet)
{
    uint32_t node;

    if (fleet->now.at_ms >= fleet->mute_due_ms) {
        mutes_arm(fleet);
        fleet->retry_ms = fleet->now.at_ms; /* what is still wrong is told now */
    }
    if (fleet->now.at_ms >= fleet->retry_ms) {
        retry(fleet);
    }
    if (window_due_ms(fleet) <= fleet->now.at_ms && fences_windows(fleet)) {
        bikes_sweep_on(fleet);
    }
    for (unsigned n = 0; n < FLEET_FIRE_MAX; n++) {
        node = wheel_fire(&fleet->bike_wheel, fleet->now.at_ms);
        if (node == WHEEL_NONE) {
            break;
        }
        if (node < fleet->bike_slots && fleet->bikes[node] != NULL) {
            bikes_rejudge(fleet, &fleet->bikes[node]->bike);
        }
    }
    for (unsigned n = 0; n < FLEET_FIRE_MAX; n++) {
        node = wheel_fire(&fleet->fence_wheel, fleet->now.at_ms);
        if (node == WHEEL_NONE) {
            break;
        }
        fences_rejudge(fleet, node);
    }
    for (unsigned n = 0; fleet->alerts_on && n < FLEET_FIRE_MAX; n++) {
        node = wheel_fire(&fleet->alert_wheel, fleet->now.at_ms);
        if (node == WHEEL_NONE) {
            break;
        }
        episode_due(fleet, node);
    }
    if (fleet->sweep != NO_SLOT) {
        bikes_sweep(fleet);
    }
}

int64_t fleet_due(const struct fleet *fleet)
{
    const int64_t due[] = {
        wheel_due(&fleet->bike_wheel),
        wheel_due(&fleet->fence_wheel),
        fleet->alerts_on ? wheel_due(&fleet->alert_wheel) : INT64_MAX,
        window_due_ms(fleet),
        fleet->mute_due_ms,
        fleet->retry_ms,
        fleet->sweep != NO_SLOT ? fleet->now.at_ms + 1 : INT64_MAX, /* inputs come between */
    };
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++) {
        least = due[i] < least ? due[i] : least;
    }
    return least;
}
