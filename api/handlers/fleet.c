/* What fences, alerts and vehicles have in common: the command and who asks. */
#include "api/handlers/fleet.h"
#include "api/handlers/asking.h"
#include <stdlib.h>
#include <string.h>

bool fleet_open(struct request *rq, enum command_kind kind, uint32_t alerts, uint32_t bikes,
                request_answer *answer)
{
    struct fleet_request *request;
    const size_t bytes =
        sizeof *request + alerts * sizeof(struct alert_image) + bikes * sizeof(struct bike_image);

    if (!asking_open_kept(rq, kind, answer)) {
        return false;
    }
    request = calloc(1, bytes);
    if (request == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return false;
    }
    rq->pending->own = request;
    rq->pending->command.fleet = request;
    request->alerts = (struct alert_image *)(request + 1);
    request->bikes = (struct bike_image *)(request->alerts + alerts);
    memcpy(request->operator_code, rq->operator_code, sizeof request->operator_code);
    return true;
}
