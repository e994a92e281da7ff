#ifndef API_PARAMS_VALUE_H
#define API_PARAMS_VALUE_H

#include "api/params.h"

/* One decoded value of a query on its way into struct query, and what its parsers are made of. */

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

/** Degrees inside the row's range, in 1e-9. */
void value_degrees(const struct value *v, int64_t *out_e9);

/** The number alone: no fault is noted, any range. */
bool value_degrees_read(const char *text, size_t len, int64_t *out_e9);

#define SHORT_TEXT_MAX 64
/** A text of 1 to `max` bytes; it lives as long as the request. */
void value_text(const struct value *v, size_t max, const char **out);

/** ID of a space, lot or fence. */
void value_id(const struct value *v, space_key *out);

/* The parsers of the rows, by theme: params_place.c, _page, _device, _fleet, _case, _cell. */
#define PARAM(name, text, parser, low, high, doc) value_parse parse_##parser;
#include "api/params.def"
#undef PARAM

/** What a cell does not go with; params_cell.c. */
void cell_finish(const struct query *q, struct faults *faults);

#endif
