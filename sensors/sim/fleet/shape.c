/* Outlines of simulated fences; see shape.h. */
#include "sensors/sim/fleet/shape.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include <assert.h>
#include <math.h>

#define PI       3.14159265358979323846
#define M_PER_E7 (CITY_M_PER_DEGREE * 1e-7)
#define WAVE     0.075 /* share of the radius of each of the two waves of a blob's edge */

static double east_scale(struct position_e7 centre)
{
    return cos(centre.lat * 1e-7 * PI / 180);
}

struct shape_point shape_project(struct position_e7 centre, struct position_e7 at)
{
    return (struct shape_point){
        .x_m = ((double)at.lon - centre.lon) * M_PER_E7 * east_scale(centre),
        .y_m = ((double)at.lat - centre.lat) * M_PER_E7,
    };
}

struct position_e7 shape_place(struct position_e7 centre, struct shape_point p)
{
    return (struct position_e7){
        .lat = centre.lat + (int32_t)lround(p.y_m / M_PER_E7),
        .lon = centre.lon + (int32_t)lround(p.x_m / (M_PER_E7 * east_scale(centre))),
    };
}

void shape_strip(struct shape_point *corners, uint32_t count, const double size_m[2], double angle)
{
    const uint32_t half = count / 2;

    assert(half > 1);
    for (uint32_t i = 0; i < half * 2; i++) {
        const double turn =
            -PI / 2 + PI * (double)(i % half) / (double)(half - 1) + (i < half ? 0 : PI);
        const double x = (i < half ? size_m[0] : -size_m[0]) + size_m[1] * cos(turn);
        const double y = size_m[1] * sin(turn);

        corners[i].x_m = x * cos(angle) - y * sin(angle);
        corners[i].y_m = x * sin(angle) + y * cos(angle);
    }
}

void shape_blob(struct shape_point *corners, uint32_t count, double radius_m, uint64_t *rng)
{
    const double two = rng_unit(rng) * 2 * PI;
    const double three = rng_unit(rng) * 2 * PI;

    for (uint32_t i = 0; i < count; i++) {
        const double turn = 2 * PI * (double)i / (double)count;
        const double r = radius_m * (1 + WAVE * cos(2 * turn + two) + WAVE * cos(3 * turn + three));

        corners[i] = (struct shape_point){r * cos(turn), r * sin(turn)};
    }
}

static double segment_m2(struct shape_point a, struct shape_point b, struct shape_point p)
{
    const double dx = b.x_m - a.x_m;
    const double dy = b.y_m - a.y_m;
    const double len = dx * dx + dy * dy;
    double t = len > 0 ? ((p.x_m - a.x_m) * dx + (p.y_m - a.y_m) * dy) / len : 0;
    double x;
    double y;

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    x = a.x_m + t * dx - p.x_m;
    y = a.y_m + t * dy - p.y_m;
    return x * x + y * y;
}

double shape_distance_m(const struct shape_point *corners, uint32_t count, struct shape_point at)
{
    double best = INFINITY;
    bool inside = false;

    for (uint32_t i = 0, k = count - 1; i < count; k = i++) {
        const struct shape_point a = corners[i];
        const struct shape_point b = corners[k];
        const double d = segment_m2(a, b, at);

        best = d < best ? d : best;
        if ((a.y_m > at.y_m) != (b.y_m > at.y_m) &&
            at.x_m < (b.x_m - a.x_m) * (at.y_m - a.y_m) / (b.y_m - a.y_m) + a.x_m) {
            inside = !inside;
        }
    }
    return inside ? -sqrt(best) : sqrt(best);
}
