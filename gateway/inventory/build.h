#ifndef GATEWAY_INVENTORY_BUILD_H
#define GATEWAY_INVENTORY_BUILD_H

#include "bowei/inventory_file.h"

#define SOURCES_MAX   256  /* inv_device.source is a byte */
#define DISTRICTS_MAX 4096 /* inv_lot.district has 16 bits; GB/T 2260 lists some 2900 counties */

/** A snapshot being built. The draft is sorted and checked (draft_complete). */
struct build {
    const struct draft *draft;
    const struct inventory *previous; /**< NULL at start */
    const struct timing_source *timing;
    struct inventory *inv;
    uint32_t *lot_slots; /**< draft lot -> lot index */
    uint32_t *device_of; /**< draft binding -> device */
    uint32_t *target_of; /**< draft binding -> space slot, or space_count + lot index */
    uint32_t text_len, text_cap;
    bool timing_used[TIMING_CLASSES_MAX]; /**< by a device of this snapshot or the previous one */
};

/** Slot of a live place of the snapshot being built; the lookup maps of places stand already. */
uint32_t build_space(const struct build *b, space_key key);
uint32_t build_lot(const struct build *b, space_key key);
/** Copies a text of the draft into the snapshot's; "" is 0. */
enum err build_text(struct build *b, uint32_t from, uint32_t *to) MUST_CHECK;
/** Number of a link or line by its name, added when new. */
enum err build_source(struct build *b, const char *name, uint8_t *out) MUST_CHECK;
/** The districts of all lots and fences. */
enum err build_districts(struct build *b) MUST_CHECK;
enum err build_devices(struct build *b) MUST_CHECK;
enum err build_sensors(struct build *b) MUST_CHECK;

#endif
