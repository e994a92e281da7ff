/* What is done with cases: openings of people and cameras, and one handler a move (case_moves.def).
 * Two who edit the same case: the one who names the version that was read wins or is refused, 409
 * by the body's `version`, 412 by If-Match. */
#include "api/handlers/asking.h"
#include "api/handlers/desk.h"
#include <stdio.h>
#include <string.h>

#define BODY_NODES 96u

static request_answer moved_answer, opened_answer;

/* --- openings --- */

static void finding_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    struct desk *desk;

    if (!case_body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    desk = desk_open(rq, COMMAND_CASE_OPEN, 1, false, opened_answer);
    if (desk == NULL) {
        return;
    }
    desk->request.source = SOURCE_VIDEO;
    case_body_finding(rq, &doc, &desk->request);
    case_body_move(rq, &doc, &desk->request.move);
    if (case_body_good(rq) && desk_covers(rq, desk->request.place)) {
        asking_submit(rq);
    }
}

void case_post(struct request *rq)
{
    finding_post(rq);
}

void detection_post(struct request *rq)
{
    finding_post(rq);
}

static void reply(struct request *rq, unsigned status)
{
    const struct case_reader reader = case_reader_of(rq);
    const struct case_image *c = &desk_of(rq)->request.cases[0];
    struct strbuf out = {0};
    struct json_writer w;
    char etag[32];

    json_writer_init(&w, &out);
    case_write(&reader, &w, c, NULL, 0);
    respond_text(rq, status, type_json, &out);
    (void)snprintf(etag, sizeof etag, "\"v%u\"", c->version);
    respond_header(rq, "ETag", etag);
    if (rq->answer == opened_answer) {
        char number[CASE_NUMBER_LEN + 1];
        char location[16 + CASE_NUMBER_LEN] = "/v1/cases/";

        case_id_format(c->id, number);
        (void)strncat(location, number, CASE_NUMBER_LEN);
        respond_header(rq, "Location", location);
    }
}

static void opened_answer(struct request *rq)
{
    reply(rq, desk_of(rq)->request.duplicate ? 200 : 201);
}

/* --- moves --- */

/* The case that another is merged into gets a row of it: it must be the key's to change, too.
 * Answers itself when not. */
static bool other_covers(struct request *rq, case_id other)
{
    char number[CASE_NUMBER_LEN + 1];

    if (other == 0 || rq->key == NULL || rq->key->district_count == 0) {
        return true;
    }
    case_id_format(other, number);
    if (!key_row_covers(rq->key, number)) {
        respond_problem(rq, ERR_FORBIDDEN,
                        "into: this key may change only what is in its districts");
        return false;
    }
    return true;
}

static void case_move(struct request *rq, enum case_event event)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    struct desk *desk;
    case_id id;

    if (!case_id_parse(rq->match.argument, strlen(rq->match.argument), &id)) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such case");
        return;
    }
    if (!case_body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    desk = desk_open(rq, COMMAND_CASE_MOVE, 1, false, moved_answer);
    if (desk == NULL) {
        return;
    }
    desk->request.id = id;
    case_body_move(rq, &doc, &desk->request.move);
    desk->request.move.event = event;
    if (case_body_good(rq) && other_covers(rq, desk->request.move.other) &&
        asking_version(rq, &desk->request.move.version)) {
        asking_submit(rq);
    }
}

static void moved_answer(struct request *rq)
{
    reply(rq, 200);
}

/* clang-format off: a table is included */
#define CASE_MOVE(event, code, handler, fields, required, doc)                                     \
    void handler(struct request *rq)                                                               \
    {                                                                                              \
        case_move(rq, CASE_EVENT_##event);                                                         \
    }
#include "api/case_moves.def"
#undef CASE_MOVE
/* clang-format on */
