#ifndef API_EVENT_DESK_H
#define API_EVENT_DESK_H

#include "bowei/audit_log.h"
#include "bowei/base/counters.h"
#include "bowei/command.h"
#include "bowei/event_feed.h"

/* Requests for events: the feed may have to ask Redis, for which the HTTP thread does not wait. A
 * thread of its own reads for one request after the other; they sleep as those do that wait for
 * the core (pending.h). */

#define EVENT_ASKS_MAX 64 /* may wait; more are refused and counted */

/** What is asked; hangs on a pending (pending.own). */
struct event_asking {
    char operator_code[OPERATOR_CODE + 1]; /**< never empty */
    struct event_place after;
    uint32_t room;
    /* the answer */
    uint32_t count;
    struct event_place reached;
    struct alert_image alerts[]; /**< `room` */
};

struct event_desk;

/** The port is the desk's alone from now on. NULL on no memory or thread. */
struct event_desk *event_desk_start(const struct event_port *port, struct counters *counters);
/** The audit is read by the same thread; before anybody asks. The port is the desk's alone. */
void event_desk_audit(struct event_desk *desk, const struct audit_port *port);
/** Answers all who wait; none may come any more. */
void event_desk_stop(struct event_desk *desk);
/** Fits pending_submit: the command is a pending's whose `own` is a struct event_asking, or a
 * struct audit_asking with COMMAND_AUDIT. */
enum err event_desk_submit(void *ctx, struct command *command);

#endif
