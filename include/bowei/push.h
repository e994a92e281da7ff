#ifndef BOWEI_PUSH_H
#define BOWEI_PUSH_H

#include "bowei/field.h"

/* HTTP push: platforms that bring their messages to us (CTWing, OneNET, webhooks of LoRaWAN network
 * servers). The api takes the request and asks through the port; the field side checks the source's
 * secret, opens the message as it would one of a broker, and has the readings in the journal when
 * it returns. */

/** One request. Texts are NUL-terminated and decoded; NULL = not given. */
struct push_request {
    const char *source;                  /**< of the path */
    const char *authorization;           /**< the header's value */
    const char *key;                     /**< ?key= */
    const char *event;                   /**< ?event=, as ChirpStack's HTTP integration says it */
    const char *msg, *nonce, *signature; /**< OneNET's handshake */
    const char *body;
    size_t len;
};

/** What became of the items of a message. */
struct push_result {
    uint32_t kept;    /**< readings in the journal */
    uint32_t refused; /**< items that were understood and not taken; counted by reason */
    uint32_t unknown; /**< items of devices that the inventory does not have for this source */
    uint32_t ignored; /**< items that carry nothing for us */
};

/** What the API may ask of the field side; one request at a time (the HTTP thread). */
struct push_port {
    void *ctx;
    /** ERR_OK: every reading is in the journal (write(2) done: it survives kill -9), the rest is
     * counted. ERR_UNAUTHENTICATED: no such source, or not its secret or signature. ERR_TOO_LARGE,
     * ERR_BAD_JSON: nothing of it can be read. ERR_DISK_FULL, ERR_IO: not kept, to be sent again.
     */
    enum err (*take)(void *ctx, const struct push_request *rq, struct push_result *out);
    /** A platform's check of the URL: ERR_OK when its signature fits and msg is to be given back.
     */
    enum err (*greet)(void *ctx, const struct push_request *rq);
};

struct push;
struct push_table;

/** NULL: no memory, or an envelope that does not exist (logged). */
struct push *push_create(const struct field_params *params);
/** The sources of another configuration, made ready. NULL as push_create. */
struct push_table *push_prepare(const struct config *config);
/** Goes over to them and takes them; when it returns, the former configuration is no longer read.
 * Any one thread but the HTTP one. */
void push_commit(struct push *push, struct push_table *table);
/** Does not. */
void push_discard(struct push_table *table);
/** Nobody may be in the port any more. */
void push_destroy(struct push *push);
struct push_port push_port_of(struct push *push);

#endif
