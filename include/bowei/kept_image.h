#ifndef BOWEI_KEPT_IMAGE_H
#define BOWEI_KEPT_IMAGE_H

#include "bowei/command.h"
#include "bowei/reading.h"

/* What staff decided and what the machine remembers of single places and devices, as it is kept. */

struct override_image {
    space_key key;
    bool set;
    enum out_reason reason;
    int64_t since_ms, until_ms;
    char actor[COMMAND_ACTOR_MAX];
    char note[COMMAND_NOTE_MAX];
};

struct suspect_image {
    uint8_t device_len;
    char device[DEVICE_ID_MAX];
    bool set; /**< staff or the rule distrust it */
    int64_t since_ms;
    int64_t test_until_ms; /**< in test until then: does not vote either; 0 = never was */
    char actor[COMMAND_ACTOR_MAX];
};

struct audit_image {
    uint8_t command; /**< enum command_kind */
    int64_t at_ms;
    space_key key;
    uint64_t case_id; /**< of COMMAND_CASE*: which case was read or changed; 0 = none */
    uint8_t device_len;
    char device[DEVICE_ID_MAX];
    char actor[COMMAND_ACTOR_MAX];
    char note[COMMAND_NOTE_MAX];
};

/** A long stay that a short release would cut: its clock goes on where the release was too short.
 */
struct stay_image {
    space_key key;
    bool set;            /**< false: over, so that an older image does not bring it back */
    int64_t since_ms;    /**< the stay's real begin */
    int64_t released_ms; /**< when the space was known free last, 0 = occupied again */
    int64_t back_ms;     /**< occupied again: since when; another stay than the space's is void */
    int64_t gone_ms; /**< free for long enough: then it had left; until its case knows, 0 = not */
    int64_t
        told_ms; /**< a case about it was opened then, 0 = not: who judged it is not asked again */
    uint32_t gap_s; /**< unknown time of the parts before the present one */
};

#endif
