/* Coordinate systems and the one distance of the program. Positions are converted here at the edge
 * (requests, telemetry, imports); everything behind it is WGS-84. */
#include "bowei/base/geo.h"
#include <math.h>
#include <string.h>

#define PI              3.14159265358979323846
#define RAD_PER_E7      (PI / 180.0 * 1e-7)
#define E7              1e7

#define EARTH_RADIUS_MM (EARTH_RADIUS_M * 1000.0)

/* Krasovsky 1940, the ellipsoid of the GCJ-02 shift: half axis in metres and squared eccentricity.
 */
#define GCJ_A  6378245.0
#define GCJ_E2 0.00669342162296594323
/* Outside this box GCJ-02 is WGS-84, degrees. */
#define CHINA_LON_MIN 72.004
#define CHINA_LON_MAX 137.8347
#define CHINA_LAT_MIN 0.8293
#define CHINA_LAT_MAX 55.8271
/* BD-09: its angle unit and the offsets it adds to GCJ-02, degrees. */
#define BD_PI  (PI * 3000.0 / 180.0)
#define BD_LON 0.0065
#define BD_LAT 0.006
/* The inverse stops below this step; 5 rounds are usual. */
#define INVERSE_STEP_DEG 1e-11
#define INVERSE_ROUNDS   12
/* Below this difference in both axes (1e-7 degree, half a degree) short series are exact enough. */
#define NEAR_E7 5000000

static const char *const crs_names[CRS_COUNT] = {"wgs84", "gcj02", "bd09"};

bool crs_parse(const char *name, uint32_t len, enum crs *out)
{
    for (unsigned c = 0; c < CRS_COUNT; c++) {
        if (strlen(crs_names[c]) == len && memcmp(crs_names[c], name, len) == 0) {
            *out = (enum crs)c;
            return true;
        }
    }
    return false;
}

const char *crs_name(enum crs crs)
{
    return (unsigned)crs < CRS_COUNT ? crs_names[crs] : "unknown";
}

static bool in_china(struct position_deg p)
{
    return p.lon >= CHINA_LON_MIN && p.lon <= CHINA_LON_MAX && p.lat >= CHINA_LAT_MIN &&
           p.lat <= CHINA_LAT_MAX;
}

/* The published GCJ-02 shift; x and y are degrees from 105 E, 35 N. */
static struct position_deg gcj_from_wgs(struct position_deg p)
{
    double x = p.lon - 105.0;
    double y = p.lat - 35.0;
    double wave = (20.0 * sin(6.0 * x * PI) + 20.0 * sin(2.0 * x * PI)) * 2.0 / 3.0;
    double north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) +
                   wave + (20.0 * sin(y * PI) + 40.0 * sin(y / 3.0 * PI)) * 2.0 / 3.0 +
                   (160.0 * sin(y / 12.0 * PI) + 320.0 * sin(y * PI / 30.0)) * 2.0 / 3.0;
    double east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + wave +
                  (20.0 * sin(x * PI) + 40.0 * sin(x / 3.0 * PI)) * 2.0 / 3.0 +
                  (150.0 * sin(x / 12.0 * PI) + 300.0 * sin(x / 30.0 * PI)) * 2.0 / 3.0;
    double lat_rad = p.lat / 180.0 * PI;
    double magic = 1.0 - GCJ_E2 * sin(lat_rad) * sin(lat_rad);
    double root = sqrt(magic);

    if (!in_china(p)) {
        return p;
    }
    north = north * 180.0 / (GCJ_A * (1.0 - GCJ_E2) / (magic * root) * PI);
    east = east * 180.0 / (GCJ_A / root * cos(lat_rad) * PI);
    return (struct position_deg){.lat = p.lat + north, .lon = p.lon + east};
}

static struct position_deg bd_from_gcj(struct position_deg p)
{
    double radius = sqrt(p.lon * p.lon + p.lat * p.lat) + 0.00002 * sin(p.lat * BD_PI);
    double angle = atan2(p.lat, p.lon) + 0.000003 * cos(p.lon * BD_PI);

    return (struct position_deg){.lat = radius * sin(angle) + BD_LAT,
                                 .lon = radius * cos(angle) + BD_LON};
}

struct position_deg crs_from_wgs84(enum crs to, struct position_deg p)
{
    switch (to) {
    case CRS_GCJ02: return gcj_from_wgs(p);
    case CRS_BD09: return bd_from_gcj(gcj_from_wgs(p));
    case CRS_WGS84:
    case CRS_COUNT: break;
    }
    return p;
}

struct position_deg crs_to_wgs84(enum crs from, struct position_deg p)
{
    struct position_deg w = p;

    if (from == CRS_WGS84) {
        return p;
    }
    /* The shift changes slowly over the ground, so subtracting it at the last guess converges. */
    for (int i = 0; i < INVERSE_ROUNDS; i++) {
        struct position_deg there = crs_from_wgs84(from, w);
        double lat_step = p.lat - there.lat;
        double lon_step = p.lon - there.lon;

        w.lat += lat_step;
        w.lon += lon_step;
        if (fabs(lat_step) < INVERSE_STEP_DEG && fabs(lon_step) < INVERSE_STEP_DEG) {
            break;
        }
    }
    return w;
}

/* Degrees -> 1e-7 degree inside +-limit; what is no number becomes 0. */
static int32_t e7_of(double deg, double limit)
{
    if (!(deg >= -limit)) {
        return isnan(deg) ? 0 : (int32_t)lround(-limit * E7);
    }
    return (int32_t)lround((deg > limit ? limit : deg) * E7);
}

struct position_e7 position_round(struct position_deg p)
{
    return (struct position_e7){.lat = e7_of(p.lat, 90.0), .lon = e7_of(p.lon, 180.0)};
}

struct position_deg position_deg_of(struct position_e7 p)
{
    return (struct position_deg){.lat = p.lat / E7, .lon = p.lon / E7};
}

/* --- nearer than half a degree: short series, no branch and no call, so that a loop of it becomes
 * vectors --- */

/* sin(x) for |x| < 0.005: the next term, x^7/5040, is below 2^-53 of x. */
static inline double sin_near(double x)
{
    const double x2 = x * x;

    return x * (1.0 + x2 * (-1.0 / 6.0 + x2 * (1.0 / 120.0)));
}

/* asin(s) for 0 <= s < 0.01, cut where the next term is below 2^-53 of s. */
static inline double asin_near(double s)
{
    const double s2 = s * s;

    return s * (1.0 + s2 * (1.0 / 6.0 + s2 * (3.0 / 40.0 + s2 * (15.0 / 336.0))));
}

/* cos(2x) = 1 - 2 sin^2(x) for |x| <= pi/4; of the sine the next term, x^17/17!, is below 2^-53. */
static inline double cos_of_half(double x)
{
    const double x2 = x * x;
    const double s =
        x * (1.0 +
             x2 * (-1.0 / 6.0 +
                   x2 * (1.0 / 120.0 + x2 * (-1.0 / 5040.0 +
                                             x2 * (1.0 / 362880.0 +
                                                   x2 * (-1.0 / 39916800.0 +
                                                         x2 * (1.0 / 6227020800.0 +
                                                               x2 * (-1.0 / 1307674368000.0))))))));

    return 1.0 - 2.0 * s * s;
}

/* Haversine with cos a cos b = cos^2((a+b)/2) - sin^2((a-b)/2), in mm. */
static inline double near_mm(double lat_sum, double dlat, double dlon)
{
    const double mid = cos_of_half(lat_sum * (0.25 * RAD_PER_E7));
    const double s_lat = sin_near(dlat * (0.5 * RAD_PER_E7));
    const double s_lon = sin_near(dlon * (0.5 * RAD_PER_E7));
    const double coscos = mid * mid - s_lat * s_lat;

    return 2.0 * EARTH_RADIUS_MM * asin_near(sqrt(s_lat * s_lat + coscos * (s_lon * s_lon)));
}

/* --- farther --- */

/* Haversine beside the haversine to the antipode, so that neither end loses digits. */
static double angle_far(struct position_e7 a, struct position_e7 b, int64_t dlon)
{
    double s_lat = sin(((double)b.lat - a.lat) * 0.5 * RAD_PER_E7);
    double s_sum = sin(((double)b.lat + a.lat) * 0.5 * RAD_PER_E7);
    double s_lon = sin((double)dlon * 0.5 * RAD_PER_E7);
    double c_lon = cos((double)dlon * 0.5 * RAD_PER_E7);
    double coscos = cos(a.lat * RAD_PER_E7) * cos(b.lat * RAD_PER_E7);

    return 2.0 * atan2(sqrt(s_lat * s_lat + coscos * s_lon * s_lon),
                       sqrt(s_sum * s_sum + coscos * c_lon * c_lon));
}

static inline bool is_near(int64_t difference_e7)
{
    return difference_e7 > -NEAR_E7 && difference_e7 < NEAR_E7;
}

int64_t distance_mm(struct position_e7 a, struct position_e7 b)
{
    const int64_t turn = INT64_C(3600000000);
    int64_t dlat = (int64_t)b.lat - a.lat;
    int64_t dlon = (int64_t)b.lon - a.lon;
    double mm;

    dlon += dlon > turn / 2 ? -turn : dlon < -turn / 2 ? turn : 0;
    mm = is_near(dlat) && is_near(dlon) ? near_mm((double)a.lat + b.lat, (double)dlat, (double)dlon)
                                        : EARTH_RADIUS_MM * angle_far(a, b, dlon);
    return (int64_t)(mm + 0.5);
}

/* Modulo 2^32: what wraps was more than half a turn, and is still far. */
static inline int32_t difference(int32_t from, int32_t to)
{
    return (int32_t)((uint32_t)to - (uint32_t)from);
}

static bool are_near(struct position_e7 from, const struct position_e7 *to, uint32_t n)
{
    int32_t near = 1;

    for (uint32_t i = 0; i < n; i++) {
        int32_t dlat = difference(from.lat, to[i].lat);
        int32_t dlon = difference(from.lon, to[i].lon);

        near &= (dlat > -NEAR_E7) & (dlat < NEAR_E7) & (dlon > -NEAR_E7) & (dlon < NEAR_E7);
    }
    return near != 0;
}

void distances_mm(struct position_e7 from, const struct position_e7 *restrict to, uint32_t n,
                  int64_t *restrict mm)
{
    if (!are_near(from, to, n)) {
        for (uint32_t i = 0; i < n; i++) {
            mm[i] = distance_mm(from, to[i]);
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        double dlat = difference(from.lat, to[i].lat);
        double dlon = difference(from.lon, to[i].lon);
        double rounded = near_mm((double)from.lat + to[i].lat, dlat, dlon) + 0.5;

        mm[i] = (int32_t)rounded;
    }
}
