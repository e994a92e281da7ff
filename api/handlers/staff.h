#ifndef API_HANDLERS_STAFF_H
#define API_HANDLERS_STAFF_H

#include "api/request.h"
#include "bowei/command.h"

/** Reads the route's JSON body into the pending command; answers itself and returns false when it
 * is not as the route says. */
bool staff_body_read(struct request *rq);
struct json_writer;
/** The member "recalibration" of a device's channel: null when none was asked for. */
void recalibration_member(struct request *rq, struct json_writer *w, const char *device,
                          uint16_t channel);

const char *out_reason_name(enum out_reason reason);

#endif
