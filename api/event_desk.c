/* The thread behind GET /v1/events: takes a request, reads the feed, answers the request's command.
 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "api/event_desk.h"
#include "api/pending.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct event_desk {
    struct event_port port;
    struct audit_port audit;
    struct counters *counters;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows; nothing is taken under it */
    pthread_cond_t work;
    struct command *waiting[EVENT_ASKS_MAX]; /* a ring */
    unsigned first, count;
    bool stop;
};

/* What each outcome of a read is for the request. */
static const struct {
    enum err result;
    const char *detail;
} outcomes[] = {
    [EVENT_READ_OK] = {ERR_OK,          ""                                    },
    [EVENT_READ_NONE] = {ERR_OK,          ""                                    },
    [EVENT_READ_EXPIRED] = {ERR_EXPIRED,
                       "events may be missing behind this cursor: take the present state "
                            "from /v1/alerts, then go on here without `after`"},
    [EVENT_READ_UNAVAILABLE] = {ERR_UNAVAILABLE,
                       "the log of events cannot be read now, ask again with the same "
                                "cursor"                                      },
};

static void answer_audit(struct event_desk *desk, struct command *command)
{
    struct pending *pending = command->ctx;

    command->result = ERR_UNAVAILABLE;
    if (!pending_settled(pending)) { /* else it gave up meanwhile */
        command->result = desk->audit.read(desk->audit.ctx, pending->own);
    }
    if (command->result != ERR_OK) {
        (void)snprintf(command->detail, sizeof command->detail,
                       "the audit cannot be read now, ask again");
    }
    command->done(command);
}

static void answer(struct event_desk *desk, struct command *command)
{
    struct pending *pending = command->ctx;
    struct event_asking *asking = pending->own;
    enum event_read read = EVENT_READ_UNAVAILABLE;

    if (!pending_settled(pending)) { /* else it gave up meanwhile */
        read = desk->port.read(desk->port.ctx, asking->operator_code, asking->after, asking->alerts,
                               asking->room, &asking->count, &asking->reached);
    }
    command->result = outcomes[read].result;
    (void)snprintf(command->detail, sizeof command->detail, "%s", outcomes[read].detail);
    command->done(command);
}

/* NULL: stopped. */
static struct command *take(struct event_desk *desk)
{
    struct command *command = NULL;

    pthread_mutex_lock(&desk->lock);
    while (desk->count == 0 && !desk->stop) {
        pthread_cond_wait(&desk->work, &desk->lock);
    }
    if (desk->count > 0) {
        command = desk->waiting[desk->first];
        desk->first = (desk->first + 1) % EVENT_ASKS_MAX;
        desk->count--;
    }
    pthread_mutex_unlock(&desk->lock);
    return command;
}

static void *run(void *arg)
{
    struct event_desk *desk = arg;

    (void)pthread_setname_np(pthread_self(), "bowei-events");
    for (struct command *command = take(desk); command != NULL; command = take(desk)) {
        if (command->kind == COMMAND_AUDIT) {
            answer_audit(desk, command);
        } else {
            answer(desk, command);
        }
    }
    return NULL;
}

struct event_desk *event_desk_start(const struct event_port *port, struct counters *counters)
{
    struct event_desk *desk = calloc(1, sizeof *desk);

    if (desk == NULL) {
        return NULL;
    }
    desk->port = *port;
    desk->counters = counters;
    if (pthread_mutex_init(&desk->lock, NULL) != 0) {
        goto undo_memory;
    }
    if (pthread_cond_init(&desk->work, NULL) != 0) {
        goto undo_lock;
    }
    if (pthread_create(&desk->thread, NULL, run, desk) != 0) {
        goto undo_work;
    }
    return desk;

undo_work:
    pthread_cond_destroy(&desk->work);
undo_lock:
    pthread_mutex_destroy(&desk->lock);
undo_memory:
    free(desk);
    return NULL;
}

void event_desk_audit(struct event_desk *desk, const struct audit_port *port)
{
    desk->audit = *port;
}

void event_desk_stop(struct event_desk *desk)
{
    if (desk == NULL) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->stop = true;
    pthread_cond_signal(&desk->work);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
    pthread_cond_destroy(&desk->work);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

enum err event_desk_submit(void *ctx, struct command *command)
{
    struct event_desk *desk = ctx;
    bool taken;

    pthread_mutex_lock(&desk->lock);
    taken = desk->count < EVENT_ASKS_MAX;
    if (taken) {
        desk->waiting[(desk->first + desk->count++) % EVENT_ASKS_MAX] = command;
        pthread_cond_signal(&desk->work);
    }
    pthread_mutex_unlock(&desk->lock);
    if (!taken) {
        count_add(desk->counters, COUNT_EVENTS_ASKED_TOO_MANY, 1);
    }
    return taken ? ERR_OK : ERR_OVERLOADED;
}
