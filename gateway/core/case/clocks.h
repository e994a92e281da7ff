#ifndef GATEWAY_CORE_CASE_CLOCKS_H
#define GATEWAY_CORE_CASE_CLOCKS_H

#include "bowei/case_image.h"
#include "bowei/case_rules.h"

/* The clocks of a case: pure arithmetic on its due times. They stand only while it is suspended; a
 * transfer and a rework keep them. */

/** When, city time, `ms` of a kind's own time (calendar or working) behind from_ms are over. */
int64_t clocks_after(const struct case_rules *rules, enum case_kind kind, int64_t from_ms,
                     int64_t ms, int64_t shift_ms);
/** The deadline of a kind that is dispatched now. */
int64_t clocks_deadline(const struct case_rules *rules, enum case_kind kind, int64_t now_ms,
                        int64_t shift_ms);
void clocks_stop(struct case_image *image, int64_t now_ms);
/** The time that was left is left again; what had passed already stays as it is. */
void clocks_go_on(struct case_image *image, const struct case_rules *rules, int64_t now_ms,
                  int64_t shift_ms);
/** A wait that the law demands (notice, claim, announcement) begins: the deadline is later by it.
 */
void clocks_wait(struct case_image *image, int64_t wait_ms);

/** Did the unit not report in by the time the whistle gave? */
bool clocks_check_in_missed(const struct case_image *image, int64_t now_ms);
/** Has the deadline passed, and is that not noted yet? */
bool clocks_deadline_missed(const struct case_image *image, int64_t now_ms);
/** When the machine has to look at it at the earliest; INT64_MAX = never. */
int64_t clocks_next(const struct case_image *image, const struct case_rules *rules);

#endif
