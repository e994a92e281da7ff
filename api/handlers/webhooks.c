/* Webhooks for their owners: made, listed, tested, rotated, replayed. The handler reads the body;
 * delivery's thread decides, has it audited and written, and makes the JSON of the answer. An
 * operator sees its own; what is another's answers like what is not there. */
#include "api/body_fields.h"
#include "api/handlers/asking.h"
#include "api/handlers/staff.h"
#include "api/server.h"
#include "bowei/base/json_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_NODES   512u
#define OVERLAP_S    86400 /* a day to take a new secret over */
#define SEVERITY_MAX 3

/* What hangs on the pending request. */
struct asked {
    struct delivery_request request;
    char events[WEBHOOK_REPLAY_MAX][EVENT_ID_MAX];
};

static void asked_finish(void *own)
{
    struct asked *asked = own;

    strbuf_finish(&asked->request.answer);
    free(asked);
}

static void on_done(struct delivery_request *request)
{
    struct command *command = request->ctx;

    command->result = request->result;
    memcpy(command->detail, request->detail, sizeof command->detail);
    command->done(command);
}

static enum err submit(void *ctx, struct command *command)
{
    const struct api *api = ctx;
    const struct pending *pending = command->ctx;
    struct asked *asked = pending->own;

    asked->request.ctx = command;
    asked->request.done = on_done;
    return api->p.delivery.ask(api->p.delivery.ctx, &asked->request);
}

static void answered(struct request *rq)
{
    struct asked *asked = rq->pending->own;
    char location[sizeof "/v1/webhooks/" + WEBHOOK_ID_LEN];

    if (asked->request.verb != DELIVERY_CREATE) {
        respond_text(rq, 200, type_json, &asked->request.answer);
        return;
    }
    (void)snprintf(location, sizeof location, "/v1/webhooks/%s", asked->request.id);
    respond_text(rq, 201, type_json, &asked->request.answer);
    respond_header(rq, "Location", location);
}

/* Answers itself and returns NULL when it cannot be. For a new one it must be known what was
 * before: it begins behind that. */
static struct asked *asked_open(struct request *rq, enum delivery_verb verb)
{
    struct asked *asked;

    if (rq->api->p.delivery.ask == NULL) {
        respond_problem(rq, ERR_UNAVAILABLE, "this server delivers no events");
        return NULL;
    }
    if (verb == DELIVERY_CREATE ? !asking_open_kept(rq, COMMAND_WEBHOOK, answered)
                                : !asking_open(rq, COMMAND_WEBHOOK, 0, answered)) {
        return NULL;
    }
    asked = calloc(1, sizeof *asked);
    if (asked == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    rq->pending->own = asked;
    rq->pending->own_finish = asked_finish;
    asked->request.verb = verb;
    memcpy(asked->request.operator_code, rq->operator_code, sizeof asked->request.operator_code);
    memcpy(asked->request.actor, rq->actor, sizeof asked->request.actor - 1);
    (void)snprintf(asked->request.id, sizeof asked->request.id, "%.*s", WEBHOOK_ID_LEN,
                   rq->match.route->path[strlen("/v1/webhooks")] == '\0' ? "" : rq->match.argument);
    if (strlen(rq->match.argument) > WEBHOOK_ID_LEN) {
        asked->request.id[0] = '\0'; /* longer than any */
    }
    return asked;
}

static void ask(struct request *rq)
{
    rq->phase = PHASE_WAITING;
    rq->suspended = true;
    pending_submit(rq->pending, rq->mhd, rq->boot_ms + PENDING_WAIT_MS, submit, rq->api);
}

static void ask_plain(struct request *rq, enum delivery_verb verb)
{
    if (asked_open(rq, verb) != NULL) {
        ask(rq);
    }
}

/* --- bodies --- */

static bool faulty(struct request *rq)
{
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
    }
    return rq->faults.count > 0;
}

/* A text member; "" when it is not there. */
static void text_read(struct request *rq, const struct json_doc *doc, const char *member, char *out,
                      size_t cap)
{
    const struct json_node *value = json_member(doc, &doc->nodes[0], member);
    char where[40];

    if (value != NULL && value->kind != JSON_NULL && body_text(doc, value, out, cap) < 0) {
        (void)snprintf(where, sizeof where, "/%s", member);
        faults_add(&rq->faults, where,
                   "must be a text of at most %zu bytes without control characters", cap - 1);
        out[0] = '\0';
    }
}

static void number_read(struct request *rq, const struct json_doc *doc, const char *member,
                        int64_t least, int64_t most, int64_t *out)
{
    const struct json_node *value = json_member(doc, &doc->nodes[0], member);
    char where[40];

    if (value != NULL && (!json_int(doc, value, out) || *out < least || *out > most)) {
        (void)snprintf(where, sizeof where, "/%s", member);
        faults_add(&rq->faults, where, "must be a whole number from %lld to %lld", (long long)least,
                   (long long)most);
    }
}

/* A list of texts. */
struct list_rule {
    const char *member;
    uint32_t most;
    bool (*put)(void *ctx, const char *text, size_t len); /* false: it is none */
    const char *items;                                    /* what an item must be */
};

static void list_read(struct request *rq, const struct json_doc *doc, const struct list_rule *rule,
                      void *ctx)
{
    const struct json_node *list = json_member(doc, &doc->nodes[0], rule->member);
    const struct json_node *n;
    char where[40];

    if (list == NULL || list->kind == JSON_NULL) {
        return;
    }
    (void)snprintf(where, sizeof where, "/%s", rule->member);
    if (list->kind != JSON_ARRAY || list->count > rule->most) {
        faults_add(&rq->faults, where, "must be a list of at most %u texts", rule->most);
        return;
    }
    n = json_first(doc, list);
    for (uint32_t i = 0; i < list->count; i++, n = json_after(doc, n)) {
        char text[64];
        const int len = json_text(doc, n, text, sizeof text);

        if (len < 0 || !rule->put(ctx, text, (size_t)len)) {
            faults_add(&rq->faults, where, "item %u must be %s", i, rule->items);
            return;
        }
    }
}

static bool kind_put(void *ctx, const char *text, size_t len)
{
    struct webhook_order *order = ctx;
    enum alert_kind kind;

    if (!alert_kind_find(text, len, &kind)) {
        return false;
    }
    order->kinds |= 1u << kind;
    return true;
}

static bool district_put(void *ctx, const char *text, size_t len)
{
    struct webhook_order *order = ctx;

    if (len != WEBHOOK_DISTRICT_LEN || strspn(text, "0123456789") != len) {
        return false;
    }
    memcpy(order->districts[order->district_count++], text, len + 1);
    return true;
}

static bool event_put(void *ctx, const char *text, size_t len)
{
    struct asked *asked = ctx;

    if (len >= EVENT_ID_MAX) {
        return false;
    }
    memcpy(asked->events[asked->request.event_count++], text, len + 1);
    return true;
}

static void crs_read(struct request *rq, const struct json_doc *doc, struct webhook_order *order)
{
    char text[16] = "wgs84";

    text_read(rq, doc, "crs", text, sizeof text);
    if (!crs_parse(text, (uint32_t)strlen(text), &order->crs)) {
        faults_add(&rq->faults, "/crs", "must be wgs84, gcj02 or bd09");
    }
}

/* "a, b or c": the codes of alerts. */
static void kinds_write(char *out, size_t cap)
{
    size_t n = 0;

    for (unsigned k = 0; k < ALERT_KIND_COUNT && n < cap; k++) {
        n += (size_t)snprintf(out + n, cap - n, "%s%s",
                              k == 0                      ? ""
                              : k + 1 == ALERT_KIND_COUNT ? " or "
                                                          : ", ",
                              alert_kind_code((enum alert_kind)k));
    }
}

static void order_read(struct request *rq, const struct json_doc *doc, struct webhook_order *order)
{
    static const struct list_rule districts = {"districts", WEBHOOK_DISTRICTS_MAX, district_put,
                                               "a district's code of 6 digits"};
    const struct json_node *url = json_member(doc, &doc->nodes[0], "url");
    char codes[160];
    const struct list_rule kinds = {"kinds", ALERT_KIND_COUNT, kind_put, codes};
    int64_t severity = 1;

    kinds_write(codes, sizeof codes);
    text_read(rq, doc, "url", order->url, sizeof order->url);
    if (url == NULL || url->kind == JSON_NULL || (url->kind == JSON_STRING && url->len == 0)) {
        faults_add(&rq->faults, "/url", "is required: https:// and where events are posted");
    }
    text_read(rq, doc, "name", order->name, sizeof order->name);
    text_read(rq, doc, "template", order->template_name, sizeof order->template_name);
    list_read(rq, doc, &kinds, order);
    list_read(rq, doc, &districts, order);
    number_read(rq, doc, "severity", 1, SEVERITY_MAX, &severity);
    order->severity = (uint8_t)severity;
    crs_read(rq, doc, order);
}

/* --- the routes --- */

void webhook_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    struct webhook_order order = {.url = ""};
    struct json_doc doc;
    struct asked *asked;

    if (!body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    order_read(rq, &doc, &order);
    if (faulty(rq)) {
        return;
    }
    asked = asked_open(rq, DELIVERY_CREATE);
    if (asked != NULL) {
        asked->request.order = order;
        ask(rq);
    }
}

void webhooks_list(struct request *rq)
{
    ask_plain(rq, DELIVERY_LIST);
}

void webhook_get(struct request *rq)
{
    ask_plain(rq, DELIVERY_GET);
}

void webhook_delete(struct request *rq)
{
    ask_plain(rq, DELIVERY_DELETE);
}

void webhook_enable_post(struct request *rq)
{
    ask_plain(rq, DELIVERY_ENABLE);
}

void webhook_test_post(struct request *rq)
{
    ask_plain(rq, DELIVERY_TEST);
}

void webhook_deliveries_get(struct request *rq)
{
    ask_plain(rq, DELIVERY_LETTERS);
}

void webhook_rotate_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    struct json_doc doc;
    struct asked *asked;
    int64_t overlap_s = OVERLAP_S;

    if (!body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    number_read(rq, &doc, "overlap_s", 0, WEBHOOK_OVERLAP_MAX_S, &overlap_s);
    if (faulty(rq)) {
        return;
    }
    asked = asked_open(rq, DELIVERY_ROTATE);
    if (asked != NULL) {
        asked->request.overlap_s = (uint32_t)overlap_s;
        ask(rq);
    }
}

void webhook_replay_post(struct request *rq)
{
    struct json_node nodes[BODY_NODES];
    const struct json_node *list;
    struct json_doc doc;
    struct asked *asked;

    if (!body_open(rq, &doc, nodes, BODY_NODES)) {
        return;
    }
    asked = asked_open(rq, DELIVERY_REPLAY);
    if (asked == NULL) {
        return;
    }
    list_read(rq, &doc,
              &(struct list_rule){"events", WEBHOOK_REPLAY_MAX, event_put, "the id of an event"},
              asked);
    if (faulty(rq)) {
        return;
    }
    list = json_member(&doc, &doc.nodes[0], "events");
    /* an empty list is none of them, not all */
    asked->request.events = list == NULL || list->kind == JSON_NULL ? NULL : asked->events;
    ask(rq);
}
