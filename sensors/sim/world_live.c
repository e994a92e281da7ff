/* The running bikes; see world_live.h. What the broker does not take at once waits in a ring, as it
 * would in a real gateway or bridge; when that is full the oldest goes. */
#include "sensors/sim/world_live.h"
#include "bowei/base/log.h"
#include "sensors/sim/fleet/bike_telegram.h"
#include "sensors/sim/truth_bikes.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX 8192

struct letter {
    char topic[BIKE_TOPIC_CAP];
    char *body;
    size_t len;
};

struct world_live {
    struct world_plan *plan;
    struct world *fleet;
    struct poster *poster; /* or NULL */
    struct broker *broker;
    struct truth truth;
    struct letter *outbox; /* ring of OUTBOX */
    uint32_t head, count;
    struct strbuf item;
    uint64_t reports, published, dropped;
};

static void ring_drop(struct world_live *b)
{
    free(b->outbox[b->head].body);
    b->head = (b->head + 1) % OUTBOX;
    b->count--;
}

static void publish(struct world_live *b, const struct world_event *event)
{
    struct strbuf body = {0};
    struct letter *letter;

    if (b->count == OUTBOX) {
        ring_drop(b);
        b->dropped++;
    }
    letter = &b->outbox[(b->head + b->count) % OUTBOX];
    bike_telegram_publish(b->plan, event, letter->topic, &body);
    letter->body = strbuf_take(&body, &letter->len);
    strbuf_finish(&body);
    if (letter->body == NULL) {
        b->dropped++;
        return;
    }
    b->count++;
}

static void post(struct world_live *b, const struct world_report *report)
{
    b->reports++;
    if (b->poster == NULL) {
        return;
    }
    strbuf_clear(&b->item);
    bike_telegram_item(b->plan, report, &b->item);
    if (b->item.failed) {
        strbuf_finish(&b->item);
        return;
    }
    poster_add(b->poster, world_operator(b->plan, report->bike), b->item.data, b->item.len);
}

static void on_event(void *ctx, const struct world_event *event)
{
    struct world_live *b = ctx;

    switch (event->kind) {
    case WORLD_REPORT: post(b, &event->report); break;
    case WORLD_SCAN:
    case WORLD_SIGHTING:
    case WORLD_LOCK: publish(b, event); break;
    case WORLD_STOP:
    case WORLD_LEAVE:
    case WORLD_EPISODE: truth_bikes_add(&b->truth, b->plan, event); break;
    case WORLD_EVENT_COUNT: break;
    }
}

static void outbox_send(struct world_live *b)
{
    while (b->count > 0 && broker_ready(b->broker)) {
        const struct letter *letter = &b->outbox[b->head];
        const struct broker_message message = {
            .topic = letter->topic, .body = letter->body, .len = letter->len, .qos = 1};
        uint16_t mid;

        if (broker_publish(b->broker, &message, &mid) != ERR_OK) {
            return; /* the connection broke: it stays the first */
        }
        b->published++;
        ring_drop(b);
    }
}

bool world_live_turn(struct world_live *b, int64_t now_ms, int64_t boot_ms)
{
    world_step(b->fleet, now_ms, on_event, b);
    outbox_send(b);
    if (b->poster != NULL) {
        poster_turn(b->poster, boot_ms);
    }
    return truth_flush(&b->truth) == ERR_OK;
}

void world_live_wait(struct world_live *b, struct pollfd *fds, uint32_t count, int wait_ms)
{
    if (b->poster != NULL) {
        poster_wait(b->poster, fds, count, wait_ms);
    } else {
        (void)poll(fds, count, wait_ms);
    }
}

void world_live_log(const struct world_live *b)
{
    const struct poster_counts none = {0};
    const struct poster_counts c = b->poster != NULL ? poster_counts(b->poster) : none;

    log_line(LOG_INFO, "sim",
             "%u bikes: %" PRIu64 " reports, %" PRIu64 " accepted, %" PRIu64 " duplicate, %" PRIu64
             " refused, %" PRIu64 " waiting, %" PRIu64 " dropped, %" PRIu64
             " requests failed; %" PRIu64 " published, %" PRIu64 " dropped",
             (unsigned)b->plan->params.bikes, b->reports, c.accepted, c.duplicate, c.refused,
             c.waiting, c.dropped, c.failed, b->published, b->dropped);
}

static enum err poster_open(struct world_live *b, const struct world_live_params *params)
{
    const char *codes[WORLD_OPERATORS_MAX];
    const uint32_t count = b->plan->params.operators;

    if (params->api == NULL) {
        return ERR_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        codes[i] = world_operator_code(i);
    }
    return poster_create(params->api, params->keys, codes, count, &b->poster);
}

enum err world_live_create(const struct world_live_params *params, int64_t now_ms,
                           struct world_live **out)
{
    struct world_params fleet = world_params_default();
    struct world_live *b = calloc(1, sizeof *b);
    enum err e = ERR_NO_MEMORY;

    if (b == NULL) {
        return ERR_NO_MEMORY;
    }
    b->truth.fd = -1;
    b->broker = params->broker;
    b->outbox = calloc(OUTBOX, sizeof *b->outbox);
    if (b->outbox == NULL || (e = world_plan_create(&params->plan, &b->plan)) != ERR_OK) {
        goto undo_live;
    }
    fleet.plan = b->plan;
    fleet.script = params->script;
    fleet.start_ms = now_ms;
    fleet.interval_s = params->interval_s;
    fleet.dwell_ms = (int64_t)params->dwell_s * 1000;
    fleet.speed = params->speed;
    fleet.opening = true;
    if ((e = world_create(&fleet, &b->fleet)) != ERR_OK ||
        (e = truth_open(&b->truth, params->truth_path, params->fresh)) != ERR_OK ||
        (e = poster_open(b, params)) != ERR_OK) {
        goto undo_live;
    }
    *out = b;
    return ERR_OK;
undo_live:
    world_live_destroy(b);
    return e;
}

void world_live_destroy(struct world_live *b)
{
    if (b == NULL) {
        return;
    }
    poster_destroy(b->poster);
    world_destroy(b->fleet);
    world_plan_destroy(b->plan);
    while (b->count > 0) {
        ring_drop(b);
    }
    free(b->outbox);
    strbuf_finish(&b->item);
    truth_close(&b->truth);
    free(b);
}
