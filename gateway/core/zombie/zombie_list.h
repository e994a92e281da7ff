#ifndef GATEWAY_CORE_ZOMBIE_ZOMBIE_LIST_H
#define GATEWAY_CORE_ZOMBIE_ZOMBIE_LIST_H

#include "bowei/zombie.h"
#include "gateway/core/case/casebook.h"
#include "gateway/core/zombie/stay.h"

/* The pick-list for a van round, out of the open cases. */

struct zombie_list {
    const struct inventory *inv;
    const struct casebook *book;
    int64_t now_ms;
    /** The present stay of a space, whole. */
    struct stay_known (*stay)(void *ctx, uint32_t slot);
    /** Its bike, NULL = not known any more. */
    const struct bike_image *(*bike)(void *ctx, const char *ref);
    void *ctx;
};

/** Answers a request; false on no memory. Equal states give equal lists. */
bool zombie_list_page(const struct zombie_list *list, struct zombie_request *request);

#endif
