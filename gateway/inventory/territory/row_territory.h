#ifndef GATEWAY_INVENTORY_TERRITORY_ROW_TERRITORY_H
#define GATEWAY_INVENTORY_TERRITORY_ROW_TERRITORY_H

#include "gateway/inventory/row.h"

/* The columns of grids, units and wardens, and those that every place has. */
extern const struct row_field row_grid_fields[];
extern const struct row_field row_unit_fields[];
extern const struct row_field row_warden_fields[];

bool row_owner_unit(struct row *row, const char *text, size_t len);
bool row_manage_unit(struct row *row, const char *text, size_t len);
bool row_permit(struct row *row, const char *text, size_t len);
bool row_component_code(struct row *row, const char *text, size_t len);

/** The columns of those responsible, for the tables of places. */
#define ROW_DUTY_FIELDS                                                                            \
    {"owner_unit", false, row_owner_unit}, {"manage_unit", false, row_manage_unit},                \
        {"permit", false, row_permit},                                                             \
    {                                                                                              \
        "component_code", false, row_component_code                                                \
    }

bool row_grid_whole(struct row *row, const char **field);
bool row_unit_whole(struct row *row, const char **field);
bool row_warden_whole(struct row *row, const char **field);
/** Adds the place's side row when it said anything of those responsible. False: no memory. */
bool row_duty_add(struct row *row);

#endif
