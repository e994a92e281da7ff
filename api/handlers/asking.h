#ifndef API_HANDLERS_ASKING_H
#define API_HANDLERS_ASKING_H

#include "api/request.h"
#include "bowei/command.h"

/* Asking the core: a handler opens a command, fills it in and submits it; the request sleeps until
 * the core has decided and the effect is durable, then `answer` makes the reply. */

/** Begins a query with room for that many device rows. Answers itself and returns false when it
 * cannot. An `answer` may ask again: what the former question carried is freed. */
bool asking_open(struct request *rq, enum command_kind kind, uint32_t rows, request_answer *answer);
/** The same for what stands on kept decisions: refused until Redis has been read, since what was
 * decided before is not known yet. */
bool asking_open_kept(struct request *rq, enum command_kind kind, request_answer *answer);
/** Puts the version that If-Match names into *version, which holds the one of the body or 0.
 * Answers itself and returns false when it is no version's tag (412) or not the body's (409). */
bool asking_version(struct request *rq, uint32_t *version);
/** Hands the command over. */
void asking_submit(struct request *rq);

#endif
