#ifndef SENSORS_SIM_FLEET_SHAPE_H
#define SENSORS_SIM_FLEET_SHAPE_H

#include "bowei/base/geo.h"
#include <stdbool.h>
#include <stdint.h>

/* Outlines of simulated fences and how far a place is from their edge. It shares nothing with the
 * gateway's geometry, which is judged by it. Pure. */

#define SHAPE_CORNERS_MIN 8
#define SHAPE_CORNERS_MAX 40

/** Metres east and north of a centre, on the plane that touches the Earth there. */
struct shape_point {
    double x_m, y_m;
};

struct shape_point shape_project(struct position_e7 centre, struct position_e7 at);
struct position_e7 shape_place(struct position_e7 centre, struct shape_point p);

/** A kerb strip: half_m to both ends, wide_m to both sides, round ends; turned by angle. corners:
 * 8 to 40, even. */
void shape_strip(struct shape_point *corners, uint32_t count, const double size_m[2], double angle);
/** A square or plaza: a wavy circle, never nearer than 0.85 and never farther than 1.15 radii. */
void shape_blob(struct shape_point *corners, uint32_t count, double radius_m, uint64_t *rng);

/** Distance to the edge in metres: positive outside, negative inside. */
double shape_distance_m(const struct shape_point *corners, uint32_t count, struct shape_point at);

#endif
