#ifndef BOWEI_CASE_H
#define BOWEI_CASE_H

#include "bowei/territory.h"
#include <stddef.h>

/* Cases: what city staff work through, from suspicion to struck off. One kept entity with an
 * append-only history of rows; both are journalled before they show. Domain rules 4, 5, 8; who may
 * do what in which status is one table (gateway/core/case/transitions.c). The software never orders
 * a tow: IMPOUND records a decision of people. */

/* clang-format off: tables are included */
enum case_life { LIFE_PLAIN, LIFE_ZOMBIE };

enum case_clock { CLOCK_CALENDAR, CLOCK_WORKING };

enum case_kind {

#define CASE_KIND(name, code, life, trade, hours, clock, score, en, zh) CASE_##name,
#include "bowei/case_kinds.def"
#undef CASE_KIND
    CASE_KIND_COUNT
};

enum case_status {

#define CASE_STATUS(name, code, stage, open, en, zh) STATUS_##name,
#include "bowei/case_statuses.def"
#undef CASE_STATUS
    CASE_STATUS_COUNT
};

enum case_stage {

#define CASE_STAGE(name, code, en, zh) STAGE_##name,
#include "bowei/case_stages.def"
#undef CASE_STAGE
    CASE_STAGE_COUNT
};

enum case_event {

#define CASE_EVENT(name, code, en, zh) CASE_EVENT_##name,
#include "bowei/case_events.def"
#undef CASE_EVENT
    CASE_EVENT_COUNT
};

enum case_source {

#define CASE_SOURCE(name, code, en, zh) SOURCE_##name,
#include "bowei/case_sources.def"
#undef CASE_SOURCE
    CASE_SOURCE_COUNT
};

/** Bits of case_row_image.features. */
enum case_feature {

#define CASE_FEATURE(name, code, en, zh) FEATURE_##name,
#include "bowei/case_features.def"
#undef CASE_FEATURE
    CASE_FEATURE_COUNT
};

/** Bits of case_image.reasons. */
enum zombie_reason {

#define ZOMBIE_REASON(name, code, en, zh) ZOMBIE_##name,
#include "bowei/zombie_reasons.def"
#undef ZOMBIE_REASON
    ZOMBIE_REASON_COUNT
};

/* clang-format on */

/** Who acts; bits, for the table. The public may only report, and rate by receipt. */
enum case_role { CASE_BY_MACHINE = 1, CASE_BY_STAFF = 2, CASE_BY_PUBLIC = 4 };

const char *case_role_code(enum case_role role); /**< "machine", "staff", "public" */

/** A row's words. Codes are what API, dump and CLI print; texts are the bilingual dictionary. */
struct case_word {
    const char *code, *en, *zh;
};

const struct case_word *case_kind_word(enum case_kind kind);
const struct case_word *case_status_word(enum case_status status);
const struct case_word *case_stage_word(enum case_stage stage);
const struct case_word *case_event_word(enum case_event event);
const struct case_word *case_source_word(enum case_source source);
const struct case_word *case_feature_word(enum case_feature feature);
const struct case_word *zombie_reason_word(enum zombie_reason reason);
bool case_kind_find(const char *code, size_t len, enum case_kind *out);
bool case_status_find(const char *code, size_t len, enum case_status *out);
bool case_stage_find(const char *code, size_t len, enum case_stage *out);
bool case_event_find(const char *code, size_t len, enum case_event *out);
bool case_source_find(const char *code, size_t len, enum case_source *out);
bool case_feature_find(const char *code, size_t len, enum case_feature *out);
enum case_life case_kind_life(enum case_kind kind);
const char *case_kind_trade(enum case_kind kind);
bool case_status_open(enum case_status status);
unsigned
case_status_seventh(enum case_status status); /**< 1 to 6 of the city's seven stages; rated = 7 */

/* --- the number: AAAAAA-YYYYMMDD-NNNNN-C, in memory the 19 digits as a number; 0 is none --- */

typedef uint64_t case_id;

#define CASE_NUMBER_LEN 23 /**< "150402-20261129-00001-7" */
#define CASE_SERIAL_MAX 99999u

void case_id_format(case_id id, char out[CASE_NUMBER_LEN + 1]);
/** With or without hyphens; the check character (ISO/IEC 7064 MOD 37,36 over the digits) must fit.
 */
bool case_id_parse(const char *text, size_t len, case_id *out);
case_id case_id_make(uint32_t adcode, uint32_t date, uint32_t serial);
uint32_t case_id_adcode(case_id id);

#endif
