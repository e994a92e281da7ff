#ifndef GATEWAY_DELIVERY_MESSAGE_H
#define GATEWAY_DELIVERY_MESSAGE_H

#include "gateway/delivery/subscription.h"

/* What is posted: a CloudEvents 1.0 structured body, or what a template of the configuration makes
 * of it for a receiver that wants another shape. */

#define MESSAGE_MAX 20000 /**< bytes of a body: Standard Webhooks */

/** One event as a subscriber is told it. */
struct message {
    const char *event;               /**< its id: webhook-id and CloudEvent id */
    const struct alert_image *alert; /**< NULL: a test */
    const char *instance;
    int64_t at_ms;    /**< wall time of the event as it is shown */
    int64_t shift_ms; /**< shown time = city time + shift */
};

/** The body; false when it would pass MESSAGE_MAX, or memory ended. */
bool message_write(const struct message *message, const struct subscription *sub,
                   const struct webhook_template *form, struct strbuf *out);
const char *message_type(const struct webhook_template *form); /**< Content-Type */
/** The first placeholder of a template's body that there is not, NULL when all are known. out:
 * where its name is put. */
const char *message_unknown_placeholder(const char *body, char out[32]);

#endif
