/* The second half of a request that the core decided: its answer, or what it refused, told by field
 * where the core named one. MHD thread only. */
#include "api/body_fields.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include <stdio.h>
#include <string.h>

/* Another version than If-Match named is a precondition that failed (RFC 9110 13.1.1); all else
 * that the object's state does not allow, the body's `version` too, is a conflict. */
static enum err refusal_of(const struct request *rq)
{
    static const char version[] = "version:"; /* the field that a detail begins with */
    const struct command *command = &rq->pending->command;

    return command->result == ERR_CONFLICT && rq->heads.if_match != NULL &&
                   strncmp(command->detail, version, sizeof version - 1) == 0
               ? ERR_PRECONDITION
               : command->result;
}

/* "member: what is wrong with it", of a member that the body may have, is told by field. */
static bool field_told(struct request *rq, enum err why, const char *detail)
{
    const char *colon = strstr(detail, ": ");
    const size_t len = colon == NULL ? 0 : (size_t)(colon - detail);
    uint64_t required;
    const uint64_t fields = body_fields_of(rq->match.route->name, &required);

    for (unsigned f = 0; why == ERR_UNPROCESSABLE && f < BODY_FIELD_COUNT; f++) {
        const char *name = body_field_rows[f].name;

        if (fields >> f & 1 && strlen(name) == len && memcmp(name, detail, len) == 0) {
            char where[sizeof rq->faults.rows[0].where];

            (void)snprintf(where, sizeof where, "/%s", name);
            rq->faults = (struct faults){.pointer = true};
            faults_add(&rq->faults, where, "%s", colon + 2);
            respond_faults(rq, why, &rq->faults);
            return true;
        }
    }
    return false;
}

static void refusal_tell(struct request *rq)
{
    const enum err why = refusal_of(rq);
    const char *detail = rq->pending->command.detail;
    const char *other = rq->explain == NULL ? NULL : rq->explain(why);

    if (other == NULL && field_told(rq, why, detail)) {
        return;
    }
    respond_problem(rq, why, other != NULL ? other : detail[0] == '\0' ? NULL : detail);
}

void dispatch_resumed(struct request *rq)
{
    struct api *api = rq->api;

    rq->boot_ms = host_boot_ms();
    rq->now = view_now(api->p.view, rq->boot_ms);
    rq->inv = inventory_get(api->p.board, api->reader);
    if (!pending_answered(rq->pending)) {
        respond_problem(rq, ERR_UNAVAILABLE, "the gateway did not decide within 2 s");
    } else if (rq->pending->command.result != ERR_OK) {
        refusal_tell(rq);
    } else {
        rq->answer(rq);
    }
    inventory_put(api->p.board, api->reader);
    rq->inv = NULL;
}
