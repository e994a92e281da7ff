/* The two files of delivery: who subscribes (with the secrets), and how far each is. The first is
 * written before a change is in force; the second follows within a second, since what it lacks is
 * only delivered again, with the same ids. Only what was asked for over the API waits for it. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "gateway/delivery/state_file.h"
#include "gateway/delivery/station.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000 /* after the disk refused */

static const char *const names[BOOK_COUNT] = {"subscriptions", "deliveries"};

/* --- writing --- */

static void subscriptions_write(const struct delivery *d, struct json_writer *w)
{
    const struct change *c = &d->change;
    const bool deletes = c->request != NULL && c->request->verb == DELIVERY_DELETE;

    for (uint32_t i = 0; i < d->count; i++) {
        const struct subscriber *s = d->subscribers[i];

        if (c->request == NULL || s != c->target) {
            subscription_write(w, &s->sub);
        } else if (!deletes) {
            subscription_write(w, &c->next);
        }
    }
    if (c->request != NULL && c->target == NULL) {
        subscription_write(w, &c->next);
    }
}

static char *book_text(const struct delivery *d, enum book book, size_t *len)
{
    const int64_t wall_ms = host_wall_ms();
    const int64_t boot_ms = host_boot_ms();
    struct strbuf out = {0};
    struct json_writer w;
    char *text;

    json_writer_init(&w, &out);
    json_object(&w);
    json_key(&w, "items");
    json_array(&w);
    if (book == BOOK_SUBSCRIPTIONS) {
        subscriptions_write(d, &w);
    } else {
        for (uint32_t i = 0; i < d->count; i++) {
            subscriber_write(&w, d->subscribers[i], wall_ms, boot_ms);
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    text = strbuf_take(&out, len);
    strbuf_finish(&out);
    return text;
}

static void write_run(struct job *job)
{
    struct book_write *write = (struct book_write *)(void *)job;

    write->result = state_file_write(write->folder, names[write->book], write->text, write->len);
}

static bool write_ask(struct delivery *d, enum book book)
{
    struct book_write *write = calloc(1, sizeof *write);

    if (write == NULL) {
        return false;
    }
    *write = (struct book_write){
        .job = {.run = write_run}, .folder = d->p.folder, .book = book, .result = ERR_UNAVAILABLE};
    write->text = book_text(d, book, &write->len);
    if (write->text == NULL) {
        free(write);
        return false;
    }
    if (book == BOOK_DELIVERIES) {
        d->kept_now = d->kept_next;
        d->kept_next = NULL;
    }
    d->book_busy[book] = true;
    d->book_due_ms[book] = INT64_MAX;
    worker_ask(&d->writer, &write->job);
    return true;
}

void books_mark(struct delivery *d, enum book book, int64_t within_ms)
{
    const int64_t due_ms = host_boot_ms() + within_ms;

    d->book_due_ms[book] = due_ms < d->book_due_ms[book] ? due_ms : d->book_due_ms[book];
}

void books_keep(struct delivery *d, struct delivery_request *rq)
{
    rq->next = d->kept_next;
    d->kept_next = rq;
    books_mark(d, BOOK_DELIVERIES, 0);
}

static void kept_answer(struct delivery_request **first, enum err result)
{
    while (*first != NULL) {
        struct delivery_request *rq = *first;

        *first = rq->next;
        rq->next = NULL;
        desk_answer(rq, result);
    }
}

bool books_write_change(struct delivery *d)
{
    d->change.writing = write_ask(d, BOOK_SUBSCRIPTIONS);
    return d->change.writing;
}

int64_t books_turn(struct delivery *d, int64_t boot_ms)
{
    int64_t next_ms = INT64_MAX;

    for (unsigned b = 0; b < BOOK_COUNT; b++) {
        if (d->book_busy[b] || (b == BOOK_SUBSCRIPTIONS && d->change.writing)) {
            continue; /* the writer's answer wakes us */
        }
        if (d->book_due_ms[b] <= boot_ms && !write_ask(d, (enum book)b)) {
            d->book_due_ms[b] = boot_ms + RETRY_MS;
        }
        next_ms = d->book_due_ms[b] < next_ms ? d->book_due_ms[b] : next_ms;
    }
    return next_ms;
}

void books_written(struct delivery *d, struct book_write *write)
{
    static int64_t log_gate;
    const enum book book = write->book;
    const enum err result = write->result;

    d->book_busy[book] = false;
    free(write->text);
    free(write);
    if (result != ERR_OK) {
        count_add(d->p.counters, COUNT_WEBHOOK_DISK, 1);
        log_rate(LOG_ERROR, &log_gate, 10000, "delivery", "%s cannot be written: %s", names[book],
                 err_text(result, 0));
    }
    if (book == BOOK_DELIVERIES) {
        kept_answer(&d->kept_now, result);
    }
    if (book == BOOK_SUBSCRIPTIONS && d->change.writing) {
        d->change.writing = false;
        change_written(d, result);
    } else if (result != ERR_OK) {
        books_mark(d, book, RETRY_MS);
    }
}

void books_close(struct delivery *d)
{
    for (unsigned b = 0; b < BOOK_COUNT; b++) {
        size_t len = 0;
        char *text = d->book_due_ms[b] == INT64_MAX ? NULL : book_text(d, (enum book)b, &len);
        const enum err result =
            text == NULL ? ERR_UNAVAILABLE : state_file_write(d->p.folder, names[b], text, len);

        if (text != NULL && result != ERR_OK) {
            log_line(LOG_ERROR, "delivery", "%s could not be written at the end", names[b]);
        }
        if (b == BOOK_DELIVERIES) {
            kept_answer(&d->kept_next, result);
        }
        free(text);
    }
}

/* --- loading --- */

/* Calls for each of a book's items; false when it holds something else. */
static bool items_each(struct delivery *d, const struct json_doc *doc,
                       bool (*each)(struct delivery *d, const struct json_doc *doc,
                                    const struct json_node *item))
{
    const struct json_node *items = json_member(doc, &doc->nodes[0], "items");
    const struct json_node *n;

    if (items == NULL || items->kind != JSON_ARRAY) {
        return false;
    }
    n = json_first(doc, items);
    for (uint32_t i = 0; i < items->count; i++, n = json_after(doc, n)) {
        if (!each(d, doc, n)) {
            return false;
        }
    }
    return true;
}

static bool subscription_load(struct delivery *d, const struct json_doc *doc,
                              const struct json_node *item)
{
    struct subscription sub;

    if (d->count == SUBSCRIBERS_MAX || !subscription_read(doc, item, &sub)) {
        return false;
    }
    d->subscribers[d->count] = subscriber_create(&sub);
    d->count += d->subscribers[d->count] != NULL ? 1 : 0;
    return true;
}

static bool progress_load(struct delivery *d, const struct json_doc *doc,
                          const struct json_node *item)
{
    const struct json_node *value = json_member(doc, item, "id");
    char id[WEBHOOK_ID_LEN + 2];
    struct subscriber *s;
    uint64_t number;

    if (value == NULL || json_text(doc, value, id, sizeof id) < 0 ||
        !webhook_id_parse(id, &number)) {
        return false;
    }
    s = station_find(d, number); /* NULL: deleted, and the rest was not written any more */
    return s == NULL || subscriber_read(s, doc, item, host_wall_ms(), host_boot_ms());
}

static bool text_load(struct delivery *d, enum book book, const char *text, size_t len)
{
    const uint32_t cap = (uint32_t)(len / 2 + 16);
    struct json_node *nodes = calloc(cap, sizeof *nodes);
    struct json_doc doc;
    bool ok = false;

    if (nodes != NULL && json_parse(&doc, text, len, nodes, cap) == JSON_OK) {
        ok = items_each(d, &doc, book == BOOK_SUBSCRIPTIONS ? subscription_load : progress_load);
    }
    free(nodes);
    return ok;
}

enum err books_load(struct delivery *d)
{
    for (unsigned b = 0; b < BOOK_COUNT; b++) {
        char *text = NULL;
        size_t len = 0;
        const enum err e = state_file_read(d->p.folder, names[b], &text, &len);

        d->book_due_ms[b] = INT64_MAX;
        if (e == ERR_BAD_REQUEST || (e == ERR_OK && !text_load(d, (enum book)b, text, len))) {
            state_file_set_aside(d->p.folder, names[b]);
            count_add(d->p.counters, COUNT_WEBHOOK_TORN, 1);
            log_line(LOG_ERROR, "delivery", "%s is torn: kept as %s.torn%s", names[b], names[b],
                     b == BOOK_SUBSCRIPTIONS ? ", webhooks must be made again"
                                             : ", events may be delivered again");
        } else if (e != ERR_OK && e != ERR_NOT_FOUND) {
            return e;
        }
        free(text);
    }
    return ERR_OK;
}
