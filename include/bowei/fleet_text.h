#ifndef BOWEI_FLEET_TEXT_H
#define BOWEI_FLEET_TEXT_H

#include "bowei/base/geo.h"
#include "bowei/base/json_write.h"
#include "bowei/base/space_id.h"

/* Small members of what is said of places, bikes and alerts. */

/** A position as it is shown in that crs. */
struct position_e7 fleet_position(enum crs crs, struct position_e7 at);
/** A position in that crs: {"crs","lat","lon"}. */
void fleet_location(enum crs crs, struct json_writer *w, struct position_e7 at);
/** City time as RFC 3339, null when 0. shift_ms: of the answer. */
void fleet_time(int64_t shift_ms, struct json_writer *w, const char *name, int64_t city_ms);
/** Millimetres as metres, rounded; null for INT32_MAX. */
void fleet_metres(struct json_writer *w, const char *name, int32_t mm);

#endif
