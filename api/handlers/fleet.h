#ifndef API_HANDLERS_FLEET_H
#define API_HANDLERS_FLEET_H

#include "api/server.h"
#include "bowei/fleet.h"

/* What the handlers of fences, alerts and vehicles share. What a key may see is decided by its
 * operator code (request.operator_code, "" = staff), never by the request. */

/** Takes the command whose requests stand in `fleet.h`: makes the pending with room for that many
 * alerts or bikes and fills in who asks. False when answered already. */
bool fleet_open(struct request *rq, enum command_kind kind, uint32_t alerts, uint32_t bikes,
                request_answer *answer);
/** One alert as an object, for whom asks. */
void alert_write(const struct request *rq, struct json_writer *w, const struct alert_image *alert);
/** A position in the request's crs: {"crs","lat","lon"}. */
void fleet_location(const struct request *rq, struct json_writer *w, struct position_e7 at);
/** A fence, a bike or an ID as text, null when 0. */
void fleet_place(struct json_writer *w, const char *name, space_key key);
/** City time as RFC 3339, null when 0. */
void fleet_time(const struct request *rq, struct json_writer *w, const char *name, int64_t city_ms);
/** Millimetres as metres, rounded; null for INT32_MAX. */
void fleet_metres(struct json_writer *w, const char *name, int32_t mm);

#endif
