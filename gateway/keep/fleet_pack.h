#ifndef GATEWAY_KEEP_FLEET_PACK_H
#define GATEWAY_KEEP_FLEET_PACK_H

#include "bowei/image.h"
#include "gateway/keep/coder.h"

/* Layouts of bikes, fences, episodes and mutes (journal E and C records, private fields in Redis),
 * and of reports (journal V records). docs/DATA_FORMAT.md; a change is a new JOURNAL_SCHEMA. */

void fleet_code_fence(struct coder *c, struct fence_image *fence);
void fleet_code_bike(struct coder *c, struct bike_image *bike);
void fleet_code_alert(struct coder *c, struct alert_image *alert);
void fleet_code_mute(struct coder *c, struct mute_image *mute);
void fleet_code_report(struct coder *c, struct bike_report *report);

#endif
