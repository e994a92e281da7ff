#ifndef GATEWAY_CORE_STEP_SUSPECT_H
#define GATEWAY_CORE_STEP_SUSPECT_H

#include "gateway/core/step/core_state.h"

/* Devices that do not vote: distrusted, or in test until a time. */

/** Sets the suspect bit of every sensor of the device; judges nothing. */
void suspect_mark(struct core *core, uint32_t device, bool set);
void suspect_mark_all(struct core *core);
/** Does the entry keep its device from voting now: distrusted, or in test? */
bool suspect_holds(const struct core *core, const struct suspect_image *image);
/** The entry of a marked sensor; NULL = none. */
const struct suspect_entry *suspect_of(const struct core *core, uint32_t sensor);
/** When the test of one of the `count` sensors from `first` on ends; INT64_MAX = none is marked. */
int64_t suspect_due(const struct core *core, uint32_t first, unsigned count);
/** Lets those of a slot's sensors vote again whose test is over, and judges it at that moment. */
void suspect_settle_space(struct core *core, uint32_t slot);
/** The same for the gates of a lot; true when what it shows changed. */
bool suspect_settle_lot(struct core *core, uint32_t lot);
/** Is the sensor's device in test now? */
bool suspect_tested(const struct core *core, uint32_t sensor);

#endif
