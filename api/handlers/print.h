#ifndef API_HANDLERS_PRINT_H
#define API_HANDLERS_PRINT_H

#include "api/handlers/case_labels.h"
#include "api/handlers/desk.h"

/* What prints have in common: words in the language asked for, local times, tables of two columns.
 */

struct print {
    struct html h;
    struct strbuf out;
    enum print_lang lang;
    const struct request *rq;
};

#define PRINT_TIME_LEN 16 /**< "2026-11-29 18:00" */

/** A moment as the city's clocks show it, to the minute; "" for 0 or less. */
void print_wall_time(const struct request *rq, int64_t wall_ms, char out[PRINT_TIME_LEN + 1]);
/** City time as print_wall_time. */
void print_time(const struct request *rq, int64_t city_ms, char out[PRINT_TIME_LEN + 1]);
void print_begin(struct print *p, const struct request *rq, enum case_label title);
/** Ends the page and makes the reply. */
void print_reply(struct print *p, struct request *rq);
void print_label(struct print *p, const char *element, enum case_label label);
/** One line of a table of two columns: a label and a text; nothing when the text is empty. */
void print_line(struct print *p, enum case_label label, const char *text);
void print_line_word(struct print *p, enum case_label label, const struct case_word *word);
void print_line_time(struct print *p, enum case_label label, int64_t city_ms);
/** Head of a table with a column a label, LABEL_COUNT-ended. */
void print_heads(struct print *p, const enum case_label *labels, unsigned count);
/** The code that leads to the case: its address when http.public_url is set, else its number. */
void print_code(struct print *p, const struct request *rq, case_id id);
/** Names and code of a unit, or its code alone; "" for none. */
void print_unit(const struct request *rq, enum print_lang lang, const char *unit, char *out,
                size_t cap);
/** Name and ID of a place, or its ID alone; "" for none. */
void print_place(const struct request *rq, enum print_lang lang, space_key place, char *out,
                 size_t cap);

#endif
