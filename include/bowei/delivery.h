#ifndef BOWEI_DELIVERY_H
#define BOWEI_DELIVERY_H

#include "bowei/base/counters.h"
#include "bowei/base/geo.h"
#include "bowei/base/strbuf.h"
#include "bowei/config.h"
#include "bowei/event_feed.h"
#include "bowei/input.h"
#include "bowei/view.h"

/* Delivery: events leave the city as webhooks (docs/decisions/0011-webhooks.md). One thread runs
 * all transfers; each subscription has its own place in the feed, its own pace and its own dead
 * letters, so that none waits for another. At least once, with the same id every time. */

#define WEBHOOK_ID_LEN        17 /**< "W" and 16 hex digits */
#define WEBHOOK_URL_MAX       512
#define WEBHOOK_NAME_MAX      64
#define WEBHOOK_DISTRICTS_MAX 8
#define WEBHOOK_DISTRICT_LEN  6 /**< digits of a district code (GB/T 2260) */
#define WEBHOOK_SECRET_MAX    56
#define WEBHOOK_OVERLAP_MAX_S (7 * 86400u)
#define WEBHOOK_REPLAY_MAX                                                                         \
    200u /**< dead letters that a subscription keeps; more are dropped, counted */

/** What a subscriber wants. Texts are NUL-terminated. */
struct webhook_order {
    char url[WEBHOOK_URL_MAX];
    char name[WEBHOOK_NAME_MAX]; /**< for people */
    char template_name[33];      /**< of the configuration; "" = CloudEvents */
    uint32_t kinds;              /**< bit per enum alert_kind; 0 = all */
    uint8_t severity;            /**< this and above, 1-3 */
    uint8_t district_count;      /**< 0 = all */
    char districts[WEBHOOK_DISTRICTS_MAX][WEBHOOK_DISTRICT_LEN + 1];
    enum crs crs; /**< of positions in the body */
};

enum delivery_verb {
    DELIVERY_CREATE,
    DELIVERY_LIST,
    DELIVERY_GET,
    DELIVERY_DELETE,
    DELIVERY_ENABLE,  /**< takes a disabling back, and tries at once */
    DELIVERY_TEST,    /**< sends a test event, disabled or not */
    DELIVERY_ROTATE,  /**< a new secret; the former signs as well for overlap_s */
    DELIVERY_LETTERS, /**< newest attempts, and the dead letters */
    DELIVERY_REPLAY,  /**< one more attempt for dead letters */
    DELIVERY_VERB_COUNT
};

struct delivery;

/** What is asked of delivery: filled by the API, answered by `done` from delivery's thread. */
struct delivery_request {
    enum delivery_verb verb;
    char operator_code[8]; /**< who asks; "" = staff, who see all and change none */
    char actor[COMMAND_ACTOR_MAX];
    char id[WEBHOOK_ID_LEN + 1];  /**< all verbs but LIST; CREATE: filled with the answer */
    struct webhook_order order;   /**< CREATE */
    uint32_t overlap_s;           /**< ROTATE */
    char (*events)[EVENT_ID_MAX]; /**< REPLAY: borrowed; NULL = all */
    uint32_t event_count;
    /* the answer */
    enum err result;
    char detail[160];
    struct strbuf answer; /**< JSON; to be finished by the caller */
    /** Called exactly once, writes only when they are on the disk. Must return at once. */
    void (*done)(struct delivery_request *request);
    void *ctx;
    /* delivery's own */
    struct command audit;
    struct delivery *delivery;
    bool audited;
    struct delivery_request *next;
};

/** What the API is given; ask NULL: there is no delivery. */
struct delivery_port {
    void *ctx;
    /** Any thread; waits for nothing. ERR_OVERLOADED: too many wait; then `done` is not called. */
    enum err (*ask)(void *ctx, struct delivery_request *request);
};

struct delivery_params {
    const struct config *config; /**< instance, delivery, webhook_templates; outlives it */
    struct event_port events;
    struct intake_port intake; /**< the audit rows of writes */
    struct counters *counters;
    const struct view *view; /**< how city time is shown */
    const char *folder;      /**< the state folder */
};

/** Loads what the folder has and starts the thread. A file that is torn is kept aside, logged and
 * counted; ERR_IO when one cannot be read at all. Main thread. */
enum err delivery_start(const struct delivery_params *params, struct delivery **out) MUST_CHECK;
/** Transfers under way are given up (they come again), places are written; 2 s at most beyond a
 * read of the feed. NULL does nothing. */
void delivery_stop(struct delivery *delivery);
struct delivery_port delivery_port_of(struct delivery *delivery);
/** A config_checker of the settings of delivery: networks, schedule, templates. */
void delivery_check(struct config_source *source, const struct config *config);

#endif
