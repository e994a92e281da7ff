/* The words of bikes and alerts, out of their tables; what API, Redis and people read. */
#include "bowei/alert.h"
#include "bowei/base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *lock_state_name(enum lock_state lock)
{
    static const char *const names[LOCK_STATE_COUNT] = {"unknown", "locked", "unlocked"};

    return (unsigned)lock < LOCK_STATE_COUNT ? names[lock] : "unknown";
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[VERDICT_COUNT] = {"uncertain", "inside", "outside"};

    return (unsigned)verdict < VERDICT_COUNT ? names[verdict] : "uncertain";
}

const char *evidence_kind_name(enum evidence_kind kind)
{
    static const char *const names[] = {"gnss", "listener", "beacon", "count", "feed"};

    return (unsigned)kind <= EVIDENCE_FEED ? names[kind] : "gnss";
}

/* clang-format off: tables are included */
const char *verdict_rule_code(enum verdict_rule rule)
{
    static const char *const codes[RULE_COUNT] = {
#define VERDICT_RULE(name, code, en, zh) [RULE_##name] = code,
#include "bowei/verdict_rules.def"
#undef VERDICT_RULE
    };

    return (unsigned)rule < RULE_COUNT ? codes[rule] : "no_evidence";
}

const char *verdict_rule_text(enum verdict_rule rule)
{
    static const char *const texts[RULE_COUNT] = {
#define VERDICT_RULE(name, code, en, zh) [RULE_##name] = en,
#include "bowei/verdict_rules.def"
#undef VERDICT_RULE
    };

    return (unsigned)rule < RULE_COUNT ? texts[rule] : "";
}

static const struct {
    const char *code;
    enum alert_subject subject;
} kinds[ALERT_KIND_COUNT] = {

#define ALERT_KIND(name, code, subject, severity, ack_s, onsite_s, clear_s, en, zh)                \
    [ALERT_##name] = {code, subject},
#include "bowei/alert_kinds.def"
#undef ALERT_KIND
};

static const char *const events[ALERT_EVENT_COUNT] = {
#define ALERT_EVENT(name, code, en, zh) [ALERT_EVENT_##name] = code,
#include "bowei/alert_events.def"
#undef ALERT_EVENT
};
/* clang-format on */

static const char *const states[ALERT_STATE_COUNT] = {"open",     "acknowledged", "dispatched",
                                                      "disputed", "resolved",     "expired"};
static const char *const causes[CAUSE_COUNT] = {
    "", "seen_gone", "cleared", "dispute_upheld", "fence_removed", "muted", "staff"};

const char *alert_kind_code(enum alert_kind kind)
{
    return (unsigned)kind < ALERT_KIND_COUNT ? kinds[kind].code : "";
}

enum alert_subject alert_kind_subject(enum alert_kind kind)
{
    return kinds[kind].subject;
}

const char *alert_state_code(enum alert_state state)
{
    return (unsigned)state < ALERT_STATE_COUNT ? states[state] : "";
}

const char *alert_event_code(enum alert_event event)
{
    return (unsigned)event < ALERT_EVENT_COUNT ? events[event] : "";
}

const char *alert_cause_code(enum alert_cause cause)
{
    return (unsigned)cause < CAUSE_COUNT ? causes[cause] : "";
}

bool alert_kind_find(const char *code, size_t len, enum alert_kind *out)
{
    for (unsigned i = 0; i < ALERT_KIND_COUNT; i++) {
        if (strlen(kinds[i].code) == len && memcmp(kinds[i].code, code, len) == 0) {
            *out = (enum alert_kind)i;
            return true;
        }
    }
    return false;
}

bool alert_state_find(const char *code, size_t len, enum alert_state *out)
{
    for (unsigned i = 0; i < ALERT_STATE_COUNT; i++) {
        if (strlen(states[i]) == len && memcmp(states[i], code, len) == 0) {
            *out = (enum alert_state)i;
            return true;
        }
    }
    return false;
}

void alert_id_format(uint64_t id, char out[ALERT_ID_LEN + 1])
{
    (void)snprintf(out, ALERT_ID_LEN + 1, "A%016" PRIx64, id);
}

bool alert_id_parse(const char *text, size_t len, uint64_t *id)
{
    uint8_t bytes[8];

    if (len != ALERT_ID_LEN || text[0] != 'A' || hex_decode(text + 1, 16, bytes, 8) != 8) {
        return false;
    }
    *id = 0;
    for (unsigned i = 0; i < 8; i++) {
        *id = *id << 8 | bytes[i];
    }
    return *id != 0;
}

bool alert_visible(const struct alert_image *alert, const char *operator_code)
{
    if (operator_code[0] == '\0' || strcmp(alert->operator_code, operator_code) == 0) {
        return true;
    }
    for (unsigned i = 0; i < alert->share_count; i++) {
        if (strcmp(alert->shares[i].operator_code, operator_code) == 0) {
            return true;
        }
    }
    return false;
}

unsigned alert_viewers(const struct alert_image *alert, const char *codes[ALERT_VIEWERS_MAX])
{
    unsigned n = 0;

    if (alert->operator_code[0] != '\0') {
        codes[n++] = alert->operator_code;
    }
    for (unsigned i = 0; i < alert->share_count && i < OPERATORS_MAX; i++) {
        if (alert->shares[i].operator_code[0] != '\0' &&
            strcmp(alert->shares[i].operator_code, alert->operator_code) != 0) {
            codes[n++] = alert->shares[i].operator_code;
        }
    }
    return n;
}

bool alert_is_open(const struct alert_image *alert)
{
    return alert->closed_ms == 0;
}
