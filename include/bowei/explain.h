#ifndef BOWEI_EXPLAIN_H
#define BOWEI_EXPLAIN_H

#include "bowei/command.h"
#include "bowei/inventory.h"
#include "bowei/view.h"

/* The state machine's reasoning for one space, as plain data: what each sensor says and whether it
 * votes, what follows from the votes, and what lies on top. Made by the core for COMMAND_SPACE_WHY,
 * shown by GET /v1/spaces/{id}/why and by the watch streams. All times are city time. */

/** One sensor of the space. */
struct explain_sensor {
    uint32_t device; /**< inventory index */
    uint16_t channel;
    uint8_t rank;
    uint8_t value;   /**< enum reading_value that stands; VALUE_COUNT_ = none yet */
    bool live;       /**< believed at this moment */
    bool votes;      /**< live and of the best rank that is live */
    uint8_t why_not; /**< enum reason, when not live */
    bool suspect, in_test, flapping, battery_low, restored, session_gap, has_counter;
    uint8_t pending; /**< value waiting for debounce; VALUE_COUNT_ = none */
    uint8_t samples; /**< equal samples of it so far */
    uint8_t changes; /**< counted in the ten one-minute bins */
    uint16_t battery_mv;
    int16_t rssi_dbm;
    uint32_t counter;
    uint32_t limit_ms, period_ms;
    int64_t heard_ms; /**< 0 = never */
    int64_t pending_due_ms;
    int64_t quiet_due_ms;  /**< flapping: when it is believed again if it stays quiet */
    int64_t test_until_ms; /**< in_test */
};

struct space_explain {
    space_key key;
    int64_t at_ms;            /**< the core's now */
    uint8_t state, reason;    /**< as shown: enum space_state, enum reason */
    uint8_t fused, fused_why; /**< the same under override and closing */
    uint8_t known;            /**< SPACE_UNKNOWN = never */
    uint8_t flag_pct;         /**< what confidence is cut to by flags */
    uint8_t confidence;
    int64_t since_ms, fused_since_ms, known_since_ms;
    int64_t held_ms; /**< since when a disagreement is held, 0 = none */
    int64_t held_until_ms;
    uint32_t gap_s;
    bool out;           /**< staff took it out of service */
    bool lot_closed;    /**< its lot is closed */
    uint8_t out_reason; /**< enum out_reason */
    int64_t out_since_ms, out_until_ms;
    char out_actor[COMMAND_ACTOR_MAX];
    char out_note[COMMAND_NOTE_MAX];
    unsigned decided_by; /**< index in sensors; sensor_count = none */
    unsigned sensor_count;
    struct explain_sensor sensors[SENSORS_PER_SPACE_MAX];
};

#endif
