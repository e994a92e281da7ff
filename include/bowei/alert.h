#ifndef BOWEI_ALERT_H
#define BOWEI_ALERT_H

#include "bowei/bike.h"
#include "bowei/command.h"

/* Alerts are episodes: one per subject and kind, from the moment something is wrong until it is
 * seen to be right again, with a running clock, a state that people move, and the evidence. Kept
 * entities: every change is journalled before it shows. */

/** One row each in alert_kinds.def: who it concerns, how grave, its due times. */
/* clang-format off: tables are included */
enum alert_kind {

#define ALERT_KIND(name, code, subject, severity, ack_s, onsite_s, clear_s, en, zh) ALERT_##name,
#include "bowei/alert_kinds.def"
#undef ALERT_KIND
    ALERT_KIND_COUNT
};

/** What people and the machine do to an episode; one row each in alert_events.def. */
enum alert_event {

#define ALERT_EVENT(name, code, en, zh) ALERT_EVENT_##name,
#include "bowei/alert_events.def"
#undef ALERT_EVENT
    ALERT_EVENT_COUNT
};

/* clang-format on */

enum alert_subject { SUBJECT_VEHICLE, SUBJECT_FENCE, SUBJECT_OPERATOR };

enum alert_state {
    ALERT_OPEN,
    ALERT_ACKNOWLEDGED,
    ALERT_DISPATCHED,
    ALERT_DISPUTED, /**< the operator says it is wrong: staff decide; the clocks stand */
    ALERT_RESOLVED, /**< ended: seen gone, cleared, decided, fence deleted; see cause */
    ALERT_EXPIRED,  /**< not cleared in time; ends when it is seen gone, too */
    ALERT_STATE_COUNT
};

/** Why an episode ended. */
enum alert_cause {
    CAUSE_NONE,
    CAUSE_SEEN_GONE,      /**< the condition ended: bike moved, rented, heard inside; count fell */
    CAUSE_CLEARED,        /**< the operator says so */
    CAUSE_DISPUTE_UPHELD, /**< staff agreed with the operator */
    CAUSE_FENCE_REMOVED,  /**< its fence or zone is no longer in the inventory or in force */
    CAUSE_MUTED,          /**< a planned event */
    CAUSE_STAFF,          /**< staff closed it */
    CAUSE_COUNT
};

/** Static text of the tables; codes are what API, journal dump and CLI print. */
const char *alert_kind_code(enum alert_kind kind);
enum alert_subject alert_kind_subject(enum alert_kind kind);
const char *alert_state_code(enum alert_state state);
const char *alert_event_code(enum alert_event event);
const char *alert_cause_code(enum alert_cause cause);
bool alert_kind_find(const char *code, size_t len, enum alert_kind *out);
bool alert_state_find(const char *code, size_t len, enum alert_state *out);

enum evidence_kind {
    EVIDENCE_GNSS,
    EVIDENCE_LISTENER,
    EVIDENCE_BEACON,
    EVIDENCE_COUNT_OF,
    EVIDENCE_FEED
};

const char *evidence_kind_name(enum evidence_kind kind); /**< "gnss", "listener", "beacon", ... */

struct alert_evidence {
    int64_t time_ms; /**< city time */
    uint32_t value;  /**< GNSS: accuracy, mm; radio: -rssi; count: bikes; feed: share, percent */
    uint8_t kind;    /**< enum evidence_kind */
};

/** One operator's part in a crowded fence. */
struct alert_share {
    char operator_code[OPERATOR_CODE + 1];
    uint16_t count;   /**< its bikes there */
    uint16_t surplus; /**< of them to be removed */
};

#define ALERT_EVIDENCE_MAX 3
#define ALERT_ID_LEN       17 /**< "A" and 16 hex digits */

struct alert_image {
    uint64_t id;    /**< hash of kind, subject and opened_ms: the same history gives the same id */
    uint64_t event; /**< number of its last change among those of all episodes: see event_feed.h */
    uint8_t kind;   /**< enum alert_kind */
    uint8_t state;  /**< enum alert_state */
    uint8_t cause;  /**< enum alert_cause */
    uint8_t severity;  /**< 1 remind, 2 warn, 3 act */
    uint8_t escalated; /**< 0, then 1 not acknowledged, 2 not on site, 3 not cleared in time: the
                        city sees it */
    uint8_t live;      /**< the condition holds now */
    uint8_t storm;     /**< opened among very many: told as one summary */
    uint8_t rule;      /**< vehicle kinds: enum verdict_rule at opening */
    uint8_t evidence_count, share_count;
    char operator_code[OPERATOR_CODE + 1]; /**< who must act; "" = the city, or see shares */
    char vehicle[VEHICLE_REF_MAX + 1];     /**< "" for fence and operator kinds */
    space_key fence;                       /**< 0 = none */
    struct position_e7 at;
    int32_t distance_mm; /**< from the fence's edge at opening; INT32_MAX = does not apply */
    uint32_t count;      /**< times opened: 1, +1 with each reopening */
    uint32_t version;    /**< +1 with every change */
    uint16_t bikes, capacity;
    int64_t opened_ms, changed_ms, acked_ms, dispatched_ms, closed_ms; /**< 0 = not */
    int64_t due_ack_ms, due_onsite_ms, due_clear_ms;                   /**< 0 = none */
    int64_t disputed_ms; /**< since when; the clocks stand meanwhile */
    struct alert_evidence evidence[ALERT_EVIDENCE_MAX];
    struct alert_share shares[OPERATORS_MAX];
    char actor[COMMAND_ACTOR_MAX]; /**< who changed it last; "" = the machine */
    char note[COMMAND_NOTE_MAX];
};

/** No new episodes at a fence (0 = the whole city) between two times: a planned event. */
struct mute_image {
    space_key fence;
    bool set;
    int64_t from_ms, until_ms;
    char actor[COMMAND_ACTOR_MAX];
    char note[COMMAND_NOTE_MAX];
};

/** "A5f0c...", and back; false when it is none. 0 is no alert's: in requests it means all. */
void alert_id_format(uint64_t id, char out[ALERT_ID_LEN + 1]);
bool alert_id_parse(const char *text, size_t len, uint64_t *id);
/** May this operator see it ("" = staff: yes)? Its own, and fence kinds in which it has bikes. */
bool alert_visible(const struct alert_image *alert, const char *operator_code);
/** The operators that may see it, each once, as pointers into it; returns how many. */
#define ALERT_VIEWERS_MAX (1 + OPERATORS_MAX)
unsigned alert_viewers(const struct alert_image *alert, const char *codes[ALERT_VIEWERS_MAX]);
/** Neither resolved nor expired-and-gone. */
bool alert_is_open(const struct alert_image *alert);

#endif
