/* Effects of one kind out of the journal. The flush asks for them at the start, after a loss of
 * Redis and when its queue was too short, until there are no more. */
#include "gateway/event_refill.h"

void event_refill_finish(struct event_refill *refill)
{
    journal_cursor_close(refill->cursor);
    refill->cursor = NULL;
}

enum event_found event_refill_next(struct event_refill *refill, bool first, struct image *out)
{
    if (first) {
        event_refill_finish(refill);
    }
    if (refill->cursor == NULL) {
        refill->cursor = journal_cursor_open(refill->journal, (struct position){0, 0});
    }
    if (refill->cursor == NULL) {
        return EVENT_SEARCHING; /* no memory now: the flush asks again */
    }
    switch (journal_cursor_effect(refill->cursor, out)) {
    case CURSOR_FOUND: return out->kind == refill->kind ? EVENT_FOUND : EVENT_SEARCHING;
    case CURSOR_SEARCHING: return EVENT_SEARCHING;
    case CURSOR_END: break;
    }
    event_refill_finish(refill);
    return EVENT_NO_MORE;
}
