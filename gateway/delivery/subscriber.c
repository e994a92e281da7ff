/* A subscription at work: its place, its dead letters, and their form in the state folder. */
#include "gateway/delivery/subscriber.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUE_MAX_MS (INT64_C(1000) * SCHEDULE_WAIT_MAX_S * 2)

struct subscriber *subscriber_create(const struct subscription *sub)
{
    struct subscriber *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->sub = *sub;
        s->p.place = sub->from;
        s->more = true;
    }
    return s;
}

void subscriber_destroy(struct subscriber *s)
{
    if (s != NULL) {
        free(s->batch);
        free(s->letters);
        free(s);
    }
}

const struct alert_image *subscriber_head(const struct subscriber *s)
{
    return s->batch == NULL ? NULL : &s->batch->events[s->batch->next];
}

void subscriber_advance(struct subscriber *s)
{
    const struct alert_image *head = subscriber_head(s);

    s->p.place = (struct event_place){head->changed_ms, head->event};
    s->p.attempts = 0;
    if (++s->batch->next == s->batch->count) {
        if (event_place_compare(s->batch->reached, s->p.place) > 0) {
            s->p.place = s->batch->reached;
        }
        free(s->batch);
        s->batch = NULL;
    }
}

/* Room for one more letter; false: no memory. */
static bool letters_grow(struct subscriber *s)
{
    struct letter *grown;

    if ((s->letter_count & (s->letter_count - 1)) != 0) {
        return true; /* grown to the next power of two */
    }
    grown =
        realloc(s->letters, (s->letter_count == 0 ? 1 : s->letter_count * 2) * sizeof *s->letters);
    s->letters = grown != NULL ? grown : s->letters;
    return grown != NULL;
}

bool subscriber_bury(struct subscriber *s, const struct letter *letter)
{
    bool kept = true;

    s->p.dead++;
    if (s->letter_count == LETTERS_MAX) {
        subscriber_letter_remove(s, 0);
        kept = false;
    }
    if (!letters_grow(s)) {
        return false;
    }
    s->letters[s->letter_count++] = *letter;
    return kept;
}

void subscriber_letter_remove(struct subscriber *s, uint32_t at)
{
    s->letter_count--;
    memmove(&s->letters[at], &s->letters[at + 1], (s->letter_count - at) * sizeof *s->letters);
}

struct letter *subscriber_letter(struct subscriber *s, const char *event)
{
    for (uint32_t i = 0; i < s->letter_count; i++) {
        if (strcmp(s->letters[i].event, event) == 0) {
            return &s->letters[i];
        }
    }
    return NULL;
}

struct letter *subscriber_replay_next(struct subscriber *s)
{
    for (uint32_t i = 0; i < s->letter_count; i++) {
        if (s->letters[i].replay) {
            return &s->letters[i];
        }
    }
    return NULL;
}

void subscriber_attempt_note(struct subscriber *s)
{
    s->attempts[s->attempt_count++ % ATTEMPTS_MAX] = s->now;
}

/* --- the file --- */

static void letter_write(struct json_writer *w, const struct letter *letter)
{
    json_object(w);
    json_kv_str(w, "event", letter->event);
    json_kv_i64(w, "at_ms", letter->place.at_ms);
    json_kv_u64(w, "number", letter->place.number);
    json_kv_i64(w, "failed_ms", letter->failed_ms);
    json_kv_u64(w, "attempts", letter->attempts);
    json_kv_i64(w, "status", letter->status);
    json_kv_str(w, "why", letter->why);
    json_kv_bool(w, "replay", letter->replay);
    json_object_end(w);
}

void subscriber_write(struct json_writer *w, const struct subscriber *s, int64_t wall_ms,
                      int64_t boot_ms)
{
    char id[WEBHOOK_ID_LEN + 1];

    webhook_id_format(s->sub.id, id);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_i64(w, "at_ms", s->p.place.at_ms);
    json_kv_u64(w, "number", s->p.place.number);
    json_kv_u64(w, "attempts", s->p.attempts);
    json_kv_u64(w, "failures", s->p.failures);
    json_kv_i64(w, "due_ms", s->p.due_ms == 0 ? 0 : wall_ms + s->p.due_ms - boot_ms);
    json_kv_u64(w, "delivered", s->p.delivered);
    json_kv_u64(w, "failed", s->p.failed);
    json_kv_u64(w, "dead", s->p.dead);
    json_kv_u64(w, "dropped", s->p.dropped);
    json_kv_u64(w, "missed", s->p.missed);
    json_kv_i64(w, "delivered_ms", s->p.delivered_ms);
    json_kv_i64(w, "error_ms", s->p.error_ms);
    json_kv_i64(w, "error_status", s->p.error_status);
    json_kv_str(w, "error", s->p.error);
    json_key(w, "letters");
    json_array(w);
    for (uint32_t i = 0; i < s->letter_count; i++) {
        letter_write(w, &s->letters[i]);
    }
    json_array_end(w);
    json_object_end(w);
}

/* A reader of members that notes when one is not what it must be. */
struct members {
    const struct json_doc *doc;
    const struct json_node *item;
    bool bad;
};

static int64_t number_of(struct members *m, const char *name)
{
    const struct json_node *value = json_member(m->doc, m->item, name);
    int64_t number = 0;

    m->bad |= value == NULL || !json_int(m->doc, value, &number);
    return number;
}

static uint64_t count_of(struct members *m, const char *name)
{
    const int64_t number = number_of(m, name);

    m->bad |= number < 0;
    return (uint64_t)number;
}

static uint32_t small_of(struct members *m, const char *name)
{
    const uint64_t number = count_of(m, name);

    m->bad |= number > UINT32_MAX;
    return (uint32_t)number;
}

static void text_of(struct members *m, const char *name, char *out, size_t cap)
{
    const struct json_node *value = json_member(m->doc, m->item, name);

    m->bad |= value == NULL || json_text(m->doc, value, out, cap) < 0;
}

static bool letter_read(const struct json_doc *doc, const struct json_node *item,
                        struct letter *out)
{
    struct members m = {doc, item, item->kind != JSON_OBJECT};
    const struct json_node *replay = json_member(doc, item, "replay");

    *out = (struct letter){.replay = replay != NULL && replay->kind == JSON_TRUE};
    text_of(&m, "event", out->event, sizeof out->event);
    text_of(&m, "why", out->why, sizeof out->why);
    out->place = (struct event_place){number_of(&m, "at_ms"), count_of(&m, "number")};
    out->failed_ms = number_of(&m, "failed_ms");
    out->attempts = small_of(&m, "attempts");
    out->status = (int32_t)number_of(&m, "status");
    return !m.bad;
}

static bool letters_read(struct subscriber *s, const struct json_doc *doc,
                         const struct json_node *list)
{
    const struct json_node *n;
    struct letter letter;

    if (list == NULL || list->kind != JSON_ARRAY || list->count > LETTERS_MAX) {
        return false;
    }
    n = json_first(doc, list);
    for (uint32_t i = 0; i < list->count; i++, n = json_after(doc, n)) {
        if (!letter_read(doc, n, &letter) || !letters_grow(s)) {
            return false;
        }
        s->letters[s->letter_count++] = letter;
    }
    return true;
}

/* The wait that is left; a wall clock that was set does not make it longer than any is. */
static int64_t due_of(int64_t due_wall_ms, int64_t wall_ms, int64_t boot_ms)
{
    int64_t left_ms = due_wall_ms - wall_ms;

    if (due_wall_ms == 0 || left_ms <= 0) {
        return 0;
    }
    left_ms = left_ms > DUE_MAX_MS ? DUE_MAX_MS : left_ms;
    return boot_ms + left_ms;
}

bool subscriber_read(struct subscriber *s, const struct json_doc *doc, const struct json_node *item,
                     int64_t wall_ms, int64_t boot_ms)
{
    struct members m = {doc, item, item->kind != JSON_OBJECT};
    struct progress p = {.attempts = 0};

    p.place = (struct event_place){number_of(&m, "at_ms"), count_of(&m, "number")};
    p.attempts = small_of(&m, "attempts");
    p.failures = small_of(&m, "failures");
    p.due_ms = due_of(number_of(&m, "due_ms"), wall_ms, boot_ms);
    p.delivered = count_of(&m, "delivered");
    p.failed = count_of(&m, "failed");
    p.dead = count_of(&m, "dead");
    p.dropped = count_of(&m, "dropped");
    p.missed = count_of(&m, "missed");
    p.delivered_ms = number_of(&m, "delivered_ms");
    p.error_ms = number_of(&m, "error_ms");
    p.error_status = (int32_t)number_of(&m, "error_status");
    text_of(&m, "error", p.error, sizeof p.error);
    if (m.bad || !letters_read(s, doc, json_member(doc, item, "letters"))) {
        return false;
    }
    s->p = p;
    return true;
}
