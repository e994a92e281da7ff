/* Sending. Each subscriber goes through its events in their order, one at a time: the one it stands
 * at is tried until it is delivered or its schedule is used up, then it is a dead letter. What
 * fails at the receiver as a whole (connection, TLS, 5xx, 429, ...) keeps the others waiting behind
 * it without attempts of their own; after a whole schedule of failures each of them has one
 * attempt, at the schedule's last pace, until the receiver answers again. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "gateway/delivery/station.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_SOON_MS   1000  /* a delivery that a crash forgets is repeated */
#define SAVE_LATER_MS  30000 /* events that were not wanted */
#define READ_WAIT_MS   1000  /* Redis was away: doubled up to the next */
#define READ_WAIT_MOST 30000
#define LOOK_MS        10000 /* a wake-up that was missed costs no more than this */

/* --- what is sent --- */

static const struct webhook_template *template_of(const struct delivery *d,
                                                  const struct subscriber *s)
{
    for (uint32_t i = 0; i < d->p.config->template_count; i++) {
        if (strcmp(d->p.config->templates[i].name, s->sub.order.template_name) == 0) {
            return &d->p.config->templates[i];
        }
    }
    return NULL;
}

bool turn_template_gone(const struct delivery *d, const struct subscriber *s)
{
    return s->sub.order.template_name[0] != '\0' && template_of(d, s) == NULL;
}

/* False: it could not be made. */
static bool send_begin(struct delivery *d, struct subscriber *s, enum sending what,
                       const struct alert_image *alert)
{
    const int64_t boot_ms = host_boot_ms();
    const int64_t wall_ms = host_wall_ms();
    const int64_t shift_ms = view_now(d->p.view, boot_ms).shift_ms;
    const struct webhook_template *form = template_of(d, s);
    const struct message message = {.event = s->now.event,
                                    .alert = alert,
                                    .instance = d->p.config->instance,
                                    .at_ms = alert == NULL ? wall_ms : alert->changed_ms + shift_ms,
                                    .shift_ms = shift_ms};
    struct strbuf body = {0};
    const struct transfer_order order = {.sub = &s->sub,
                                         .form = form,
                                         .event = s->now.event,
                                         .body = &body,
                                         .wall_ms = wall_ms,
                                         .owner = s};

    s->now = (struct attempt){.what = what, .at_ms = wall_ms, .took_ms = boot_ms};
    if (alert != NULL) {
        event_id_format(alert, s->now.event);
        s->now_place = (struct event_place){alert->changed_ms, alert->event};
    } else {
        (void)snprintf(s->now.event, sizeof s->now.event, "test-%08x%08x", randombytes_random(),
                       randombytes_random());
    }
    if (message_write(&message, &s->sub, form, &body)) {
        s->transfer = transfer_begin(&d->wire, &d->rules, &order);
    }
    strbuf_finish(&body);
    return s->transfer != NULL;
}

/* --- the feed --- */

static void read_run(struct job *job)
{
    struct feed_read *r = (struct feed_read *)(void *)job;

    r->reached = r->after;
    r->result = r->port.read(r->port.ctx, r->operator_code, r->after, r->events, r->room, &r->count,
                             &r->reached);
}

static void read_ask(struct delivery *d, struct subscriber *s, struct event_place after,
                     uint32_t room)
{
    struct feed_read *r = calloc(1, sizeof *r + room * sizeof r->events[0]);

    if (r == NULL) {
        s->read_due_ms = host_boot_ms() + READ_WAIT_MS;
        return;
    }
    r->job.run = read_run;
    r->port = d->p.events;
    r->owner = s;
    memcpy(r->operator_code, s->sub.operator_code, sizeof s->sub.operator_code);
    r->after = after;
    r->room = room;
    r->result = EVENT_READ_UNAVAILABLE; /* when a stop gives it back without a run */
    r->replay = room == 1;
    s->more = r->replay && s->more; /* news that come while it reads set it again */
    s->read = r;
    worker_ask(&d->reader, &r->job);
}

static void read_again(struct subscriber *s)
{
    s->more = true;
    s->read_wait_ms = s->read_wait_ms == 0 ? READ_WAIT_MS : s->read_wait_ms * 2;
    s->read_wait_ms = s->read_wait_ms > READ_WAIT_MOST ? READ_WAIT_MOST : s->read_wait_ms;
    s->read_due_ms = host_boot_ms() + s->read_wait_ms;
}

static void place_move(struct delivery *d, struct subscriber *s, struct event_place to)
{
    if (event_place_compare(to, s->p.place) > 0) {
        s->p.place = to;
        books_mark(d, BOOK_DELIVERIES, SAVE_LATER_MS);
    }
}

/* It is behind what the feed keeps: what lies between is told to its owner by a count, and it goes
 * on with the oldest that is kept. Or before it, when Redis was restored from a backup: what was
 * delivered since is not known any more, and it goes on with what is new. */
static void place_expired(struct delivery *d, struct subscriber *s, const struct feed_read *r)
{
    const struct event_place newest = d->p.events.newest(d->p.events.ctx);

    s->p.missed++;
    count_add(d->p.counters, COUNT_WEBHOOK_EXPIRED, 1);
    log_line(LOG_WARNING, "delivery", "W%016llx was behind what the feed keeps: events are missing",
             (unsigned long long)s->sub.id);
    s->p.place = event_place_compare(r->after, newest) > 0 ? newest : (struct event_place){0};
    books_mark(d, BOOK_DELIVERIES, SAVE_SOON_MS);
    s->more = true;
}

static void read_events(struct delivery *d, struct subscriber *s, struct feed_read *r)
{
    s->read_wait_ms = 0;
    if (r->result == EVENT_READ_EXPIRED && r->count == 0) {
        place_expired(d, s, r);
    } else if (r->count > 0) {
        s->batch = r; /* kept until it is delivered */
        s->more = true;
    } else {
        s->more |= r->result == EVENT_READ_OK && event_place_compare(r->reached, r->after) > 0;
        place_move(d, s, r->reached);
    }
}

/* The letter that was read for: others may have been asked for meanwhile. */
static struct letter *letter_read_for(struct subscriber *s, const struct feed_read *r)
{
    for (uint32_t i = 0; i < s->letter_count; i++) {
        const struct event_place place = s->letters[i].place;

        if (place.at_ms == r->after.at_ms && place.number == r->after.number + 1) {
            return &s->letters[i];
        }
    }
    return NULL;
}

static void replay_read(struct delivery *d, struct subscriber *s, const struct feed_read *r)
{
    struct letter *letter = letter_read_for(s, r);
    char event[EVENT_ID_MAX] = "";

    if (letter == NULL) {
        return; /* made room for another meanwhile */
    }
    if (r->count == 1) {
        event_id_format(&r->events[0], event);
    }
    if (strcmp(event, letter->event) != 0) {
        letter->replay = false;
        (void)snprintf(letter->why, sizeof letter->why, "the feed does not keep it any more");
        books_mark(d, BOOK_DELIVERIES, SAVE_SOON_MS);
    } else if (!send_begin(d, s, SENDING_REPLAY, &r->events[0])) {
        letter->replay = false;
    }
}

void turn_read(struct delivery *d, struct feed_read *r)
{
    struct subscriber *s = r->owner;

    if (s == NULL) {
        free(r);
        return;
    }
    s->read = NULL;
    if (r->result == EVENT_READ_UNAVAILABLE) {
        read_again(s);
    } else if (r->replay) {
        replay_read(d, s, r);
    } else {
        read_events(d, s, r);
    }
    if (s->batch != r) {
        free(r);
    }
}

/* --- what became of it --- */

static void fail_note(struct delivery *d, struct subscriber *s, const struct transfer_result *r)
{
    s->p.failed++;
    s->p.error_ms = host_wall_ms();
    s->p.error_status = (int32_t)r->status;
    (void)snprintf(s->p.error, sizeof s->p.error, "%.*s", LETTER_WHY - 1, r->why);
    count_add(d->p.counters,
              r->blocked                       ? COUNT_WEBHOOK_BLOCKED
              : r->outcome == OUTCOME_RECEIVER ? COUNT_WEBHOOK_FAILED
                                               : COUNT_WEBHOOK_REFUSED,
              1);
}

static void bury(struct delivery *d, struct subscriber *s)
{
    struct letter letter = {.place = s->now_place,
                            .failed_ms = s->p.error_ms,
                            .attempts = s->p.attempts,
                            .status = s->p.error_status};

    memcpy(letter.event, s->now.event, sizeof letter.event);
    memcpy(letter.why, s->p.error, sizeof letter.why);
    count_add(d->p.counters, COUNT_WEBHOOK_DEAD, 1);
    if (!subscriber_bury(s, &letter)) {
        s->p.dropped++;
        count_add(d->p.counters, COUNT_WEBHOOK_DROPPED, 1);
    }
    subscriber_advance(s);
}

static void disable(struct delivery *d, struct subscriber *s)
{
    s->sub.disabled = true;
    (void)snprintf(s->sub.disabled_why, sizeof s->sub.disabled_why, "the receiver answered 410");
    count_add(d->p.counters, COUNT_WEBHOOK_DISABLED, 1);
    log_line(LOG_INFO, "delivery", "W%016llx is disabled: %s", (unsigned long long)s->sub.id,
             s->sub.disabled_why);
    books_mark(d, BOOK_SUBSCRIPTIONS, 0);
}

static void delivered(struct delivery *d, struct subscriber *s)
{
    s->p.delivered++;
    s->p.delivered_ms = host_wall_ms();
    s->p.failures = 0;
    s->p.due_ms = 0;
    count_add(d->p.counters, COUNT_WEBHOOK_DELIVERED, 1);
}

static void event_sent(struct delivery *d, struct subscriber *s, const struct transfer_result *r)
{
    uint32_t most = d->schedule.count;

    if (r->outcome == OUTCOME_DELIVERED) {
        delivered(d, s);
        subscriber_advance(s);
        return;
    }
    fail_note(d, s, r);
    if (r->outcome == OUTCOME_GONE) {
        disable(d, s);
        return;
    }
    s->p.attempts++;
    if (r->outcome == OUTCOME_EVENT) {
        s->p.failures = 0; /* it answers */
        most = most < SCHEDULE_REFUSALS ? most : SCHEDULE_REFUSALS;
        s->p.due_ms = 0;
    } else {
        s->p.failures++;
        most = s->p.failures >= most ? 1 : most;
    }
    if (s->p.attempts < most || r->outcome == OUTCOME_RECEIVER) {
        const uint32_t steps = r->outcome == OUTCOME_RECEIVER ? s->p.failures : s->p.attempts;

        s->p.due_ms = host_boot_ms() +
                      schedule_wait_ms(&d->schedule, steps, r->retry_after_s, randombytes_random());
    }
    if (s->p.attempts >= most) {
        bury(d, s);
    }
}

static void replay_sent(struct delivery *d, struct subscriber *s, const struct transfer_result *r)
{
    struct letter *letter = subscriber_letter(s, s->now.event);

    if (r->outcome == OUTCOME_DELIVERED) {
        delivered(d, s);
        if (letter != NULL) {
            subscriber_letter_remove(s, (uint32_t)(letter - s->letters));
        }
        return;
    }
    fail_note(d, s, r);
    if (letter != NULL) {
        letter->attempts++;
        letter->failed_ms = s->p.error_ms;
        letter->status = s->p.error_status;
        memcpy(letter->why, s->p.error, sizeof letter->why);
        letter->replay = false;
    }
    for (uint32_t i = 0; r->outcome != OUTCOME_EVENT && i < s->letter_count; i++) {
        s->letters[i].replay = false; /* they would fare no better */
    }
    if (r->outcome == OUTCOME_GONE) {
        disable(d, s);
    }
}

void turn_sent(struct delivery *d, struct transfer *transfer, CURLcode code)
{
    struct subscriber *s = transfer_owner(transfer);
    struct transfer_result result;

    transfer_judge(transfer, code, &result);
    transfer_end(transfer);
    s->transfer = NULL;
    s->now.took_ms = host_boot_ms() - s->now.took_ms;
    s->now.outcome = result.outcome;
    s->now.status = (int32_t)result.status;
    (void)snprintf(s->now.why, sizeof s->now.why, "%.*s", LETTER_WHY - 1, result.why);
    subscriber_attempt_note(s);
    if (s->now.what == SENDING_TEST) {
        return; /* seen in its attempts; it changes nothing */
    }
    if (s->now.what == SENDING_REPLAY) {
        replay_sent(d, s, &result);
    } else {
        event_sent(d, s, &result);
    }
    books_mark(d, BOOK_DELIVERIES, SAVE_SOON_MS);
}

void turn_halt(struct subscriber *s)
{
    transfer_end(s->transfer);
    s->transfer = NULL;
    if (s->read != NULL) {
        s->read->owner = NULL;
        s->read = NULL;
    }
}

/* --- whose turn it is --- */

/* What the filter does not want is passed by. */
static const struct alert_image *wanted_head(struct delivery *d, struct subscriber *s)
{
    const struct alert_image *head = subscriber_head(s);

    while (head != NULL && !subscription_wants(&s->sub, head)) {
        subscriber_advance(s);
        books_mark(d, BOOK_DELIVERIES, SAVE_LATER_MS);
        head = subscriber_head(s);
    }
    return head;
}

static void test_begin(struct delivery *d, struct subscriber *s)
{
    s->test_wanted = false;
    (void)send_begin(d, s, SENDING_TEST, NULL);
}

/* No memory now, or a body that is too large for ever. */
static void head_refused(struct delivery *d, struct subscriber *s)
{
    s->p.attempts++;
    s->p.error_ms = host_wall_ms();
    s->p.error_status = 0;
    (void)snprintf(s->p.error, sizeof s->p.error, "the body could not be made");
    s->p.due_ms = host_boot_ms() + READ_WAIT_MS;
    if (s->p.attempts >= SCHEDULE_REFUSALS) {
        bury(d, s);
    }
}

/* Its template is no more in the configuration. In another form its receiver would answer 200 and
 * take nothing, so its events wait for a configuration that has it, which the next start reads. */
static void template_wait(struct delivery *d, struct subscriber *s)
{
    char why[LETTER_WHY];

    (void)snprintf(why, sizeof why, "there is no template %s in the configuration any more",
                   s->sub.order.template_name);
    if (strcmp(why, s->p.error) == 0 && s->p.failures > 0) {
        return;
    }
    memcpy(s->p.error, why, sizeof why);
    s->p.error_ms = host_wall_ms();
    s->p.error_status = 0;
    s->p.failures += s->p.failures == 0 ? 1 : 0;
    log_line(LOG_WARNING, "delivery", "W%016llx waits: %s", (unsigned long long)s->sub.id, why);
    books_mark(d, BOOK_DELIVERIES, SAVE_SOON_MS);
}

/* Returns when it wants to be looked at again, boottime. */
static int64_t turn_one(struct delivery *d, struct subscriber *s, int64_t boot_ms)
{
    const struct letter *letter;
    const struct alert_image *head;

    if (s->transfer != NULL || s->read != NULL) {
        return INT64_MAX; /* what is under way wakes us */
    }
    if (s->test_wanted) {
        test_begin(d, s);
        return s->transfer != NULL ? INT64_MAX : boot_ms;
    }
    if (s->sub.disabled) {
        return INT64_MAX;
    }
    if (turn_template_gone(d, s)) {
        template_wait(d, s);
        return INT64_MAX;
    }
    letter = subscriber_replay_next(s);
    if (letter != NULL && boot_ms >= s->read_due_ms) {
        read_ask(d, s, (struct event_place){letter->place.at_ms, letter->place.number - 1}, 1);
        return INT64_MAX;
    }
    head = wanted_head(d, s);
    if (head == NULL) {
        if (s->more && boot_ms >= s->read_due_ms) {
            read_ask(d, s, s->p.place, BATCH_MAX);
            return INT64_MAX;
        }
        return s->more ? s->read_due_ms : INT64_MAX;
    }
    if (boot_ms < s->p.due_ms) {
        return s->p.due_ms;
    }
    if (!send_begin(d, s, SENDING_EVENT, head)) {
        head_refused(d, s);
        return boot_ms;
    }
    return INT64_MAX;
}

/* Without it nobody's events are tried, so that none becomes a dead letter: they stay in the feed.
 */
static bool wire_is_there(struct delivery *d, int64_t boot_ms)
{
    if (d->wire.multi == NULL && boot_ms >= d->wire_due_ms && !delivery_can_send(d)) {
        d->wire_due_ms = boot_ms + LOOK_MS;
    }
    return d->wire.multi != NULL;
}

int64_t turn_all(struct delivery *d, int64_t boot_ms)
{
    int64_t next_ms = boot_ms + LOOK_MS;
    bool news;

    if (d->count > 0 && !wire_is_there(d, boot_ms)) {
        return d->wire_due_ms;
    }
    news = atomic_exchange(&d->news, false);
    if (boot_ms - d->looked_ms >= LOOK_MS) {
        d->looked_ms = boot_ms;
        news = true;
    }

    for (uint32_t i = 0; i < d->count; i++) {
        struct subscriber *s = d->subscribers[i];
        int64_t due_ms;

        s->more |= news;
        due_ms = turn_one(d, s, boot_ms);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    return next_ms;
}
