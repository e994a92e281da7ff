#ifndef GATEWAY_CLI_JOURNAL_FLEET_H
#define GATEWAY_CLI_JOURNAL_FLEET_H

#include "bowei/base/json_write.h"
#include "bowei/image.h"

/* What `bowei journal dump` prints of bikes, fences, episodes and mutes. */

void journal_fleet_report(struct json_writer *w, const struct bike_report *report);
/** Image kinds IMAGE_FENCE to IMAGE_MUTE; nothing of another one. */
void journal_fleet_image(struct json_writer *w, const struct image *image);

#endif
