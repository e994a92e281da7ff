/* What is asked of delivery: answered at once where it changes nothing that is kept, handed to
 * change.c where it does. One change at a time; what is asked behind it waits. */
#include "gateway/delivery/station.h"
#include <stdio.h>
#include <string.h>

struct subscriber *station_find(const struct delivery *d, uint64_t id)
{
    for (uint32_t i = 0; i < d->count; i++) {
        if (d->subscribers[i]->sub.id == id) {
            return d->subscribers[i];
        }
    }
    return NULL;
}

void desk_answer(struct delivery_request *rq, enum err result)
{
    rq->result = result;
    if (result != ERR_OK) {
        strbuf_finish(&rq->answer);
    } else if (rq->answer.failed) {
        rq->result = ERR_NO_MEMORY;
    }
    rq->done(rq);
}

void desk_refuse(struct delivery_request *rq, enum err result, const char *detail)
{
    (void)snprintf(rq->detail, sizeof rq->detail, "%s", detail);
    desk_answer(rq, result);
}

static bool sees(const struct delivery_request *rq, const struct subscriber *s)
{
    return rq->operator_code[0] == '\0' || strcmp(rq->operator_code, s->sub.operator_code) == 0;
}

struct subscriber *desk_meant(const struct delivery *d, struct delivery_request *rq, bool writes)
{
    uint64_t id = 0;
    struct subscriber *s = webhook_id_parse(rq->id, &id) ? station_find(d, id) : NULL;

    if (s == NULL || !sees(rq, s)) {
        desk_refuse(rq, ERR_NOT_FOUND, "there is no such webhook");
        return NULL;
    }
    if (writes && strcmp(rq->operator_code, s->sub.operator_code) != 0) {
        desk_refuse(rq, ERR_FORBIDDEN, "it is its operator's to change");
        return NULL;
    }
    return s;
}

/* --- reading, and what needs no disk --- */

static void list(const struct delivery *d, struct delivery_request *rq)
{
    struct json_writer w;

    json_writer_init(&w, &rq->answer);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < d->count; i++) {
        if (sees(rq, d->subscribers[i])) {
            report_webhook(&w, d, d->subscribers[i], rq->operator_code[0] != '\0', NULL);
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    desk_answer(rq, ERR_OK);
}

static void show(const struct delivery *d, struct delivery_request *rq)
{
    const struct subscriber *s = desk_meant(d, rq, false);
    struct json_writer w;

    if (s == NULL) {
        return;
    }
    json_writer_init(&w, &rq->answer);
    if (rq->verb == DELIVERY_LETTERS) {
        report_letters(&w, s);
    } else {
        report_webhook(&w, d, s, rq->operator_code[0] != '\0', NULL);
    }
    desk_answer(rq, ERR_OK);
}

void desk_number_write(struct delivery_request *rq, const char *name, uint64_t value)
{
    struct json_writer w;

    json_writer_init(&w, &rq->answer);
    json_object(&w);
    json_kv_str(&w, "id", rq->id);
    json_kv_u64(&w, name, value);
    json_object_end(&w);
}

/* Like desk_meant() to change it, but only what something can be sent to. */
static struct subscriber *receiver_meant(const struct delivery *d, struct delivery_request *rq)
{
    struct subscriber *s = desk_meant(d, rq, true);

    if (s != NULL && turn_template_gone(d, s)) {
        desk_refuse(rq, ERR_CONFLICT, "its template is not in the configuration any more");
        s = NULL;
    }
    return s;
}

static void test(const struct delivery *d, struct delivery_request *rq)
{
    struct subscriber *s = receiver_meant(d, rq);

    if (s != NULL) {
        s->test_wanted = true;
        desk_number_write(rq, "asked", 1);
        desk_answer(rq, ERR_OK);
    }
}

/* The event stands further ahead in the request. */
static bool named_before(const struct delivery_request *rq, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (strcmp(rq->events[i], rq->events[at]) == 0) {
            return true;
        }
    }
    return false;
}

static void replay(struct delivery *d, struct delivery_request *rq)
{
    struct subscriber *s = receiver_meant(d, rq);
    uint64_t asked = 0;

    if (s == NULL) {
        return;
    }
    if (s->sub.disabled) {
        desk_refuse(rq, ERR_CONFLICT, "it is disabled: enable it first");
        return;
    }
    for (uint32_t i = 0; rq->events == NULL && i < s->letter_count; i++, asked++) {
        s->letters[i].replay = true;
    }
    for (uint32_t i = 0; rq->events != NULL && i < rq->event_count; i++) {
        struct letter *letter = subscriber_letter(s, rq->events[i]);

        if (letter != NULL) {
            letter->replay = true;
            asked += named_before(rq, i) ? 0 : 1;
        }
    }
    desk_number_write(rq, "asked", asked);
    books_keep(d, rq); /* what is answered is not forgotten by a crash */
}

/* --- the queue --- */

static void inbox_put(struct delivery *d, struct delivery_request *rq)
{
    rq->next = NULL;
    if (d->inbox_last != NULL) {
        d->inbox_last->next = rq;
    } else {
        d->inbox_first = rq;
    }
    d->inbox_last = rq;
    d->inbox_count++;
}

void desk_come_back(struct delivery *d, struct delivery_request *rq)
{
    pthread_mutex_lock(&d->lock);
    inbox_put(d, rq);
    pthread_mutex_unlock(&d->lock);
    wire_wake(&d->wire);
}

static void inbox_take(struct delivery *d)
{
    struct delivery_request *rq;

    pthread_mutex_lock(&d->lock);
    rq = d->inbox_first;
    d->inbox_first = d->inbox_last = NULL;
    d->inbox_count = 0;
    pthread_mutex_unlock(&d->lock);
    while (rq != NULL) {
        struct delivery_request *next = rq->next;

        rq->next = NULL;
        if (rq->audited) { /* comes back to its change */
            change_audited(d, rq);
        } else if (d->desk_last != NULL) {
            d->desk_last->next = rq;
            d->desk_last = rq;
        } else {
            d->desk_first = d->desk_last = rq;
        }
        rq = next;
    }
}

static void request_run(struct delivery *d, struct delivery_request *rq)
{
    switch (rq->verb) {
    case DELIVERY_LIST: list(d, rq); break;
    case DELIVERY_GET:
    case DELIVERY_LETTERS: show(d, rq); break;
    case DELIVERY_TEST: test(d, rq); break;
    case DELIVERY_REPLAY: replay(d, rq); break;
    case DELIVERY_CREATE:
    case DELIVERY_DELETE:
    case DELIVERY_ENABLE:
    case DELIVERY_ROTATE: change_begin(d, rq); break;
    case DELIVERY_VERB_COUNT: break;
    }
}

static struct delivery_request *desk_take(struct delivery *d)
{
    struct delivery_request *rq = d->desk_first;

    if (rq != NULL) {
        d->desk_first = rq->next;
        d->desk_last = rq->next == NULL ? NULL : d->desk_last;
        rq->next = NULL;
    }
    return rq;
}

void desk_turn(struct delivery *d)
{
    inbox_take(d);
    while (d->desk_first != NULL && d->change.request == NULL &&
           !d->book_busy[BOOK_SUBSCRIPTIONS]) {
        request_run(d, desk_take(d));
    }
}

void desk_close(struct delivery *d)
{
    struct delivery_request *rq;

    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_mutex_unlock(&d->lock);
    for (rq = d->inbox_first; rq != NULL;) {
        struct delivery_request *next = rq->next;

        if (!rq->audited) { /* an audited one is the change's */
            desk_answer(rq, ERR_UNAVAILABLE);
        }
        rq = next;
    }
    for (rq = desk_take(d); rq != NULL; rq = desk_take(d)) {
        desk_answer(rq, ERR_UNAVAILABLE);
    }
    rq = d->change.request;
    change_clear(d);
    if (rq != NULL) {
        desk_answer(rq, ERR_UNAVAILABLE);
    }
    d->inbox_first = d->inbox_last = NULL;
}

static enum err port_ask(void *ctx, struct delivery_request *request)
{
    struct delivery *d = ctx;
    enum err e = ERR_OK;

    pthread_mutex_lock(&d->lock);
    if (d->closed) {
        e = ERR_UNAVAILABLE;
    } else if (d->inbox_count == INBOX_MAX) {
        e = ERR_OVERLOADED;
    } else {
        inbox_put(d, request);
    }
    pthread_mutex_unlock(&d->lock);
    if (e == ERR_OK) {
        wire_wake(&d->wire);
    }
    return e;
}

struct delivery_port delivery_port_of(struct delivery *d)
{
    return (struct delivery_port){d, port_ask};
}
