/* What operators and staff ask of bikes and episodes: pages, and moves by the transition table. Who
 * may see what is decided by the request's operator code, which comes from its key: what it may not
 * see is not there. */
#include "gateway/core/fleet/bike_page.h"
#include "gateway/core/fleet/fleet_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err refuse(struct command *command, enum err why, const char *text)
{
    (void)snprintf(command->detail, sizeof command->detail, "%s", text);
    return why;
}

/* --- pages of alerts --- */

static bool alert_asked(const struct fleet_request *request, const struct alert_image *image)
{
    return fleet_in_mask(request->states, image->state) &&
           fleet_in_mask(request->kinds, image->kind) &&
           (request->fence == 0 || request->fence == image->fence) &&
           (request->vehicle[0] == '\0' || strcmp(request->vehicle, image->vehicle) == 0) &&
           alert_visible(image, request->operator_code);
}

static enum err alerts_page(struct fleet *fleet, struct command *command)
{
    struct fleet_request *request = command->fleet;
    const struct alert_list *list = &fleet->alerts;
    uint32_t rank;

    request->alert_count = 0;
    request->more = false;
    if (request->id != 0) {
        const uint32_t slot = alert_list_find(list, request->id);

        if (slot == NO_ALERT || !alert_visible(&list->slots[slot]->image, request->operator_code)) {
            return refuse(command, ERR_NOT_FOUND, "there is no such alert");
        }
        request->alerts[request->alert_count++] = list->slots[slot]->image;
        return ERR_OK;
    }
    rank = alert_list_before(list, request->from.opened_ms, request->from.id);
    for (; rank > 0; rank--) {
        const struct alert_image *image = &list->slots[list->order[rank - 1]]->image;

        if (!alert_asked(request, image)) {
            continue;
        }
        if (request->alert_count == request->limit) {
            request->more = true;
            break;
        }
        request->alerts[request->alert_count++] = *image;
    }
    return ERR_OK;
}

/* --- moves --- */

static enum err alert_move_one(struct fleet *fleet, struct command *command, uint64_t id)
{
    const struct fleet_request *request = command->fleet;
    const uint32_t slot = alert_list_find(&fleet->alerts, id);
    const bool staff = request->operator_code[0] == '\0';
    struct alert *alert;
    enum err e;

    if (slot == NO_ALERT ||
        !alert_visible(&fleet->alerts.slots[slot]->image, request->operator_code)) {
        return ERR_NOT_FOUND;
    }
    alert = fleet->alerts.slots[slot];
    if (request->version != 0 && request->version != alert->image.version) {
        return ERR_PRECONDITION;
    }
    const bool was_open = alert_is_open(&alert->image);
    e = episode_move(fleet, slot, request->event, staff ? BY_STAFF : BY_OPERATOR);
    if (e != ERR_OK) {
        return e;
    }
    if (staff && was_open && !alert_is_open(&alert->image) && alert->image.cause == CAUSE_CLEARED) {
        alert->image.cause = CAUSE_STAFF;
    }
    memcpy(alert->image.actor, command->actor, sizeof alert->image.actor);
    memcpy(alert->image.note, command->note, sizeof alert->image.note);
    fleet->kept[fleet->kept_count - 1].alert = alert->image;
    return ERR_OK;
}

/* What came of a move of many. */
struct moved {
    uint64_t first;
    uint32_t count;
};

/* One row of who did what for the whole request; moved: NULL = a mute. */
static bool keep_audit(struct fleet *fleet, const struct command *command,
                       const struct moved *moved)
{
    const struct fleet_request *request = command->fleet;
    struct image image = {
        .kind = IMAGE_AUDIT,
        .at = fleet->at,
        .audit = {.command = (uint8_t)command->kind, .at_ms = fleet->now.at_ms}
    };

    memcpy(image.audit.actor, command->actor, sizeof image.audit.actor);
    memcpy(image.audit.note, command->note, sizeof image.audit.note);
    if (moved == NULL) {
        image.audit.key = request->fence;
    } else {
        /* which event, of which (first) episode, of how many: those that were refused are none */
        const int n = snprintf(image.audit.device, sizeof image.audit.device, "%s A%016llx %u",
                               alert_event_code(request->event), (unsigned long long)moved->first,
                               moved->count);

        image.audit.device_len = (uint8_t)(n < DEVICE_ID_MAX ? n : DEVICE_ID_MAX);
    }
    return fleet_keep(fleet, &image);
}

static enum err alerts_move(struct fleet *fleet, struct command *command)
{
    const struct fleet_request *request = command->fleet;
    struct moved moved = {.count = 0};

    if (request->id_count == 0 || request->id_count > FLEET_BULK_MAX) {
        return refuse(command, ERR_UNPROCESSABLE, "ids: 1 to 500 alerts");
    }
    for (uint32_t i = 0; i < request->id_count; i++) {
        request->results[i] = alert_move_one(fleet, command, request->ids[i]);
        if (request->results[i] == ERR_OK && moved.count++ == 0) {
            moved.first = request->ids[i];
        }
    }
    if (moved.count > 0 && !keep_audit(fleet, command, &moved)) {
        return refuse(command, ERR_NO_MEMORY, "out of memory");
    }
    return ERR_OK;
}

/* --- planned events --- */

struct mute_entry *mute_make(struct fleet *fleet, space_key fence)
{
    for (uint32_t i = 0; i < fleet->mute_count; i++) {
        if (fleet->mutes[i].image.fence == fence) {
            fleet->mute_noted = i;
            fleet->mute_made = false;
            fleet->mute_former = fleet->mutes[i];
            return &fleet->mutes[i];
        }
    }
    if (fleet->mute_count == fleet->mute_room) {
        const uint32_t room = fleet->mute_room == 0 ? 8 : fleet->mute_room * 2;
        struct mute_entry *mutes = realloc(fleet->mutes, room * sizeof mutes[0]);

        if (mutes == NULL) {
            return NULL;
        }
        fleet->mutes = mutes;
        fleet->mute_room = room;
    }
    fleet->mute_noted = fleet->mute_count;
    fleet->mute_made = true;
    fleet->mutes[fleet->mute_count] = (struct mute_entry){.image = {.fence = fence}};
    return &fleet->mutes[fleet->mute_count++];
}

void mutes_arm(struct fleet *fleet)
{
    fleet->mute_due_ms = INT64_MAX;
    for (uint32_t i = 0; i < fleet->mute_count; i++) {
        const struct mute_image *mute = &fleet->mutes[i].image;

        if (mute->set && mute->until_ms > fleet->now.at_ms && mute->until_ms < fleet->mute_due_ms) {
            fleet->mute_due_ms = mute->until_ms;
        }
    }
}

static void muted_end(struct fleet *fleet, space_key fence)
{
    for (uint32_t i = 0; i < fleet->alerts.slot_count; i++) {
        const struct alert *alert = fleet->alerts.slots[i];

        if (alert != NULL && alert_is_open(&alert->image) &&
            (fence == 0 || alert->image.fence == fence)) {
            (void)episode_move(fleet, i, ALERT_EVENT_MUTE, BY_MACHINE);
        }
    }
}

static enum err mute(struct fleet *fleet, struct command *command)
{
    const struct fleet_request *request = command->fleet;
    const int64_t now_ms = fleet->now.at_ms;
    struct mute_entry *entry;
    struct image image = {.kind = IMAGE_MUTE, .at = fleet->at};

    if (request->fence != 0) {
        const uint32_t fence = fences_find(fleet->inv, request->fence);

        if (fence == NO_FENCE || fleet->inv->fences[fence].removed) {
            return refuse(command, ERR_NOT_FOUND, "there is no such fence");
        }
    }
    if (request->until_ms != 0 && request->until_ms <= now_ms) {
        return refuse(command, ERR_UNPROCESSABLE, "until: must be later than now");
    }
    entry = mute_make(fleet, request->fence);
    if (entry == NULL) {
        return refuse(command, ERR_NO_MEMORY, "out of memory");
    }
    entry->at = fleet->at;
    entry->image.set = request->until_ms != 0;
    entry->image.from_ms = request->from_ms != 0 ? request->from_ms : now_ms;
    entry->image.until_ms = request->until_ms;
    memcpy(entry->image.actor, command->actor, sizeof entry->image.actor);
    memcpy(entry->image.note, command->note, sizeof entry->image.note);
    image.mute = entry->image;
    fleet_touch(fleet, CHANGE_MUTE, fleet->mute_noted, false);
    if (!fleet_keep(fleet, &image) || !keep_audit(fleet, command, NULL)) {
        return refuse(command, ERR_NO_MEMORY, "out of memory");
    }
    if (mute_holds(fleet, request->fence)) {
        muted_end(fleet, request->fence);
    }
    /* what was muted may be told now, and a bike that has moved on since its episode began stands
     * at another fence */
    fleet->retry_ms = now_ms;
    mutes_arm(fleet);
    return ERR_OK;
}

void fleet_command(struct fleet *fleet, struct command *command, struct position at)
{
    fleet->at = at;
    switch ((int)command->kind) {
    case COMMAND_ALERTS: command->result = alerts_page(fleet, command); break;
    case COMMAND_ALERT_MOVE: command->result = alerts_move(fleet, command); break;
    case COMMAND_BIKES: command->result = bikes_page(fleet, command); break;
    case COMMAND_MUTE: command->result = mute(fleet, command); break;
    default: command->result = ERR_INTERNAL; break;
    }
    if (command->result == ERR_NO_MEMORY) {
        fleet_undo(fleet);
    }
}
