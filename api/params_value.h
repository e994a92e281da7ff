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

/* params_fleet.c */
value_parse parse_uses, parse_alert_states, parse_alert_kinds, parse_verdicts, parse_fence_id,
    parse_vehicle, parse_vehicle_cursor, parse_format;

/* params_cell.c */
value_parse parse_cell;
/** What a cell does not go with. */
void cell_finish(const struct query *q, struct faults *faults);

#endif
