#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "api/faults.h"
#include "api/members.h"
#include "bowei/event_feed.h"
#include "bowei/fences.h"
#include "bowei/inventory.h"
#include "bowei/view.h"

/* Query parameters: from the raw query of a target to typed, range-checked values. One table
 * (params.def) says name, parser and range; the route says which of them it knows. */

enum param {

#define PARAM(name, text, parser, low, high, doc) PARAM_##name,
#include "api/params.def"
#undef PARAM
    PARAM_COUNT
};

/** One of the parameters that a route knows: an enum param, with PARAM_REQUIRED where nothing goes
 * without it. A route's list ends with PARAM_END; its documents have this order. */
typedef uint16_t param_entry;
#define PARAM_REQUIRED 0x8000u
#define PARAM_END      0x7fffu

static inline enum param param_of(param_entry entry)
{
    return (enum param)(entry & ~PARAM_REQUIRED);
}

/** Is it in the list, required or not? */
bool param_listed(const param_entry *list, enum param param);

struct param_row {
    const char *name;
    const char *parser;
    int64_t low, high; /**< both 0: no number */
    const char *doc;
};

extern const struct param_row param_rows[PARAM_COUNT];

/** Where a page goes on. */
struct cursor {
    int64_t distance_mm; /**< near only */
    space_key key;
    char kind;        /**< 'n' near, 'k' by ID, 'd' devices, 'a' alerts, 'c' cases newest first,
                         'u' cases due next, 'w' audit, 'g' gaps */
    uint64_t version; /**< devices, gaps: inventory version */
};

#define CURSOR_TEXT_MAX 40

/** base64url text of a cursor, NUL-terminated; returns its length. */
size_t cursor_write(const struct cursor *cursor, char out[CURSOR_TEXT_MAX]);
bool cursor_read(const char *text, size_t len, struct cursor *out);

#define VEHICLE_CURSOR_MAX 40
/** Text of a cursor behind a vehicle. */
void vehicle_cursor_write(const char *ref, char out[VEHICLE_CURSOR_MAX]);

/** Language of a print. */
enum print_lang { LANG_BOTH, LANG_ZH, LANG_EN };

/** What a note is wanted as. */
enum sheet { SHEET_JSON, SHEET_HTML, SHEET_TEXT };

#define TOPIC_SPACES 1u
#define TOPIC_LOTS   2u
#define TOPIC_FENCES 4u

struct query {
    uint64_t has[(PARAM_COUNT + 63) / 64]; /**< bit per enum param; query_has asks */
    enum crs crs;
    struct position_e7 at;  /**< WGS-84 */
    int64_t lat_e9, lon_e9; /**< as asked, in crs */
    int64_t west_e9, south_e9, east_e9, north_e9;
    uint32_t radius_m, limit, min_confidence, min_free;
    uint8_t states; /**< bit per enum space_state; 0 = any */
    uint8_t kinds;  /**< bit per enum place_kind; 0 = any */
    attribute_set attributes;
    space_key lot;
    struct cursor cursor;
    const char *scheme, *value;
    member_set members; /**< 0 = all */
    uint32_t topics;
    bool snapshot, silent;
    bool silent_for;   /**< `silent` is a time */
    uint32_t silent_s; /**< silent_for */
    uint32_t battery_below_mv;
    char street[10]; /**< AAAAAASSS */
    const char *model, *source_name;
    uint8_t suspicions;                 /**< bit per enum suspicion */
    uint8_t uses;                       /**< bit per enum fence_use; 0 = any */
    uint8_t verdicts;                   /**< bit per enum verdict; 0 = any */
    uint32_t alert_states, alert_kinds; /**< bit per enum; 0 = any */
    uint32_t gap_kinds;                 /**< bit per enum gap_kind; 0 = any */
    space_key fence;
    const char *vehicle;
    char after[VEHICLE_REF_MAX + 1]; /**< cursor of vehicles; "" = from the start */
    struct event_place after_event;
    char operator_code[OPERATOR_CODE + 1]; /**< "" = not named */
    bool csv;
    uint32_t case_statuses, case_kinds, case_stages, case_sources; /**< bit per enum; 0 = any */
    bool case_open, case_overdue, case_orphan, case_recurring, case_due_next;
    const char *case_unit, *case_person;
    const char *actor, *command; /**< of the audit */
    uint64_t case_number;        /**< 0 = not asked */
    space_key case_place;
    int64_t from_wall_ms, until_wall_ms; /**< 0 = not asked */
    uint32_t hours;                      /**< 0 = not asked */
    enum print_lang lang;
    enum sheet sheet;
    const char *last_event_id;
    const char *key, *event, *msg, *nonce, *signature; /**< of a push */
};

/** Was the parameter given? */
static inline bool query_has(const struct query *query, enum param param)
{
    return (query->has[param / 64] >> (param % 64) & 1) != 0;
}

/** Parses `raw` (without the '?') of a route that knows `known`; decoded texts live in scratch.
 * Every fault is noted; true when there is none. */
bool params_parse(const char *raw, size_t len, const param_entry *known, char *scratch, size_t cap,
                  struct query *out, struct faults *faults);

#endif
