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

/** The fence that the path names; answers 400, 404 or 410 itself and returns NO_FENCE. */
uint32_t fence_find(struct request *rq);

/** For whom an alert is written: decides what of it is shown. */
struct alert_reader {
    const char *operator_code; /**< borrowed; "" = staff */
    enum crs crs;
    int64_t shift_ms; /**< shown time = city time + shift */
};

/** One alert as an object. */
void alert_write(const struct alert_reader *reader, struct json_writer *w,
                 const struct alert_image *alert);
/** Alerts as CSV lines with their heading; distances and times empty where there are none. */
void alert_csv_write(const struct alert_reader *reader, struct strbuf *out,
                     const struct alert_image *alerts, uint32_t count);
/** A position as it is shown in that crs. */
struct position_e7 fleet_position(enum crs crs, struct position_e7 at);
/** A position in that crs: {"crs","lat","lon"}. */
void fleet_location(enum crs crs, struct json_writer *w, struct position_e7 at);
/** A fence, a bike or an ID as text, null when 0. */
void fleet_place(struct json_writer *w, const char *name, space_key key);
/** City time as RFC 3339, null when 0. shift_ms: of the answer. */
void fleet_time(int64_t shift_ms, struct json_writer *w, const char *name, int64_t city_ms);
/** Millimetres as metres, rounded; null for INT32_MAX. */
void fleet_metres(struct json_writer *w, const char *name, int32_t mm);

#endif
