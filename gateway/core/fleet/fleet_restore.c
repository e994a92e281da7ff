/* Recovery of bikes, fences and episodes: images first, newest position wins, then the journal's
 * reports, then all is judged at the present; and the reading of the state. */
#include "gateway/core/fleet/fleet_state.h"

#include <string.h>

static void clamp(int64_t *stamp_ms, int64_t now_ms)
{
    *stamp_ms = city_clock_restored(*stamp_ms, now_ms);
}

static void clamp_seconds(uint32_t *stamp_s, int64_t now_ms)
{
    *stamp_s = (uint32_t)city_clock_restored(*stamp_s, now_ms / 1000);
}

static void clamp_bike(struct bike_image *image, int64_t now_ms)
{
    clamp(&image->heard_ms, now_ms);
    clamp(&image->fixed_ms, now_ms);
    clamp(&image->parked_ms, now_ms);
    clamp(&image->moved_ms, now_ms);
    clamp(&image->since_ms, now_ms);
    clamp(&image->outside_ms, now_ms);
    clamp_seconds(&image->flat_s, now_ms);
    clamp_seconds(&image->dragged_s, now_ms);
    clamp(&image->radio.heard_ms, now_ms);
    clamp(&image->rival.heard_ms, now_ms);
    clamp(&image->radio.strong_ms, now_ms);
    clamp(&image->rival.strong_ms, now_ms);
    clamp(&image->radio.weak_ms, now_ms);
    clamp(&image->rival.weak_ms, now_ms);
    clamp(&image->rival_ms, now_ms);
}

static void clamp_fence(struct fence *fence, int64_t now_ms)
{
    for (unsigned k = 0; k < fence->listener_count; k++) {
        clamp(&fence->listeners[k].heard_ms, now_ms);
        clamp(&fence->listeners[k].scan_ms, now_ms);
    }
}

static void decided_in(struct bike_image *image)
{
    if (image->verdict == VERDICT_INSIDE) { /* images from before this flag do not say so */
        image->flags |= BIKE_DECIDED_IN;
    }
}

/* The bike was heard before Redis came: its first report did not begin its stop. Before the start
 * that is an image of a bike found so, which shortened the journal; all are judged at the start. */
static void recall_bike(struct fleet *fleet, struct bike *bike, const struct bike_image *image)
{
    const struct bike_context context = fleet_context(fleet);
    const struct bike_image found = bike->image;
    struct bike_image before = *image;

    decided_in(&before);
    if (fleet->running) {
        clamp_bike(&before, fleet->now.at_ms);
    }
    if (!bike_recall(bike, &before, &context) || !fleet->running) {
        return;
    }
    bikes_rejudge(fleet, bike);
    if (bike->image.verdict != before.verdict && bike->image.verdict == found.verdict) {
        bike->image.since_ms = found.since_ms;
    }
}

static void restore_bike(struct fleet *fleet, const struct image *image)
{
    const size_t len = strnlen(image->bike.ref, sizeof image->bike.ref);
    struct bike *bike;

    if (len == sizeof image->bike.ref || !vehicle_ref_valid(image->bike.ref, len)) {
        return;
    }
    bike = fleet_bike_make(fleet, image->bike.ref);
    if (bike == NULL) {
        return;
    }
    if (position_compare(image->at, bike->at) <= 0) {
        recall_bike(fleet, bike, &image->bike);
        return;
    }
    bike->image = image->bike;
    bike->image.flags |= BIKE_RESTORED;
    decided_in(&bike->image);
    bike->at = image->at;
    bike->found_ms = (image->bike.marks & BIKE_FOUND) != 0 ? image->bike.parked_ms : 0;
    if (fleet->running) {
        clamp_bike(&bike->image, fleet->now.at_ms);
        bikes_rejudge(fleet, bike);
    }
}

static void restore_fence(struct fleet *fleet, const struct image *image)
{
    const uint32_t index = fences_find(fleet->inv, image->fence.key);
    struct fence *fence;

    if (index == NO_FENCE || image->fence.listener_count > FENCE_LISTENERS_MAX) {
        return;
    }
    fence = &fleet->fences[index];
    if (position_compare(image->at, fence->at) <= 0) {
        return;
    }
    fence->at = image->at;
    fence->listener_count = image->fence.listener_count;
    memcpy(fence->listeners, image->fence.listeners, sizeof fence->listeners);
    fence_listeners_keep(fence, fence->listener_room);
    fence->changed_ms = image->fence.changed_ms;
    if (fleet->running) {
        clamp_fence(fence, fleet->now.at_ms);
        fences_rejudge(fleet, index);
    }
}

/* Time and number are raised each for itself: what Redis holds of an episode is wall time. */
void fleet_events_after(struct fleet *fleet, struct event_place place)
{
    if (place.at_ms > fleet->event.at_ms) {
        fleet->event.at_ms = place.at_ms;
    }
    if (place.number > fleet->event.number) {
        fleet->event.number = place.number;
    }
}

struct event_place fleet_newest_event(const struct fleet *fleet)
{
    return fleet->event;
}

static void restore_alert(struct fleet *fleet, const struct image *image)
{
    const uint32_t slot = alert_list_find(&fleet->alerts, image->alert.id);

    if ((unsigned)image->alert.kind >= ALERT_KIND_COUNT ||
        (unsigned)image->alert.state >= ALERT_STATE_COUNT) {
        return;
    }
    fleet_events_after(fleet, (struct event_place){image->alert.changed_ms, image->alert.event});
    if (slot != NO_ALERT) {
        struct alert *alert = fleet->alerts.slots[slot];

        /* several changes may share a position (timers between two inputs): versions only grow */
        if (image->alert.version > alert->image.version) {
            alert->at = image->at;
            alert->image = image->alert;
        }
        return;
    }
    if (!alert_list_reserve(&fleet->alerts) ||
        alert_list_add(&fleet->alerts, image->at, &image->alert) == NO_ALERT) {
        count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
    }
}

static void restore_mute(struct fleet *fleet, const struct image *image)
{
    for (uint32_t i = 0; i < fleet->mute_count; i++) {
        if (fleet->mutes[i].image.fence == image->mute.fence) {
            if (position_compare(image->at, fleet->mutes[i].at) > 0) {
                fleet->mutes[i] = (struct mute_entry){image->at, image->mute};
            }
            return;
        }
    }
    struct mute_entry *entry = mute_make(fleet, image->mute.fence);
    if (entry != NULL) {
        *entry = (struct mute_entry){image->at, image->mute};
    }
    fleet->mute_noted = UINT32_MAX;
}

void fleet_restore(struct fleet *fleet, const struct image *image)
{
    switch ((int)image->kind) {
    case IMAGE_BIKE: restore_bike(fleet, image); break;
    case IMAGE_FENCE: restore_fence(fleet, image); break;
    case IMAGE_ALERT: restore_alert(fleet, image); break;
    case IMAGE_MUTE: restore_mute(fleet, image); break;
    default: break;
    }
}

void fleet_replay(struct fleet *fleet, const struct input *input)
{
    fleet->now = input->now;
    fleet_report(fleet, input);
}

/* Which of them began while nobody looked is not known. */
static void temporary_freshen(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->inv->fence_count; i++) {
        fleet->fences[i].fresh = fleet->fences[i].in_force && fleet->inv->fences[i].from_ms != 0;
    }
}

void fleet_restored(struct fleet *fleet, struct now now)
{
    fleet->now = now;
    fleet->running = true;
    fleet_begin(fleet, now);
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        clamp_fence(&fleet->fences[i], now.at_ms);
    }
    (void)fences_windows(fleet);
    temporary_freshen(fleet);
    fleet->afresh = true;
    for (uint32_t i = 0; i < fleet->bike_slots; i++) {
        if (fleet->bikes[i] != NULL) {
            clamp_bike(&fleet->bikes[i]->bike.image, now.at_ms);
            bikes_rejudge(fleet, &fleet->bikes[i]->bike);
            fleet->touched_count = 0; /* the caller publishes all */
        }
    }
    fleet->afresh = false;
    fences_settled(fleet);
    fleet->settled_ms = fleet->bike_count > 0 ? 0 : now.at_ms + (int64_t)FENCE_MINUTES * 60000;
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        /* arrivals of a restart are none */
        memset(fleet->fences[i].net, 0, sizeof fleet->fences[i].net);
        fences_rejudge(fleet, i);
        fleet->touched_count = 0;
    }
}

static void link_alert(struct fleet *fleet, uint32_t slot)
{
    const struct alert_image *image = &fleet->alerts.slots[slot]->image;
    uint32_t *link = episode_link_of(fleet, image);

    if (link == NULL) {
        return;
    }
    if (image->kind == ALERT_FEED_SUSPECT && alert_is_open(image)) {
        fleet
            ->feeds[fences_operator(fleet->inv, image->operator_code, strlen(image->operator_code))]
            .suspect = true;
    }
    if (*link == NO_ALERT || !episode_open(fleet, *link)) {
        *link = slot; /* in the order of opening: the newest, unless an older one goes on */
    }
}

void episodes_link(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->alerts.count; i++) {
        const uint32_t slot = fleet->alerts.order[i];

        link_alert(fleet, slot);
        wheel_arm(&fleet->alert_wheel, slot,
                  alert_due_ms(&fleet->alerts.slots[slot]->image, &fleet->rules));
    }
}

void fleet_alerts_on(struct fleet *fleet)
{
    if (fleet->alerts_on || !wheel_reserve(&fleet->alert_wheel, fleet->alerts.room + 1)) {
        return;
    }
    fleet->alerts_on = true;
    if (fleet->event.number == 0 && fleet->event.at_ms < fleet->now.at_ms) {
        fleet->event.at_ms =
            fleet->now.at_ms; /* a new history: what others were told is not of it */
    }
    episodes_link(fleet);
    mutes_arm(fleet);
    fleet->retry_ms = fleet->now.at_ms; /* what holds now is told by the next advance */
}

void fleet_confirmed(struct fleet *fleet, struct position confirmed)
{
    fleet->confirmed = confirmed;
    bikes_forget(fleet);
}

/* --- reading --- */

void fleet_fence_view(const struct fleet *fleet, uint32_t fence, struct fence_view *out)
{
    const struct fence *from = &fleet->fences[fence];

    out->brief = (struct fence_brief){.count = from->count,
                                      .silent = from->silent,
                                      .version = from->version,
                                      .changed_ms = from->changed_ms};
    memcpy(out->by_operator, from->by_operator, sizeof out->by_operator);
}

void fleet_fence_image(const struct fleet *fleet, uint32_t fence, struct image *out)
{
    const struct fence *from = &fleet->fences[fence];

    *out = (struct image){
        .kind = IMAGE_FENCE,
        .at = from->at,
        .fence = {.key = fleet->inv->fences[fence].key,
                  .listener_count = from->listener_count,
                  .silent = from->silent,
                  .count = from->count,
                  .changed_ms = from->changed_ms}
    };
    memcpy(out->fence.listeners, from->listeners, sizeof out->fence.listeners);
    memcpy(out->fence.by_operator, from->by_operator, sizeof out->fence.by_operator);
}

bool fleet_bike_image(const struct fleet *fleet, uint32_t slot, struct image *out)
{
    if (slot >= fleet->bike_slots || fleet->bikes[slot] == NULL) {
        return false;
    }
    const struct bike *bike = &fleet->bikes[slot]->bike;

    *out = (struct image){.kind = IMAGE_BIKE, .at = bike->at, .bike = bike->image};
    out->bike.marks = bike_is_found(bike) ? BIKE_FOUND : 0;
    return true;
}

bool fleet_bike_look(const struct fleet *fleet, uint32_t slot, struct bike_look *out)
{
    const struct bike *bike;
    const struct alert *alert;

    if (slot >= fleet->bike_slots || fleet->bikes[slot] == NULL) {
        return false;
    }
    bike = &fleet->bikes[slot]->bike;
    alert = bike->alert < fleet->alerts.slot_count ? fleet->alerts.slots[bike->alert] : NULL;
    *out = (struct bike_look){&bike->image, alert == NULL ? NULL : &alert->image};
    return true;
}

const struct bike_image *fleet_bike_named(const struct fleet *fleet, const char *ref)
{
    const struct bike *bike = fleet_bike(fleet, ref);

    return bike == NULL ? NULL : &bike->image;
}

bool fleet_bike_moved(const struct fleet *fleet, uint32_t *slot)
{
    *slot = fleet->moved;
    return fleet->moved != NO_SLOT;
}

void fleet_bike_told(struct fleet *fleet, uint32_t slot)
{
    struct bike_image *image = &fleet->bikes[slot]->bike.image;

    if ((image->flags & (BIKE_TOLD | BIKE_GONE)) == 0) {
        image->flags |= BIKE_TOLD;
        fleet_touch(fleet, CHANGE_BIKE, slot, false);
    }
}

uint32_t fleet_moved_mm(const struct fleet *fleet)
{
    return fleet->rules.moved_mm;
}

void fleet_watched(struct fleet *fleet, int64_t until_ms)
{
    fleet->watched_ms = until_ms;
}

uint32_t fleet_bike_slots(const struct fleet *fleet)
{
    return fleet->bike_slots;
}

bool fleet_alert_image(const struct fleet *fleet, uint32_t slot, struct image *out)
{
    const struct alert *alert = slot < fleet->alerts.slot_count ? fleet->alerts.slots[slot] : NULL;

    if (alert == NULL) {
        return false;
    }
    *out = (struct image){.kind = IMAGE_ALERT, .at = alert->at, .alert = alert->image};
    return true;
}

bool fleet_mute_image(const struct fleet *fleet, uint32_t index, struct image *out)
{
    if (index >= fleet->mute_count) {
        return false;
    }
    *out = (struct image){
        .kind = IMAGE_MUTE, .at = fleet->mutes[index].at, .mute = fleet->mutes[index].image};
    return true;
}

uint32_t fleet_alert_slots(const struct fleet *fleet)
{
    return fleet->alerts.slot_count;
}

uint32_t fleet_mutes(const struct fleet *fleet)
{
    return fleet->mute_count;
}

size_t fleet_memory(const struct fleet *fleet)
{
    return sizeof *fleet + fleet->bike_count * sizeof(struct bike_entry) +
           fleet->bike_room * (sizeof(struct bike_entry *) + sizeof(uint32_t)) +
           fleet->fence_count * sizeof(struct fence) + fleet->alerts.count * sizeof(struct alert) +
           fleet->alerts.room * (sizeof(struct alert *) + sizeof(uint32_t)) +
           wheel_memory(&fleet->bike_wheel) + wheel_memory(&fleet->fence_wheel) +
           wheel_memory(&fleet->alert_wheel);
}
