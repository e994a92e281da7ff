#ifndef BOWEI_BASE_GEO_H
#define BOWEI_BASE_GEO_H

#include <stdbool.h>
#include <stdint.h>

/** Mean Earth radius, metres (the sphere of the API's distances). */
#define EARTH_RADIUS_M 6371008.8

/** Coordinate systems of the outside; inside everything is WGS-84. */
enum crs { CRS_WGS84, CRS_GCJ02, CRS_BD09, CRS_COUNT };

struct position_deg {
    double lat;
    double lon;
};

/** WGS-84 in 1e-7 degree, the resolution of `location`. */
struct position_e7 {
    int32_t lat;
    int32_t lon;
};

bool crs_parse(const char *name, uint32_t len, enum crs *out);
const char *crs_name(enum crs crs);
/** To WGS-84 (inverse by iteration, exact to 1e-9 degree) and from it. Krasovsky a = 6378245.0. */
struct position_deg crs_to_wgs84(enum crs from, struct position_deg p);
struct position_deg crs_from_wgs84(enum crs to, struct position_deg p);
struct position_e7 position_round(struct position_deg p);
struct position_deg position_deg_of(struct position_e7 p);

/** Great-circle distance on the sphere of EARTH_RADIUS_M, in whole millimetres, rounded half up.
 *  The one distance routine of the program: queries, ties and tests use it. */
int64_t distance_mm(struct position_e7 a, struct position_e7 b);
/** The same for many, faster than one by one: mm[i] = distance_mm(from, to[i]). */
void distances_mm(struct position_e7 from, const struct position_e7 *to, uint32_t n, int64_t *mm);

#endif
