#ifndef BOWEI_ALERT_TEXT_H
#define BOWEI_ALERT_TEXT_H

#include "bowei/alert.h"
#include "bowei/fleet_text.h"

/* An alert as those see it who may: one form for answers, streams and webhooks. */

/** For whom an alert is written: decides what of it is shown. */
struct alert_reader {
    const char *operator_code; /**< borrowed; "" = staff */
    enum crs crs;
    int64_t shift_ms; /**< shown time = city time + shift */
};

/** One alert as an object. */
void alert_write(const struct alert_reader *reader, struct json_writer *w,
                 const struct alert_image *alert);
/** Alerts as CSV lines with their heading; distances and times empty where there are none. */
void alert_csv_write(const struct alert_reader *reader, struct strbuf *out,
                     const struct alert_image *alerts, uint32_t count);

#endif
