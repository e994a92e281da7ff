/* The transition table of cases against what docs/CASES.md says, written down here a second
 * time: for every status, stage, event and role only the listed moves are taken, and lead where the
 * list says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core/case/transitions.h"
#include <stdio.h>
#include <string.h>

#define OPEN  "reported filed dispatched returned handling suspended feedback checking rework"
#define BEGUN "reported filed dispatched returned handling"
#define ANY                                                                                        \
    "none suspect confirmed noticed overdue impounded announced claimed disposed self_cleared"
#define ZOMBIE "suspect confirmed noticed overdue impounded announced claimed disposed self_cleared"
#define STREET "suspect confirmed noticed overdue"

/* Who may: m the machine, s staff, p the public. To: "=" stays, "back" = where it was suspended. */
static const struct {
    const char *statuses, *stages, *event, *who, *status, *stage;
} wanted[] = {
  /* 4: reported -> filed, voided; filed -> dispatched; dispatched -> handling, returned; ... */
    {"reported",                                               "none",                   "file",            "ms",  "filed",      "="           },
    {"reported",                                               "none",                   "void",            "s",   "voided",     "="           },
    {"filed returned",                                         "none confirmed",         "dispatch",        "ms",  "dispatched", "="           },
    {"dispatched",                                             "none confirmed",         "check_in",        "s",   "handling",   "="           },
    {"dispatched",                                             "none confirmed",         "return",          "s",   "returned",   "="           },
    {"handling",                                               "none claimed disposed",  "feedback",        "s",   "feedback",   "="           },
    {"handling",                                               "none",                   "suspend",         "s",   "suspended",  "="           },
    {"suspended",                                              ANY,                      "resume",          "s",   "back",       "="           },
    {"feedback",                                               ANY,                      "check",           "s",   "checking",   "="           },
    {"checking",                                               ANY,                      "close",           "s",   "closed",     "="           },
    {"checking",                                               ANY,                      "rework",          "s",   "rework",     "="           },
    {"rework",                                                 "none claimed disposed",  "rehandle",        "s",   "handling",   "="           },
 /* what was said to have left stands there: all begins again with a notice */
    {"rework",                                                 "self_cleared",           "rehandle",        "s",   "handling",   "confirmed"   },
    {"closed",                                                 ANY,                      "rate",            "p",   "=",          "="           },
 /* 5.2 */
    {"reported",                                               "suspect",                "confirm",         "s",   "filed",      "confirmed"   },
    {BEGUN,                                                    "suspect confirmed",      "void",            "s",   "voided",     "rejected"    },
    {BEGUN " suspended",                                       STREET,                   "self_clear",      "ms",  "feedback",   "self_cleared"},
    {"handling",                                               "confirmed",              "notice",          "s",   "=",          "noticed"     },
    {"handling",                                               "noticed",                "notice_over",     "m",   "=",          "overdue"     },
    {"handling",                                               "overdue",                "impound",         "s",   "=",          "impounded"   },
    {"handling",                                               "impounded",              "announce",        "m",   "=",          "announced"   },
    {"handling",                                               "impounded announced",    "claim",           "s",   "feedback",   "claimed"     },
    {"handling",                                               "announced",              "dispose",         "s",   "feedback",   "disposed"    },
    {BEGUN " feedback checking rework",                        ZOMBIE,                   "suspend",         "s",   "suspended",  "="           },
 /* what never changes status or stage */
    {OPEN,                                                     ANY,                      "report",          "msp", "=",          "="           },
    {OPEN,                                                     ANY,                      "evidence",        "ms",  "=",          "="           },
    {OPEN,                                                     ANY,                      "note",            "ms",  "=",          "="           },
    {"handling",                                               ANY,                      "check_in",        "s",   "=",          "="           }, /* behind a transfer */
    {"dispatched handling",                                    ANY,                      "transfer",        "s",   "=",          "="           },
    {"dispatched handling",                                    ANY,                      "extend",          "s",   "=",          "="           },
    {"dispatched handling",                                    ANY,                      "urge",            "s",   "=",          "="           },
    {"dispatched handling rework",                             ANY,                      "assist",          "s",   "=",          "="           },
    {"dispatched handling suspended feedback checking rework", ANY,                      "assist_feedback", "s",   "=",
     "="                                                                                                                                       },
    {"filed dispatched returned handling rework",              ANY,                      "escalate",        "ms",  "=",          "="           },
    {BEGUN,                                                    "none suspect confirmed", "merge",           "s",   "voided",     "="           },
};

static bool among(const char *words, const char *word)
{
    const size_t len = strlen(word);
    const char *at = words;

    while ((at = strstr(at, word)) != NULL) {
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
        at += len;
    }
    return false;
}

static int wanted_of(const char *status, const char *stage, const char *event)
{
    int found = -1;

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (among(wanted[i].statuses, status) && among(wanted[i].stages, stage) &&
            strcmp(wanted[i].event, event) == 0) {
            assert_int_equal(found, -1); /* one answer only */
            found = (int)i;
        }
    }
    return found;
}

static const char *to_status(const struct case_transition *row)
{
    return row->to_status == CASE_STAYS     ? "="
           : row->to_status == CASE_RETURNS ? "back"
                                            : case_status_word(row->to_status)->code;
}

static void one_cell(enum case_status status, enum case_stage stage, enum case_event event)
{
    static const char letters[] = {
        [CASE_BY_MACHINE] = 'm', [CASE_BY_STAFF] = 's', [CASE_BY_PUBLIC] = 'p'};

    static const enum case_role roles[] = {CASE_BY_MACHINE, CASE_BY_STAFF, CASE_BY_PUBLIC};

    const int want = wanted_of(case_status_word(status)->code, case_stage_word(stage)->code,
                               case_event_word(event)->code);
    const struct case_transition *row = case_transition_find(status, stage, event);

    if ((row != NULL) != (want >= 0)) {
        fail_msg("%s, %s: %s is %s", case_status_word(status)->code, case_stage_word(stage)->code,
                 case_event_word(event)->code, row != NULL ? "taken" : "not taken");
    }
    for (unsigned i = 0; row != NULL && i < 3; i++) {
        const bool may = strchr(wanted[want].who, letters[roles[i]]) != NULL;

        if (((row->roles & roles[i]) != 0) != may) {
            fail_msg("%s, %s: %s by %c", case_status_word(status)->code,
                     case_stage_word(stage)->code, case_event_word(event)->code, letters[roles[i]]);
        }
    }
    if (row != NULL) {
        assert_string_equal(to_status(row), wanted[want].status);
        assert_string_equal(row->to_stage == CASE_STAYS ? "="
                                                        : case_stage_word(row->to_stage)->code,
                            wanted[want].stage);
    }
}

static void only_what_is_listed_is_taken(void **state)
{
    size_t count;
    const struct case_transition *table = case_transitions(&count);

    (void)state;
    for (unsigned status = 0; status < CASE_STATUS_COUNT; status++) {
        for (unsigned stage = 0; stage < CASE_STAGE_COUNT; stage++) {
            for (unsigned event = 0; event < CASE_EVENT_COUNT; event++) {
                unsigned rows = 0;

                one_cell((enum case_status)status, (enum case_stage)stage, (enum case_event)event);
                for (size_t i = 0; i < count; i++) {
                    rows += table[i].event == event && (table[i].statuses & 1u << status) != 0 &&
                            (table[i].stages & 1u << stage) != 0;
                }
                assert_true(rows <= 1); /* no row hides another */
            }
        }
    }
}

/* No tow, rejection, claim or disposal by software; guards of the law at their places. */
static void what_the_law_wants_is_in_the_table(void **state)
{
    static const struct {
        enum case_event event;
        uint32_t guards;
    } law[] = {
        {CASE_EVENT_IMPOUND,  GUARD_NOT_CONFIRMER | GUARD_NOT_QUIET | GUARD_DOCUMENT},
        {CASE_EVENT_CONFIRM,  GUARD_EVIDENCE | GUARD_FEATURE                        },
        {CASE_EVENT_CLOSE,    GUARD_NOT_HANDLER | GUARD_PROOF                       },
        {CASE_EVENT_DISPOSE,  GUARD_DOCUMENT | GUARD_STAGE_OVER                     },
        {CASE_EVENT_CLAIM,    GUARD_DOCUMENT                                        },
        {CASE_EVENT_NOTICE,   GUARD_DOCUMENT | GUARD_CHANNEL | GUARD_NOTICE_TIME    },
        {CASE_EVENT_VOID,     GUARD_NOTE                                            },
        {CASE_EVENT_SUSPEND,  GUARD_NOTE                                            },
        {CASE_EVENT_RETURN,   GUARD_NOTE                                            },
        {CASE_EVENT_TRANSFER, GUARD_NOTE | GUARD_UNIT | GUARD_PERSON                },
        {CASE_EVENT_DISPATCH,
         GUARD_UNIT | GUARD_PERSON | GUARD_DUTY | GUARD_DEADLINE | GUARD_SCORE      },
    };

    size_t count;
    const struct case_transition *table = case_transitions(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct case_transition *row = &table[i];

        for (size_t k = 0; k < sizeof law / sizeof law[0]; k++) {
            if (law[k].event == row->event) {
                assert_int_equal(row->guards & law[k].guards, law[k].guards);
            }
        }
        if (row->event == CASE_EVENT_IMPOUND || row->event == CASE_EVENT_VOID ||
            row->event == CASE_EVENT_CLAIM || row->event == CASE_EVENT_DISPOSE ||
            row->event == CASE_EVENT_CONFIRM || row->event == CASE_EVENT_CLOSE ||
            row->event == CASE_EVENT_NOTICE) {
            assert_int_equal(row->roles & CASE_BY_MACHINE, 0);
        }
        if (row->event == CASE_EVENT_NOTICE_OVER || row->event == CASE_EVENT_ANNOUNCE) {
            assert_int_equal(row->guards, GUARD_STAGE_OVER);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_listed_is_taken),
        cmocka_unit_test(what_the_law_wants_is_in_the_table),
    };

    return cmocka_run_group_tests_name("case_table", tests, NULL, NULL);
}
