/* What of a case's clocks runs out first: one rule for the list of what is due next, its cursor,
 * and the notes of the desk. */
#include "bowei/case_image.h"

int64_t case_due_next(const struct case_image *c)
{
    const int64_t dues[] = {c->due_check_in_ms, c->due_ms, c->stage_due_ms};
    int64_t next = 0;

    if (c->paused_ms != 0 || !case_status_open((enum case_status)c->status)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++) {
        if (dues[i] != 0 && (next == 0 || dues[i] < next)) {
            next = dues[i];
        }
    }
    return next;
}
