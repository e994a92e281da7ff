/* What staff and the public ask of the casebook: reading, opening, moving. Each is kept with a row
 * of who did it; so is what staff read, a case or a list. */
#include "gateway/core/case/casebook_state.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum err refuse(struct command *command, enum err why, const char *text)
{
    (void)snprintf(command->detail, sizeof command->detail, "%s", text);
    return why;
}

/* `image` NULL: of no single case, a list was read. */
static void keep_audit(struct casebook *book, const struct command *command,
                       const struct case_image *image)
{
    const struct case_request *request = command->cases;
    struct image audit = {
        .kind = IMAGE_AUDIT,
        .at = book->at,
        .audit = {.command = (uint8_t)command->kind,
                  .at_ms = book->now.at_ms,
                  .key = image == NULL ? request->filter.place : image->place,
                  .case_id = image == NULL ? 0 : image->id}
    };
    const char *what = command->kind != COMMAND_CASES ? case_event_word(request->move.event)->code
                       : image == NULL                ? "list"
                                                      : "read";

    memcpy(audit.audit.actor, command->actor, sizeof audit.audit.actor);
    (void)snprintf(audit.audit.note, sizeof audit.audit.note, "%s", what);
    casebook_keep(book, &audit);
}

/* --- opening --- */

static bool place_known(const struct casebook *book, space_key place, struct position_e7 *at)
{
    const uint32_t slot = inventory_space(book->inv, place);
    const uint32_t lot = inventory_lot(book->inv, place);
    const uint32_t fence = fences_find(book->inv, place);

    if (slot != NO_SLOT && !book->inv->spaces[slot].removed) {
        *at = book->inv->spaces[slot].at;
        return true;
    }
    if (lot != NO_SLOT && !book->inv->lots[lot].removed) {
        *at = book->inv->lots[lot].at;
        return true;
    }
    if (fence != NO_FENCE && !book->inv->fences[fence].removed) {
        *at = book->inv->fences[fence].centre;
        return true;
    }
    return false;
}

static enum err opening_check(const struct casebook *book, struct command *command,
                              struct position_e7 *at)
{
    const struct case_request *request = command->cases;
    const size_t vehicle_len = strnlen(request->vehicle, sizeof request->vehicle);
    struct position_e7 of_place = {0};

    if ((unsigned)request->kind >= CASE_KIND_COUNT ||
        (unsigned)request->source >= CASE_SOURCE_COUNT) {
        return refuse(command, ERR_UNPROCESSABLE, "kind, source: not one of the known words");
    }
    if (request->source == SOURCE_SENSOR) {
        return refuse(command, ERR_UNPROCESSABLE,
                      "source: sensor is for what the machine finds itself");
    }
    if (request->place != 0 && !place_known(book, request->place, &of_place)) {
        return refuse(command, ERR_UNPROCESSABLE, "place: there is no such space, lot or fence");
    }
    *at = request->at.lat == 0 && request->at.lon == 0 ? of_place : request->at;
    if (request->place == 0 && at->lat == 0 && at->lon == 0) {
        return refuse(command, ERR_UNPROCESSABLE, "place, location: one of both is needed");
    }
    if (vehicle_len > 0 && !vehicle_ref_valid(request->vehicle, vehicle_len)) {
        return refuse(command, ERR_UNPROCESSABLE,
                      "vehicle: not the reference of a shared bike, OPERATOR-NUMBER");
    }
    return case_evidence_check(&request->move, command->detail);
}

/* Residents may report what they like: their reports that nobody has looked at leave room for what
 * staff and sensors find. */
static bool public_crowds(const struct casebook *book)
{
    const struct case_list *list = &book->list;
    uint32_t waiting = 0;

    if (list->count < book->rules.cases_max / 2) {
        return false;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct case_image *image = &list->slots[list->order[i]]->image;

        waiting += image->source == SOURCE_APP && image->status == STATUS_REPORTED;
    }
    return waiting >= book->rules.cases_max / 4;
}

/* The same once more. Who reports what nobody had a receipt for gets one. Residents do not fill a
 * history, nor move its version under the hands of staff without end. */
static enum err report_again(struct casebook *book, struct command *command, uint32_t slot,
                             const struct case_actor *who)
{
    const struct case_request *request = command->cases;
    const struct case_image *image = casebook_case(book, slot);
    enum err e;

    if (who->role == CASE_BY_PUBLIC && image->row_count >= CASES_ROWS_PUBLIC &&
        image->receipt != 0) {
        count_add(book->counters, COUNT_CASES_REPEATED, 1);
        return casebook_reserve(book) ? ERR_OK : ERR_NO_MEMORY; /* for the audit */
    }
    e = casebook_move(book, slot, &request->move, who, command->detail);

    if (e == ERR_OK && request->new_receipt != 0 && casebook_case(book, slot)->receipt == 0) {
        case_list_receipt(&book->list, slot, request->new_receipt);
        book->kept[book->kept_count - 1].case_.receipt = request->new_receipt;
    }
    count_add(book->counters, COUNT_CASES_REPEATED, e == ERR_OK);
    return e;
}

static enum err open_case(struct casebook *book, struct command *command)
{
    struct case_request *request = command->cases;
    const struct case_actor who = {command->actor,
                                   request->source == SOURCE_APP ? CASE_BY_PUBLIC : CASE_BY_STAFF};
    struct case_opening opening = {.kind = request->kind,
                                   .source = request->source,
                                   .place = request->place,
                                   .vehicle = request->vehicle,
                                   .receipt = request->new_receipt,
                                   .move = &request->move,
                                   .who = who};
    uint32_t slot;
    enum err e;

    request->case_count = 0;
    request->move.event = CASE_EVENT_REPORT;
    request->move.version = 0;
    e = opening_check(book, command, &opening.at);
    if (e != ERR_OK) {
        return e;
    }
    slot = casebook_find(book, request->kind, request->place, request->vehicle);
    request->duplicate = slot != NO_CASE;
    if (slot != NO_CASE) {
        e = report_again(book, command, slot, &who);
    } else if (who.role == CASE_BY_PUBLIC && public_crowds(book)) {
        e = refuse(command, ERR_OVERLOADED, "too many reports of residents wait to be looked at");
    } else {
        slot = casebook_begin_case(book, &opening);
        e = slot == NO_CASE
                ? refuse(command, ERR_OVERLOADED, "no room for another case, all are open")
                : ERR_OK;
    }
    if (e == ERR_OK) {
        request->cases[request->case_count++] = *casebook_case(book, slot);
        keep_audit(book, command, casebook_case(book, slot));
    }
    return e;
}

/* --- moving --- */

static enum err move_case(struct casebook *book, struct command *command)
{
    struct case_request *request = command->cases;
    const bool by_receipt = request->receipt != 0; /* whoever shows one is the public */
    const struct case_actor who = {command->actor, by_receipt ? CASE_BY_PUBLIC : CASE_BY_STAFF};
    const uint32_t slot = casebook_asked(book, request);
    enum err e;

    request->case_count = 0;
    if (slot == NO_CASE) {
        return refuse(command, ERR_NOT_FOUND, "there is no such case");
    }
    if ((unsigned)request->move.event >= CASE_EVENT_COUNT) {
        return refuse(command, ERR_UNPROCESSABLE, "event: not one of the known words");
    }
    if (!by_receipt && command->actor[0] == '\0') {
        return refuse(command, ERR_FORBIDDEN, "actor: a case is moved by somebody");
    }
    e = casebook_move(book, slot, &request->move, &who, command->detail);
    if (e == ERR_OK) {
        casebook_answer(book, request, slot);
        keep_audit(book, command, casebook_case(book, slot));
    }
    return e;
}

static enum err read_cases(struct casebook *book, struct command *command)
{
    const enum err e = casebook_page(book, command);

    if (e == ERR_OK && command->cases->audited) {
        if (!casebook_reserve(book)) {
            return refuse(command, ERR_NO_MEMORY, "out of memory");
        }
        keep_audit(book, command, command->cases->id == 0 ? NULL : &command->cases->cases[0]);
    }
    return e;
}

void casebook_command(struct casebook *book, struct command *command)
{
    if (!book->on && command->kind != COMMAND_CASES) {
        /* a number might be given twice, a case moved that is at another version */
        command->result =
            refuse(command, ERR_UNAVAILABLE, "the cases that are kept are not all read yet");
        return;
    }
    switch ((int)command->kind) {
    case COMMAND_CASES: command->result = read_cases(book, command); break;
    case COMMAND_CASE_OPEN: command->result = open_case(book, command); break;
    case COMMAND_CASE_MOVE: command->result = move_case(book, command); break;
    default: command->result = ERR_INTERNAL; break;
    }
    if (command->result == ERR_NO_MEMORY) {
        casebook_undo(book);
    }
}
