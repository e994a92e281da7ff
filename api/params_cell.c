/* A map tile as a box: the cell an app's map is drawn from, so a stream per visible tile needs no
 * sums in the app. Tiles are those of the usual web map (zoom/x/y, Web Mercator of a sphere: OSM
 * wiki "Slippy map tilenames"); with crs=gcj02 they are those of Amap and Tencent. Baidu cuts its
 * tiles otherwise. */
#include "api/params_value.h"
#include <math.h>
#include <string.h>

#define ZOOM_MAX 22 /* 4 cm a pixel at 42 degrees: nothing draws closer */

/* Digits without a leading zero, up to `high`, ended by `end`. NULL when it is not that. */
static const char *part_read(const char *text, char end, int64_t high, int64_t *out)
{
    const size_t len = strspn(text, "0123456789");

    *out = 0;
    if (len == 0 || len > 8 || (len > 1 && text[0] == '0') || text[len] != end) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        *out = *out * 10 + (text[i] - '0');
    }
    return *out > high ? NULL : text + len + (end != '\0');
}

static int64_t tile_lon_e9(int64_t x, int64_t tiles)
{
    return x * INT64_C(360000000000) / tiles - INT64_C(180000000000);
}

static int64_t tile_lat_e9(int64_t y, int64_t tiles)
{
    const double up = M_PI * (1 - 2 * (double)y / (double)tiles);

    return llround(atan(sinh(up)) * 180 / M_PI * 1e9);
}

void parse_cell(const struct value *v)
{
    int64_t zoom;
    int64_t x;
    int64_t y;
    const char *text = part_read(v->text, '/', ZOOM_MAX, &zoom);
    const int64_t tiles = text == NULL ? 0 : INT64_C(1) << zoom;

    text = text == NULL ? NULL : part_read(text, '/', tiles - 1, &x);
    text = text == NULL ? NULL : part_read(text, '\0', tiles - 1, &y);
    if (text == NULL) {
        faults_add(v->faults, v->row->name,
                   "must be zoom/x/y: zoom from 0 to %d, x and y from 0 to 2^zoom - 1", ZOOM_MAX);
        return;
    }
    v->query->west_e9 = tile_lon_e9(x, tiles);
    v->query->east_e9 = tile_lon_e9(x + 1, tiles);
    v->query->north_e9 = tile_lat_e9(y, tiles);
    v->query->south_e9 = tile_lat_e9(y + 1, tiles);
}

void cell_finish(const struct query *q, struct faults *faults)
{
    if (!query_has(q, PARAM_CELL)) {
        return;
    }
    if (query_has(q, PARAM_BBOX)) {
        faults_add(faults, "cell", "give cell or bbox, not both");
    }
    if (q->crs == CRS_BD09) {
        faults_add(faults, "cell", "Baidu's tiles are cut otherwise: use bbox with crs=bd09");
    }
}
