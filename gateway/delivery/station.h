#ifndef GATEWAY_DELIVERY_STATION_H
#define GATEWAY_DELIVERY_STATION_H

#include "gateway/delivery/subscriber.h"
#include "gateway/delivery/wire.h"
#include <stdatomic.h>

/* What the parts of delivery share. Everything is delivery's thread's unless it says otherwise. */

#define SUBSCRIBERS_MAX          256u
#define SUBSCRIBERS_OPERATOR_MAX 16u /* sixteen operators: there is room for each */
#define INBOX_MAX                64u

/** Files of the state folder. */
enum book { BOOK_SUBSCRIPTIONS, BOOK_DELIVERIES, BOOK_COUNT };

/** A file on its way to the disk, by the writer's thread. */
struct book_write {
    struct job job;
    const char *folder;
    enum book book;
    char *text;
    size_t len;
    enum err result;
};

/** The one change of subscriptions under way: first audited, then written, then in force. */
struct change {
    struct delivery_request *request; /**< NULL = none is under way */
    struct subscriber *target;        /**< NULL: a new one */
    struct subscription next;         /**< what it will be */
    bool writing;
};

struct delivery {
    struct delivery_params p;
    struct guard guard;
    struct schedule schedule;
    struct transfer_rules rules;
    struct wire wire;
    int64_t wire_due_ms; /**< boottime; when it could not be opened: not tried before */
    pthread_t thread;
    bool running;
    _Atomic bool stopping;
    _Atomic bool news;    /**< an event became durable; any thread */
    int64_t looked_ms;    /**< boottime at which all were told to look without any news */
    pthread_mutex_t lock; /**< alone: nothing is taken under it */
    struct delivery_request *inbox_first, *inbox_last; /**< guarded by lock */
    uint32_t inbox_count;                              /**< guarded */
    bool closed;                                       /**< guarded: nothing is taken any more */
    struct delivery_request *desk_first, *desk_last;   /**< taken out of the inbox, in order */
    struct change change;
    /** Done, and answered when the deliveries are on the disk: those that wait for the next write,
     * and those that the write under way holds. */
    struct delivery_request *kept_next, *kept_now;
    struct subscriber *subscribers[SUBSCRIBERS_MAX];
    uint32_t count;
    struct worker reader, writer;
    bool book_busy[BOOK_COUNT];
    int64_t book_due_ms[BOOK_COUNT]; /**< boottime; INT64_MAX = as it is on the disk */
};

/* --- delivery.c --- */

/** Opens the wire when it is not yet. False: it cannot be; logged and counted. */
bool delivery_can_send(struct delivery *d);

/* --- books.c: the files --- */

/** Reads both at the start. */
enum err books_load(struct delivery *d) MUST_CHECK;
/** The book is to be written within so long. */
void books_mark(struct delivery *d, enum book book, int64_t within_ms);
/** Answers a request whose `answer` is made, as soon as what it did to the deliveries is on the
 * disk, or with why it cannot be. */
void books_keep(struct delivery *d, struct delivery_request *rq);
/** Hands the subscriptions to the writer as they will be with `change`. False: no memory. */
bool books_write_change(struct delivery *d);
/** Hands over what is due; returns when the next is, boottime. */
int64_t books_turn(struct delivery *d, int64_t boot_ms);
void books_written(struct delivery *d, struct book_write *write);
/** Everything, at once, on this thread: at the stop. Answers what waits for it. */
void books_close(struct delivery *d);

/* --- desk.c: what is asked --- */

void desk_turn(struct delivery *d);
/** An audited request comes back to its change. Any thread. */
void desk_come_back(struct delivery *d, struct delivery_request *rq);
/** Answers all that wait in turn: the end. */
void desk_close(struct delivery *d);
void desk_answer(struct delivery_request *rq, enum err result);
void desk_refuse(struct delivery_request *rq, enum err result, const char *detail);
/** Writes {"id", name: value} for an answer. */
void desk_number_write(struct delivery_request *rq, const char *name, uint64_t value);
/** The webhook that is meant; NULL when it is answered: what one may not see is not there. */
struct subscriber *desk_meant(const struct delivery *d, struct delivery_request *rq, bool writes);
struct subscriber *station_find(const struct delivery *d, uint64_t id);

/* --- change.c: what is kept --- */

/** Begins it, or answers why not. None may be under way. */
void change_begin(struct delivery *d, struct delivery_request *rq);
void change_audited(struct delivery *d, struct delivery_request *rq);
/** The subscriptions with the change are on the disk, or not. */
void change_written(struct delivery *d, enum err result);
/** Forgets it, secrets and all. */
void change_clear(struct delivery *d);

/* --- turn.c: sending --- */

/** Starts what is due; returns when something else will be, boottime. */
int64_t turn_all(struct delivery *d, int64_t boot_ms);
void turn_read(struct delivery *d, struct feed_read *read);
void turn_sent(struct delivery *d, struct transfer *transfer, CURLcode code);
/** Nothing can be sent to it: the configuration has lost its template. */
bool turn_template_gone(const struct delivery *d, const struct subscriber *s);
/** Nothing more is sent to it; what is under way is given up. */
void turn_halt(struct subscriber *s);

/* --- report.c: what is answered --- */

/** One webhook as its owner sees it, or as staff do; secret: shown this once, NULL = not. */
void report_webhook(struct json_writer *w, const struct delivery *d, const struct subscriber *s,
                    bool owner, const char *secret);
void report_letters(struct json_writer *w, const struct subscriber *s);

#endif
