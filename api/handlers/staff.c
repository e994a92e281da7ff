/* What staff decide: out of service, closed, counts, suspect devices. A handler checks the request
 * and makes a command; the core decides, and the answer leaves when its effect is durable. */
#include "api/handlers/staff.h"
#include "api/body_fields.h"
#include "api/handlers/asking.h"
#include "api/handlers/places.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <string.h>

#define BODY_NODES 32u
#define WHY_MAX    81 /* of the audit's note, behind what was asked for */
#define F(name)    (UINT64_C(1) << BODY_##name)

static const char *const reasons[OUT_REASON_COUNT] = {
    [OUT_MAINTENANCE] = "maintenance",
    [OUT_CLOSED] = "closed",
    [OUT_EVENT] = "event",
    [OUT_WITHDRAWN] = "withdrawn",
};

const char *out_reason_name(enum out_reason reason)
{
    return (unsigned)reason < OUT_REASON_COUNT ? reasons[reason] : "";
}

/* A body under way into a command. */
struct reading_body {
    struct request *rq;
    struct json_doc doc;
    struct command *command;
    uint64_t has;
    int64_t occupied, free;
};

static void field_fault(struct reading_body *b, enum body_field field, const char *detail)
{
    char where[40];

    (void)snprintf(where, sizeof where, "/%s", body_field_rows[field].name);
    faults_add(&b->rq->faults, where, "%s", detail);
}

static void read_reason(struct reading_body *b, const struct json_node *value)
{
    for (unsigned r = 0; r < OUT_REASON_COUNT; r++) {
        if (json_is_text(&b->doc, value, reasons[r])) {
            b->command->reason = (enum out_reason)r;
            return;
        }
    }
    field_fault(b, BODY_REASON, "must be maintenance, closed, event or withdrawn");
}

static void read_until(struct reading_body *b, const struct json_node *value)
{
    char text[40];
    int64_t wall_ms = 0;
    int len = json_text(&b->doc, value, text, sizeof text);

    if (value->kind == JSON_NULL) {
        return;
    }
    if (len < 0 || rfc3339_parse(text, (uint32_t)len, &wall_ms) != 0) {
        field_fault(b, BODY_UNTIL, "must be an RFC 3339 time, e.g. 2026-11-21T18:00:00+08:00");
        return;
    }
    b->command->until_ms = wall_ms - b->rq->now.shift_ms;
    if (b->command->until_ms <= b->rq->now.at_ms) {
        field_fault(b, BODY_UNTIL, "must be in the future");
    }
}

static void read_note(struct reading_body *b, const struct json_node *value)
{
    if (body_text(&b->doc, value, b->command->note, sizeof b->command->note) < 0) {
        field_fault(b, BODY_NOTE, "must be a text of at most 119 bytes without control characters");
    }
}

static void read_count(struct reading_body *b, const struct json_node *value, enum body_field field,
                       int64_t *out)
{
    if (!json_int(&b->doc, value, out) || *out < 0 || *out > 65535) {
        field_fault(b, field, "must be a whole number from 0 to 65535");
    }
}

static void read_occupied(struct reading_body *b, const struct json_node *value)
{
    read_count(b, value, BODY_OCCUPIED, &b->occupied);
}

static void read_free(struct reading_body *b, const struct json_node *value)
{
    read_count(b, value, BODY_FREE, &b->free);
}

static void read_channel(struct reading_body *b, const struct json_node *value)
{
    int64_t channel;

    if (value->kind == JSON_NULL) {
        return;
    }
    if (!json_int(&b->doc, value, &channel) || channel < 0 || channel > UINT16_MAX) {
        field_fault(b, BODY_CHANNEL, "must be a whole number from 0 to 65535");
        return;
    }
    b->command->channel = (uint32_t)channel;
}

static void read_force(struct reading_body *b, const struct json_node *value)
{
    if (value->kind != JSON_TRUE && value->kind != JSON_FALSE) {
        field_fault(b, BODY_FORCE, "must be true or false");
        return;
    }
    b->command->force = value->kind == JSON_TRUE;
}

static void read_why(struct reading_body *b, const struct json_node *value)
{
    if (body_text(&b->doc, value, b->command->note, WHY_MAX) < 0) {
        field_fault(b, BODY_WHY, "must be a text of at most 80 bytes without control characters");
    }
}

/* Those that go into the command; the others are read by their handlers. */
static void read_field(struct reading_body *b, enum body_field field, const struct json_node *value)
{
    static void (*const readers[BODY_FIELD_COUNT])(struct reading_body * b,
                                                   const struct json_node *value) = {
        [BODY_REASON] = read_reason,     [BODY_UNTIL] = read_until, [BODY_NOTE] = read_note,
        [BODY_OCCUPIED] = read_occupied, [BODY_FREE] = read_free,   [BODY_CHANNEL] = read_channel,
        [BODY_FORCE] = read_force,       [BODY_WHY] = read_why,
    };

    b->has |= UINT64_C(1) << (unsigned)field;
    if (readers[field] != NULL) {
        readers[field](b, value);
    }
}

static void read_members(struct reading_body *b, uint64_t fields)
{
    const struct json_node *root = &b->doc.nodes[0];
    const struct json_node *key = json_first(&b->doc, root);

    for (uint32_t i = 0; i < root->count && key != NULL; i++) {
        const struct json_node *value = json_after(&b->doc, key);
        const enum body_field f = body_field_find(&b->doc, key, fields);

        if (value == NULL) {
            return;
        }
        if (f < BODY_FIELD_COUNT) {
            read_field(b, f, value);
        } else {
            body_field_unknown(b->rq, &b->doc, key, fields);
        }
        key = json_after(&b->doc, value);
    }
}

/* Reads the JSON body into the command; answers 400 or 422 itself. */
static bool body_read(struct reading_body *b)
{
    struct request *rq = b->rq;
    struct json_node nodes[BODY_NODES];
    uint64_t required;
    uint64_t fields = body_fields_of(rq->match.route->name, &required);

    rq->faults = (struct faults){.pointer = true};
    if (rq->body.len > 0) {
        enum json_fault fault = json_parse(&b->doc, rq->body.data, rq->body.len, nodes, BODY_NODES);

        if (fault != JSON_OK) {
            respond_problem(rq, ERR_BAD_JSON, json_fault_text(fault));
            return false;
        }
        if (nodes[0].kind != JSON_OBJECT) {
            respond_problem(rq, ERR_BAD_JSON, "the body must be an object");
            return false;
        }
        read_members(b, fields);
    }
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        if (required >> f & 1 && !(b->has >> f & 1)) {
            char detail[sizeof rq->faults.rows[0].detail];

            (void)snprintf(detail, sizeof detail, "is required: %s", body_field_rows[f].doc);
            field_fault(b, (enum body_field)f, detail);
        }
    }
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return false;
    }
    return true;
}

/* The place as it is now, decided upon. */
static void space_decided(struct request *rq)
{
    const uint32_t index = place_find(rq, false);

    if (index != NO_SLOT) {
        space_answer(rq, index);
    }
}

static void lot_decided(struct request *rq)
{
    const uint32_t index = place_find(rq, true);

    if (index != NO_SLOT) {
        lot_answer(rq, index);
    }
}

/* A request for a space or lot: with or without a body. */
static void place_command(struct request *rq, enum command_kind kind, bool lot)
{
    uint32_t index = place_find(rq, lot);
    struct reading_body b = {.rq = rq};

    if (index == NO_SLOT || !asking_open_kept(rq, kind, lot ? lot_decided : space_decided)) {
        return;
    }
    b.command = &rq->pending->command;
    b.command->key = lot ? rq->inv->lots[index].key : rq->inv->spaces[index].key;
    if (body_read(&b)) {
        asking_submit(rq);
    }
}

void space_out_post(struct request *rq)
{
    place_command(rq, COMMAND_SPACE_OUT, false);
}

void space_out_delete(struct request *rq)
{
    place_command(rq, COMMAND_SPACE_IN, false);
}

void lot_closed_post(struct request *rq)
{
    place_command(rq, COMMAND_LOT_CLOSE, true);
}

void lot_closed_delete(struct request *rq)
{
    place_command(rq, COMMAND_LOT_OPEN, true);
}

void lot_count_post(struct request *rq)
{
    uint32_t lot = place_find(rq, true);
    struct reading_body b = {.rq = rq};
    const struct inv_lot *row;

    if (lot == NO_SLOT || !asking_open_kept(rq, COMMAND_LOT_COUNT, lot_decided)) {
        return;
    }
    row = &rq->inv->lots[lot];
    b.command = &rq->pending->command;
    b.command->key = row->key;
    if (!body_read(&b)) {
        return;
    }
    if (row->counting != COUNT_GATES) {
        respond_problem(rq, ERR_CONFLICT, "this lot is counted by its spaces, not by gates");
        return;
    }
    if ((b.has & (F(OCCUPIED) | F(FREE))) == (F(OCCUPIED) | F(FREE)) ||
        (b.has & (F(OCCUPIED) | F(FREE))) == 0) {
        field_fault(&b, BODY_OCCUPIED, "give either occupied or free");
    } else if (b.has & F(OCCUPIED) ? b.occupied > row->capacity : b.free > row->capacity) {
        field_fault(&b, b.has & F(OCCUPIED) ? BODY_OCCUPIED : BODY_FREE,
                    "is above the lot's capacity");
    }
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    b.command->count =
        b.has & F(OCCUPIED) ? (uint32_t)b.occupied : row->capacity - (uint32_t)b.free;
    asking_submit(rq);
}

static void installed_answer(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", rq->match.argument);
    json_kv_str(&w, "note", rq->pending->command.note);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void test_reply(struct request *rq, bool in_test)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", rq->match.argument);
    json_kv_bool(&w, "in_test", in_test);
    if (in_test) {
        json_kv_time(&w, "test_until", rq->pending->command.until_ms + rq->now.shift_ms);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void suspect_reply(struct request *rq, bool suspect)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", rq->match.argument);
    json_kv_bool(&w, "suspect", suspect);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void test_begun(struct request *rq)
{
    test_reply(rq, true);
}

static void test_ended(struct request *rq)
{
    test_reply(rq, false);
}

static void suspected(struct request *rq)
{
    suspect_reply(rq, true);
}

static void trusted(struct request *rq)
{
    suspect_reply(rq, false);
}

static void device_command(struct request *rq, enum command_kind kind, request_answer *answer)
{
    uint32_t device = inventory_device(rq->inv, rq->match.argument, strlen(rq->match.argument));
    struct reading_body b = {.rq = rq};

    if (device == NO_SLOT) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such device");
        return;
    }
    if (!asking_open_kept(rq, kind, answer)) {
        return;
    }
    b.command = &rq->pending->command;
    b.command->device = device;
    if (body_read(&b)) {
        asking_submit(rq);
    }
}

bool staff_body_read(struct request *rq)
{
    struct reading_body b = {.rq = rq, .command = &rq->pending->command};

    return body_read(&b);
}

void device_suspect_post(struct request *rq)
{
    device_command(rq, COMMAND_DEVICE_SUSPECT, suspected);
}

void device_suspect_delete(struct request *rq)
{
    device_command(rq, COMMAND_DEVICE_TRUST, trusted);
}

void device_test_post(struct request *rq)
{
    device_command(rq, COMMAND_DEVICE_TEST, test_begun);
}

void device_test_delete(struct request *rq)
{
    device_command(rq, COMMAND_DEVICE_TEST_END, test_ended);
}

void device_installed_post(struct request *rq)
{
    device_command(rq, COMMAND_DEVICE_INSTALLED, installed_answer);
}
