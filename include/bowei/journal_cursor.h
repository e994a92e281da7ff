#ifndef BOWEI_JOURNAL_CURSOR_H
#define BOWEI_JOURNAL_CURSOR_H

#include "bowei/journal.h"

/* Reads records back out of the segments while they are appended to: the readings that a core
 * missed which lagged a whole ring behind, or the effects that have not reached Redis. One owner
 * thread; a cursor is for one of the two. */

struct journal_cursor;

/** Begins with the first reading above `after`. NULL: no memory or no folder. */
struct journal_cursor *journal_cursor_open(const struct journal *journal, struct position after);
void journal_cursor_close(struct journal_cursor *cursor);
/** The next reading as an input, resolved as it was when written. False: none yet, or it could not
 * be read now: the next call tries again there. */
bool journal_cursor_next(struct journal_cursor *cursor, struct input *out);
/** Why the last journal_cursor_next gave nothing: an errno, 0 = there is none. */
int journal_cursor_error(const struct journal_cursor *cursor);

enum cursor_effect {
    CURSOR_FOUND,
    CURSOR_SEARCHING, /**< a bounded part was looked through, or could not be read: ask again */
    CURSOR_END        /**< everything appended so far was given */
};

/** The next kept image (E record) of a cursor opened at {0, 0}, in the order they were appended. */
enum cursor_effect journal_cursor_effect(struct journal_cursor *cursor, struct image *out);

#endif
