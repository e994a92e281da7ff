/* The transition table of episodes and what each event does beside the state. An expired episode
 * stays `expired` when it ends, so that a late clearing never looks like one in time; `closed_ms`
 * says when. */
#include "gateway/core/alert/transitions.h"

#define ANYONE (BY_OPERATOR | BY_STAFF)

static const struct alert_transition table[] = {
    {ALERT_OPEN,         ALERT_EVENT_ACK,           ANYONE,      ALERT_ACKNOWLEDGED, CAUSE_NONE          },
    {ALERT_OPEN,         ALERT_EVENT_DISPATCH,      ANYONE,      ALERT_DISPATCHED,   CAUSE_NONE          },
    {ALERT_OPEN,         ALERT_EVENT_RESOLVE,       ANYONE,      ALERT_RESOLVED,     CAUSE_CLEARED       },
    {ALERT_OPEN,         ALERT_EVENT_DISPUTE,       BY_OPERATOR, ALERT_DISPUTED,     CAUSE_NONE          },
    {ALERT_OPEN,         ALERT_EVENT_SEEN_GONE,     BY_MACHINE,  ALERT_RESOLVED,     CAUSE_SEEN_GONE     },
    {ALERT_OPEN,         ALERT_EVENT_EXPIRE,        BY_MACHINE,  ALERT_EXPIRED,      CAUSE_NONE          },
    {ALERT_OPEN,         ALERT_EVENT_ESCALATE,      BY_MACHINE,  ALERT_OPEN,         CAUSE_NONE          },
    {ALERT_OPEN,         ALERT_EVENT_FENCE_REMOVED, BY_MACHINE,  ALERT_RESOLVED,     CAUSE_FENCE_REMOVED },
    {ALERT_OPEN,         ALERT_EVENT_MUTE,          BY_MACHINE,  ALERT_RESOLVED,     CAUSE_MUTED         },
    {ALERT_OPEN,         ALERT_EVENT_UPDATE,        BY_MACHINE,  ALERT_OPEN,         CAUSE_NONE          },

    {ALERT_ACKNOWLEDGED, ALERT_EVENT_DISPATCH,      ANYONE,      ALERT_DISPATCHED,   CAUSE_NONE          },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_RESOLVE,       ANYONE,      ALERT_RESOLVED,     CAUSE_CLEARED       },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_DISPUTE,       BY_OPERATOR, ALERT_DISPUTED,     CAUSE_NONE          },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_SEEN_GONE,     BY_MACHINE,  ALERT_RESOLVED,     CAUSE_SEEN_GONE     },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_EXPIRE,        BY_MACHINE,  ALERT_EXPIRED,      CAUSE_NONE          },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_ESCALATE,      BY_MACHINE,  ALERT_ACKNOWLEDGED, CAUSE_NONE          },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_FENCE_REMOVED, BY_MACHINE,  ALERT_RESOLVED,
     CAUSE_FENCE_REMOVED                                                                                 },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_MUTE,          BY_MACHINE,  ALERT_RESOLVED,     CAUSE_MUTED         },
    {ALERT_ACKNOWLEDGED, ALERT_EVENT_UPDATE,        BY_MACHINE,  ALERT_ACKNOWLEDGED, CAUSE_NONE          },

    {ALERT_DISPATCHED,   ALERT_EVENT_RESOLVE,       ANYONE,      ALERT_RESOLVED,     CAUSE_CLEARED       },
    {ALERT_DISPATCHED,   ALERT_EVENT_DISPUTE,       BY_OPERATOR, ALERT_DISPUTED,     CAUSE_NONE          },
    {ALERT_DISPATCHED,   ALERT_EVENT_SEEN_GONE,     BY_MACHINE,  ALERT_RESOLVED,     CAUSE_SEEN_GONE     },
    {ALERT_DISPATCHED,   ALERT_EVENT_EXPIRE,        BY_MACHINE,  ALERT_EXPIRED,      CAUSE_NONE          },
    {ALERT_DISPATCHED,   ALERT_EVENT_ESCALATE,      BY_MACHINE,  ALERT_DISPATCHED,   CAUSE_NONE          },
    {ALERT_DISPATCHED,   ALERT_EVENT_FENCE_REMOVED, BY_MACHINE,  ALERT_RESOLVED,     CAUSE_FENCE_REMOVED },
    {ALERT_DISPATCHED,   ALERT_EVENT_MUTE,          BY_MACHINE,  ALERT_RESOLVED,     CAUSE_MUTED         },
    {ALERT_DISPATCHED,   ALERT_EVENT_UPDATE,        BY_MACHINE,  ALERT_DISPATCHED,   CAUSE_NONE          },

    {ALERT_DISPUTED,     ALERT_EVENT_UPHOLD,        BY_STAFF,    ALERT_RESOLVED,     CAUSE_DISPUTE_UPHELD},
    {ALERT_DISPUTED,     ALERT_EVENT_DISMISS,       BY_STAFF,    ALERT_ACKNOWLEDGED, CAUSE_NONE          },
    {ALERT_DISPUTED,     ALERT_EVENT_SEEN_GONE,     BY_MACHINE,  ALERT_RESOLVED,     CAUSE_SEEN_GONE     },
    {ALERT_DISPUTED,     ALERT_EVENT_FENCE_REMOVED, BY_MACHINE,  ALERT_RESOLVED,     CAUSE_FENCE_REMOVED },
    {ALERT_DISPUTED,     ALERT_EVENT_MUTE,          BY_MACHINE,  ALERT_RESOLVED,     CAUSE_MUTED         },

    {ALERT_EXPIRED,      ALERT_EVENT_RESOLVE,       ANYONE,      ALERT_EXPIRED,      CAUSE_CLEARED       },
    {ALERT_EXPIRED,      ALERT_EVENT_SEEN_GONE,     BY_MACHINE,  ALERT_EXPIRED,      CAUSE_SEEN_GONE     },
    {ALERT_EXPIRED,      ALERT_EVENT_FENCE_REMOVED, BY_MACHINE,  ALERT_EXPIRED,      CAUSE_FENCE_REMOVED },
    {ALERT_EXPIRED,      ALERT_EVENT_MUTE,          BY_MACHINE,  ALERT_EXPIRED,      CAUSE_MUTED         },
    {ALERT_EXPIRED,      ALERT_EVENT_UPDATE,        BY_MACHINE,  ALERT_EXPIRED,      CAUSE_NONE          },
    {ALERT_EXPIRED,      ALERT_EVENT_REOPENED,      BY_MACHINE,  ALERT_EXPIRED,      CAUSE_NONE          },

    {ALERT_RESOLVED,     ALERT_EVENT_REOPENED,      BY_MACHINE,  ALERT_OPEN,         CAUSE_NONE          },
};

#define ROWS (sizeof table / sizeof table[0])

const struct alert_transition *alert_transition_find(enum alert_state from, enum alert_event event)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].from == from && table[i].event == event) {
            return &table[i];
        }
    }
    return NULL;
}

const struct alert_transition *alert_transitions(size_t *count)
{
    *count = ROWS;
    return table;
}

static uint8_t severity_of(enum alert_kind kind)
{
    /* clang-format off: a table is included */
    static const uint8_t severities[ALERT_KIND_COUNT] = {
#define ALERT_KIND(name, code, subject, severity, ack_s, onsite_s, clear_s, en, zh)                \
    [ALERT_##name] = severity,
#include "bowei/alert_kinds.def"
#undef ALERT_KIND
    };
    /* clang-format on */

    return severities[kind];
}

static int64_t due_in(uint32_t ms, int64_t now_ms)
{
    return ms == 0 ? 0 : now_ms + ms;
}

void alert_clocks_begin(struct alert_image *alert, const struct fleet_rules *rules, int64_t now_ms)
{
    alert->due_ack_ms = due_in(rules->due[alert->kind].ack_ms, now_ms);
    alert->due_onsite_ms = due_in(rules->due[alert->kind].onsite_ms, now_ms);
    alert->due_clear_ms = due_in(rules->due[alert->kind].clear_ms, now_ms);
    alert->escalated = 0;
    alert->severity = severity_of((enum alert_kind)alert->kind);
}

/* The clocks stood while it was disputed. */
static void clocks_go_on(struct alert_image *alert, int64_t now_ms)
{
    const int64_t stood_ms = now_ms - alert->disputed_ms;
    int64_t *const due[] = {&alert->due_ack_ms, &alert->due_onsite_ms, &alert->due_clear_ms};

    for (unsigned i = 0; i < sizeof due / sizeof due[0]; i++) {
        if (*due[i] != 0) {
            *due[i] += stood_ms;
        }
    }
    alert->disputed_ms = 0;
}

/* Found again after it was seen gone, it is done anew. Said to be cleared and still there, its
 * clocks went on meanwhile. */
static void reopen(struct alert_image *alert, const struct fleet_rules *rules, int64_t now_ms)
{
    if (!alert->live) {
        alert_clocks_begin(alert, rules, now_ms);
    }
    alert->count++;
    alert->cause = CAUSE_NONE;
    alert->closed_ms = 0;
    alert->acked_ms = 0;
    alert->dispatched_ms = 0;
    alert->live = 1;
}

static void event_effect(struct alert_image *alert, const struct alert_transition *row,
                         const struct fleet_rules *rules, int64_t now_ms)
{
    if (row->event == ALERT_EVENT_ACK || row->event == ALERT_EVENT_DISPATCH ||
        row->event == ALERT_EVENT_DISMISS) {
        alert->acked_ms = alert->acked_ms != 0 ? alert->acked_ms : now_ms;
    }
    if (row->event == ALERT_EVENT_DISPATCH) {
        alert->dispatched_ms = now_ms;
    }
    if (row->event == ALERT_EVENT_DISPUTE) {
        alert->disputed_ms = now_ms;
    } else if (row->from == ALERT_DISPUTED && alert->disputed_ms != 0) {
        clocks_go_on(alert, now_ms);
    }
    if (row->event == ALERT_EVENT_REOPENED) {
        reopen(alert, rules, now_ms);
    }
    if (row->event == ALERT_EVENT_SEEN_GONE || row->event == ALERT_EVENT_FENCE_REMOVED ||
        row->event == ALERT_EVENT_MUTE) {
        alert->live = 0; /* after a planned event what still is wrong is a new episode */
    }
}

/* Which due time has passed, the city is told. Expiry is the last of them. */
static uint8_t escalation(const struct alert_image *alert, int64_t now_ms)
{
    if (alert->due_clear_ms != 0 && now_ms >= alert->due_clear_ms) {
        return 3;
    }
    if (alert->due_onsite_ms != 0 && now_ms >= alert->due_onsite_ms && alert->dispatched_ms == 0) {
        return 2;
    }
    return alert->due_ack_ms != 0 && now_ms >= alert->due_ack_ms && alert->acked_ms == 0 ? 1 : 0;
}

enum err alert_move(struct alert_image *alert, enum alert_event event, enum alert_role role,
                    const struct fleet_rules *rules, int64_t now_ms)
{
    const struct alert_transition *row =
        alert_transition_find((enum alert_state)alert->state, event);

    if (row == NULL || (alert->closed_ms != 0 && event != ALERT_EVENT_REOPENED)) {
        return ERR_CONFLICT;
    }
    if ((row->roles & role) == 0) {
        return ERR_FORBIDDEN;
    }
    alert->state = (uint8_t)row->to;
    event_effect(alert, row, rules, now_ms);
    if (row->cause != CAUSE_NONE) {
        alert->cause = (uint8_t)row->cause;
        alert->closed_ms = now_ms;
    }
    if (event == ALERT_EVENT_ESCALATE || event == ALERT_EVENT_EXPIRE) {
        alert->escalated = escalation(alert, now_ms);
        alert->severity = alert->severity < 3 ? (uint8_t)(alert->severity + 1) : 3;
    }
    alert->version++;
    alert->changed_ms = now_ms;
    return ERR_OK;
}

bool alert_is_doubted(const struct alert_image *alert)
{
    return alert->closed_ms != 0 && alert->live && alert->cause == CAUSE_CLEARED;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return b != 0 && b < a ? b : a;
}

int64_t alert_due_ms(const struct alert_image *alert, const struct fleet_rules *rules)
{
    int64_t due_ms = INT64_MAX;

    if (alert->closed_ms != 0) {
        /* said to be cleared and still there: looked at again; then kept for a while */
        if (alert_is_doubted(alert)) {
            return alert->closed_ms + rules->reopen_ms;
        }
        return alert->closed_ms + rules->keep_ms;
    }
    if (alert->state == ALERT_DISPUTED || alert->state == ALERT_EXPIRED) {
        return due_ms;
    }
    if (alert->acked_ms == 0 && alert->escalated < 1) {
        due_ms = sooner(due_ms, alert->due_ack_ms);
    }
    if (alert->dispatched_ms == 0 && alert->escalated < 2) {
        due_ms = sooner(due_ms, alert->due_onsite_ms);
    }
    return sooner(due_ms, alert->due_clear_ms);
}
