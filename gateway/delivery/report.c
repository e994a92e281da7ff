/* What owners see of their webhooks: as they ordered them, how they fare, what could not be
 * delivered and why. */
#include "bowei/base/city_clock.h"
#include "gateway/delivery/station.h"
#include <string.h>

static void time_write(struct json_writer *w, const char *name, int64_t wall_ms)
{
    json_kv_time(w, name, wall_ms > 0 ? wall_ms : -1);
}

static void error_write(struct json_writer *w, const struct progress *p)
{
    json_key(w, "last_error");
    if (p->error_ms == 0) {
        json_null(w);
        return;
    }
    json_object(w);
    time_write(w, "at", p->error_ms);
    json_kv_i64(w, "status", p->error_status);
    json_kv_str(w, "reason", p->error);
    json_object_end(w);
}

static void secrets_write(struct json_writer *w, const struct subscription *sub, const char *secret)
{
    if (secret != NULL) {
        json_kv_str(w, "secret", secret);
    }
    if (sub->former_until_ms > host_wall_ms()) {
        time_write(w, "former_secret_until", sub->former_until_ms);
    }
}

/* Since when the event it stands at waits, and when it is tried again. */
static void waiting_write(struct json_writer *w, const struct delivery *d,
                          const struct subscriber *s)
{
    const struct alert_image *head = subscriber_head(s);
    const int64_t boot_ms = host_boot_ms();

    if (head == NULL) {
        json_kv_null(w, "waiting_since");
    } else {
        time_write(w, "waiting_since", head->changed_ms + view_now(d->p.view, boot_ms).shift_ms);
    }
    json_kv_u64(w, "attempts", s->p.attempts);
    if (s->p.due_ms > boot_ms) {
        time_write(w, "next_attempt_at", host_wall_ms() + s->p.due_ms - boot_ms);
    } else {
        json_kv_null(w, "next_attempt_at");
    }
}

void report_webhook(struct json_writer *w, const struct delivery *d, const struct subscriber *s,
                    bool owner, const char *secret)
{
    char id[WEBHOOK_ID_LEN + 1];

    webhook_id_format(s->sub.id, id);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_str(w, "operator", s->sub.operator_code);
    subscription_order_write(w, &s->sub.order, owner);
    time_write(w, "created_at", s->sub.created_ms);
    secrets_write(w, &s->sub, secret);
    json_kv_str(w, "state", s->sub.disabled ? "disabled" : s->p.failures > 0 ? "failing" : "ok");
    if (s->sub.disabled) {
        json_kv_str(w, "disabled", s->sub.disabled_why);
    }
    json_kv_u64(w, "delivered", s->p.delivered);
    json_kv_u64(w, "failed_attempts", s->p.failed);
    json_kv_u64(w, "dead_letters", s->letter_count);
    json_kv_u64(w, "dead_letters_ever", s->p.dead);
    json_kv_u64(w, "dead_letters_dropped", s->p.dropped);
    json_kv_u64(w, "gaps", s->p.missed);
    time_write(w, "last_delivered_at", s->p.delivered_ms);
    error_write(w, &s->p);
    waiting_write(w, d, s);
    json_object_end(w);
}

static void attempt_write(struct json_writer *w, const struct attempt *a)
{
    static const char *const whats[SENDING_COUNT] = {"event", "replay", "test"};

    json_object(w);
    time_write(w, "at", a->at_ms);
    json_kv_str(w, "event", a->event);
    json_kv_str(w, "what", whats[a->what]);
    json_kv_str(w, "result", outcome_name(a->outcome));
    json_kv_i64(w, "status", a->status);
    json_kv_i64(w, "took_ms", a->took_ms);
    if (a->why[0] != '\0') {
        json_kv_str(w, "reason", a->why);
    }
    json_object_end(w);
}

static void letter_report(struct json_writer *w, const struct letter *letter)
{
    json_object(w);
    json_kv_str(w, "event", letter->event);
    time_write(w, "failed_at", letter->failed_ms);
    json_kv_u64(w, "attempts", letter->attempts);
    json_kv_i64(w, "status", letter->status);
    json_kv_str(w, "reason", letter->why);
    json_kv_bool(w, "replaying", letter->replay);
    json_object_end(w);
}

void report_letters(struct json_writer *w, const struct subscriber *s)
{
    const uint64_t shown = s->attempt_count < ATTEMPTS_MAX ? s->attempt_count : ATTEMPTS_MAX;

    json_object(w);
    json_key(w, "attempts");
    json_array(w);
    for (uint64_t i = 0; i < shown; i++) {
        attempt_write(w, &s->attempts[(s->attempt_count - 1 - i) % ATTEMPTS_MAX]);
    }
    json_array_end(w);
    json_key(w, "dead_letters");
    json_array(w);
    for (uint32_t i = 0; i < s->letter_count; i++) {
        letter_report(w, &s->letters[i]);
    }
    json_array_end(w);
    json_object_end(w);
}
