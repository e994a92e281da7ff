/* The columns of the inventory files, one table per kind of row: CSV and GeoJSON both come here, so
 * a field means and refuses the same in both. A new column is one row and one setter. */
#include "gateway/inventory/place.h"
#include "gateway/inventory/row.h"
#include "gateway/inventory/row_bikes.h"
#include "gateway/inventory/row_values.h"
#include "gateway/inventory/territory/row_territory.h"
#include <stdio.h>
#include <string.h>

/* Lengths in bytes. */
#define SCHEME_MAX 32
#define VALUE_MAX  64

#define HEARTBEAT_MAX_S                                                                            \
    (7 * 86400) /* a sensor that speaks once a week is the slowest on the market */
#define LIMIT_MAX_S   (30 * 86400)
#define HEIGHT_MAX_CM 2000

static bool parks_cars(struct row *row, space_key key)
{
    switch (space_key_kind(key)) {
    case PLACE_ON_STREET:
    case PLACE_LOT:
    case PLACE_TEMPORARY: return true;
    case PLACE_BIKE_AREA:
    case PLACE_FENCE:
    case PLACE_NO_PARKING:
    case PLACE_KIND_COUNT: break;
    }
    return row_refuse(row, "lots and spaces for cars have the kind letter R, L or T");
}

static bool lot_key_parse(struct row *row, const char *text, size_t len, space_key *key)
{
    if (!row_key(row, text, len, key) || !parks_cars(row, *key)) {
        return false;
    }
    return space_key_number(*key) == 0
               ? true
               : row_refuse(row, "the ID of a lot ends with 0000 and its check character");
}

static bool space_key_parse(struct row *row, const char *text, size_t len, space_key *key)
{
    if (!row_key(row, text, len, key) || !parks_cars(row, *key)) {
        return false;
    }
    return space_key_number(*key) != 0
               ? true
               : row_refuse(row, "that is the ID of a lot (number 0000), not of a space");
}

/* --- setters --- */

static bool set_lat(struct row *row, const char *text, size_t len)
{
    return row_degrees(text, len, &row->at.lat)
               ? true
               : row_refuse(row, "must be decimal degrees like 42.2578");
}

static bool set_lon(struct row *row, const char *text, size_t len)
{
    return row_degrees(text, len, &row->at.lon)
               ? true
               : row_refuse(row, "must be decimal degrees like 118.8869");
}

static bool lot_id(struct row *row, const char *text, size_t len)
{
    return lot_key_parse(row, text, len, &row->lot.key);
}

static bool lot_counting(struct row *row, const char *text, size_t len)
{
    if (len == 6 && memcmp(text, "spaces", 6) == 0) {
        row->lot.counting = COUNT_SPACES;
        return true;
    }
    if (len == 5 && memcmp(text, "gates", 5) == 0) {
        row->lot.counting = COUNT_GATES;
        return true;
    }
    return row_refuse(row, "must be spaces or gates");
}

static bool lot_capacity(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, UINT16_MAX, &row->lot.capacity);
}

static bool lot_name_zh(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->lot.name_zh);
}

static bool lot_name_en(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->lot.name_en);
}

static bool lot_address(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->lot.address);
}

static bool lot_hours(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->lot.hours);
}

static bool lot_fee(struct row *row, const char *text, size_t len)
{
    return row_shown(row, text, len, &row->lot.fee);
}

static bool lot_height_m(struct row *row, const char *text, size_t len)
{
    double m;

    if (!row_degrees(text, len, &m) || m < 0.5 || m * 100 > HEIGHT_MAX_CM) {
        return row_refuse(row, "must be metres from 0.5 to 20, like 2.1");
    }
    row->lot.height_cm = (uint16_t)(m * 100 + 0.5);
    return true;
}

/* "lat lon;lat lon" */
static bool lot_entrances(struct row *row, const char *text, size_t len)
{
    const char *end = text + len;

    row->lot.entrances = row->draft->entrance_count;
    row->lot.entrance_count = 0;
    while (text < end) {
        const char *stop = memchr(text, ';', (size_t)(end - text));
        const char *gap = memchr(text, ' ', (size_t)((stop == NULL ? end : stop) - text));
        struct position_deg at;
        struct position_e7 e7;

        stop = stop == NULL ? end : stop;
        if (gap == NULL || !row_degrees(text, (size_t)(gap - text), &at.lat) ||
            !row_degrees(gap + 1, (size_t)(stop - gap - 1), &at.lon)) {
            return row_refuse(row, "must be \"lat lon;lat lon\"");
        }
        if (!place_check(at, row->crs, &e7, row->reason, sizeof row->reason)) {
            return false;
        }
        if (row->lot.entrance_count == UINT8_MAX) {
            return row_refuse(row, "more than 255 entrances");
        }
        if (draft_entrance_add(row->draft, e7) != ERR_OK) {
            row->no_memory = true;
            return row_refuse(row, "out of memory");
        }
        row->lot.entrance_count++;
        text = stop < end ? stop + 1 : end;
    }
    return true;
}

static bool space_id(struct row *row, const char *text, size_t len)
{
    return space_key_parse(row, text, len, &row->space.key);
}

static bool space_lot(struct row *row, const char *text, size_t len)
{
    return lot_key_parse(row, text, len, &row->space.lot);
}

/* "ev;accessible" */
static bool space_attributes(struct row *row, const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *stop = memchr(text, ';', (size_t)(end - text));
        unsigned bit;

        stop = stop == NULL ? end : stop;
        if (!attribute_find(text, (size_t)(stop - text), &bit)) {
            (void)snprintf(row->reason, sizeof row->reason,
                           "%.*s is no attribute (docs/DATA_FORMAT.md lists them; separate by ;)",
                           (int)(stop - text < 40 ? stop - text : 40), text);
            return false;
        }
        row->space.attributes = (attribute_set)(row->space.attributes | 1u << bit);
        text = stop < end ? stop + 1 : end;
    }
    return true;
}

static bool device_id(struct row *row, const char *text, size_t len)
{
    return row_device(row, text, len, &row->device.id);
}

static bool device_source(struct row *row, const char *text, size_t len)
{
    return row_name(row, text, len, DEVICE_ID_MAX, "._:/-") &&
           row_text(row, text, len, 0, &row->device.source);
}

static bool device_model(struct row *row, const char *text, size_t len)
{
    return row_name(row, text, len, DEVICE_ID_MAX, "_-.") &&
           row_text(row, text, len, 1, &row->device.model);
}

static bool device_heartbeat_s(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, HEARTBEAT_MAX_S, &row->device.heartbeat_s);
}

static bool device_stale_limit_s(struct row *row, const char *text, size_t len)
{
    return row_whole(row, text, len, 1, LIMIT_MAX_S, &row->device.stale_limit_s);
}

static bool device_invert(struct row *row, const char *text, size_t len)
{
    row->device.inverted = len == 4 && memcmp(text, "true", 4) == 0;
    return row->device.inverted || (len == 5 && memcmp(text, "false", 5) == 0) ||
           row_refuse(row, "must be true or false");
}

static bool binding_device(struct row *row, const char *text, size_t len)
{
    return row_device(row, text, len, &row->binding.device);
}

static bool binding_channel(struct row *row, const char *text, size_t len)
{
    uint32_t v;

    if (!row_whole(row, text, len, 0, UINT16_MAX, &v)) {
        return false;
    }
    row->binding.channel = (uint16_t)v;
    return true;
}

static bool binding_rank(struct row *row, const char *text, size_t len)
{
    uint32_t v;

    if (!row_whole(row, text, len, 0, UINT8_MAX, &v)) {
        return false;
    }
    row->binding.rank = (uint8_t)v;
    return true;
}

static bool binding_space(struct row *row, const char *text, size_t len)
{
    if (row->binding.target != 0) {
        return row_refuse(row, "a sensor is bound to a space or to a lot, not to both");
    }
    return space_key_parse(row, text, len, &row->binding.target);
}

static bool binding_lot(struct row *row, const char *text, size_t len)
{
    if (row->binding.target != 0) {
        return row_refuse(row, "a sensor is bound to a space or to a lot, not to both");
    }
    return lot_key_parse(row, text, len, &row->binding.target);
}

static bool alias_scheme(struct row *row, const char *text, size_t len)
{
    return row_name(row, text, len, SCHEME_MAX, "_.-") &&
           row_text(row, text, len, 0, &row->alias.scheme);
}

static bool alias_value(struct row *row, const char *text, size_t len)
{
    return row_printable(row, text, len, VALUE_MAX) &&
           row_text(row, text, len, -1, &row->alias.value);
}

static bool alias_id(struct row *row, const char *text, size_t len)
{
    return row_key(row, text, len, &row->alias.key);
}

static bool retired_id(struct row *row, const char *text, size_t len)
{
    return row_key(row, text, len, &row->retired.key);
}

static bool retired_replaced_by(struct row *row, const char *text, size_t len)
{
    return row_key(row, text, len, &row->retired.replaced_by);
}

/* --- the tables --- */

static const struct row_field lot_fields[] = {
    {"id",        true,  lot_id       },
    {"lat",       true,  set_lat      },
    {"lon",       true,  set_lon      },
    {"counting",  false, lot_counting },
    {"capacity",  false, lot_capacity },
    {"name_zh",   false, lot_name_zh  },
    {"name_en",   false, lot_name_en  },
    {"address",   false, lot_address  },
    {"hours",     false, lot_hours    },
    {"fee",       false, lot_fee      },
    {"height_m",  false, lot_height_m },
    {"entrances", false, lot_entrances},
    ROW_DUTY_FIELDS,
    {NULL,        false, NULL         },
};

static const struct row_field space_fields[] = {
    {"id",         true,  space_id        },
    {"lat",        true,  set_lat         },
    {"lon",        true,  set_lon         },
    {"lot",        false, space_lot       },
    {"attributes", false, space_attributes},
    ROW_DUTY_FIELDS,
    {NULL,         false, NULL            },
};

static const struct row_field device_fields[] = {
    {"id",            true,  device_id           },
    {"source",        true,  device_source       },
    {"model",         false, device_model        },
    {"heartbeat_s",   false, device_heartbeat_s  },
    {"stale_limit_s", false, device_stale_limit_s},
    {"invert",        false, device_invert       },
    {NULL,            false, NULL                },
};

static const struct row_field binding_fields[] = {
    {"device",  true,  binding_device },
    {"channel", false, binding_channel},
    {"space",   false, binding_space  },
    {"lot",     false, binding_lot    },
    {"rank",    false, binding_rank   },
    {NULL,      false, NULL           },
};

static const struct row_field alias_fields[] = {
    {"scheme", true,  alias_scheme},
    {"value",  true,  alias_value },
    {"id",     true,  alias_id    },
    {NULL,     false, NULL        },
};

static const struct row_field retired_fields[] = {
    {"id",          true,  retired_id         },
    {"replaced_by", false, retired_replaced_by},
    {NULL,          false, NULL               },
};

/* its columns are those of places */
static const struct row_field no_fields[] = {
    {NULL, false, NULL},
};

const struct row_table row_tables[TABLE_COUNT] = {
    [TABLE_LOT] = {"lots",             lot_fields         },
    [TABLE_SPACE] = {"spaces",           space_fields       },
    [TABLE_FENCE] = {"fences",           row_fence_fields   },
    [TABLE_GRID] = {"grids",            row_grid_fields    },
    [TABLE_DEVICE] = {"devices",          device_fields      },
    [TABLE_BINDING] = {"bindings",         binding_fields     },
    [TABLE_BEACON] = {"beacons",          row_beacon_fields  },
    [TABLE_LISTENER] = {"listeners",        row_listener_fields},
    [TABLE_OPERATOR] = {"operators",        row_operator_fields},
    [TABLE_VEHICLE] = {"vehicles",         row_vehicle_fields },
    [TABLE_UNIT] = {"units",            row_unit_fields    },
    [TABLE_WARDEN] = {"wardens",          row_warden_fields  },
    [TABLE_DUTY] = {"responsibilities", no_fields          },
    [TABLE_ALIAS] = {"aliases",          alias_fields       },
    [TABLE_RETIRED] = {"retired",          retired_fields     },
};
