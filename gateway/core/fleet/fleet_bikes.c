/* Bikes: a report into its bike, the verdict, and what follows from it: the fence's count, the
 * episode, the timer. */
#define HASH_NONFATAL_OOM 1

#include "gateway/core/fleet/fleet_state.h"

#include <stdlib.h>
#include <string.h>

#define GONE_KEEP_MS 600000 /* what is gone is known for so long, so that a late report is late */

static uint32_t adcode_of(const struct fleet *fleet, uint32_t fence)
{
    if (fence != NO_FENCE) {
        return fleet->inv->districts[fleet->inv->fences[fence].district].adcode;
    }
    return fleet->inv->district_count > 0 ? fleet->inv->districts[0].adcode : 0;
}

/* In the list of those whom a fence's listener hears, or out of it. */
static void heard_unlink(struct fleet *fleet, struct bike *bike)
{
    if (bike->listened == NO_FENCE) {
        return;
    }
    if (bike->former != NO_SLOT) {
        fleet->bikes[bike->former]->bike.next = bike->next;
    } else {
        fleet->fences[bike->listened].first = bike->next;
    }
    if (bike->next != NO_SLOT) {
        fleet->bikes[bike->next]->bike.former = bike->former;
    }
    bike->listened = NO_FENCE;
    bike->next = NO_SLOT;
    bike->former = NO_SLOT;
}

static void heard_link(struct fleet *fleet, struct bike *bike)
{
    uint32_t fence = NO_FENCE;

    if ((bike->image.flags & BIKE_GONE) == 0 && bike->image.radio.listener != 0) {
        fence = fences_find(fleet->inv, bike->image.radio.fence);
    }
    if (fence == bike->listened) {
        return;
    }
    heard_unlink(fleet, bike);
    if (fence == NO_FENCE) {
        return;
    }
    bike->listened = fence;
    bike->next = fleet->fences[fence].first;
    if (bike->next != NO_SLOT) {
        fleet->bikes[bike->next]->bike.former = bike->slot;
    }
    fleet->fences[fence].first = bike->slot;
}

static void count_move(struct fleet *fleet, struct bike *bike, uint32_t fence)
{
    const uint32_t former = bike->fence;

    if (fence == former) {
        return;
    }
    if (former != NO_FENCE) {
        fence_count(&fleet->fences[former], bike->operator_index, -1, fleet->now.at_ms);
        fleet_touch(fleet, CHANGE_FENCE, former, true);
    }
    bike->fence = fence;
    if (fence != NO_FENCE) {
        fence_count(&fleet->fences[fence], bike->operator_index, 1, fleet->now.at_ms);
        fleet_touch(fleet, CHANGE_FENCE, fence, true);
    }
    if (former != NO_FENCE) {
        fences_rejudge(fleet, former);
    }
    if (fence != NO_FENCE) {
        fences_rejudge(fleet, fence);
    }
}

/* The verdict into the image; true when what is shown changed. */
static bool judgement_put(struct fleet *fleet, struct bike_image *image,
                          const struct judgement *judgement)
{
    const space_key fence =
        judgement->fence == NO_FENCE ? 0 : fleet->inv->fences[judgement->fence].key;
    const bool changed = image->verdict != judgement->verdict || image->rule != judgement->rule ||
                         image->fence != fence;

    if (image->verdict != judgement->verdict) {
        image->since_ms = fleet->now.at_ms;
        count_add(fleet->counters, COUNT_VERDICTS, 1);
    }
    image->verdict = (uint8_t)judgement->verdict;
    image->rule = (uint8_t)judgement->rule;
    image->fence = fence;
    image->distance_mm = judgement->distance_mm;
    if (judgement->outside) {
        image->outside_ms = image->outside_ms != 0 ? image->outside_ms : fleet->now.at_ms;
    } else {
        image->outside_ms = 0;
    }
    if (judgement->forget) {
        image->flags &= (uint8_t) ~(BIKE_DECIDED | BIKE_DECIDED_IN);
    }
    if (judgement->decided) {
        image->flags &= (uint8_t)~BIKE_DECIDED_IN;
        image->flags |=
            judgement->verdict == VERDICT_INSIDE ? BIKE_DECIDED | BIKE_DECIDED_IN : BIKE_DECIDED;
    }
    if ((image->flags & BIKE_GONE) == 0 && image->adcode == 0) {
        image->adcode = adcode_of(fleet, judgement->fence);
    }
    return changed;
}

/* Does it stand where nobody would look for it by its episode, that is open or only said to be
 * cleared? It was moved and no ride was told. Twice the reach of a stop: a position that drifts
 * between houses is no move. */
static bool episode_left_behind(const struct fleet *fleet, const struct bike *bike)
{
    const struct alert *found =
        bike->alert < fleet->alerts.slot_count ? fleet->alerts.slots[bike->alert] : NULL;
    const struct alert_image *alert = found != NULL && found->image.live ? &found->image : NULL;
    struct position_e7 at;

    return alert != NULL && bike->image.parked_ms > alert->opened_ms && alert->evidence_count > 0 &&
           alert->evidence[0].kind == EVIDENCE_GNSS && bike_position(&bike->image, &at) &&
           distance_mm(at, alert->at) > 2 * (int64_t)fleet->rules.moved_mm;
}

/* Is the zone that its episode names no more, or the last fence far and wide? Whatever is known of
 * the bike, there is nothing it does wrong. */
static bool episode_void(const struct fleet *fleet, const struct bike *bike, enum verdict_rule rule)
{
    const struct alert *alert =
        bike->alert < fleet->alerts.slot_count ? fleet->alerts.slots[bike->alert] : NULL;
    uint32_t fence;

    if (alert == NULL || !alert->image.live || alert->image.fence == 0 ||
        (alert->image.kind != ALERT_NO_PARKING_ZONE && rule != RULE_NO_COVERAGE)) {
        return false;
    }
    fence = fences_find(fleet->inv, alert->image.fence);
    return fence == NO_FENCE || fleet->inv->fences[fence].removed || !fleet->fences[fence].in_force;
}

static void episodes_of_bike(struct fleet *fleet, struct bike *bike,
                             const struct judgement *judgement)
{
    const bool out = judgement->verdict == VERDICT_OUTSIDE;
    const struct episode about = {.kind = judgement->rule == RULE_NO_PARKING ? ALERT_NO_PARKING_ZONE
                                                                             : ALERT_OUT_OF_FENCE,
                                  .bike = bike,
                                  .fence = judgement->fence,
                                  .operator_index = bike->operator_index};

    if (judgement->verdict == VERDICT_UNCERTAIN && episode_void(fleet, bike, judgement->rule)) {
        episode_set(fleet, &bike->alert, &about, false);
    }
    /* without evidence an episode neither begins nor ends: a bike that fell silent is still there
     */
    if (judgement->verdict == VERDICT_UNCERTAIN && judgement->rule != RULE_IN_USE &&
        judgement->rule != RULE_BUFFER && judgement->rule != RULE_DWELL) {
        return;
    }
    if (episode_left_behind(fleet, bike)) {
        episode_set(fleet, &bike->alert, &about, false);
    }
    if (judgement->rule == RULE_DWELL) {
        return; /* outside again, or still: the dwell decides */
    }
    episode_set(fleet, &bike->alert, &about, out);
}

static void bike_judge(struct fleet *fleet, const struct bike *bike, struct judgement *out)
{
    const struct bike_context context = fleet_context(fleet);
    const struct judge judge = {.inv = fleet->inv,
                                .fences = fleet->fences,
                                .context = &context,
                                .afresh = fleet->afresh,
                                .feed_suspect = bike->operator_index < OPERATORS_MAX &&
                                                fleet->feeds[bike->operator_index].suspect};

    judge_bike(&judge, &bike->image, out);
}

/* The fence it is judged to be in, or the zone where it must not be. */
static uint32_t stands_in(const struct judgement *judgement)
{
    return judgement->verdict == VERDICT_INSIDE || judgement->rule == RULE_NO_PARKING
               ? judgement->fence
               : NO_FENCE;
}

void bikes_rejudge(struct fleet *fleet, struct bike *bike)
{
    struct judgement judgement;
    const int64_t silent_ms = bike->image.heard_ms + fleet->rules.forget_ms;

    if ((bike->image.flags & BIKE_GONE) == 0 && fleet->now.at_ms >= silent_ms) {
        bike_leave(bike, fleet->now.at_ms);
        /* time's work: it may only be forgotten when what Redis confirms is newer than now */
        bike->at = position_compare(bike->at, fleet->at) < 0 ? fleet->at : bike->at;
        count_add(fleet->counters, COUNT_BIKES_FORGOTTEN, 1);
    }
    bike_judge(fleet, bike, &judgement);
    heard_link(fleet, bike);
    const bool shown = judgement_put(fleet, &bike->image, &judgement);
    count_move(fleet, bike, stands_in(&judgement));
    fleet_touch(fleet, CHANGE_BIKE, bike->slot, shown);
    if (fleet->alerts_on) {
        episodes_of_bike(fleet, bike, &judgement);
    }
    if ((bike->image.flags & BIKE_GONE) == 0 && silent_ms < judgement.due_ms) {
        judgement.due_ms = silent_ms;
    }
    /* a rule says that time alone changes the verdict: outside counts from now on */
    if (judgement.due_ms != INT64_MAX) {
        wheel_arm(&fleet->bike_wheel, bike->slot, judgement.due_ms);
    }
}

static void listener_report(struct fleet *fleet, const struct input *input)
{
    const struct bike_report *report = &input->report;
    const uint32_t index = fences_find(fleet->inv, report->fence);
    const struct bike_context context = fleet_context(fleet);

    if (index == NO_FENCE || position_compare(input->at, fleet->fences[index].at) <= 0) {
        return;
    }
    struct fence *fence = &fleet->fences[index];
    const enum bike_took took = fence_report_apply(fence, report, &context);
    if (took != BIKE_TOOK) {
        count_add(fleet->counters, COUNT_REPORTS_LATE, 1);
        return;
    }
    fence->at = input->at;
    fleet_touch(fleet, CHANGE_FENCE, index, false);
    if (fleet->running) {
        fences_rejudge(fleet, index);
        if ((report->has & REPORT_HAS_SCAN) != 0) {
            bikes_rejudge_heard(fleet, index);
        }
    }
}

static void took_count(struct fleet *fleet, enum bike_took took)
{
    switch (took) {
    case BIKE_TOOK: count_add(fleet->counters, COUNT_REPORTS_APPLIED, 1); break;
    case BIKE_LATE: count_add(fleet->counters, COUNT_REPORTS_LATE, 1); break;
    case BIKE_DUPLICATE: count_add(fleet->counters, COUNT_REPORTS_DUPLICATE, 1); break;
    case BIKE_IGNORED: count_add(fleet->counters, COUNT_REPORTS_LATE, 1); break;
    }
}

void fleet_report(struct fleet *fleet, const struct input *input)
{
    const struct bike_report *report = &input->report;
    const struct bike_context context = fleet_context(fleet);
    struct bike *bike;

    fleet->at = input->at;
    if (report->source == REPORT_LISTENER) {
        listener_report(fleet, input);
        return;
    }
    bike = fleet_bike_make(fleet, report->vehicle);
    if (bike == NULL || position_compare(input->at, bike->at) <= 0) {
        return;
    }
    const int64_t moved_ms = bike->image.moved_ms;
    const enum bike_took took = bike_report_apply(bike, report, &context);
    took_count(fleet, took);
    if (took != BIKE_TOOK) {
        return;
    }
    bike->at = input->at;
    if (!fleet->running) {
        /* a verdict remembers the one before, so a replay judges as it goes; nothing follows from
         * it */
        struct judgement judgement;

        bike_judge(fleet, bike, &judgement);
        (void)judgement_put(fleet, &bike->image, &judgement);
        return;
    }
    if (report->source == REPORT_OPERATOR && (report->has & REPORT_HAS_POSITION) != 0 &&
        report->lock != LOCK_UNLOCKED) {
        feed_position(fleet, bike->operator_index, report->shift);
    }
    if (bike->image.moved_ms != moved_ms && (bike->image.flags & BIKE_MOVED) != 0) {
        fleet->moved = bike->slot;
    }
    bikes_rejudge(fleet, bike);
}

void bikes_rejudge_heard(struct fleet *fleet, uint32_t fence)
{
    uint32_t slot = fleet->fences[fence].first;

    while (slot != NO_SLOT) {
        struct bike *bike = &fleet->bikes[slot]->bike;

        slot = bike->next;
        bikes_rejudge(fleet, bike);
    }
}

void bikes_sweep_on(struct fleet *fleet)
{
    fleet->sweep = 0;
}

void bikes_sweep(struct fleet *fleet)
{
    fleet->afresh = true;
    for (unsigned n = 0; n < FLEET_SWEEP && fleet->sweep < fleet->bike_slots; n++) {
        struct bike_entry *entry = fleet->bikes[fleet->sweep++];

        if (entry != NULL) {
            bikes_rejudge(fleet, &entry->bike);
        }
    }
    fleet->afresh = false;
    if (fleet->sweep >= fleet->bike_slots) {
        fleet->sweep = NO_SLOT;
        fences_settled(fleet);
    }
}

static void bike_drop(struct fleet *fleet, struct bike_entry *entry)
{
    const uint32_t slot = entry->bike.slot;

    heard_unlink(fleet, &entry->bike);
    HASH_DEL(fleet->by_ref, entry);
    free(entry);
    fleet->bikes[slot] = NULL;
    fleet->free_slots[fleet->free_count++] = slot;
    fleet->bike_count--;
}

void bikes_forget(struct fleet *fleet)
{
    for (unsigned n = 0; n < FLEET_SWEEP && fleet->bike_slots > 0; n++) {
        if (fleet->gone_at >= fleet->bike_slots) {
            fleet->gone_at = 0;
        }
        struct bike_entry *entry = fleet->bikes[fleet->gone_at++];

        if (entry != NULL && (entry->bike.image.flags & BIKE_GONE) != 0 &&
            !episode_open(fleet, entry->bike.alert) &&
            fleet->now.at_ms - entry->bike.image.heard_ms >= GONE_KEEP_MS &&
            entry->bike.image.heard_ms < fleet->watched_ms &&
            position_compare(entry->bike.at, fleet->confirmed) <= 0) {
            bike_drop(fleet, entry);
        }
    }
}
