/* HTTP push: a platform's request to readings in the journal. The HTTP thread calls the port, one
 * request at a time; checks of the secret, then the same hearing as a broker link has. Nothing here
 * waits: the only I/O is the intake's write(2).
 *
 * The sources are read from a table that push_commit replaces: it leaves the next one, the HTTP
 * thread goes over to it with its next request. `busy` and `next` are written and read in opposite
 * order by the two, so that push_commit returns only when the former table is done with. */
#include "bowei/push.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/hearing.h"
#include "sensors/push/push_secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AREA         "push"
#define LOG_EVERY_MS 60000
#define BUSY_LOOK_NS 100000

struct push_table {
    const struct config *config;
    const struct envelope *envelopes[CONFIG_PUSHES_MAX];
    struct envelope mapped[CONFIG_PUSHES_MAX]; /* room for those the configuration makes */
};

struct push {
    struct field_params params;
    struct push_table *_Atomic next; /* NULL: none; taken by the HTTP thread */
    _Atomic bool busy;               /* a request is in the port */
    /* the rest is the HTTP thread's */
    struct push_table *table;
    struct hearing hearing;
    int64_t log_gate;
};

struct push_table *push_prepare(const struct config *config)
{
    struct push_table *table = calloc(1, sizeof *table);

    if (table == NULL) {
        return NULL;
    }
    table->config = config;
    for (uint32_t i = 0; i < config->push_count; i++) {
        table->envelopes[i] =
            envelope_choose(config, config->pushes[i].envelope, &table->mapped[i]);
        if (table->envelopes[i] == NULL) {
            log_line(LOG_ERROR, AREA, "%s: there is no envelope %s", config->pushes[i].name,
                     config->pushes[i].envelope);
            free(table);
            return NULL;
        }
    }
    return table;
}

static void port_enter(struct push *push)
{
    struct push_table *next;

    atomic_store(&push->busy, true);
    next = atomic_exchange(&push->next, NULL);
    if (next != NULL) {
        free(push->table);
        push->table = next;
    }
}

static void port_leave(struct push *push)
{
    atomic_store(&push->busy, false);
}

/* Index of the source, CONFIG_PUSHES_MAX when there is none. */
static uint32_t source_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->push_count; i++) {
        if (strcmp(config->pushes[i].name, name) == 0) {
            return i;
        }
    }
    return CONFIG_PUSHES_MAX;
}

static enum err denied(struct push *push, const struct push_request *rq)
{
    count_add(push->params.counters, COUNT_PUSH_DENIED, 1);
    log_rate(LOG_WARNING, &push->log_gate, LOG_EVERY_MS, AREA,
             "%.20s: a request without the secret of such a source", rq->source);
    return ERR_UNAUTHENTICATED;
}

/* A message of a source that has shown its secret, or is about to. */
static enum err message_take(struct push *push, uint32_t source, const struct push_request *rq,
                             struct push_result *out)
{
    const struct push_config *config = &push->table->config->pushes[source];
    struct hearing *h = &push->hearing;
    char topic[TOPIC_MAX] = "";
    struct heard_message message = {.topic = topic, .payload = rq->body, .len = rq->len};
    struct json_doc doc;
    enum decode_fault fault;
    enum err err;

    h->link = config->name;
    message.wall_ms = host_wall_ms();
    if (rq->event != NULL) {
        (void)snprintf(topic, sizeof topic, "?event=%s", rq->event);
    }
    fault = hearing_parse(h, &message, &doc);
    if (fault == DECODE_OK && push_secret_in_body(config) && !push_secret_signs(config, &doc)) {
        return denied(push, rq);
    }
    count_add(push->params.counters, COUNT_PUSH_MESSAGES, 1);
    if (fault != DECODE_OK) {
        hearing_refuse(h, fault);
        return fault == DECODE_SIZE ? ERR_TOO_LARGE : ERR_BAD_JSON;
    }
    err = hearing_take_parsed(h, push->table->envelopes[source], &message, &doc);
    *out = (struct push_result){.kept = h->heard.kept,
                                .refused = h->heard.refused,
                                .unknown = h->heard.unknown,
                                .ignored = h->heard.ignored};
    if (err != ERR_OK) {
        count_add(push->params.counters, COUNT_PUSH_NOT_KEPT, 1);
        log_rate(LOG_ERROR, &push->log_gate, LOG_EVERY_MS, AREA,
                 "%s: a reading was not kept (%s), the platform is told to send it again",
                 config->name, err_code(err));
    }
    return err;
}

static enum err take(void *ctx, const struct push_request *rq, struct push_result *out)
{
    struct push *push = ctx;
    uint32_t source;
    enum err err;

    *out = (struct push_result){0};
    port_enter(push);
    source = source_find(push->table->config, rq->source);
    if (!push_secret_fits(source == CONFIG_PUSHES_MAX ? NULL : &push->table->config->pushes[source],
                          rq)) {
        err = denied(push, rq);
    } else {
        err = message_take(push, source, rq, out);
    }
    port_leave(push);
    return err;
}

static enum err greet(void *ctx, const struct push_request *rq)
{
    struct push *push = ctx;
    uint32_t source;
    enum err err = ERR_OK;

    port_enter(push);
    source = source_find(push->table->config, rq->source);
    if (source == CONFIG_PUSHES_MAX ||
        !push_secret_greets(&push->table->config->pushes[source], rq)) {
        err = denied(push, rq);
    } else {
        log_line(LOG_INFO, AREA, "%s: the platform has checked our address", rq->source);
    }
    port_leave(push);
    return err;
}

struct push *push_create(const struct field_params *params)
{
    struct push *push = calloc(1, sizeof *push);

    if (push == NULL) {
        return NULL;
    }
    push->params = *params;
    push->table = push_prepare(params->config);
    if (push->table == NULL) {
        free(push);
        return NULL;
    }
    hearing_init(&push->hearing, &push->params, "");
    push->hearing.door = DOOR_PUSH;
    return push;
}

void push_commit(struct push *push, struct push_table *table)
{
    const struct timespec look = {.tv_nsec = BUSY_LOOK_NS};

    free(atomic_exchange(&push->next, table));
    while (atomic_load(&push->busy)) {
        (void)nanosleep(&look, NULL);
    }
}

void push_discard(struct push_table *table)
{
    free(table);
}

void push_destroy(struct push *push)
{
    if (push == NULL) {
        return;
    }
    free(atomic_load(&push->next));
    free(push->table);
    free(push);
}

struct push_port push_port_of(struct push *push)
{
    return (struct push_port){.ctx = push, .take = take, .greet = greet};
}
