#ifndef API_HANDLERS_FLEET_H
#define API_HANDLERS_FLEET_H

#include "api/server.h"
#include "bowei/alert_text.h"
#include "bowei/fleet.h"

/* What the handlers of fences, alerts and vehicles share. What a key may see is decided by its
 * operator code (request.operator_code, "" = staff), never by the request. */

/** Takes the command whose requests stand in `fleet.h`: makes the pending with room for that many
 * alerts or bikes and fills in who asks. False when answered already. */
bool fleet_open(struct request *rq, enum command_kind kind, uint32_t alerts, uint32_t bikes,
                request_answer *answer);

/** The fence that the path names; answers 400, 404 or 410 itself and returns NO_FENCE. */
uint32_t fence_find(struct request *rq);

#endif
