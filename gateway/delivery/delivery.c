/* Delivery's thread: takes what is asked, what was read and written, and what libcurl has done;
 * starts what is due; sleeps in curl_multi_poll. It never waits for a disk, for Redis or for a name
 * server: two workers and libcurl do. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "gateway/delivery/station.h"
#include <stdlib.h>
#include <string.h>

#define FDS_MAX    8
#define IDLE_CONNS 64L /* connections kept for receivers that will hear again */

static void on_wake(void *ctx)
{
    struct delivery *d = ctx;

    (void)curl_multi_wakeup(d->multi);
}

static void on_news(void *ctx)
{
    struct delivery *d = ctx;

    atomic_store(&d->news, true);
    (void)curl_multi_wakeup(d->multi);
}

static void workers_take(struct delivery *d)
{
    struct job *job;

    while ((job = worker_take(&d->reader)) != NULL) {
        turn_read(d, (struct feed_read *)(void *)job);
    }
    while ((job = worker_take(&d->writer)) != NULL) {
        books_written(d, (struct book_write *)(void *)job);
    }
}

/* False: none was done. */
static bool transfers_take(struct delivery *d)
{
    CURLMsg *message;
    bool any = false;
    int left;

    while ((message = curl_multi_info_read(d->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            turn_sent(d, transfer_of(message->easy_handle), message->data.result);
            any = true;
        }
    }
    return any;
}

static void *delivery_run(void *arg)
{
    struct delivery *d = arg;

    while (!atomic_load(&d->stopping)) {
        int64_t boot_ms = host_boot_ms();
        int64_t next_ms;
        int64_t book_ms;
        int under_way;

        workers_take(d);
        desk_turn(d);
        next_ms = turn_all(d, boot_ms);
        (void)curl_multi_perform(d->multi, &under_way);
        book_ms = books_turn(d, boot_ms);
        next_ms = book_ms < next_ms ? book_ms : next_ms;
        next_ms = transfers_take(d) ? 0 : next_ms; /* its next event may be there */
        boot_ms = host_boot_ms();
        (void)curl_multi_poll(d->multi, NULL, 0, next_ms <= boot_ms ? 0 : (int)(next_ms - boot_ms),
                              NULL);
    }
    return NULL;
}

/* --- start and stop --- */

static bool settings_read(struct delivery *d)
{
    const struct config *config = d->p.config;
    char why[GUARD_WHY_MAX];

    d->rules = (struct transfer_rules){.guard = &d->guard,
                                       .ca_file = config->delivery.ca_file,
                                       .timeout_ms = config->delivery.timeout_s * 1000,
                                       .connect_ms = config->delivery.connect_timeout_s * 1000};
    return guard_parse(&d->guard, config->delivery.allow, why) &&
           schedule_parse(config->delivery.schedule_s, &d->schedule);
}

/* What is still there at the end, in whatever state the start had come to. */
static void delivery_free(struct delivery *d)
{
    workers_take(d); /* of stopped workers: gives all jobs back */
    for (uint32_t i = 0; i < d->count; i++) {
        turn_halt(d, d->subscribers[i]);
        subscriber_destroy(d->subscribers[i]);
    }
    (void)curl_multi_cleanup(d->multi);
    pthread_mutex_destroy(&d->lock);
    free(d);
    curl_global_cleanup();
}

static enum err delivery_open(struct delivery *d)
{
    enum err e;

    if (!settings_read(d)) {
        return ERR_CONFIG; /* delivery_check has let none pass */
    }
    e = books_load(d);
    if (e == ERR_OK) {
        e = worker_start(&d->reader, on_wake, d);
    }
    if (e == ERR_OK) {
        e = worker_start(&d->writer, on_wake, d);
    }
    if (e == ERR_OK && pthread_create(&d->thread, NULL, delivery_run, d) != 0) {
        e = ERR_NO_MEMORY;
    }
    d->running = e == ERR_OK;
    return e;
}

enum err delivery_start(const struct delivery_params *params, struct delivery **out)
{
    struct delivery *d = calloc(1, sizeof *d);
    enum err e;

    *out = NULL;
    if (d == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    d->p = *params;
    d->multi = curl_multi_init();
    if (d->multi == NULL || pthread_mutex_init(&d->lock, NULL) != 0) {
        (void)curl_multi_cleanup(d->multi);
        free(d);
        curl_global_cleanup();
        return ERR_NO_MEMORY;
    }
    (void)curl_multi_setopt(d->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNS);
    e = delivery_open(d);
    if (e != ERR_OK) {
        worker_stop(&d->reader);
        worker_stop(&d->writer);
        delivery_free(d);
        return e;
    }
    d->p.events.listen(d->p.events.ctx, on_news, d);
    log_line(LOG_INFO, "delivery", "%u webhooks", (unsigned)d->count);
    *out = d;
    return ERR_OK;
}

void delivery_stop(struct delivery *d)
{
    if (d == NULL) {
        return;
    }
    d->p.events.unlisten(d->p.events.ctx, d);
    atomic_store(&d->stopping, true);
    (void)curl_multi_wakeup(d->multi);
    pthread_join(d->thread, NULL);
    worker_stop(&d->reader);
    worker_stop(&d->writer);
    workers_take(d);
    desk_close(d);
    books_close(d);
    delivery_free(d);
}

/* --- the settings --- */

static void template_check(struct config_source *source, const struct webhook_template *t,
                           uint32_t i)
{
    char name[32];

    if (t->body != NULL && message_unknown_placeholder(t->body, name) != NULL) {
        config_fault(source, &t->body, t, "webhook_templates[%u].body: there is no {%s}", i, name);
    }
}

void delivery_check(struct config_source *source, const struct config *config)
{
    char why[GUARD_WHY_MAX];
    struct guard guard;
    struct schedule schedule;

    if (config->delivery.allow != NULL && !guard_parse(&guard, config->delivery.allow, why)) {
        config_fault(source, &config->delivery.allow, NULL, "delivery.allow: %s", why);
    }
    if (config->delivery.schedule_s != NULL &&
        !schedule_parse(config->delivery.schedule_s, &schedule)) {
        config_fault(source, &config->delivery.schedule_s, NULL,
                     "delivery.schedule_s: must be 1 to %d pauses of 0-604800 s with commas",
                     SCHEDULE_MAX);
    }
    for (uint32_t i = 0; i < config->template_count; i++) {
        template_check(source, &config->templates[i], i);
    }
}
