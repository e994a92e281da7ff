#ifndef GATEWAY_DELIVERY_SUBSCRIBER_H
#define GATEWAY_DELIVERY_SUBSCRIBER_H

#include "gateway/delivery/transfer.h"
#include "gateway/delivery/worker.h"

/* A subscription at work: where it stands in the feed, what fails, what could not be delivered.
 * Delivery's thread only. */

#define BATCH_MAX    16u /* events read at a time */
#define ATTEMPTS_MAX 20u /* newest attempts that are shown */
#define LETTERS_MAX  WEBHOOK_REPLAY_MAX
#define LETTER_WHY   96

/** An event that could not be delivered. Its content stays in the feed. */
struct letter {
    char event[EVENT_ID_MAX];
    struct event_place place;
    int64_t failed_ms; /**< wall time of the last attempt */
    uint32_t attempts;
    int32_t status; /**< 0 = none came */
    char why[LETTER_WHY];
    bool replay; /**< asked for once more */
};

/** What one attempt was about. */
enum sending { SENDING_EVENT, SENDING_REPLAY, SENDING_TEST, SENDING_COUNT };

struct attempt {
    char event[EVENT_ID_MAX];
    enum sending what;
    enum outcome outcome;
    int64_t at_ms; /**< wall time of its begin */
    int64_t took_ms;
    int32_t status;
    char why[LETTER_WHY];
};

/** What outlives a restart. */
struct progress {
    struct event_place place; /**< everything up to here is delivered, a dead letter or unwanted */
    uint32_t attempts;        /**< of the event it stands at */
    uint32_t failures;        /**< of the receiver, in a row */
    int64_t due_ms;           /**< boottime of the next attempt, 0 = at once */
    uint64_t delivered, failed, dead, dropped, missed;
    int64_t delivered_ms; /**< wall time of the last success, 0 = never */
    int64_t error_ms;     /**< wall time of the last failure, 0 = never */
    int32_t error_status;
    char error[LETTER_WHY];
};

struct subscriber;

/** A read of the feed, done by the reader's thread. */
struct feed_read {
    struct job job;
    struct event_port port;
    struct subscriber *owner; /**< NULL: it was deleted meanwhile */
    char operator_code[8];
    struct event_place after, reached;
    enum event_read result;
    uint32_t room, count, next;
    bool replay; /**< of one dead letter */
    struct alert_image events[];
};

struct subscriber {
    struct subscription sub;
    struct progress p;
    struct letter *letters;
    uint32_t letter_count;
    struct feed_read *read;  /**< under way */
    struct feed_read *batch; /**< being delivered, from `next` on */
    bool more;               /**< the feed may have more */
    int64_t read_due_ms;     /**< boottime: Redis was away, not before */
    int64_t read_wait_ms;
    struct transfer *transfer; /**< under way */
    struct attempt now;        /**< about it */
    struct event_place now_place;
    bool test_wanted;
    struct attempt attempts[ATTEMPTS_MAX]; /**< a ring */
    uint64_t attempt_count;
};

struct subscriber *subscriber_create(const struct subscription *sub);
/** Neither a transfer nor a read may be under way. */
void subscriber_destroy(struct subscriber *s);
/** The event it stands at, NULL when none is read. */
const struct alert_image *subscriber_head(const struct subscriber *s);
/** The head is done with. */
void subscriber_advance(struct subscriber *s);
/** The head goes to the dead letters; the oldest makes room. False: one was dropped. */
bool subscriber_bury(struct subscriber *s, const struct letter *letter);
void subscriber_letter_remove(struct subscriber *s, uint32_t at);
struct letter *subscriber_letter(struct subscriber *s, const char *event);
/** The first letter that is to be sent again, NULL = none. */
struct letter *subscriber_replay_next(struct subscriber *s);
void subscriber_attempt_note(struct subscriber *s);

/** As an item of the file: everything of struct progress and the letters. now: to turn boottime
 * into wall time. */
void subscriber_write(struct json_writer *w, const struct subscriber *s, int64_t wall_ms,
                      int64_t boot_ms);
/** Takes over an item of the file; false when it is none of this subscriber. */
bool subscriber_read(struct subscriber *s, const struct json_doc *doc, const struct json_node *item,
                     int64_t wall_ms, int64_t boot_ms);

#endif
