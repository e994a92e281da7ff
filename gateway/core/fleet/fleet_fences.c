/* Fences: silent listeners, crowding, filling, and zones whose window begins or ends. */
#include "gateway/core/fleet/fleet_state.h"

#define FILLING_CALM_PCT 10    /* less full than it began by this: no longer filling */
#define RETELL_MS        60000 /* a crowd that grows is told of once a minute at most */

static void arm(struct fleet *fleet, uint32_t fence, int64_t due_ms)
{
    if (due_ms != INT64_MAX) {
        wheel_arm(&fleet->fence_wheel, fence, due_ms);
    }
}

/* Over capacity for long enough? */
static bool piled_up(struct fleet *fleet, uint32_t index)
{
    struct fence *fence = &fleet->fences[index];
    const struct inv_fence *is = &fleet->inv->fences[index];
    const uint64_t limit = (uint64_t)is->capacity * fleet->rules.pile_up_pct;

    if (is->capacity == 0 || (uint64_t)fence->count * 100 <= limit) {
        fence->crowded_ms = 0;
        /* an episode that goes on ends only when there is room again */
        return episode_open(fleet, fence->alerts[ALERT_PILE_UP]) && is->capacity != 0 &&
               fence->count > is->capacity;
    }
    if (fence->crowded_ms == 0) {
        fence->crowded_ms = fleet->now.at_ms;
    }
    const int64_t due_ms = fence->crowded_ms + fleet->rules.pile_up_ms;
    if (fleet->now.at_ms < due_ms) {
        arm(fleet, index, due_ms);
        return episode_open(fleet, fence->alerts[ALERT_PILE_UP]);
    }
    return true;
}

/* Full soon, by what came in the last quarter of an hour? */
static bool filling(struct fleet *fleet, uint32_t index)
{
    struct fence *fence = &fleet->fences[index];
    const struct inv_fence *is = &fleet->inv->fences[index];
    const bool open = episode_open(fleet, fence->alerts[ALERT_FENCE_FILLING]);
    const unsigned calm = open ? FILLING_CALM_PCT : 0;
    const unsigned pct = fleet->rules.filling_pct > calm ? fleet->rules.filling_pct - calm : 0;
    const uint64_t count = (uint64_t)fence->count * 100;

    if (is->capacity == 0 || count < (uint64_t)is->capacity * pct || fence->count >= is->capacity) {
        return false;
    }
    arm(fleet, index, fleet->now.at_ms + 60000);
    if (fleet->now.at_ms < fleet->settled_ms) {
        return open;
    }
    const int net = fence_net(fence, fleet->now.at_ms);
    if (net <= 0) {
        return open;
    }
    const int64_t full_in_ms = (int64_t)(is->capacity - fence->count) * FENCE_MINUTES * 60000 / net;
    return full_in_ms <= (int64_t)fleet->rules.filling_ms * (open ? 2 : 1);
}

/* A crowd that goes on grows and shrinks, and others join it. */
static void pile_up_retell(struct fleet *fleet, uint32_t index)
{
    const uint32_t slot = fleet->fences[index].alerts[ALERT_PILE_UP];
    const struct alert_image *told;
    struct alert_image fresh;

    if (!episode_open(fleet, slot)) {
        return;
    }
    told = &fleet->alerts.slots[slot]->image;
    if (alert_transition_find((enum alert_state)told->state, ALERT_EVENT_UPDATE) == NULL) {
        return; /* in dispute it stays what it is about */
    }
    fresh = *told;
    episode_retell(fleet, &fresh, ALERT_EVENT_UPDATE);
    if (!episode_is_stale(fleet, told, &fresh)) {
        return;
    }
    if (fleet->now.at_ms < told->changed_ms + RETELL_MS) {
        arm(fleet, index, told->changed_ms + RETELL_MS);
        return;
    }
    (void)episode_move(fleet, slot, ALERT_EVENT_UPDATE, BY_MACHINE);
}

void fences_rejudge(struct fleet *fleet, uint32_t index)
{
    struct fence *fence = &fleet->fences[index];
    const struct inv_fence *is = &fleet->inv->fences[index];
    const struct bike_context context = fleet_context(fleet);
    const bool former = fence->silent;
    struct episode about = {.fence = index, .operator_index = NO_OPERATOR};
    const bool live = is->removed == 0 && fence->in_force;

    arm(fleet, index, fence_listen(fence, &context));
    if (fence->silent != former) {
        fence->version++;
        fence->changed_ms = fleet->now.at_ms;
        fleet_touch(fleet, CHANGE_FENCE, index, true);
        bikes_rejudge_heard(fleet, index);
    }
    const bool crowded = live && !fence->silent && piled_up(fleet, index);
    const bool fills = live && !fence->silent && filling(fleet, index);
    if (!fleet->alerts_on) {
        return;
    }
    if (!live) {
        for (unsigned i = 0; i < ALERT_KIND_COUNT; i++) {
            episode_end(fleet, fence->alerts[i], ALERT_EVENT_FENCE_REMOVED);
            /* what was only said to be cleared is not looked at again */
            episode_set(fleet, &fence->alerts[i], &about, false);
        }
        return;
    }
    about.kind = ALERT_FENCE_SILENT;
    /* one that was never heard is not installed yet: nobody is sent to look */
    episode_set(fleet, &fence->alerts[ALERT_FENCE_SILENT], &about,
                fence->silent && (fence->listener_count > 0 ||
                                  episode_open(fleet, fence->alerts[ALERT_FENCE_SILENT])));
    if (fence->silent) {
        return; /* its count is not known: crowding neither begins nor ends */
    }
    about.kind = ALERT_PILE_UP;
    episode_set(fleet, &fence->alerts[ALERT_PILE_UP], &about, crowded);
    pile_up_retell(fleet, index);
    about.kind = ALERT_FENCE_FILLING;
    episode_set(fleet, &fence->alerts[ALERT_FENCE_FILLING], &about, fills);
}

void fences_freshen(struct fleet *fleet, const struct inventory *next)
{
    for (uint32_t i = 0; i < next->fence_count; i++) {
        fleet->fences[i].fresh |=
            i >= fleet->inv->fence_count || !fences_same_outline(fleet->inv, next, i);
    }
}

void fences_settled(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        fleet->fences[i].fresh = false;
    }
}

void fences_listeners(struct fleet *fleet)
{
    const struct inventory *inv = fleet->inv;

    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        fleet->fences[i].listener_room = 0;
    }
    for (uint32_t i = 0; i < inv->listener_count; i++) {
        struct fence *fence = &fleet->fences[inv->listeners[i].fence];

        fence->listener_room =
            (uint8_t)(fence->listener_room + (fence->listener_room < FENCE_LISTENERS_MAX));
    }
    for (uint32_t i = 0; i < fleet->fence_count; i++) {
        fence_listeners_keep(&fleet->fences[i], fleet->fences[i].listener_room);
    }
}

/* The next moment after `wall_ms` at which the window begins or ends, INT64_MAX = none. */
static int64_t window_turn(const struct inv_fence *is, int64_t wall_ms)
{
    if (is->from_ms != 0 && is->from_ms > wall_ms) {
        return is->from_ms;
    }
    return is->until_ms != 0 && is->until_ms > wall_ms ? is->until_ms : INT64_MAX;
}

bool fences_windows(struct fleet *fleet)
{
    const int64_t wall_ms = fleet_wall_ms(fleet);
    bool changed = false;

    fleet->window_due_ms = INT64_MAX;
    fleet->window_shift_ms = fleet->now.shift_ms;
    for (uint32_t i = 0; i < fleet->inv->fence_count; i++) {
        const struct inv_fence *is = &fleet->inv->fences[i];
        const bool in_force = is->removed == 0 && fence_in_force(is, wall_ms);
        const int64_t turn_ms = window_turn(is, wall_ms);

        if (is->removed == 0 && turn_ms != INT64_MAX &&
            turn_ms - fleet->now.shift_ms < fleet->window_due_ms) {
            fleet->window_due_ms = turn_ms - fleet->now.shift_ms;
        }
        if (in_force != fleet->fences[i].in_force) {
            fleet->fences[i].in_force = in_force;
            fleet->fences[i].fresh |= in_force;
            fleet->fences[i].version++;
            fleet_touch(fleet, CHANGE_FENCE, i, true);
            fences_rejudge(fleet, i);
            changed = true;
        }
    }
    return changed;
}
