#ifndef BOWEI_BASE_DEVICE_ID_H
#define BOWEI_BASE_DEVICE_ID_H

#include <stdbool.h>
#include <stddef.h>

/* What a device may be called. One rule for the inventory's files and for what messages say, so
 * that what the one takes the other can name. */

#define DEVICE_ID_MAX 40 /**< bytes */

/** [0-9A-Za-z._:/-]{1,40} without "..", which would lead out of a topic or path made of it. */
bool device_id_is(const char *text, size_t len);
/** Lowers a dev EUI (16 hex digits), in whose case network servers differ; leaves others alone. */
void device_id_fold(char *id, size_t len);

#endif
