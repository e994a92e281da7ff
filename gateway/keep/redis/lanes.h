#ifndef GATEWAY_KEEP_REDIS_LANES_H
#define GATEWAY_KEEP_REDIS_LANES_H

#include "gateway/keep/redis/fill.h"

/** One a district, the city's last; what the former lanes of `flush` have waiting goes along. NULL
 * on no memory, and nothing changed. */
struct lane *lanes_make(struct flush *flush, const struct inventory *inv);
void lanes_free(struct lane *lanes, uint32_t n);
/** What the next slice of a rewrite does with the indices of bikes and alerts: a new one of each is
 * made beside the present one, and takes its place at the end. */
uint32_t lanes_index_flags(struct lane *lane, const struct slice *slice, bool last);

#endif
