#ifndef GATEWAY_DELIVERY_SUBSCRIPTION_H
#define GATEWAY_DELIVERY_SUBSCRIPTION_H

#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include "bowei/delivery.h"
#include "gateway/delivery/signature.h"

/* A subscription: what its owner said, and its secrets. Plain data; kept in the state folder. */

#define DISABLED_WHY_MAX 80

struct subscription {
    uint64_t id;
    char operator_code[OPERATOR_CODE + 1]; /**< the owner */
    struct webhook_order order;
    uint8_t key[SIGNATURE_KEY];
    uint8_t former_key[SIGNATURE_KEY];
    int64_t former_until_ms; /**< wall time until which the former one signs, too; 0 = none */
    int64_t created_ms;      /**< wall time */
    struct event_place from; /**< where it began: its first event is behind it */
    bool disabled;
    char disabled_why[DISABLED_WHY_MAX];
};

void webhook_id_format(uint64_t id, char out[WEBHOOK_ID_LEN + 1]);
bool webhook_id_parse(const char *text, uint64_t *id);

/** Does it want this event? What belongs to no fence passes a filter by district. */
bool subscription_wants(const struct subscription *sub, const struct alert_image *alert);
/** As an item of the file, secrets included. */
void subscription_write(struct json_writer *w, const struct subscription *sub);
/** An item of the file; false when it is none. */
bool subscription_read(const struct json_doc *doc, const struct json_node *item,
                       struct subscription *out);
/** Members as their owner said them: url, name, template, filters, crs. whole: the URL, too; else
 * only its server, since what follows may be a secret. */
void subscription_order_write(struct json_writer *w, const struct webhook_order *order, bool whole);

#endif
