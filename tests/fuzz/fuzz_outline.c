/* Any rings as the outline of a fence. What is accepted crosses itself nowhere (looked at pair by
 * pair), has its centre inside, is measured with the right side everywhere, and is accepted again
 * from its canonical text with the same bytes.
 *
 * Input: a byte for the kind of zone and the scale, then rings: a byte of corners (low 6 bits) and
 * hole (bit 7), then 4 bytes a corner. */
#define _GNU_SOURCE /* memfd_create */
#include "bowei/fences.h"
#include "gateway/inventory/fences/outline.h"
#include "tests/fuzz/fuzz.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CENTRE_LAT  422578000
#define CENTRE_LON  1188869000
#define PAIRS_MAX   400 /* corners looked at pair by pair */
#define LATTICE_MAX 12  /* points a side at which the distance is asked for */

static space_key key_of(uint8_t head)
{
    space_key key = 0;

    claim(space_id_parse_body((head & 1) != 0 ? "150402001N0010000" : "150402001F0010000", 17,
                              &key) == ID_OK);
    return key;
}

static struct draft_fence *rings_read(struct draft *d, const uint8_t *data, size_t size)
{
    struct draft_fence *f = draft_row_add(d, TABLE_FENCE);
    const int32_t scale = 1 + (data[0] >> 1) * (data[0] >> 1) / 16; /* up to 6 degrees in all */
    size_t at = 1;

    claim(f != NULL);
    f->key = key_of(data[0]);
    f->capacity = (data[0] & 1) != 0 ? 0 : 9;
    while (at < size && f->outline.ring_count < OUTLINE_RINGS_MAX) {
        uint32_t corners = data[at] & 63;
        bool hole = f->outline.ring_count > 0 && (data[at] & 128) != 0;

        at++;
        if (corners < OUTLINE_CORNERS_MIN || corners * 4 > size - at) {
            break;
        }
        claim(draft_ring_add(d, hole) == ERR_OK);
        f->outline.ring_count++;
        for (uint32_t i = 0; i < corners; i++, at += 4) {
            struct position_e7 p = {CENTRE_LAT + (int32_t)(data[at] | data[at + 1] << 8) * scale,
                                    CENTRE_LON +
                                        (int32_t)(data[at + 2] | data[at + 3] << 8) * scale};

            claim(draft_corner_add(d, p) == ERR_OK);
        }
    }
    return f;
}

static int64_t side(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return ((int64_t)b.lon - a.lon) * ((int64_t)p.lat - a.lat) -
           ((int64_t)b.lat - a.lat) * ((int64_t)p.lon - a.lon);
}

static bool is_split(int64_t a, int64_t b)
{
    return (a > 0 && b < 0) || (a < 0 && b > 0);
}

/* No edge goes through another: pair by pair, from what the snapshot holds. */
static void crossings_none(const struct inventory *inv)
{
    struct position_e7 from[PAIRS_MAX];
    struct position_e7 to[PAIRS_MAX];
    uint32_t count = 0;

    for (uint32_t r = 0; r < inv->fences[0].ring_count; r++) {
        uint32_t n;
        bool hole;
        const struct position_e7 *c = fences_ring(inv, r, &n, &hole);

        for (uint32_t i = 0; i < n && count < PAIRS_MAX; i++) {
            from[count] = c[i];
            to[count++] = c[(i + 1) % n];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            claim(!is_split(side(from[i], to[i], from[j]), side(from[i], to[i], to[j])) ||
                  !is_split(side(from[j], to[j], from[i]), side(from[j], to[j], to[i])));
        }
    }
}

/* Even-odd without the snapshot's own routine. */
static bool is_inside(const struct inventory *inv, struct position_e7 at)
{
    bool inside = false;

    for (uint32_t r = 0; r < inv->fences[0].ring_count; r++) {
        uint32_t n;
        bool hole;
        const struct position_e7 *c = fences_ring(inv, r, &n, &hole);

        for (uint32_t i = 0, j = n - 1; i < n; j = i++) {
            if ((c[i].lat > at.lat) != (c[j].lat > at.lat)) {
                int64_t s = side(c[j], c[i], at);

                inside ^= c[i].lat > c[j].lat ? s > 0 : s < 0;
            }
        }
    }
    return inside;
}

static void sides_right(const struct inventory *inv)
{
    const struct inv_fence *f = &inv->fences[0];
    int32_t lat_step = (f->north_east.lat - f->south_west.lat) / LATTICE_MAX + 1;
    int32_t lon_step = (f->north_east.lon - f->south_west.lon) / LATTICE_MAX + 1;
    struct fence_hit hit;

    claim(fence_distance_mm(inv, 0, f->centre) <= 0);
    for (int32_t y = -1; y <= LATTICE_MAX; y++) {
        for (int32_t x = -1; x <= LATTICE_MAX; x++) {
            struct position_e7 at = {f->south_west.lat + y * lat_step,
                                     f->south_west.lon + x * lon_step};
            int64_t mm = fence_distance_mm(inv, 0, at);

            claim(mm == 0 || (mm < 0) == is_inside(inv, at));
            claim(fences_around(inv, at, 0, FENCE_USE_COUNT, &hit, 1) == (mm <= 0));
        }
    }
}

/* Writes the draft, reads it again, writes it again: the same bytes. */
static void text_stable(const struct draft *d)
{
    struct import_report report = {0};
    struct draft *again = draft_create();
    int fd = memfd_create("outline", MFD_CLOEXEC);
    struct strbuf one = {0};
    struct strbuf two = {0};
    char path[64];

    claim(again != NULL && draft_write(d, 1, &one) == ERR_OK);
    claim(fd >= 0 && write(fd, one.data, one.len) == (ssize_t)one.len);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    claim(draft_read(again, path, CRS_WGS84, &report) == ERR_OK && report.fault_count == 0);
    (void)close(fd);
    claim(draft_write(again, 1, &two) == ERR_OK);
    claim(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    strbuf_finish(&one);
    strbuf_finish(&two);
    draft_destroy(again);
}

static void accepted(struct draft *d)
{
    struct import_report report = {0};
    struct inventory *inv = NULL;
    uint16_t file;

    claim(draft_file_add(d, "outline", &file) == ERR_OK);
    claim(draft_complete(d, NULL, true, true, &report) == ERR_OK && report.fault_count == 0);
    claim(inventory_build(d, 1, NULL, NULL, &inv) == ERR_OK);
    crossings_none(inv);
    sides_right(inv);
    text_stable(d);
    inventory_destroy(inv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct draft *d = draft_create();
    struct outline_fault fault = {.reason = ""};
    struct draft_fence *f;
    enum err e;

    claim(d != NULL);
    if (size > 0) {
        f = rings_read(d, data, size);
        if (f->outline.ring_count > 0) {
            e = outline_check(d, &f->outline, outline_use_of(f->key), &fault);
            claim(e == ERR_OK || e == ERR_UNPROCESSABLE);
            if (e == ERR_OK) {
                accepted(d);
            } else {
                claim(fault.reason[0] != '\0' && fault.ring < f->outline.ring_count &&
                      fault.corner < d->rings[f->outline.ring + fault.ring].count);
            }
        }
    }
    draft_destroy(d);
    return 0;
}
