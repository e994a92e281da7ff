/* The words of cases: one bilingual dictionary, keyed by codes, out of the .def tables. API, CLI,
 * prints and journal dump take them from here, so that no text stands anywhere else. */
#include "bowei/case.h"
#include <string.h>

/* clang-format off: tables are included */
static const struct case_word kinds[] = {
#define CASE_KIND(name, code, life, trade, hours, clock, score, en, zh) {code, en, zh},
#include "bowei/case_kinds.def"
#undef CASE_KIND
};

static const struct {
    enum case_life life;
    const char *trade;
} kind_facts[] = {

#define CASE_KIND(name, code, life, trade, hours, clock, score, en, zh) {life, trade},
#include "bowei/case_kinds.def"
#undef CASE_KIND
};

static const struct case_word statuses[] = {
#define CASE_STATUS(name, code, stage, open, en, zh) {code, en, zh},
#include "bowei/case_statuses.def"
#undef CASE_STATUS
};

static const struct {
    unsigned seventh;
    bool open;
} status_facts[] = {

#define CASE_STATUS(name, code, stage, open, en, zh) {stage, open},
#include "bowei/case_statuses.def"
#undef CASE_STATUS
};

static const struct case_word stages[] = {
#define CASE_STAGE(name, code, en, zh) {code, en, zh},
#include "bowei/case_stages.def"
#undef CASE_STAGE
};

static const struct case_word events[] = {
#define CASE_EVENT(name, code, en, zh) {code, en, zh},
#include "bowei/case_events.def"
#undef CASE_EVENT
};

static const struct case_word sources[] = {
#define CASE_SOURCE(name, code, en, zh) {code, en, zh},
#include "bowei/case_sources.def"
#undef CASE_SOURCE
};

static const struct case_word features[] = {
#define CASE_FEATURE(name, code, en, zh) {code, en, zh},
#include "bowei/case_features.def"
#undef CASE_FEATURE
};

static const struct case_word reasons[] = {
#define ZOMBIE_REASON(name, code, en, zh) {code, en, zh},
#include "bowei/zombie_reasons.def"
#undef ZOMBIE_REASON
};

/* clang-format on */

/* Its index, or -1. */
static int find(const struct case_word *words, unsigned count, const char *code, size_t len)
{
    for (unsigned i = 0; i < count; i++) {
        if (strlen(words[i].code) == len && memcmp(words[i].code, code, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const struct case_word *case_kind_word(enum case_kind kind)
{
    return &kinds[kind];
}

const struct case_word *case_status_word(enum case_status status)
{
    return &statuses[status];
}

const struct case_word *case_stage_word(enum case_stage stage)
{
    return &stages[stage];
}

const struct case_word *case_event_word(enum case_event event)
{
    return &events[event];
}

const struct case_word *case_source_word(enum case_source source)
{
    return &sources[source];
}

const struct case_word *case_feature_word(enum case_feature feature)
{
    return &features[feature];
}

const struct case_word *zombie_reason_word(enum zombie_reason reason)
{
    return &reasons[reason];
}

/* clang-format off: one line a table */
#define FIND(noun, table, count)                                                                   \
    bool noun##_find(const char *code, size_t len, enum noun *out)                                 \
    {                                                                                              \
        const int i = find(table, count, code, len);                                               \
                                                                                                   \
        if (i >= 0) {                                                                              \
            *out = (enum noun)i;                                                                   \
        }                                                                                          \
        return i >= 0;                                                                             \
    }

FIND(case_kind, kinds, CASE_KIND_COUNT)
FIND(case_status, statuses, CASE_STATUS_COUNT)
FIND(case_stage, stages, CASE_STAGE_COUNT)
FIND(case_event, events, CASE_EVENT_COUNT)
FIND(case_source, sources, CASE_SOURCE_COUNT)
FIND(case_feature, features, CASE_FEATURE_COUNT)

/* clang-format on */

const char *case_role_code(enum case_role role)
{
    return role == CASE_BY_MACHINE ? "machine" : role == CASE_BY_STAFF ? "staff" : "public";
}

enum case_life case_kind_life(enum case_kind kind)
{
    return kind_facts[kind].life;
}

const char *case_kind_trade(enum case_kind kind)
{
    return kind_facts[kind].trade;
}

bool case_status_open(enum case_status status)
{
    return status_facts[status].open;
}

unsigned case_status_seventh(enum case_status status)
{
    return status_facts[status].seventh;
}
