#ifndef GATEWAY_CORE_CASE_CASE_MOVE_H
#define GATEWAY_CORE_CASE_CASE_MOVE_H

#include "gateway/core/case/transitions.h"

/* What an event does to a case, when the table has allowed it. */

/** Applies the deed by its row to image (which deed->case_ may be). */
void case_apply(struct case_image *image, const struct case_deed *deed,
                const struct case_transition *row);
/** The row of its history, behind the event. */
void case_row_of(const struct case_image *image, const struct case_deed *deed,
                 struct case_row_image *out);

#endif
