#ifndef API_HANDLERS_DEVICE_ROWS_H
#define API_HANDLERS_DEVICE_ROWS_H

#include "api/server.h"
#include "bowei/suspicion.h"

/* What the answers about devices share: a channel's row, a raw frame, the names of values. */

/** "free", "occupied", ...; "none" for VALUE_COUNT_. */
const char *reading_value_name(uint8_t value);
/** Space or lot the sensor watches. */
space_key device_target(const struct inventory *inv, const struct inv_sensor *sensor);
/** Bits of enum suspicion: what the rounds found, and what is plain at this moment. */
uint8_t device_suspicions(const struct request *rq, const struct device_health *row);
/** The members of one channel, within an object of its own. */
void device_row_write(struct request *rq, struct json_writer *w, const struct device_health *row);
/** A member with a time, null when it is not known. */
void time_member(struct json_writer *w, const char *key, bool known, int64_t wall_ms);
/** A member with a number, null for 0. */
void number_member(struct json_writer *w, const char *key, int64_t value);
/** One raw frame as an object. */
void frame_write(const struct ledger_port *ledger, struct json_writer *w,
                 const struct frame_record *rec);
/** Reasoning as one object; inv must be the inventory it was made by. */
struct space_explain;
void why_write(struct json_writer *w, const struct inventory *inv, const struct space_explain *why,
               int64_t shift_ms);

#endif
