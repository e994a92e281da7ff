/* Episodes: conditions that hold or not, into one episode per subject that opens, reopens, ends,
 * and is never told twice. The truth of an episode is its kept image, so a restart repeats nothing.
 */
#include "gateway/core/fleet/fleet_state.h"

#include <string.h>

#define RETRY_MS 1000

uint32_t *episode_link_of(struct fleet *fleet, const struct alert_image *image)
{
    switch (alert_kind_subject((enum alert_kind)image->kind)) {
    case SUBJECT_VEHICLE: {
        struct bike *bike = fleet_bike(fleet, image->vehicle);

        return bike == NULL ? NULL : &bike->alert;
    }
    case SUBJECT_FENCE: {
        const uint32_t fence = fences_find(fleet->inv, image->fence);

        return fence == NO_FENCE ? NULL : &fleet->fences[fence].alerts[image->kind];
    }
    case SUBJECT_OPERATOR: {
        const uint8_t op =
            fences_operator(fleet->inv, image->operator_code, strlen(image->operator_code));

        return op >= OPERATORS_MAX ? NULL : &fleet->feeds[op].alert;
    }
    }
    return NULL;
}

static void link_put(struct fleet *fleet, uint32_t slot, uint32_t instead)
{
    uint32_t *link = episode_link_of(fleet, &fleet->alerts.slots[slot]->image);

    if (link != NULL && *link == slot) {
        *link = instead;
    }
}

bool episode_open(const struct fleet *fleet, uint32_t slot)
{
    return slot < fleet->alerts.slot_count && fleet->alerts.slots[slot] != NULL &&
           alert_is_open(&fleet->alerts.slots[slot]->image);
}

/* FNV-1a over what makes an episode this one: no seed, so that the same history gives the same id.
 */
static uint64_t id_of(const struct alert_image *image)
{
    uint64_t hash = 14695981039346656037u;

    const struct {
        const void *bytes;
        size_t len;
    } parts[] = {
        {&image->kind,         sizeof image->kind         },
        {image->vehicle,       sizeof image->vehicle      },
        {image->operator_code, sizeof image->operator_code},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (size_t j = 0; j < parts[i].len; j++) {
            hash = (hash ^ ((const uint8_t *)parts[i].bytes)[j]) * 1099511628211u;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        hash = (hash ^ (uint8_t)(image->opened_ms >> (8 * i))) * 1099511628211u;
    }
    for (unsigned i = 0; i < 8; i++) {
        hash = (hash ^ (uint8_t)(image->fence >> (8 * i))) * 1099511628211u;
    }
    return hash;
}

/* Each kept change is an event: it gets the next place in the one order of all episodes' changes,
 * whose time never falls, whatever the clock of a former process said. */
static void number_put(struct fleet *fleet, struct alert_image *image)
{
    if (fleet->now.at_ms > fleet->event.at_ms) {
        fleet->event.at_ms = fleet->now.at_ms;
    }
    fleet->event.number++;
    image->changed_ms = fleet->event.at_ms;
    image->event = fleet->event.number;
}

static bool keep(struct fleet *fleet, uint32_t slot)
{
    struct alert *alert = fleet->alerts.slots[slot];
    struct image image;

    number_put(fleet, &alert->image);
    image = (struct image){.kind = IMAGE_ALERT, .at = alert->at, .alert = alert->image};
    wheel_arm(&fleet->alert_wheel, slot, alert_due_ms(&alert->image, &fleet->rules));
    fleet_touch(fleet, CHANGE_ALERT, slot, false);
    return fleet_keep(fleet, &image);
}

enum err episode_move(struct fleet *fleet, uint32_t slot, enum alert_event event,
                      enum alert_role role)
{
    struct alert *alert = fleet->alerts.slots[slot];
    enum err e;

    if (!alert_list_note(&fleet->alerts, slot, false)) {
        return ERR_NO_MEMORY;
    }
    e = alert_move(&alert->image, event, role, &fleet->rules, fleet->now.at_ms);
    if (e != ERR_OK) {
        return e;
    }
    alert->at = fleet->at;
    if (event == ALERT_EVENT_REOPENED || event == ALERT_EVENT_UPDATE) {
        episode_retell(fleet, &alert->image, event);
    }
    if (role == BY_MACHINE && event != ALERT_EVENT_UPDATE) {
        alert->image.actor[0] = '\0';
        alert->image.note[0] = '\0';
    }
    return keep(fleet, slot) ? ERR_OK : ERR_NO_MEMORY;
}

static bool storm_rages(struct fleet *fleet, uint8_t operator_index)
{
    struct storm *storm =
        &fleet->storms[operator_index < OPERATORS_MAX ? operator_index : OPERATORS_MAX];

    if (fleet->now.at_ms - storm->begun_ms >= fleet->rules.storm_ms) {
        storm->begun_ms = fleet->now.at_ms;
        storm->opened = 0;
    }
    return ++storm->opened > fleet->rules.storm_alerts;
}

/* The oldest ended episode makes room; when all go on, the new one is refused and counted. */
static bool room_make(struct fleet *fleet)
{
    struct alert_list *list = &fleet->alerts;

    if (list->count < fleet->rules.alerts_max) {
        return alert_list_reserve(list);
    }
    if (fleet->now.at_ms < fleet->full_ms) {
        count_add(fleet->counters, COUNT_ALERTS_FULL, 1);
        return false; /* all went on a moment ago: not looked through for each bike */
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const uint32_t slot = list->order[i];

        if (!alert_is_open(&list->slots[slot]->image) && list->former_count == 0) {
            link_put(fleet, slot, NO_ALERT);
            alert_list_remove(list, slot);
            fleet_touch(fleet, CHANGE_ALERT, slot, false);
            count_add(fleet->counters, COUNT_ALERTS_DROPPED, 1);
            return true;
        }
    }
    fleet->full_ms = fleet->now.at_ms + RETRY_MS;
    count_add(fleet->counters, COUNT_ALERTS_FULL, 1);
    return false;
}

static void episode_begin(struct fleet *fleet, uint32_t *link, const struct episode *about)
{
    struct alert_image image = {.kind = (uint8_t)about->kind,
                                .state = ALERT_OPEN,
                                .live = 1,
                                .distance_mm = INT32_MAX,
                                .count = 1,
                                .version = 1,
                                .opened_ms = fleet->now.at_ms,
                                .changed_ms = fleet->now.at_ms};
    uint32_t slot;

    if (!room_make(fleet)) {
        return;
    }
    if (about->bike != NULL) {
        episode_about_bike(&image, about->bike);
    }
    if (about->fence != NO_FENCE) {
        episode_about_fence(fleet, &image, about->fence);
    }
    if (about->operator_index < fleet->inv->operator_count) {
        memcpy(image.operator_code, fleet->inv->operators[about->operator_index].code,
               sizeof image.operator_code);
    }
    if (about->kind == ALERT_FEED_SUSPECT) {
        episode_evidence(&image, EVIDENCE_FEED, fleet->now.at_ms, about->value);
    }
    alert_clocks_begin(&image, &fleet->rules, fleet->now.at_ms);
    image.storm = storm_rages(fleet, about->operator_index);
    image.id = id_of(&image);
    if (alert_list_find(&fleet->alerts, image.id) != NO_ALERT) {
        return;
    }
    slot = alert_list_add(&fleet->alerts, fleet->at, &image);
    if (slot == NO_ALERT || !wheel_reserve(&fleet->alert_wheel, fleet->alerts.room) ||
        !alert_list_note(&fleet->alerts, slot, true)) {
        count_add(fleet->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    fleet->alerts.former[fleet->alerts.former_count - 1].linked = *link;
    *link = slot;
    count_add(fleet->counters, COUNT_ALERTS_OPENED, 1);
    (void)keep(fleet, slot);
}

/* Wrong again, soon, at the same place, and nobody said that it was right: the same episode. */
static bool reopens(const struct fleet *fleet, const struct alert_image *image,
                    const struct episode *about)
{
    struct position_e7 at;

    if (image->kind != about->kind || image->state != ALERT_RESOLVED ||
        fleet->now.at_ms - image->closed_ms > fleet->rules.reopen_ms ||
        (image->cause != CAUSE_SEEN_GONE && image->cause != CAUSE_CLEARED)) {
        return false;
    }
    return about->bike == NULL || (bike_position(&about->bike->image, &at) &&
                                   distance_mm(at, image->at) <= fleet->rules.moved_mm);
}

/* Why a condition no longer holds: it is right again, or its zone is no more. */
static enum alert_event ending(const struct fleet *fleet, const struct alert_image *image)
{
    const uint32_t fence = image->fence == 0 ? NO_FENCE : fences_find(fleet->inv, image->fence);

    return image->fence == 0 || (fence != NO_FENCE && !fleet->inv->fences[fence].removed &&
                                 fleet->fences[fence].in_force)
               ? ALERT_EVENT_SEEN_GONE
               : ALERT_EVENT_FENCE_REMOVED;
}

/* People ended it first; now it is so. */
static void live_end(struct fleet *fleet, uint32_t slot)
{
    struct alert *alert = fleet->alerts.slots[slot];

    if (alert_list_note(&fleet->alerts, slot, false)) {
        alert->image.live = 0;
        alert->image.version++;
        alert->at = fleet->at;
        (void)keep(fleet, slot);
    }
}

static void condition_holds(struct fleet *fleet, uint32_t *link, const struct episode *about)
{
    struct alert *alert = *link < fleet->alerts.slot_count ? fleet->alerts.slots[*link] : NULL;

    if (alert != NULL && alert_is_open(&alert->image)) {
        if (alert->image.kind == about->kind) {
            return;
        }
        (void)episode_move(fleet, *link, ending(fleet, &alert->image), BY_MACHINE);
        alert = NULL;
    }
    if (alert != NULL && alert->image.live) {
        if (alert->image.kind == about->kind) {
            return; /* said to be cleared, or disputed with success: its own time comes */
        }
        live_end(fleet, *link); /* what it was said of is no more: something else is wrong */
    }
    if (mute_holds(fleet, about->fence == NO_FENCE ? 0 : fleet->inv->fences[about->fence].key)) {
        return;
    }
    if (alert != NULL && reopens(fleet, &alert->image, about)) {
        if (episode_move(fleet, *link, ALERT_EVENT_REOPENED, BY_MACHINE) == ERR_OK) {
            count_add(fleet->counters, COUNT_ALERTS_REOPENED, 1);
        }
        return;
    }
    episode_begin(fleet, link, about);
}

void episode_set(struct fleet *fleet, uint32_t *link, const struct episode *about, bool holds)
{
    struct alert *alert;

    if (holds) {
        condition_holds(fleet, link, about);
        return;
    }
    alert = *link < fleet->alerts.slot_count ? fleet->alerts.slots[*link] : NULL;
    if (alert == NULL) {
        return;
    }
    if (alert_is_open(&alert->image)) {
        if (episode_move(fleet, *link, ending(fleet, &alert->image), BY_MACHINE) == ERR_OK) {
            count_add(fleet->counters, COUNT_ALERTS_SEEN_GONE, 1);
        }
    } else if (alert->image.live) {
        live_end(fleet, *link);
    }
}

void episode_end(struct fleet *fleet, uint32_t slot, enum alert_event event)
{
    if (episode_open(fleet, slot)) {
        (void)episode_move(fleet, slot, event, BY_MACHINE);
    }
}

void episode_due(struct fleet *fleet, uint32_t slot)
{
    struct alert *alert = slot < fleet->alerts.slot_count ? fleet->alerts.slots[slot] : NULL;
    int64_t due_ms;

    if (alert == NULL) {
        return;
    }
    due_ms = alert_due_ms(&alert->image, &fleet->rules);
    if (due_ms > fleet->now.at_ms) {
        wheel_arm(&fleet->alert_wheel, slot, due_ms);
        return;
    }
    if (alert_is_open(&alert->image)) {
        const bool last =
            alert->image.due_clear_ms != 0 && fleet->now.at_ms >= alert->image.due_clear_ms;

        if (episode_move(fleet, slot, last ? ALERT_EVENT_EXPIRE : ALERT_EVENT_ESCALATE,
                         BY_MACHINE) == ERR_OK) {
            count_add(fleet->counters, last ? COUNT_ALERTS_EXPIRED : COUNT_ALERTS_ESCALATED, 1);
            if (last && fleet->expired_count < FLEET_FIRE_MAX) {
                fleet->expired[fleet->expired_count++] = slot; /* one a timer: there is room */
            }
        }
    } else if (alert_is_doubted(&alert->image)) {
        if (mute_holds(fleet, alert->image.fence)) {
            live_end(fleet, slot); /* what still is wrong after the planned event is a new one */
        } else if (episode_move(fleet, slot, ALERT_EVENT_REOPENED, BY_MACHINE) == ERR_OK) {
            count_add(fleet->counters, COUNT_ALERTS_REOPENED, 1);
        }
    } else if (fleet->alerts.former_count == 0) {
        link_put(fleet, slot, NO_ALERT);
        alert_list_remove(&fleet->alerts, slot); /* kept for long enough */
        fleet_touch(fleet, CHANGE_ALERT, slot, false);
    }
}

void fleet_undo(struct fleet *fleet)
{
    for (uint32_t i = fleet->alerts.former_count; i > 0; i--) {
        const struct alert_former *former = &fleet->alerts.former[i - 1];

        if (former->made) { /* the subject's episode is again the one it was, ended or not */
            link_put(fleet, former->slot, former->linked);
        } else {
            wheel_arm(&fleet->alert_wheel, former->slot, fleet->now.at_ms + RETRY_MS);
        }
    }
    alert_list_undo(&fleet->alerts);
    fleet->kept_count = 0;
    fleet->event = fleet->event_former;
    if (fleet->mute_noted != UINT32_MAX) {
        if (fleet->mute_made) {
            fleet->mute_count--;
        } else {
            fleet->mutes[fleet->mute_noted] = fleet->mute_former;
        }
        fleet->mute_noted = UINT32_MAX;
        mutes_arm(fleet);
    }
    fleet->retry_ms = fleet->now.at_ms + RETRY_MS;
}

bool mute_holds(const struct fleet *fleet, space_key fence)
{
    for (uint32_t i = 0; i < fleet->mute_count; i++) {
        const struct mute_image *mute = &fleet->mutes[i].image;

        if (mute->set && (mute->fence == 0 || mute->fence == fence) &&
            mute->from_ms <= fleet->now.at_ms && fleet->now.at_ms < mute->until_ms) {
            return true;
        }
    }
    return false;
}
