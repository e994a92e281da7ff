/* The table of docs/CASES.md. A plain case has the stage none; all others are zombies. The
 * software alone never moves, rejects, claims or disposes of a vehicle: those rows have no machine.
 */
#include "gateway/core/case/transitions.h"

#define AT(name)    (1u << STATUS_##name)
#define STAGE(name) (1u << STAGE_##name)

#define PLAIN       STAGE(NONE)
#define ON_STREET   (STAGE(SUSPECT) | STAGE(CONFIRMED) | STAGE(NOTICED) | STAGE(OVERDUE))
#define IN_KEEP     (STAGE(IMPOUNDED) | STAGE(ANNOUNCED))
#define PAPERS      (STAGE(CLAIMED) | STAGE(DISPOSED))
#define ZOMBIE      (ON_STREET | IN_KEEP | PAPERS | STAGE(SELF_CLEARED))
#define ANY         (PLAIN | ZOMBIE)

#define MOVING      (AT(REPORTED) | AT(FILED) | AT(DISPATCHED) | AT(RETURNED) | AT(HANDLING))
#define VERIFY      (AT(FEEDBACK) | AT(CHECKING) | AT(REWORK))
#define OPEN        (MOVING | AT(SUSPENDED) | VERIFY)
#define WITH_UNIT   (AT(DISPATCHED) | AT(HANDLING) | AT(SUSPENDED) | VERIFY)
#define AT_WORK     (AT(DISPATCHED) | AT(HANDLING) | AT(REWORK))

#define MACHINE     CASE_BY_MACHINE
#define STAFF       CASE_BY_STAFF
#define PUBLIC      CASE_BY_PUBLIC

#define FIVE_FIXED  (GUARD_UNIT | GUARD_PERSON | GUARD_DUTY | GUARD_DEADLINE | GUARD_SCORE)
#define STAYS       CASE_STAYS

/* clang-format off: columns */
static const struct case_transition table[] = {
  /* the workflow */
    {OPEN,                               ANY,                                       CASE_EVENT_REPORT,          MACHINE | STAFF | PUBLIC, 0,                                                 STAYS,             STAYS          },
    {AT(REPORTED),                       PLAIN,                                     CASE_EVENT_FILE,            MACHINE | STAFF,          0,                                                 STATUS_FILED,      STAYS          },
    {AT(REPORTED),                       PLAIN,                                     CASE_EVENT_VOID,            STAFF,                    GUARD_NOTE,                                        STATUS_VOIDED,     STAYS          },
    {AT(FILED) | AT(RETURNED),           PLAIN | STAGE(CONFIRMED),                  CASE_EVENT_DISPATCH,        MACHINE | STAFF,
     FIVE_FIXED,                                                                                                                                                                             STATUS_DISPATCHED, STAYS          },
    {AT(DISPATCHED),                     PLAIN | STAGE(CONFIRMED),                  CASE_EVENT_CHECK_IN,        STAFF,                    0,                                                 STATUS_HANDLING,
     STAYS                                                                                                                                                                                                                     },
    {AT(HANDLING),                       ANY,                                       CASE_EVENT_CHECK_IN,        STAFF,                    GUARD_AWAITED,                                     STAYS,             STAYS          },
    {AT(DISPATCHED),                     PLAIN | STAGE(CONFIRMED),                  CASE_EVENT_RETURN,          STAFF,                    GUARD_NOTE,
     STATUS_RETURNED,                                                                                                                                                                                           STAYS          },
    {AT(DISPATCHED) | AT(HANDLING),      ANY,                                       CASE_EVENT_TRANSFER,        STAFF,
     GUARD_NOTE | GUARD_UNIT | GUARD_OTHER_UNIT | GUARD_PERSON,                                                                                                                              STAYS,             STAYS          },
    {AT_WORK,                            ANY,                                       CASE_EVENT_ASSIST,          STAFF,                    GUARD_UNIT | GUARD_OTHER_UNIT | GUARD_ASSIST_ROOM,
     STAYS,                                                                                                                                                                                                     STAYS          },
    {WITH_UNIT,                          ANY,                                       CASE_EVENT_ASSIST_FEEDBACK, STAFF,                    GUARD_UNIT | GUARD_ASSISTING,                      STAYS,             STAYS          },
    {AT(HANDLING),                       PLAIN,                                     CASE_EVENT_SUSPEND,         STAFF,                    GUARD_NOTE,                                        STATUS_SUSPENDED,  STAYS          },
    {MOVING | VERIFY,                    ZOMBIE,                                    CASE_EVENT_SUSPEND,         STAFF,                    GUARD_NOTE,                                        STATUS_SUSPENDED,  STAYS          },
    {AT(SUSPENDED),                      ANY,                                       CASE_EVENT_RESUME,          STAFF,                    0,                                                 CASE_RETURNS,      STAYS          },
    {AT(DISPATCHED) | AT(HANDLING),      ANY,                                       CASE_EVENT_EXTEND,          STAFF,                    GUARD_NOTE | GUARD_EXTENSION,
     STAYS,                                                                                                                                                                                                     STAYS          },
    {AT(HANDLING),                       PLAIN | PAPERS,                            CASE_EVENT_FEEDBACK,        STAFF,                    GUARD_NOTE,                                        STATUS_FEEDBACK,   STAYS          },
    {AT(FEEDBACK),                       ANY,                                       CASE_EVENT_CHECK,           STAFF,                    0,                                                 STATUS_CHECKING,   STAYS          },
    {AT(CHECKING),                       ANY,                                       CASE_EVENT_REWORK,          STAFF,                    GUARD_NOTE | GUARD_NOT_HANDLER | GUARD_LED,
     STATUS_REWORK,                                                                                                                                                                                             STAYS          },
    {AT(REWORK),                         PLAIN | PAPERS,                            CASE_EVENT_REHANDLE,        STAFF,                    0,                                                 STATUS_HANDLING,   STAYS          },
    {AT(REWORK),                         STAGE(SELF_CLEARED),                       CASE_EVENT_REHANDLE,        STAFF,                    0,                                                 STATUS_HANDLING,
     STAGE_CONFIRMED                                                                                                                                                                                                           },
    {AT(CHECKING),                       ANY,                                       CASE_EVENT_CLOSE,           STAFF,                    GUARD_NOT_HANDLER | GUARD_PROOF,                   STATUS_CLOSED,
     STAYS                                                                                                                                                                                                                     },
    {AT(CLOSED),                         ANY,                                       CASE_EVENT_RATE,            PUBLIC,                   GUARD_RATING,                                      STAYS,             STAYS          },

 /* the zombie life cycle */
    {AT(REPORTED),                       STAGE(SUSPECT),                            CASE_EVENT_CONFIRM,         STAFF,                    GUARD_EVIDENCE | GUARD_FEATURE,
     STATUS_FILED,                                                                                                                                                                                              STAGE_CONFIRMED},
    {MOVING,                             STAGE(SUSPECT) | STAGE(CONFIRMED),         CASE_EVENT_VOID,            STAFF,                    GUARD_NOTE,                                        STATUS_VOIDED,
     STAGE_REJECTED                                                                                                                                                                                                            },
    {AT(HANDLING),                       STAGE(CONFIRMED),                          CASE_EVENT_NOTICE,          STAFF,
     GUARD_DOCUMENT | GUARD_CHANNEL | GUARD_NOTICE_TIME,                                                                                                                                     STAYS,             STAGE_NOTICED  },
    {AT(HANDLING),                       STAGE(NOTICED),                            CASE_EVENT_NOTICE_OVER,     MACHINE,                  GUARD_STAGE_OVER,                                  STAYS,
     STAGE_OVERDUE                                                                                                                                                                                                             },
    {AT(HANDLING),                       STAGE(OVERDUE),                            CASE_EVENT_IMPOUND,         STAFF,
     GUARD_DOCUMENT | GUARD_NOT_CONFIRMER | GUARD_NOT_QUIET,                                                                                                                                 STAYS,             STAGE_IMPOUNDED},
    {AT(HANDLING),                       STAGE(IMPOUNDED),                          CASE_EVENT_ANNOUNCE,        MACHINE,                  GUARD_STAGE_OVER,                                  STAYS,
     STAGE_ANNOUNCED                                                                                                                                                                                                           },
    {AT(HANDLING),                       IN_KEEP,                                   CASE_EVENT_CLAIM,           STAFF,                    GUARD_DOCUMENT,                                    STATUS_FEEDBACK,
     STAGE_CLAIMED                                                                                                                                                                                                             },
    {AT(HANDLING),                       STAGE(ANNOUNCED),                          CASE_EVENT_DISPOSE,         STAFF,                    GUARD_STAGE_OVER | GUARD_DOCUMENT,
     STATUS_FEEDBACK,                                                                                                                                                                                           STAGE_DISPOSED },
    {MOVING | AT(SUSPENDED),             ON_STREET,                                 CASE_EVENT_SELF_CLEAR,      MACHINE | STAFF,          0,                                                 STATUS_FEEDBACK,
     STAGE_SELF_CLEARED                                                                                                                                                                                                        },

 /* beside the way */
    {MOVING,                             PLAIN | STAGE(SUSPECT) | STAGE(CONFIRMED), CASE_EVENT_MERGE,           STAFF,                    GUARD_OTHER_CASE,
     STATUS_VOIDED,                                                                                                                                                                                             STAYS          },
    {OPEN,                               ANY,                                       CASE_EVENT_EVIDENCE,        MACHINE | STAFF,          GUARD_EVIDENCE,                                    STAYS,             STAYS          },
    {OPEN,                               ANY,                                       CASE_EVENT_NOTE,            MACHINE | STAFF,          GUARD_NOTE,                                        STAYS,             STAYS          },
    {AT_WORK | AT(FILED) | AT(RETURNED), ANY,                                       CASE_EVENT_ESCALATE,        MACHINE | STAFF,          GUARD_NOTE,
     STAYS,                                                                                                                                                                                                     STAYS          },
    {AT(DISPATCHED) | AT(HANDLING),      ANY,                                       CASE_EVENT_URGE,            STAFF,                    GUARD_AWAITED,                                     STAYS,             STAYS          },
};
/* clang-format on */

#define ROWS (sizeof table / sizeof table[0])

const struct case_transition *case_transition_find(enum case_status status, enum case_stage stage,
                                                   enum case_event event)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].event == event && (table[i].statuses & 1u << status) != 0 &&
            (table[i].stages & 1u << stage) != 0) {
            return &table[i];
        }
    }
    return NULL;
}

const struct case_transition *case_transitions(size_t *count)
{
    *count = ROWS;
    return table;
}
