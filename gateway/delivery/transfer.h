#ifndef GATEWAY_DELIVERY_TRANSFER_H
#define GATEWAY_DELIVERY_TRANSFER_H

#include "gateway/delivery/guard.h"
#include "gateway/delivery/message.h"
#include "gateway/delivery/schedule.h"
#include "gateway/delivery/wire.h"

/* One attempt on the wire: a POST by libcurl's multi interface. Delivery's thread only. */

#define TRANSFER_ANSWER_MAX 16384 /**< bytes of an answer's body that are read */
#define TRANSFER_WHY_MAX    GUARD_WHY_MAX

struct transfer; /**< on its way */

/** What is the same for all. */
struct transfer_rules {
    const struct guard *guard;
    const char *ca_file; /**< NULL = the system's */
    uint32_t timeout_ms, connect_ms;
};

struct transfer_order {
    const struct subscription *sub;
    const struct webhook_template *form; /**< NULL = CloudEvents */
    const char *event;                   /**< webhook-id */
    struct strbuf *body;                 /**< taken */
    int64_t wall_ms;
    void *owner; /**< given back by transfer_owner */
};

struct transfer_result {
    enum outcome outcome;
    long status; /**< 0 = none came */
    int64_t retry_after_s;
    bool blocked; /**< the guard let no address pass */
    char why[TRANSFER_WHY_MAX];
};

/** Signs the body and hands it to the wire, which is open and stays so. NULL: no memory. */
struct transfer *transfer_begin(const struct wire *wire, const struct transfer_rules *rules,
                                const struct transfer_order *order);
/** The transfer behind an easy handle that the wire says is over. */
struct transfer *transfer_of(const struct wire *wire, CURL *easy);
void *transfer_owner(const struct transfer *transfer);
/** What became of it. */
void transfer_judge(const struct transfer *transfer, CURLcode code, struct transfer_result *out);
/** Gives it up, or ends it when it was judged. NULL does nothing. */
void transfer_end(struct transfer *transfer);

#endif
