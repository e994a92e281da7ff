#ifndef GATEWAY_INVENTORY_ROW_BIKES_H
#define GATEWAY_INVENTORY_ROW_BIKES_H

#include "gateway/inventory/row.h"

/* The columns of fences, beacons, listeners, operators and vehicles. */
extern const struct row_field row_fence_fields[];
extern const struct row_field row_beacon_fields[];
extern const struct row_field row_listener_fields[];
extern const struct row_field row_operator_fields[];
extern const struct row_field row_vehicle_fields[];

/** What a fence says as a whole, its polygon included; false as row_end says it. */
bool row_fence_whole(struct row *row, const char **field);
bool row_listener_whole(struct row *row, const char **field);
bool row_vehicle_whole(struct row *row, const char **field);

#endif
