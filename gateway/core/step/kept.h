#ifndef GATEWAY_CORE_STEP_KEPT_H
#define GATEWAY_CORE_STEP_KEPT_H

#include "bowei/image.h"
#include <stdbool.h>

/* What staff decided and the journal keeps as effects: overrides by space slot, suspects by device
 * id. Both lists keep an entry that was taken back, with its position, so that an older image never
 * brings it back. */

struct override_entry {
    struct position at;
    struct override_image image;
};

struct override_list {
    uint32_t *slots;                 /**< sorted */
    struct override_entry **entries; /**< beside slots */
    uint32_t count, room;
};

struct suspect_entry {
    struct position at;
    struct suspect_image image;
};

struct suspect_list {
    struct suspect_entry *entries; /**< few; in order of arrival */
    uint32_t count, room;
};

void override_list_finish(struct override_list *list);
/** NULL when the slot never had one. Borrowed until the list changes. */
struct override_entry *override_list_find(const struct override_list *list, uint32_t slot);
/** Finds or makes the (zeroed) entry of a slot; NULL on no memory. */
struct override_entry *override_list_make(struct override_list *list, uint32_t slot);

void suspect_list_finish(struct suspect_list *list);
struct suspect_entry *suspect_list_find(const struct suspect_list *list, const char *device,
                                        size_t len);
/** Finds or makes the entry of a device; len <= DEVICE_ID_MAX. NULL on no memory. */
struct suspect_entry *suspect_list_make(struct suspect_list *list, const char *device, size_t len);

#endif
