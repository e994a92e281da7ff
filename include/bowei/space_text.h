#ifndef BOWEI_SPACE_TEXT_H
#define BOWEI_SPACE_TEXT_H

#include "bowei/base/json_write.h"
#include "bowei/view.h"

/** A space as the events `space` of the stream and the topics of MQTT carry it:
 * {"id","lot","state", "since","seen","known","confidence","reason","as_of"}. Times are city time.
 */
void space_text_write(struct json_writer *w, const struct inventory *inv, uint32_t slot,
                      const struct space_view *view, int64_t at_ms);

#endif
