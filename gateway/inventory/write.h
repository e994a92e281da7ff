#ifndef GATEWAY_INVENTORY_WRITE_H
#define GATEWAY_INVENTORY_WRITE_H

#include "bowei/base/json_write.h"
#include "gateway/inventory/draft.h"

/* Pieces of the canonical text: write.c has the places and devices, write_bikes.c the rest. Members
 * that say nothing are left out. */

void write_id(struct json_writer *w, const char *key, space_key id);
void write_text(struct json_writer *w, const struct draft *d, const char *key, uint32_t offset);
void write_number(struct json_writer *w, const char *key, uint32_t v);
void write_position(struct json_writer *w, struct position_e7 at);

/** The member "geometry". */
void write_outline(struct json_writer *w, const struct draft *d, const struct draft_outline *f);

void write_fence(struct json_writer *w, const struct draft *d, uint32_t row);
void write_beacon(struct json_writer *w, const struct draft *d, uint32_t row);
void write_listener(struct json_writer *w, const struct draft *d, uint32_t row);
void write_operator(struct json_writer *w, const struct draft *d, uint32_t row);
void write_vehicle(struct json_writer *w, const struct draft *d, uint32_t row);

void write_grid(struct json_writer *w, const struct draft *d, uint32_t row);
void write_unit(struct json_writer *w, const struct draft *d, uint32_t row);
void write_warden(struct json_writer *w, const struct draft *d, uint32_t row);
/** The properties of those responsible for a place, if it has any. */
void write_duty(struct json_writer *w, const struct draft *d, space_key place);
/** "a;b" as ["a","b"]; nothing when it is empty. */
void write_list(struct json_writer *w, const char *key, const char *list);

#endif
