#ifndef GATEWAY_INVENTORY_SLICER_H
#define GATEWAY_INVENTORY_SLICER_H

#include "bowei/base/json_read.h"

/* Cuts a large JSON document into its top-level members and the items of their arrays, so that a
 * city of a million features is checked and read one feature at a time by json_read, with the
 * memory of one. */

struct slicer {
    const char *text;
    size_t len;
    size_t at;
    enum json_fault fault;
    size_t fault_at;
    /* line and column of the last place asked for, so that asking in order costs no more than the
     * file */
    size_t known_at, known_line_start;
    uint32_t known_line;
};

void slicer_init(struct slicer *s, const char *text, size_t len);
/** Moves into the object or array that stands next; false when something else does. */
bool slicer_enter(struct slicer *s, char open);
/** True when another member or item follows (and moves onto it); false at the end (behind the
 * closing bracket) or on a fault. first: nothing was taken yet. */
bool slicer_more(struct slicer *s, char close, bool first);
/** Moves over the next value, which spans [*from, s->at). Strings and brackets are matched, the
 * rest is json_parse's. */
bool slicer_value(struct slicer *s, size_t *from);
/** The key that stands next (between its quotes, as written) and the colon behind it. */
bool slicer_key(struct slicer *s, const char **key, size_t *len);
/** Nothing but white space left? */
bool slicer_end(struct slicer *s);
void slicer_place(struct slicer *s, size_t offset, uint32_t *line, uint32_t *column);

#endif
