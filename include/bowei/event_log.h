#ifndef BOWEI_EVENT_LOG_H
#define BOWEI_EVENT_LOG_H

#include "bowei/event_feed.h"
#include "bowei/redis_store.h"

/* Reading the operators' logs in Redis (bowei:{op:<OP>}:log): what is too old for memory. A reader
 * has a connection of its own and belongs to one thread at a time. */

struct event_log_reader;

/** Opens nothing yet. The texts of `redis` are borrowed. NULL on no memory. */
struct event_log_reader *event_log_reader_create(const struct redis_params *redis);
void event_log_reader_destroy(struct event_log_reader *reader);
/** At most `room` entries behind `after` and not behind `until`, as event_port.read. *reached: all
 * up to there was given. EVENT_READ_UNAVAILABLE also when the log does not reach beyond `after` yet
 * though there are events behind it. */
enum event_read event_log_reader_read(struct event_log_reader *reader, const char *operator_code,
                                      struct event_place after, struct event_place until,
                                      struct alert_image *out, uint32_t room, uint32_t *count,
                                      struct event_place *reached);
/** Place up to which the logs hold everything, for a start; zeroed = there are none. */
enum err event_log_newest(const struct redis_params *redis, struct event_place *out) MUST_CHECK;

#endif
