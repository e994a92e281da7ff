#ifndef API_PARAMS_VALUE_H
#define API_PARAMS_VALUE_H

#include "api/params.h"

/* One decoded value of a query on its way into struct query: what the parsers of params.c and
 * params_fleet.c take, and those of params_cell.c. */

struct value {
    const char *text; /**< decoded, NUL-terminated, lives as long as the request */
    size_t len;
    const struct param_row *row;
    struct query *query;
    struct faults *faults;
};

typedef void value_parse(const struct value *v);
typedef bool word_set(struct query *query, const char *word, size_t len);

/** Calls `set` for each word between commas; a word it does not know is a fault. */
void value_words(const struct value *v, word_set *set, const char *allowed);

/** Whole numbers inside the row's range. */
void value_whole(const struct value *v, uint32_t *out);

/* params_case.c */
value_parse parse_case_statuses, parse_case_kinds, parse_case_stages, parse_case_sources,
    parse_case_unit, parse_case_person, parse_case_is, parse_case_place, parse_from_time,
    parse_until_time, parse_case_order, parse_actor, parse_command, parse_case_number, parse_hours,
    parse_lang, parse_sheet;

/* params_fleet.c */
value_parse parse_uses, parse_alert_states, parse_alert_kinds, parse_gap_kinds, parse_verdicts,
    parse_fence_id, parse_vehicle, parse_vehicle_cursor, parse_format, parse_event_cursor,
    parse_operator;

/* params_cell.c */
value_parse parse_cell;
/** What a cell does not go with. */
void cell_finish(const struct query *q, struct faults *faults);

#endif
