/* A change of subscriptions goes through three hands: the core audits it, the writer puts it on the
 * disk, only then it is in force and answered. */
#include "bowei/base/city_clock.h"
#include "gateway/delivery/station.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_SEVERITY 1

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
        desk_refuse(rq, ERR_FORBIDDEN, "a webhook is made with its operator's key");
        return false;
    }
    if (!delivery_can_send(d)) {
        desk_refuse(rq, ERR_UNAVAILABLE,
                    "libcurl, which sends webhooks, cannot be loaded: the gateway's log says why");
        return false;
    }
    if (!guard_permits_url(&d->guard, &d->wire.curl, rq->order.url, why)) {
        (void)snprintf(rq->detail, sizeof rq->detail, "url: %.150s", why);
        desk_answer(rq, ERR_UNPROCESSABLE);
        return false;
    }
    if (!template_known(d, rq->order.template_name)) {
        desk_refuse(rq, ERR_UNPROCESSABLE, "template: there is none of this name");
        return false;
    }
    if (!room_is(d, rq->operator_code)) {
        desk_refuse(rq, ERR_CONFLICT, "there are 16 webhooks already: delete one");
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
        desk_refuse(rq, ERR_CONFLICT, "two secrets live already; overlap_s 0 ends both at once");
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
        s = desk_meant(d, rq, true);
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

void change_clear(struct delivery *d)
{
    sodium_memzero(&d->change, sizeof d->change);
}

/* Core or journal thread. */
static void on_audited(struct command *command)
{
    struct delivery_request *rq = command->ctx;
    struct delivery *d = rq->delivery;

    rq->audited = true;
    desk_come_back(d, rq);
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
        desk_answer(rq, e);
    }
}

void change_audited(struct delivery *d, struct delivery_request *rq)
{
    const enum err e = rq->audit.result != ERR_OK ? rq->audit.result
                       : books_write_change(d)    ? ERR_OK
                                                  : ERR_NO_MEMORY;

    if (e != ERR_OK) {
        change_clear(d);
        desk_answer(rq, e);
    }
}

static void subscriber_remove(struct delivery *d, struct subscriber *s)
{
    uint32_t i = 0;

    turn_halt(s);
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
            webhook_id_format(s->sub.id, d->change.request->id);
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

void change_written(struct delivery *d, enum err result)
{
    struct delivery_request *rq = d->change.request;
    const enum delivery_verb verb = rq->verb;
    char secret[WEBHOOK_SECRET_MAX];
    struct subscriber *s = NULL;
    struct json_writer w;

    if (result == ERR_OK && verb == DELIVERY_DELETE) {
        subscriber_remove(d, d->change.target);
        change_clear(d);
        desk_number_write(rq, "deleted", 1);
        desk_answer(rq, ERR_OK);
        return;
    }
    s = result == ERR_OK ? change_apply(d) : NULL;
    change_clear(d);
    if (s == NULL) {
        desk_answer(rq, result == ERR_OK ? ERR_NO_MEMORY : result);
        return;
    }
    books_mark(d, BOOK_DELIVERIES, 0);
    signature_key_text(s->sub.key, secret, sizeof secret);
    json_writer_init(&w, &rq->answer);
    report_webhook(&w, d, s, true, verb == DELIVERY_ENABLE ? NULL : secret);
    sodium_memzero(secret, sizeof secret);
    desk_answer(rq, ERR_OK);
}

void change_begin(struct delivery *d, struct delivery_request *rq)
{
    if (change_prepare(d, rq)) {
        change_audit(d, rq);
    }
}
