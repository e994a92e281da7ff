/* From a handler to the core and back: the command, who asks, and what answers when it is decided.
 */
#include "api/handlers/asking.h"
#include "api/server.h"
#include <stdlib.h>
#include <string.h>

bool asking_open(struct request *rq, enum command_kind kind, uint32_t rows, request_answer *answer)
{
    pending_release(rq->pending); /* of a question that is answered already */
    rq->pending = pending_create(rq->api->pending, rows);
    if (rq->pending == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return false;
    }
    rq->pending->command.kind = kind;
    rq->answer = answer;
    rq->explain = NULL;
    return true;
}

bool asking_open_kept(struct request *rq, enum command_kind kind, request_answer *answer)
{
    if (status_is(rq->api->p.status, DEGRADED_KEPT_UNREAD)) {
        respond_problem(rq, ERR_UNAVAILABLE,
                        "staff decisions in Redis have not been read yet, ask again");
        return false;
    }
    return asking_open(rq, kind, 0, answer);
}

/* "v12" of If-Match: "\"v12\"". False: it names no version. */
static bool tag_version(const char *tag, uint32_t *version)
{
    char *end = NULL;
    unsigned long v;

    if (strncmp(tag, "\"v", 2) != 0) {
        return false;
    }
    v = strtoul(tag + 2, &end, 10);
    *version = (uint32_t)v;
    return v >= 1 && v <= UINT32_MAX && strcmp(end, "\"") == 0;
}

bool asking_version(struct request *rq, uint32_t *version)
{
    const char *tag = rq->heads.if_match;
    uint32_t named = 0;

    if (tag == NULL || strcmp(tag, "*") == 0) {
        return true;
    }
    if (!tag_version(tag, &named)) {
        respond_problem(rq, ERR_PRECONDITION, "If-Match must be the ETag that was read, or *");
        return false;
    }
    if (*version != 0 && *version != named) {
        respond_problem(rq, ERR_CONFLICT, "If-Match and version name different versions");
        return false;
    }
    *version = named;
    return true;
}

void asking_submit(struct request *rq)
{
    const struct api *api = rq->api;
    struct command *command = &rq->pending->command;

    memcpy(command->actor, rq->actor, sizeof command->actor - 1);
    command->inventory_version = rq->inv->version;
    rq->phase = PHASE_WAITING;
    rq->suspended = true;
    pending_submit(rq->pending, rq->mhd, rq->boot_ms + PENDING_WAIT_MS, api->p.intake.command,
                   api->p.intake.ctx);
}
