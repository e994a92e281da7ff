/* Delivery's thread: takes what is asked, what was read and written, and what libcurl has done;
 * starts what is due; sleeps on the wire. It never waits for a disk, for Redis or for a name
 * server: two workers and libcurl do. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "gateway/delivery/station.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_wake(void *ctx)
{
    struct delivery *d = ctx;

    wire_wake(&d->wire);
}

static void on_news(void *ctx)
{
    struct delivery *d = ctx;

    atomic_store(&d->news, true);
    wire_wake(&d->wire);
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

bool delivery_can_send(struct delivery *d)
{
    static int64_t log_gate;
    char why[LIBCURL_WHY_MAX];

    if (wire_open(&d->wire, why)) {
        return true;
    }
    count_add(d->p.counters, COUNT_WEBHOOK_LIBRARY, 1);
    log_rate(LOG_ERROR, &log_gate, 10000, "delivery", "webhooks wait, libcurl cannot be used: %s",
             why);
    return false;
}

static void on_over(void *ctx, CURL *easy, CURLcode code)
{
    struct delivery *d = ctx;

    turn_sent(d, transfer_of(&d->wire, easy), code);
}

static void *delivery_run(void *arg)
{
    struct delivery *d = arg;

    while (!atomic_load(&d->stopping)) {
        const int64_t boot_ms = host_boot_ms();
        int64_t next_ms;
        int64_t book_ms;

        workers_take(d);
        desk_turn(d);
        next_ms = turn_all(d, boot_ms);
        book_ms = books_turn(d, boot_ms);
        next_ms = book_ms < next_ms ? book_ms : next_ms;
        if (!wire_turn(&d->wire, on_over, d)) { /* else its next event may be there */
            wire_sleep(&d->wire, next_ms - host_boot_ms());
        }
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
        turn_halt(d->subscribers[i]);
        subscriber_destroy(d->subscribers[i]);
    }
    wire_finish(&d->wire);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static enum err delivery_open(struct delivery *d)
{
    enum err e;

    d->wire.wake_fd = -1;
    if (!settings_read(d)) {
        return ERR_CONFIG; /* delivery_check has let none pass */
    }
    e = wire_init(&d->wire);
    if (e == ERR_OK) {
        e = books_load(d);
    }
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
    d->p = *params;
    if (pthread_mutex_init(&d->lock, NULL) != 0) {
        free(d);
        return ERR_NO_MEMORY;
    }
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
    wire_wake(&d->wire);
    pthread_join(d->thread, NULL);
    worker_stop(&d->reader);
    worker_stop(&d->writer);
    workers_take(d);
    desk_close(d);
    books_close(d);
    delivery_free(d);
}

/* --- the settings --- */

static void template_check(struct config_source *source, const struct config *config, uint32_t i)
{
    const struct webhook_template *t = &config->templates[i];
    char name[32];

    for (uint32_t k = 0; k < i; k++) {
        const char *other = config->templates[k].name;

        if (t->name != NULL && other != NULL && strcmp(t->name, other) == 0) {
            config_fault(source, &t->name, t, "webhook_templates[%u].name: \"%s\" stands twice", i,
                         t->name);
        }
    }
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
    if (config->delivery.ca_file != NULL && access(config->delivery.ca_file, R_OK) != 0) {
        config_fault(source, &config->delivery.ca_file, NULL, "delivery.ca_file: %s: %s",
                     config->delivery.ca_file, strerror(errno));
    }
    for (uint32_t i = 0; i < config->template_count; i++) {
        template_check(source, config, i);
    }
}
