#ifndef GATEWAY_KEEP_JOURNAL_RECORD_H
#define GATEWAY_KEEP_JOURNAL_RECORD_H

#include "bowei/journal.h"

/* One record as bytes. Layout: bowei/journal.h; bodies: record.c. */

#define RECORD_HEAD 52 /**< bytes before the body */
#define RECORD_MAX  (RECORD_HEAD + 1 + IMAGE_PACK_MAX)

/** Bytes written to out (room for RECORD_MAX); 0: the image cannot be packed. */
size_t record_encode(const struct record *record, uint8_t *out);
size_t record_encode_reading(const struct record_stamp *stamp, const struct reading *reading,
                             uint8_t *out);
size_t record_encode_report(const struct record_stamp *stamp, const struct bike_report *report,
                            uint8_t *out);
size_t record_encode_image(enum record_type type, const struct record_stamp *stamp,
                           const struct image *image, uint8_t *out);
/** Says in an encoded record that `more` records of its append follow. */
void record_set_more(uint8_t *record, size_t more);
/** Bytes of the whole append that begins at bytes, all its records sound; 0 when it is torn.
 * *records = how many. */
size_t record_batch(const uint8_t *bytes, size_t len, size_t *records);
/** Bytes of the good record at the start of bytes; 0 when there is none (torn, garbled or unknown
 * format). The reading keeps the sensor index of the process that wrote it. */
size_t record_decode(const uint8_t *bytes, size_t len, struct record *out);

#endif
