#ifndef GATEWAY_KEEP_REDIS_RETIRED_H
#define GATEWAY_KEEP_REDIS_RETIRED_H

#include "gateway/keep/redis/writer.h"

/** Deletes the keys of the places that the inventory lists as retired, in fenced transactions.
 * False: down or stepped down. Writer thread. */
bool writer_drop_retired(struct redis_writer *w);

#endif
