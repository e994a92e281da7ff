#ifndef GATEWAY_KEEP_JOURNAL_CURSOR_H
#define GATEWAY_KEEP_JOURNAL_CURSOR_H

#include "bowei/journal.h"

/* Reads readings back out of the segments while they are appended to: what a core that lagged a
 * whole ring behind missed. One owner thread. */

struct journal_cursor;

/** Begins with the first reading above `after`. NULL: no memory or no folder. */
struct journal_cursor *journal_cursor_open(const struct journal *journal, struct position after);
void journal_cursor_close(struct journal_cursor *cursor);
/** The next reading as an input, resolved as it was when written. False: none yet. */
bool journal_cursor_next(struct journal_cursor *cursor, struct input *out);

#endif
