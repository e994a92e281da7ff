/* What is asked of delivery. Reading is answered at once; a change goes through three hands: the
 * core audits it, the writer puts it on the disk, only then it is in force and answered. One change
 * at a time; what is asked behind it waits. */
#include "bowei/base/city_clock.h"
#include "gateway/delivery/station.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_SEVERITY 1

struct subscriber *station_find(const struct delivery *d, uint64_t id)
{
    for (uint32_t i = 0; i < d->count; i++) {
        if (d->subscribers[i]->sub.id == id) {
            return d->subscribers[i];
        }
    }
    return NULL;
}

static void answer(struct delivery_request *rq, enum err result)
{
    rq->result = result;
    if (result != ERR_OK) {
        strbuf_finish(&rq->answer);
    } else if (rq->answer.failed) {
        rq->result = ERR_NO_MEMORY;
    }
    rq->done(rq);
}

static void refuse(struct delivery_request *rq, enum err result, const char *detail)
{
    (void)snprintf(rq->detail, sizeof rq->detail, "%s", detail);
    answer(rq, result);
}

static bool sees(const struct delivery_request *rq, const struct subscriber *s)
{
    return rq->operator_code[0] == '\0' || strcmp(rq->operator_code, s->sub.operator_code) == 0;
}

/* The webhook that is meant; NULL when it is answered: what one may not see is not there. */
static struct subscriber *meant(const struct delivery *d, struct delivery_request *rq, bool writes)
{
    uint64_t id = 0;
    struct subscriber *s = webhook_id_parse(rq->id, &id) ? station_find(d, id) : NULL;

    if (s == NULL || !sees(rq, s)) {
        refuse(rq, ERR_NOT_FOUND, "there is no such webhook");
        return NULL;
    }
    if (writes && strcmp(rq->operator_code, s->sub.operator_code) != 0) {
        refuse(rq, ERR_FORBIDDEN, "it is its operator's to change");
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
            report_webhook(&w, d, d->subscribers[i], NULL);
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    answer(rq, ERR_OK);
}

static void show(const struct delivery *d, struct delivery_request *rq)
{
    const struct subscriber *s = meant(d, rq, false);
    struct json_writer w;

    if (s == NULL) {
        return;
    }
    json_writer_init(&w, &rq->answer);
    if (rq->verb == DELIVERY_LETTERS) {
        report_letters(&w, s);
    } else {
        report_webhook(&w, d, s, NULL);
    }
    answer(rq, ERR_OK);
}

static void one_number(struct delivery_request *rq, const char *name, uint64_t value)
{
    struct json_writer w;

    json_writer_init(&w, &rq->answer);
    json_object(&w);
    json_kv_str(&w, "id", rq->id);
    json_kv_u64(&w, name, value);
    json_object_end(&w);
    answer(rq, ERR_OK);
}

static void test(const struct delivery *d, struct delivery_request *rq)
{
    struct subscriber *s = meant(d, rq, true);

    if (s != NULL) {
        s->test_wanted = true;
        one_number(rq, "asked", 1);
    }
}

static void replay(struct delivery *d, struct delivery_request *rq)
{
    struct subscriber *s = meant(d, rq, true);
    uint64_t asked = 0;

    if (s == NULL) {
        return;
    }
    if (s->sub.disabled) {
        refuse(rq, ERR_CONFLICT, "it is disabled: enable it first");
        return;
    }
    for (uint32_t i = 0; rq->events == NULL && i < s->letter_count; i++, asked++) {
        s->letters[i].replay = true;
    }
    for (uint32_t i = 0; rq->events != NULL && i < rq->event_count; i++) {
        struct letter *letter = subscriber_letter(s, rq->events[i]);

        asked += letter != NULL ? 1 : 0;
        if (letter != NULL) {
            letter->replay = true;
        }
    }
    books_mark(d, BOOK_DELIVERIES, 0);
    one_number(rq, "asked", asked);
}

/* --- changes --- */

static bool template_known(const struct delivery *d, const char *name)
{
    for (uint32_t i = 0; i < d->p.config->template_count; i++) {
        if (strcmp(d->p.config->templates[i].name, name) == 0) {
            return true;
        }
    }
    return name[0] == '\0';
}

static bool room_is(const struct delivery *d, const char *operator_code)
{
    uint32_t own = 0;

    for (uint32_t i = 0; i < d->count; i++) {
        own += strcmp(d->subscribers[i]->sub.operator_code, operator_code) == 0 ? 1 : 0;
    }
    return d->count < SUBSCRIBERS_MAX && own < SUBSCRIBERS_OPERATOR_MAX;
}

/* A new one as it will be; false when it is answered. */
static bool create_next(struct delivery *d, struct delivery_request *rq, struct subscription *next)
{
    char why[GUARD_WHY_MAX];

    if (rq->operator_code[0] == '\0') {
        refuse(rq, ERR_FORBIDDEN, "a webhook is made with its operator's key");
        return false;
    }
    if (!wire_open(&d->wire)) {
        answer(rq, ERR_NO_MEMORY);
        return false;
    }
    if (!guard_permits_url(&d->guard, rq->order.url, why)) {
        (void)snprintf(rq->detail, sizeof rq->detail, "url: %.150s", why);
        answer(rq, ERR_UNPROCESSABLE);
        return false;
    }
    if (!template_known(d, rq->order.template_name)) {
        refuse(rq, ERR_UNPROCESSABLE, "template: there is none of this name");
        return false;
    }
    if (!room_is(d, rq->operator_code)) {
        refuse(rq, ERR_CONFLICT, "there are 64 webhooks already: delete one");
        return false;
    }
    *next = (struct subscription){.order = rq->order, .created_ms = host_wall_ms()};
    memcpy(next->operator_code, rq->operator_code, sizeof next->operator_code);
    next->order.severity = rq->order.severity == 0 ? DEFAULT_SEVERITY : rq->order.severity;
    do {
        randombytes_buf(&next->id, sizeof next->id);
    } while (station_find(d, next->id) != NULL);
    webhook_id_format(next->id, rq->id);
    signature_key_make(next->key);
    next->from = d->p.events.newest(d->p.events.ctx);
    return true;
}

static bool rotate_next(struct delivery_request *rq, struct subscription *next)
{
    const int64_t wall_ms = host_wall_ms();

    if (next->former_until_ms > wall_ms && rq->overlap_s > 0) {
        refuse(rq, ERR_CONFLICT, "two secrets live already; overlap_s 0 ends both at once");
        return false;
    }
    memcpy(next->former_key, next->key, sizeof next->former_key);
    next->former_until_ms = rq->overlap_s == 0 ? 0 : wall_ms + (int64_t)rq->overlap_s * 1000;
    if (rq->overlap_s == 0) {
        sodium_memzero(next->former_key, sizeof next->former_key);
    }
    signature_key_make(next->key);
    return true;
}

/* Fills in d->change; false when the request is answered. */
static bool change_prepare(struct delivery *d, struct delivery_request *rq)
{
    struct subscription *next = &d->change.next;
    struct subscriber *s = NULL;

    if (rq->verb == DELIVERY_CREATE) {
        if (!create_next(d, rq, next)) {
            return false;
        }
    } else {
        s = meant(d, rq, true);
        if (s == NULL) {
            return false;
        }
        *next = s->sub;
    }
    if (rq->verb == DELIVERY_ROTATE && !rotate_next(rq, next)) {
        return false;
    }
    if (rq->verb == DELIVERY_ENABLE) {
        next->disabled = false;
        next->disabled_why[0] = '\0';
    }
    d->change.request = rq;
    d->change.target = s;
    return true;
}

static void change_clear(struct delivery *d)
{
    sodium_memzero(&d->change, sizeof d->change);
}

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

/* Core or journal thread. */
static void on_audited(struct command *command)
{
    struct delivery_request *rq = command->ctx;
    struct delivery *d = rq->delivery;

    pthread_mutex_lock(&d->lock);
    rq->audited = true;
    inbox_put(d, rq);
    pthread_mutex_unlock(&d->lock);
    wire_wake(&d->wire);
}

/* The URL is not in the row: chat robots have their secret in it. */
static void change_audit(struct delivery *d, struct delivery_request *rq)
{
    static const char *const words[DELIVERY_VERB_COUNT] = {[DELIVERY_CREATE] = "make",
                                                           [DELIVERY_DELETE] = "delete",
                                                           [DELIVERY_ENABLE] = "enable",
                                                           [DELIVERY_ROTATE] = "rotate"};
    enum err e;

    rq->delivery = d;
    rq->audit = (struct command){.kind = COMMAND_WEBHOOK, .done = on_audited, .ctx = rq};
    memcpy(rq->audit.actor, rq->actor, sizeof rq->audit.actor);
    (void)snprintf(rq->audit.note, sizeof rq->audit.note, "%s %s of %s", words[rq->verb], rq->id,
                   d->change.next.operator_code);
    e = d->p.intake.command(d->p.intake.ctx, &rq->audit);
    if (e != ERR_OK) {
        change_clear(d);
        answer(rq, e);
    }
}

static void change_write(struct delivery *d, struct delivery_request *rq)
{
    const enum err e = rq->audit.result != ERR_OK ? rq->audit.result
                       : books_write_change(d)    ? ERR_OK
                                                  : ERR_NO_MEMORY;

    if (e != ERR_OK) {
        change_clear(d);
        answer(rq, e);
    }
}

static void subscriber_remove(struct delivery *d, struct subscriber *s)
{
    uint32_t i = 0;

    turn_halt(d, s);
    while (d->subscribers[i] != s) {
        i++;
    }
    d->count--;
    memmove(&d->subscribers[i], &d->subscribers[i + 1],
            (d->count - i) * sizeof(struct subscriber *));
    subscriber_destroy(s);
    books_mark(d, BOOK_DELIVERIES, 0);
}

/* It is on the disk: in force from here on. */
static struct subscriber *change_apply(struct delivery *d)
{
    const enum delivery_verb verb = d->change.request->verb;
    struct subscriber *s = d->change.target;

    if (verb == DELIVERY_CREATE) {
        s = subscriber_create(&d->change.next);
        if (s != NULL) {
            d->subscribers[d->count++] = s;
        }
        return s;
    }
    if (verb == DELIVERY_ENABLE) {
        s->p.due_ms = 0; /* its owner says that it is right again */
        s->p.failures = 0;
        s->p.attempts = 0;
        s->more = true;
    }
    s->sub = d->change.next;
    return s;
}

void desk_written(struct delivery *d, enum err result)
{
    struct delivery_request *rq = d->change.request;
    const enum delivery_verb verb = rq->verb;
    char secret[WEBHOOK_SECRET_MAX];
    struct subscriber *s = NULL;
    struct json_writer w;

    if (result == ERR_OK && verb == DELIVERY_DELETE) {
        subscriber_remove(d, d->change.target);
        change_clear(d);
        one_number(rq, "deleted", 1);
        return;
    }
    s = result == ERR_OK ? change_apply(d) : NULL;
    change_clear(d);
    if (s == NULL) {
        answer(rq, result == ERR_OK ? ERR_NO_MEMORY : result);
        return;
    }
    books_mark(d, BOOK_DELIVERIES, 0);
    signature_key_text(s->sub.key, secret, sizeof secret);
    json_writer_init(&w, &rq->answer);
    report_webhook(&w, d, s, verb == DELIVERY_ENABLE ? NULL : secret);
    sodium_memzero(secret, sizeof secret);
    answer(rq, ERR_OK);
}

/* --- the queue --- */

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
            change_write(d, rq);
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
    case DELIVERY_ROTATE:
        if (change_prepare(d, rq)) {
            change_audit(d, rq);
        }
        break;
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
            answer(rq, ERR_UNAVAILABLE);
        }
        rq = next;
    }
    for (rq = desk_take(d); rq != NULL; rq = desk_take(d)) {
        answer(rq, ERR_UNAVAILABLE);
    }
    rq = d->change.request;
    change_clear(d);
    if (rq != NULL) {
        answer(rq, ERR_UNAVAILABLE);
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
