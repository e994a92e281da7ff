#ifndef SENSORS_PUSH_PUSH_SECRET_H
#define SENSORS_PUSH_PUSH_SECRET_H

#include "bowei/base/json_read.h"
#include "bowei/push.h"

/* Is it the platform that it says it is? All pure; comparisons take the same time whatever the
 * guess. config NULL: no such source, which is never right and takes as long. */

/** By the way its configuration says: Authorization header, ?key=, or not at all yet (OneNET signs
 * the body). */
bool push_secret_fits(const struct push_config *config, const struct push_request *rq);
/** OneNET's signature of a URL check: base64(MD5(token nonce msg)). */
bool push_secret_greets(const struct push_config *config, const struct push_request *rq);
/** OneNET's signature inside a message: the same over the text of its member `msg`. */
bool push_secret_signs(const struct push_config *config, const struct json_doc *doc);
/** The source signs its messages. */
bool push_secret_in_body(const struct push_config *config);

#endif
