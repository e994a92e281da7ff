/* Small members of what is said of bikes, fences and alerts, wherever it leaves: positions, places,
 * times, distances. */
#include "bowei/fleet_text.h"

struct position_e7 fleet_position(enum crs crs, struct position_e7 at)
{
    return crs == CRS_WGS84 ? at : position_round(crs_from_wgs84(crs, position_deg_of(at)));
}

void fleet_location(enum crs crs, struct json_writer *w, struct position_e7 at)
{
    const struct position_e7 shown = fleet_position(crs, at);

    json_object(w);
    json_kv_str(w, "crs", crs_name(crs));
    json_key(w, "lat");
    json_decimal(w, shown.lat, 7);
    json_key(w, "lon");
    json_decimal(w, shown.lon, 7);
    json_object_end(w);
}

void fleet_time(int64_t shift_ms, struct json_writer *w, const char *name, int64_t city_ms)
{
    json_kv_time(w, name, city_ms > 0 ? city_ms + shift_ms : -1);
}

void fleet_metres(struct json_writer *w, const char *name, int32_t mm)
{
    if (mm == INT32_MAX) {
        json_kv_null(w, name);
    } else {
        json_kv_i64(w, name, (mm + (mm < 0 ? -500 : 500)) / 1000);
    }
}
