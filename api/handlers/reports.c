/* Residents: a report in, a receipt out, and what became of it for who has the receipt. Nobody's
 * name is asked, nobody's data is answered: status and times only. */
#include "api/handlers/asking.h"
#include "api/handlers/desk.h"
#include "api/handlers/fleet.h"
#include "api/rate.h"
#include "api/receipt.h"
#include "bowei/fences.h"
#include "bowei/inventory.h"
#include "bowei/territory.h"
#include <stdio.h>
#include <string.h>

#define BODY_NODES 64u

static request_answer reported_answer, report_answer;

static void word_write(struct json_writer *w, const char *name, const struct case_word *word)
{
    json_key(w, name);
    json_object(w);
    json_kv_str(w, "code", word->code);
    json_kv_str(w, "en", word->en);
    json_kv_str(w, "zh-CN", word->zh);
    json_object_end(w);
}

static void reply(struct request *rq, unsigned status, const struct case_image *c)
{
    const enum case_status s = (enum case_status)c->status;
    const int64_t shift_ms = rq->now.shift_ms;
    char receipt[RECEIPT_LEN + 1];
    struct strbuf out = {0};
    struct json_writer w;

    receipt_format(c->receipt, receipt);
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "receipt", receipt);
    word_write(&w, "kind", case_kind_word((enum case_kind)c->kind));
    word_write(&w, "status", case_status_word(s));
    json_kv_u64(&w, "step", c->rating != 0 ? 7 : case_status_seventh(s));
    fleet_time(shift_ms, &w, "reported_at", c->reported_ms);
    fleet_time(shift_ms, &w, "filed_at", c->filed_ms);
    fleet_time(shift_ms, &w, "dispatched_at", c->dispatched_ms);
    fleet_time(shift_ms, &w, "closed_at", c->closed_ms);
    json_kv_bool(&w, "rated", c->rating != 0);
    json_kv_bool(&w, "may_rate", s == STATUS_CLOSED && c->rating == 0);
    json_object_end(&w);
    rq->kind = REPLY_OPEN; /* never kept on the way */
    respond_text(rq, status, type_json, &out);
}

/* --- reporting --- */

/* What residents may report; the machine's own kinds are not theirs. */
static void kind_check(struct request *rq, enum case_kind kind)
{
    if (kind == CASE_OUT_OF_FENCE || kind == CASE_NO_PARKING) {
        faults_add(&rq->faults, "/kind",
                   "must be zombie_car, zombie_bike_private, zombie_bike_shared, pile_up, facility "
                   "or order");
    }
}

/* In this city: in a grid, or within reach of a place. */
static bool in_city(const struct request *rq, struct position_e7 at)
{
    const int64_t reach_mm = (int64_t)rq->api->p.config->http.reports_reach_m * 1000;
    const struct inventory *inv = rq->inv;
    struct responsibility who;
    struct fence_hit hit;

    if (reach_mm == 0 ||
        (inv->spaces_index != NULL && spatial_any(inv, inv->spaces_index, at, reach_mm)) ||
        (inv->lots_index != NULL && spatial_any(inv, inv->lots_index, at, reach_mm)) ||
        fences_near(inv, at, reach_mm, NULL, NULL, &hit, 1) > 0) {
        return true;
    }
    territory_route(inv, "", 0, at, &who);
    return who.grid != NO_GRID;
}

/* Nobody of this city can go to where it is: not a case. Staff may say what they like. */
static void location_check(struct request *rq, const struct case_request *request)
{
    const bool given = request->at.lat != 0 || request->at.lon != 0;

    if (given && !in_city(rq, request->at)) {
        faults_add(&rq->faults, "/location",
                   "is not in this city: in no grid, and far from every space, lot and fence");
    }
}

void report_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    struct desk *desk;

    rq->kind = REPLY_OPEN;
    if (!rate_report_allows(rq) || !case_body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    desk = desk_open(rq, COMMAND_CASE_OPEN, 1, false, reported_answer);
    if (desk == NULL) {
        return;
    }
    case_body_finding(rq, &doc, &desk->request);
    case_body_move(rq, &doc, &desk->request.move);
    kind_check(rq, desk->request.kind);
    location_check(rq, &desk->request);
    desk->request.source = SOURCE_APP;
    desk->request.new_receipt = receipt_make();
    if (case_body_good(rq)) {
        asking_submit(rq);
    }
}

static void reported_answer(struct request *rq)
{
    const struct case_image *c = &desk_of(rq)->request.cases[0];
    char location[16 + RECEIPT_LEN] = "/v1/reports/";
    char receipt[RECEIPT_LEN + 1];

    receipt_format(c->receipt, receipt);
    (void)strncat(location, receipt, RECEIPT_LEN);
    reply(rq, 201, c);
    respond_header(rq, "Location", location);
}

/* What residents are told: in which stage of work a case is, is nobody's business. */
static const char *resident_refusal(enum err why)
{
    return why == ERR_NOT_FOUND  ? "there is no report with this receipt"
           : why == ERR_CONFLICT ? "a report is rated once, when it is closed: may_rate says when"
                                 : NULL;
}

/* --- looking it up --- */

/* The receipt of the path. One answer for all that are none. */
static bool receipt_read(struct request *rq, uint64_t *receipt)
{
    if (receipt_parse(rq->match.argument, strlen(rq->match.argument), receipt)) {
        return true;
    }
    respond_problem(rq, ERR_NOT_FOUND, resident_refusal(ERR_NOT_FOUND));
    return false;
}

void report_get(struct request *rq)
{
    struct desk *desk;
    uint64_t receipt;

    rq->kind = REPLY_OPEN;
    if (!receipt_read(rq, &receipt) || !rate_lookup_allows(rq)) {
        return;
    }
    desk = desk_open(rq, COMMAND_CASES, 1, false, report_answer);
    if (desk != NULL) {
        rq->explain = resident_refusal;
        desk->request.receipt = receipt;
        asking_submit(rq);
    }
}

static void report_answer(struct request *rq)
{
    reply(rq, 200, &desk_of(rq)->request.cases[0]);
}

/* --- rating --- */

void report_rating_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    struct desk *desk;
    uint64_t receipt;

    rq->kind = REPLY_OPEN;
    if (!receipt_read(rq, &receipt) || !rate_report_allows(rq) ||
        !case_body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    desk = desk_open(rq, COMMAND_CASE_MOVE, 1, false, report_answer);
    if (desk == NULL) {
        return;
    }
    rq->explain = resident_refusal;
    desk->request.receipt = receipt;
    case_body_move(rq, &doc, &desk->request.move);
    desk->request.move.event = CASE_EVENT_RATE;
    if (case_body_good(rq)) {
        asking_submit(rq);
    }
}
