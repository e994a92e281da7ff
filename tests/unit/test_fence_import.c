/* Fences and their tables in files: what is refused and where the message points, how crossings are
 * found, the canonical text, figures of the report, and which bike a radio belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "tests/unit/fence_fixture.h"
#include "tests/unit/scratch_folder.h"
#include <cmocka.h>
#include <time.h>

static char folder[256];

static int folder_make(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    scratch_folder_remove(folder);
    return 0;
}

static enum err text_read(struct draft *d, const char *name, const char *text, size_t len,
                          struct import_report *report)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    return draft_read(d, path, CRS_WGS84, report);
}

#define F  "150402001F00100006"
#define F2 "150402001F0020000B"
#define N  "150402001N0010000U"

/* A file of one fence; the rows mark with @ where the message must point. */
#define FENCE(id, properties, type, coordinates)                                                   \
    "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":\"" id           \
    "\",\"properties\":{\"type\":\"fence\"" properties "},\"geometry\":{\"type\":" type            \
    ",\"coordinates\":" coordinates "}}]}"
#define CAPACITY       ",\"capacity\":20"
#define POLYGON(c)     FENCE(F, CAPACITY, "\"Polygon\"", c)
#define SQUARE         "[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],[118.1,42.1]"
#define ROW(member, r) "{\"type\":\"FeatureCollection\",\"features\":[],\"" member "\":[\n" r "]}"

struct refusal {
    const char *text; /* with @ */
    const char *field;
    const char *reason; /* a part of it */
};

static const struct refusal refusals[] = {
    {FENCE("150402001R00100008",                                            CAPACITY,                                                      "\"Polygon\"","[[" SQUARE "]]"), "id", "F, B or N"},
    {FENCE("150402001F00100014",                                                                 CAPACITY,                                                                                                                   "\"Polygon\"","[[" SQUARE "]]"), "id",
     "ends with 0000"},
    {FENCE(F,"","\"Polygon\"","[[" SQUARE "]]"), "capacity", "needs its capacity"},
    {FENCE(N,                                                      CAPACITY,                                                                                                                   "\"Polygon\"","[[" SQUARE "]]"), "capacity", "has no capacity"},
    {FENCE(F,                                                        ",\"capacity\":0",                                                                                                                                                                          "\"Polygon\"",                                                                                                                                                                                                                         "[[" SQUARE "]]"), "capacity", "1 to 65535"},
    {FENCE(F,                                                                     CAPACITY ",\"colour\":1",                                                                                                                            "\"Polygon\"","[[" SQUARE "]]"), "properties",
     "no property of fences: id, capacity"},
    {FENCE(F,                                                    CAPACITY ",\"valid_from\":\"soon\"",                                                                                                       "\"Polygon\"","[[" SQUARE "]]"), "valid_from",
     "must be a time"},
    {FENCE(F,
     CAPACITY
           ",\"valid_from\":\"2026-11-21T06:00:00Z\",\"valid_until\":\"2026-11-21T06:00:00Z\"",                                                    "\"Polygon\"","[[" SQUARE "]]"),
     "valid_until", "after valid_from"},
    {FENCE(F,                                                           CAPACITY,                                                                                                            "\"@Point\"","[118.1,42.1]"), "geometry", "Polygon or a MultiPolygon"},
    {POLYGON("@7"),"geometry","list of rings"},
    {POLYGON("@[]"),                                 "geometry",                                                                                              "list of rings"},
    {POLYGON("[@7]"),                                                        "geometry","a ring is a list"},
    {POLYGON("[[[118.1,42.1],@7,[118.1,42.2],[118.1,42.1]]]"),                                                                     "geometry",                                                                                                                            "a position is"},
    {POLYGON("[@[[118.1,42.1],[118.2,42.1],[118.1,42.1]]]"),                                                    "geometry",                                                                                                                        "at least 3 corners"},
    {POLYGON("[[[118.1,42.1],[118.2,42.1],[118.2,42.2],@[118.1,42.2]]]"),                                                               "geometry",
     "not closed: repeat"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],@[42.1,118.1],[118.1,42.1]]]"),                                                           "geometry",                                                                                             "swapped"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],@[118.1,92.1],[118.1,42.1]]]"),                                                                                   "geometry",
     "-90 to 90"                                                                                                                                                                                                                                                                     },
 /* the bow tie: edge 2-3 is crossed by edge 4-1 */
    {POLYGON("[[[118.1,42.1],[118.101,42.101],@[118.101,42.1],[118.1,42.101],[118.1,42.1]]]"),
     "geometry","from corner 3 to 4 of ring 1 crosses or touches that from corner 1 to 2 of ring 1"},
 /* a corner on an edge, a spike, an edge back along another */
    {POLYGON("[[[118.1,42.1],[118.102,42.1],[118.102,42.102],[118.101,42.1],[118.1,42.102],"
             "[118.1,42.1]]]"),
     "geometry",                                                  "crosses or touches"                                         },
    {POLYGON("[[[118.1,42.1],[118.102,42.1],[118.104,42.1],[118.103,42.1],[118.1,42.102],"
             "[118.1,42.1]]]"),
     "geometry","crosses or touches"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],[118.101,42.101],@[118.101,42.101],[118.1,42.101],"
             "[118.1,42.1]]]"),
     "geometry","corner 4 of ring 1 repeats corner 3 of ring 1"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],@[118.1,42.1],"
             "[118.0999,42.1],[118.1,42.1]]]"),
     "geometry",                                                                                                                 "corner 5 of ring 1 repeats corner 1"                                                                                                                                                                              },
    {POLYGON("[[[118.1,42.1],[118.2,42.1],@[118.3,42.1],[118.1,42.1]]]"), "geometry",
     "crosses or touches"},
    {POLYGON("[[@[118.1,42.1],[118.100001,42.1],[118.100001,42.100001],[118.1,42.1]]]"),"geometry",
     "less than 1 m2"},
    {POLYGON("[[@[118.1,42.1],[118.2,42.1],[118.2,42.2],[118.1,42.1]]]"),                                                            "geometry",
     "km2; at most 10 km2"                      },
    {FENCE(N,                                                            "",                                                    "\"Polygon\"","[[@[118.1,42.1],[119,42.1],[119,43],[118.1,42.1]]]"), "geometry",
     "at most 1000 km2"},
    {POLYGON("[[" SQUARE "],[@[118.11,42.11],[118.111,42.11],[118.111,42.111],[118.11,42.11]]]"),
     "geometry",                                                                                                                                                                                            "the hole (ring 2) lies outside its outer ring (ring 1)"                                                                                                                                                                               },
    {POLYGON("[[" SQUARE "],[[118.1005,42.1005],[118.11,42.1005],[118.1005,42.1006],"
             "[118.1005,42.1005]]]"),
     "geometry",                                                                                                                                                 "crosses or touches"                                                                                                                                                                            },
    {POLYGON("[[" SQUARE "],[[118.1001,42.1001],[118.1009,42.1001],[118.1001,42.1009],"
             "[118.1001,42.1001]],[@[118.1002,42.1002],[118.1003,42.1002],[118.1002,42.1003],"
             "[118.1002,42.1002]]]"),
     "geometry","inside another hole"},
    {FENCE(F,                                                           CAPACITY,                                                                                                                 "\"MultiPolygon\"",
     "[[[" SQUARE "]],[[@[118.1002,42.1002],[118.1003,42.1002],[118.1002,42.1003],"
           "[118.1002,42.1002]]]]"),
     "geometry", "inside another polygon"},
    {FENCE(F,                                                                                   CAPACITY,                                                                                                                     "\"MultiPolygon\"",                                                                                                                                                                                                                                                                 "@[]"), "geometry", "list of Polygons"},
    {POLYGON("[[@[118.1,42.1],[119.2,42.1],[119.2,42.2],[118.1,42.1]]]"),"geometry",
     "wider than 1 degree"},
    {POLYGON("[[@[118.1,85.1],[118.2,85.1],[118.2,85.2],[118.1,85.1]]]"),        "geometry",     "pole"},
    {POLYGON("[[@[179.9,42.1],[-179.9,42.1],[-179.9,42.2],[179.9,42.1]]]"),                                                    "geometry",
     "antimeridian"},
    {ROW("beacons",             "{\"beacon\":\"@stud 7\",\"fence\":\"" F "\"}"),"beacon","ibeacon:<uuid>"},
    {ROW("beacons",                                                 "{\"beacon\":\"mac:1918fc000001\",\"fence\":\"@150402001R00100008\"}"),"fence",
     "F, B or N"},
    {"beacon,fence\nmac:1918fc000001,@" F "x\n",                                                "fence",                                                                                                                                          "18 characters"                                                                                                                                                                                                                                                                                                                                              },
    {"listener,fence,source\n@g w," F ",ble\n",                                                   "listener",                                                                                                       "characters of"},
    {"listener,fence,source,scan_period_s\ngw," F ",ble,@0\n",                                                                     "scan_period_s",                                                                                                                            "1 to 3600"},
    {"listener,fence,source\ngw," F ",@\n",                                                               "source",                                                                                                                  "the link that carries it"},
    {"operator,quota\n@op,5\n",   "operator",                                                       "2 to 6 capital letters"},
    {"operator,quota\nOP,@-5\n",   "quota",                                               "whole number"},
    {"operator,mac_prefixes\nOP,@1918F\n", "mac_prefixes", "6 to 11 hex digits"},
    {"operator,mac_prefixes\nOP,@1918FC112233\n",                                                         "mac_prefixes",                                                           "6 to 11 hex digits"                    },
    {"operator,uuids\nOP,@FDA50693\n",                                                                     "uuids",                                                                                                                      "32 hex digits"},
    {"operator,uuids\nOP,@FDA50693-A4E2-4FB1-AFCF-C6EB07647825\n",                                                           "uuids",                                                                                                                        "factory default"},
    {"operator,uuids\nOP,@e2c56db5dffb48d2b060d0f5a71096e0\n",                                                      "uuids","factory default"},
    {"vehicle,mac\n@OP-123,1918fc000001\n",                                                      "vehicle",             "OPERATOR-NUMBER"},
    {"vehicle,mac\nOP-1234,@1918fc00000\n",                                                          "mac","12 hex digits"},
    {"vehicle,imei\nOP-1234,@86600000000000\n",                                           "imei","15 digits"                                                                                                                               },
    {"vehicle,beacon\nOP-1234,@ibeacon:fda50693a4e24fb1afcfc6eb07647825:10002:5208\n",                                             "beacon",
     "factory default"},
    {"vehicle,beacon\nOP-1234,@mac:1918fc000001\n",                                                       "beacon",                                                                      "column mac"},
};

static void refuses_bad_rows(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *want = &refusals[i];
        const char *mark = strchr(want->text, '@');
        struct draft *d = draft_create();
        struct import_report report = {0};
        char text[1024];
        size_t len = 0;
        uint32_t line = 1;
        uint32_t column = 1;

        for (const char *p = want->text; *p != '\0'; p++) {
            if (p != mark) {
                text[len++] = *p;
            }
            if (p < mark) {
                line += *p == '\n';
                column = *p == '\n' ? 1 : column + 1;
            }
        }
        assert_int_equal(text_read(d, "bad", text, len, &report), ERR_OK);
        if (report.fault_count == 0 || report.faults == NULL ||
            strcmp(report.faults[0].field, want->field) != 0 ||
            strstr(report.faults[0].reason, want->reason) == NULL ||
            (mark != NULL &&
             (report.faults[0].line != line || report.faults[0].column != column))) {
            print_error("%s\nwant %u:%u: %s: %s\n", want->text, line, column, want->field,
                        want->reason);
            if (report.fault_count > 0) {
                print_error("got  %u:%u: %s: %s\n", report.faults[0].line, report.faults[0].column,
                            report.faults[0].field, report.faults[0].reason);
            }
            wrong++;
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
    assert_int_equal(wrong, 0);
}

/* --- what only the whole shows --- */

#define TABLES(rows)                                                                               \
    "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":\"" F            \
    "\",\"properties\":{\"type\":\"fence\",\"capacity\":20},\"geometry\":{\"type\":\"Polygon\","   \
    "\"coordinates\":[[" SQUARE "]]}}],\"operators\":[{\"operator\":\"OP\",\"mac_prefixes\":"      \
    "[\"1918FC\"],\"uuids\":[\"11111111-2222-3333-4444-555555555555\"]}]" rows "}"

static const struct refusal wholes[] = {
    {TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F2 "\"}]"),         "fence",
     "mac:1918fc000001: bound to a fence that is not in the inventory"                                                                                           },
    {TABLES(",\"listeners\":[{\"listener\":\"gw\",\"fence\":\"" N "\",\"source\":\"ble\"}]"),
     "fence",                                                                                                 "listener gw: bound to a fence"                    },
    {TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F
            "\"},{\"beacon\":\"mac:19:18:FC:00:00:01\",\"fence\":\"" F "\"}]"),
     "beacon",                                                                                                "stands twice"                                     },
    {TABLES(",\"listeners\":[{\"listener\":\"AC233FC00001\",\"fence\":\"" F
            "\",\"source\":\"a\"},{\"listener\":\"ac:23:3f:c0:00:01\",\"fence\":\"" F
            "\",\"source\":\"b\"}]"),
     "listener",                                                                                              "stands twice"                                     },
    {TABLES(",\"vehicles\":[{\"vehicle\":\"QQ-1234\",\"mac\":\"1918fc000001\"}]"),            "vehicle",
     "its operator is not in the inventory"                                                                                                                      },
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"mac\":\"1918fc000001\"},{\"vehicle\":"
            "\"OP-1235\",\"mac\":\"19-18-FC-00-00-01\"}]"),
     "mac",                                                                                                   "OP-1235: 1918fc000001 is bound to OP-1234 already"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"imei\":\"866000000000001\"},{\"vehicle\":"
            "\"OP-1235\",\"imei\":\"866000000000001\"}]"),
     "imei",                                                                                                  "bound to OP-1234 already"                         },
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"beacon\":"
            "\"ibeacon:11111111222233334444555555555556:1:2\"},{\"vehicle\":\"OP-1235\","
            "\"beacon\":\"ibeacon:11111111-2222-3333-4444-555555555556:01:2\"}]"),
     "beacon",                                                                                                "bound to OP-1234 already"                         },
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"mac\":\"1918fc000001\"}],\"beacons\":[{"
            "\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F "\"}]"),
     "mac",                                                                                                   "marks a fence"                                    },
    {"operator,mac_prefixes\nAA,1918FC\nBB,aabbcc;1918fc7\n",                                 "mac_prefixes",
     "operator BB: a prefix overlaps one of operator AA"                                                                                                         },
    {"operator,uuids\nAA,11111111222233334444555555555555\nBB,11111111-2222-3333-4444-"
     "555555555555\n",                                                                   "uuids",        "also listed by operator AA"                       },
};

static void refuses_what_does_not_fit_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        struct draft *d = draft_create();
        struct import_report report = {0};

        assert_int_equal(text_read(d, "whole", wholes[i].text, strlen(wholes[i].text), &report),
                         ERR_OK);
        assert_int_equal(report.fault_count, 0);
        assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
        if (report.fault_count == 0 || strcmp(report.faults[0].field, wholes[i].field) != 0 ||
            strstr(report.faults[0].reason, wholes[i].reason) == NULL) {
            print_error("%s\nwant %s: %s\n", wholes[i].text, wholes[i].field, wholes[i].reason);
            if (report.fault_count > 0) {
                print_error("got  %s: %s\n", report.faults[0].field, report.faults[0].reason);
            }
            fail();
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
}

/* --- crossings against looking at every pair --- */

static int64_t side(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return ((int64_t)b.lon - a.lon) * ((int64_t)p.lat - a.lat) -
           ((int64_t)b.lat - a.lat) * ((int64_t)p.lon - a.lon);
}

static bool on_box(struct position_e7 a, struct position_e7 b, struct position_e7 p)
{
    return p.lat >= (a.lat < b.lat ? a.lat : b.lat) && p.lat <= (a.lat > b.lat ? a.lat : b.lat) &&
           p.lon >= (a.lon < b.lon ? a.lon : b.lon) && p.lon <= (a.lon > b.lon ? a.lon : b.lon);
}

static int sign(int64_t v)
{
    return (v > 0) - (v < 0);
}

/* Do two edges of the list have a point in common that neighbours may not have? */
static bool pair_meets(const struct outline_corner *c, uint32_t i, uint32_t j)
{
    struct position_e7 a = c[i].at;
    struct position_e7 b = c[c[i].next].at;
    struct position_e7 p = c[j].at;
    struct position_e7 q = c[c[j].next].at;

    if (c[i].next == j || c[j].next == i) {
        struct position_e7 far = c[i].next == j ? q : b; /* neither is the joint */
        struct position_e7 other = c[i].next == j ? a : p;
        struct position_e7 joint = c[i].next == j ? b : a;

        return (side(other, joint, far) == 0 &&
                (on_box(other, joint, far) || on_box(joint, far, other)));
    }
    return (sign(side(a, b, p)) * sign(side(a, b, q)) < 0 &&
            sign(side(p, q, a)) * sign(side(p, q, b)) < 0) ||
           (side(a, b, p) == 0 && on_box(a, b, p)) || (side(a, b, q) == 0 && on_box(a, b, q)) ||
           (side(p, q, a) == 0 && on_box(p, q, a)) || (side(p, q, b) == 0 && on_box(p, q, b));
}

static bool any_pair_meets(const struct outline_corner *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (pair_meets(c, i, j)) {
                return true;
            }
        }
    }
    return false;
}

/* Small rings on a small lattice: upright edges, edges in line, corners on edges are frequent. */
static void crossings_are_found_as_by_looking_at_all_pairs(void **state)
{
    struct dice dice = {77};
    unsigned crossing = 0;
    unsigned clean = 0;

    (void)state;
    for (unsigned t = 0; t < 200000; t++) {
        struct outline_corner c[12];
        uint32_t lattice = 3 + dice_below(&dice, 40);
        uint32_t count = 3 + dice_below(&dice, 7);
        uint32_t split = count >= 6 && t % 3 == 0 ? 3 : count; /* two rings */
        bool distinct = true;
        bool found;
        uint32_t a;
        uint32_t b;

        for (uint32_t i = 0; i < count; i++) {
            uint32_t last = i < split ? split - 1 : count - 1;

            c[i] = (struct outline_corner){
                .at = {(int32_t)dice_below(&dice, lattice), (int32_t)dice_below(&dice, lattice)},
                .next = i == last ? (i < split ? 0 : split) : i + 1
            };
            for (uint32_t j = 0; j < i; j++) {
                distinct = distinct && (c[j].at.lat != c[i].at.lat || c[j].at.lon != c[i].at.lon);
            }
        }
        if (!distinct) {
            continue;
        }
        assert_int_equal(outline_crossing(c, count, &found, &a, &b), ERR_OK);
        assert_int_equal(found, any_pair_meets(c, count));
        if (found) {
            assert_true(pair_meets(c, a, b));
        }
        crossing += found;
        clean += !found;
    }
    assert_true(crossing > 10000 && clean > 10000);
}

/* 100 000 points as a comb of long slanted teeth, the worst for anything but a sweep: takes well
 * under a second; the limit here leaves room for instrumented builds. */
static void a_comb_of_100000_points_is_checked(void **state)
{
    struct draft *d = draft_create();
    struct draft_fence *f = fence_begin(d, fence_key_of('F', 1), 20);
    struct outline_fault fault;
    struct timespec from;
    struct timespec to;

    (void)state;
    assert_int_equal(draft_ring_add(d, false), ERR_OK);
    for (int32_t i = 0; i < 49999; i++) {
        assert_int_equal(
            draft_corner_add(d, (struct position_e7){CENTRE_LAT + 100, CENTRE_LON + i * 4}),
            ERR_OK);
        assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT + 100000,
                                                                  CENTRE_LON + i * 4 + 90002}),
                         ERR_OK);
    }
    assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT, CENTRE_LON + 200000}),
                     ERR_OK);
    assert_int_equal(draft_corner_add(d, (struct position_e7){CENTRE_LAT, CENTRE_LON}), ERR_OK);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_int_equal(fence_end(d, f), ERR_OK);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_in_range(to.tv_sec - from.tv_sec, 0, 10);
    print_message("100000 points: %.0f ms\n", (double)(to.tv_sec - from.tv_sec) * 1e3 +
                                                  (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    /* one tooth bent over its neighbours: its tip is one of two corners in the middle */
    d->corners[50000 + (d->corners[50000].lat < CENTRE_LAT + 100000)].lon += 102;
    f->outline.ring_count = 1;
    assert_int_equal(outline_check(d, &f->outline, OUTLINE_PARK, &fault), ERR_UNPROCESSABLE);
    assert_non_null(strstr(fault.reason, "crosses or touches"));
    draft_destroy(d);
}

static void more_than_100000_points_are_refused_with_the_figure(void **state)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct strbuf text = {0};

    (void)state;
    strbuf_printf(&text,
                  "{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":"
                  "\"" F "\",\"properties\":{\"type\":\"fence\",\"capacity\":2},\"geometry\":{"
                  "\"type\":\"Polygon\",\"coordinates\":[[");
    for (unsigned i = 0; i < 100001; i++) {
        strbuf_printf(&text, "[118.%06u,42.1],", i);
    }
    strbuf_printf(&text, "[118.0,42.1]]]}}]}");
    assert_int_equal(text_read(d, "many", text.data, text.len, &report), ERR_OK);
    assert_int_equal(report.fault_count, 1);
    assert_non_null(strstr(report.faults[0].reason, "100002 points, at most 100000"));
    strbuf_finish(&text);
    import_report_finish(&report);
    draft_destroy(d);
}

/* --- merging --- */

static struct draft *draft_of(const char *text, const struct draft *current, bool replace,
                              struct import_report *report)
{
    struct draft *d = draft_create();

    assert_int_equal(text_read(d, "fences.json", text, strlen(text), report), ERR_OK);
    assert_int_equal(report->fault_count, 0);
    assert_int_equal(draft_complete(d, current, replace, replace, report), ERR_OK);
    return d;
}

#define FULL                                                                                       \
    TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F                         \
           "\"}],\"listeners\":[{\"listener\":\"GW-1\",\"fence\":\"" F                             \
           "\",\"source\":\"ble\"}],\"vehicles\":[{\"vehicle\":\"OP-1234\",\"imei\":"              \
           "\"866000000000001\"}]")

static void counts_what_changes(void **state)
{
    static const enum draft_table bikes[] = {TABLE_FENCE, TABLE_BEACON, TABLE_LISTENER,
                                             TABLE_OPERATOR, TABLE_VEHICLE};
    struct import_report first = {0};
    struct import_report again = {0};
    struct import_report changed = {0};
    struct import_report taken = {0};
    struct import_report gone = {0};
    struct draft *a = draft_of(FULL, NULL, false, &first);
    struct draft *b = draft_of(FULL, a, false, &again);
    struct draft *c =
        draft_of("listener,fence,source,scan_period_s\ngw-1," F ",ble,5\n", b, false, &changed);
    struct draft *d = draft_of("beacon,fence\nmac:1918FC000001,\n", c, false, &taken);
    struct draft *e = draft_of("operator\nOP\n", d, true, &gone);
    space_key replaced_by;
    space_key key;
    struct inventory *inv;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bikes); i++) {
        assert_int_equal(first.added[bikes[i]], 1);
        assert_int_equal(again.added[bikes[i]] + again.changed[bikes[i]] + again.removed[bikes[i]],
                         0);
    }
    assert_int_equal(changed.changed[TABLE_LISTENER], 1);
    assert_int_equal(taken.removed[TABLE_BEACON], 1);
    assert_int_equal(d->tables[TABLE_BEACON].count, 0);
    assert_int_equal(gone.removed[TABLE_FENCE], 1);
    assert_int_equal(gone.removed[TABLE_LISTENER], 1);
    assert_int_equal(gone.removed[TABLE_VEHICLE], 1);
    assert_int_equal(gone.changed[TABLE_OPERATOR], 1);
    assert_int_equal(inventory_build(e, 5, NULL, NULL, &inv), ERR_OK);
    assert_int_equal(space_id_parse(F, strlen(F), &key), ID_OK);
    assert_true(inventory_tombstone(inv, key, &replaced_by));
    inventory_destroy(inv);
    draft_destroy(a);
    draft_destroy(b);
    draft_destroy(c);
    draft_destroy(d);
    draft_destroy(e);
    import_report_finish(&first);
    import_report_finish(&again);
    import_report_finish(&changed);
    import_report_finish(&taken);
    import_report_finish(&gone);
}

static void refuses_to_drop_many_fences(void **state)
{
    struct import_report report = {0};
    struct draft *a = draft_of(FULL, NULL, false, &report);
    struct draft *d = draft_create();
    struct import_report second = {0};
    static const char retired[] = "id,replaced_by\n" F ",\n";

    (void)state;
    assert_int_equal(text_read(d, "retired", retired, strlen(retired), &second), ERR_OK);
    assert_int_equal(draft_complete(d, a, false, false, &second), ERR_OK);
    assert_int_equal(second.fault_count, 1);
    assert_non_null(strstr(second.faults[0].reason, "1 of 1 fences"));
    assert_int_equal(second.removed[TABLE_BEACON], 1); /* went with its fence */
    draft_destroy(a);
    draft_destroy(d);
    import_report_finish(&report);
    import_report_finish(&second);
}

static void canonical_text_is_stable(void **state)
{
    struct dice dice = {51};
    struct import_report report = {0};
    struct import_report second = {0};
    struct draft *d = draft_of(FULL, NULL, false, &report);
    struct draft *bare = draft_create();
    struct draft *again;
    struct strbuf one = {0};
    struct strbuf two = {0};

    (void)state;
    for (uint32_t i = 1000; i < 1060; i++) {
        fence_add(d, &dice, i, fence_place_roll(&dice, 60), 30);
    }
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    assert_int_equal(draft_write(d, 7, &one), ERR_OK);
    strbuf_putc(&one, '\0');
    again = draft_of(one.data, NULL, true, &second);
    assert_int_equal(draft_write(again, 7, &two), ERR_OK);
    strbuf_putc(&two, '\0');
    assert_string_equal(one.data, two.data);
    assert_non_null(strstr(one.data, "\"format\":2"));
    strbuf_clear(&one);
    assert_int_equal(draft_write(bare, 7, &one), ERR_OK);
    strbuf_putc(&one, '\0');
    assert_non_null(strstr(one.data, "\"format\":1"));
    assert_null(strstr(one.data, "vehicles"));
    strbuf_finish(&one);
    strbuf_finish(&two);
    draft_destroy(d);
    draft_destroy(bare);
    draft_destroy(again);
    import_report_finish(&report);
    import_report_finish(&second);
}

/* Corners drawn on a GCJ-02 map are some hundred metres off until they are converted. */
static void outlines_are_converted(void **state)
{
    static const char text[] =
        "{\"type\":\"FeatureCollection\",\"crs\":\"gcj02\",\"features\":[\n{\"type\":\"Feature\","
        "\"id\":\"" F "\",\"properties\":{\"type\":\"fence\",\"capacity\":20},\"geometry\":{"
        "\"type\":\"Polygon\",\"coordinates\":[[[118.8930715,42.2597354],[118.895,42.2597354],"
        "[118.895,42.262],[118.8930715,42.2597354]]]}}]}";
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);

    (void)state;
    /* the vector 42.2578, 118.8869 */
    assert_in_range(d->corners[0].lat - 422578000 + 5, 0, 10);
    assert_in_range(d->corners[0].lon - 1188869000 + 5, 0, 10);
    draft_destroy(d);
    import_report_finish(&report);
}

/* --- who is who --- */

static void tells_bikes_apart(void **state)
{
    static const char text[] =
        TABLES(",\"vehicles\":[{\"vehicle\":\"OP-7001\",\"mac\":\"1918FC0000AA\"},{\"vehicle\":"
               "\"OP-7002\",\"imei\":\"866000000000001\"},{\"vehicle\":\"OP-7003\",\"beacon\":"
               "\"ibeacon:99999999222233334444555555555556:1:2\"}],\"beacons\":[{\"beacon\":"
               "\"mac:1918fc00beac\",\"fence\":\"" F "\"},{\"beacon\":"
               "\"ibeacon:11111111-2222-3333-4444-555555555555:9:9\",\"fence\":\"" F "\"}]");
    /* the triple of a stored capture that 11 locks of one maker share */
    static const char same[] = "ibeacon:fda50693a4e24fb1afcfc6eb07647825:10002:5208";

    static const struct {
        const char *mac, *beacon, *imei, *ref; /* "" = no bike */
    } rows[] = {
        {"1918FC0000AA",      "",                                                   "",                "OP-7001"        },
        {"19:18:fc:00:00:aa", same,                                                 "",                "OP-7001"        },
        {"1918fc0000ab",      same,                                                 "",                "OP-1918FC0000AB"},
        {"1918fc0000ac",      same,                                                 "",                "OP-1918FC0000AC"},
        {"",                  same,                                                 "",                ""               },
        {"aabbccddeeff",      same,                                                 "",                ""               },
        {"",                  "",                                                   "866000000000001", "OP-7002"        },
        {"1918fc0000ab",      "",                                                   "866000000000001", "OP-7002"        },
        {"aabbccddeeff",      "IBEACON:99999999-2222-3333-4444-555555555556:1:2",   "",                "OP-7003"        },
        {"aabbccddeeff",      "ibeacon:99999999222233334444555555555556:1:3",       "",                ""               },
        {"aabbccddeeff",      "ibeacon:11111111222233334444555555555555:10002:255", "",                "OP-271200FF"    },
        {"1918fc00beac",      "",                                                   "",                ""               }, /* studs */
        {"1918fc0000ab",      "ibeacon:11111111222233334444555555555555:9:9",       "",                ""               },
        {"aabbccddeeff",      "eddystone_uid:00000000000000000001:000000000002",    "",                ""               },
        {"not a mac",         "nor:a:beacon",                                       "nor an imei",     ""               },
        {"",                  "",                                                   "",                ""               },
    };
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);
    struct inventory *inv;

    (void)state;
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char ref[VEHICLE_REF_MAX + 1] = "?";

        assert_int_equal(fences_identify(inv, rows[i].mac, rows[i].beacon, rows[i].imei, ref),
                         rows[i].ref[0] != '\0');
        assert_string_equal(ref, rows[i].ref);
        assert_true(ref[0] == '\0' || (vehicle_ref_valid(ref, strlen(ref)) &&
                                       fences_operator(inv, ref, strlen(ref)) == 0));
    }
    assert_int_equal(fences_beacon(inv, "MAC:19-18-FC-00-BE-AC", 21), 0);
    assert_int_equal(fences_beacon(inv, "mac:1918fc00bead", 16), NO_FENCE);
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

static void listeners_are_found_as_their_messages_say(void **state)
{
    static const char text[] = TABLES(
        ",\"listeners\":[{\"listener\":\"AC233FC00001\",\"fence\":\"" F
        "\",\"source\":\"ble\",\"scan_period_s\":3},{\"listener\":\"Gate-West\",\"fence\":\"" F
        "\",\"source\":\"ble\"}]");
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);
    struct inventory *inv;
    uint32_t mac;
    uint32_t name;

    (void)state;
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    mac = fences_listener(inv, "ac:23:3F:c0:00:01", 17);
    name = fences_listener(inv, "gate-WEST", 9);
    assert_int_not_equal(mac, UINT32_MAX);
    assert_int_not_equal(name, UINT32_MAX);
    assert_int_equal(inv->listeners[mac].scan_period_ms, 3000);
    assert_int_equal(inv->listeners[name].scan_period_ms, 10000);
    assert_string_equal(inv->sources[inv->listeners[name].source], "ble");
    assert_int_equal(inv->fences[0].has_radio, 1);
    assert_int_equal(fences_listener(inv, "gate-north", 10), UINT32_MAX);
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

/* config/example-city as a whole: what a city that starts from it gets. */
static void the_example_city_has_fences(void **state)
{
    static const char *const files[] = {"fences.geojson", "beacons.csv", "listeners.csv",
                                        "operators.csv", "vehicles.csv"};
    struct import_report report = {0};
    struct draft *d = draft_create();
    struct inventory *inv;
    struct fence_hit hits[4];
    struct position_e7 at;
    char ref[VEHICLE_REF_MAX + 1];
    space_key key;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/../config/example-city/%s", TESTS_DIR, files[i]);
        assert_int_equal(draft_read(d, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.added[TABLE_FENCE], 6);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    /* the square is a no-parking zone with a hole for the fence at its east gate */
    assert_int_equal(space_id_parse(F2, strlen(F2), &key), ID_OK);
    at = inv->fences[fences_find(inv, key)].centre;
    assert_int_equal(fences_around(inv, at, 0, FENCE_USE_COUNT, hits, 4), 1);
    assert_int_equal(inv->fences[hits[0].fence].key, key);
    assert_int_equal(fences_around(inv, at, 30000, FENCE_NO_PARK, hits + 1, 3), 1);
    assert_true(hits[1].distance_mm > 0);
    assert_int_equal(fences_beacon(inv, "ibeacon:6b1c0a4e52f34c7d9e1b7a30d0c5e0f0:2:1", 44),
                     hits[0].fence);
    assert_true(fences_identify(inv, "1918FC001001", "", "", ref));
    assert_string_equal(ref, "YL-00000001");
    assert_true(fences_identify(inv, "1918FC0010FF", "", "", ref));
    assert_string_equal(ref, "YL-1918FC0010FF");
    assert_true(fences_identify(inv, "", "", "866000000010025", ref));
    assert_string_equal(ref, "QX-10000001");
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

static void references_have_a_form(void **state)
{
    static const struct {
        const char *ref;
        bool valid;
    } rows[] = {
        {"OP-1234",                     true },
        {"ABCDEF-0123456789ABCDEFGHIJ", true },
        {"O-1234",                      false},
        {"ABCDEFG-1234",                false},
        {"OP-123",                      false},
        {"OP-0123456789ABCDEFGHIJK",    false},
        {"OP1234",                      false},
        {"OP-12a4",                     false},
        {"op-1234",                     false},
        {"",                            false},
        {"OP-",                         false},
        {"OP",                          false},
        {"-1234",                       false},
        {"OP-1234 ",                    false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(vehicle_ref_valid(rows[i].ref, strlen(rows[i].ref)), rows[i].valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_rows),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(crossings_are_found_as_by_looking_at_all_pairs),
        cmocka_unit_test(a_comb_of_100000_points_is_checked),
        cmocka_unit_test(more_than_100000_points_are_refused_with_the_figure),
        cmocka_unit_test(counts_what_changes),
        cmocka_unit_test(refuses_to_drop_many_fences),
        cmocka_unit_test(canonical_text_is_stable),
        cmocka_unit_test(outlines_are_converted),
        cmocka_unit_test(tells_bikes_apart),
        cmocka_unit_test(listeners_are_found_as_their_messages_say),
        cmocka_unit_test(the_example_city_has_fences),
        cmocka_unit_test(references_have_a_form),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
