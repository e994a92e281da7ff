/* Half a day of real fence contents, replayed as the scans of a Bluetooth gateway at each fence:
 * JSON arrays through the envelope and the hearing into the core, one scan each 10 s. After each
 * minute every fence holds exactly the bikes of the file.
 *
 * A bike stands at one place. Where the file still lists it at the fence it left, both gateways
 * hear it, the former one more weakly, and it is counted where it came last.
 *
 * BOWEI_GIESSEN names the whole file; without it the extract in tests/vectors is replayed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/json_read.h"
#include "bowei/base/strbuf.h"
#include "bowei/core.h"
#include "bowei/inventory_file.h"
#include "sensors/bike_hearing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0          INT64_C(1780956000000) /* 2026-06-09, midnight there */
#define MINUTE_MS   60000
#define SCAN_MS     10000
#define SCANS       (MINUTE_MS / SCAN_MS)
#define FENCES_MAX  100
#define BIKES_MAX   1000
#define LIST_MAX    100
#define ROWS_MAX    4000
#define FIELDS      16
#define LINE_CAP    4096
#define NODES       4096
#define PREFIX      "c9ba40" /* of the bikes' MACs; their number is the rest */
#define STRONG_DBM  (-60)
#define WEAK_DBM    (-72) /* heard from the next fence */
#define SIDE_DEGREE 0.0002

struct row {
    unsigned minute, fence, count;
    uint32_t bikes[LIST_MAX]; /**< index in numbers */
};

struct place {
    unsigned id;
    double lat, lon;
    space_key key;
    unsigned phase_ms; /**< of its scans */
    unsigned count;
    uint32_t bikes[LIST_MAX];  /**< as the file lists them now */
    unsigned since[BIKES_MAX]; /**< minute + 1 in which it came into the list, 0 = not there */
};

struct replay {
    struct row rows[ROWS_MAX];
    unsigned row_count;
    struct place places[FENCES_MAX];
    unsigned order[FENCES_MAX]; /**< by phase */
    unsigned place_count;
    uint32_t numbers[BIKES_MAX];
    unsigned bike_count;
    unsigned first, last; /**< minutes */
    struct inventory *inv;
    struct core *core;
    struct counters counters;
    uint64_t seq, dice;
    struct json_node nodes[NODES];
    struct uplink uplink;
    struct bike_hearing hearing;
    uint64_t scans, sightings, compared, doubled;
};

static unsigned roll(struct replay *r, unsigned below)
{
    r->dice = r->dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((r->dice >> 33) % below);
}

/* --- the file --- */

/* Cuts a line at its commas, quotes taken off; returns how many fields. */
static unsigned line_cut(char *line, char *fields[FIELDS])
{
    unsigned n = 0;

    for (char *at = line; n < FIELDS; at++) {
        const bool quoted = *at == '"';
        char *end = quoted ? strchr(at + 1, '"') : at + strcspn(at, ",\r\n");

        assert_non_null(end);
        fields[n++] = quoted ? at + 1 : at;
        at = quoted ? end + 1 : end;
        const bool more = *at == ',';
        *end = '\0';
        *at = '\0';
        if (!more) {
            break;
        }
    }
    return n;
}

static unsigned column(char *const fields[FIELDS], unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(fields[i], name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

static unsigned minute_of(const char *text)
{
    return (unsigned)(strtoul(text + 11, NULL, 10) * 60 + strtoul(text + 14, NULL, 10));
}

static unsigned place_find(struct replay *r, unsigned id)
{
    unsigned i = 0;

    for (; i < r->place_count && r->places[i].id != id; i++) {
    }
    assert_true(i < FENCES_MAX);
    if (i == r->place_count) {
        r->places[r->place_count++].id = id;
    }
    return i;
}

static uint32_t bike_find(struct replay *r, uint32_t number)
{
    unsigned i = 0;

    for (; i < r->bike_count && r->numbers[i] != number; i++) {
    }
    assert_true(i < BIKES_MAX && number < 1u << 24);
    if (i == r->bike_count) {
        r->numbers[r->bike_count++] = number;
    }
    return i;
}

static void list_read(struct replay *r, struct row *row, const char *text)
{
    char *end = NULL;

    while (*text != '\0') {
        assert_true(row->count < LIST_MAX);
        row->bikes[row->count++] = bike_find(r, (uint32_t)strtoul(text, &end, 10));
        text = end + strspn(end, ", ");
    }
}

static int row_compare(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;

    return (x->minute > y->minute) - (x->minute < y->minute);
}

static void file_read(struct replay *r, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[LINE_CAP];
    char *fields[FIELDS];
    unsigned n;

    if (f == NULL) {
        fail_msg("cannot read %s", path);
        return;
    }
    assert_non_null(fgets(line, sizeof line, f));
    n = line_cut(line, fields);
    const unsigned minute = column(fields, n, "minute");
    const unsigned id = column(fields, n, "id");
    const unsigned lat = column(fields, n, "latitude");
    const unsigned lon = column(fields, n, "longitude");
    const unsigned count = column(fields, n, "bike_count");
    const unsigned list = column(fields, n, "bike_list");
    while (fgets(line, sizeof line, f) != NULL) {
        struct row *row = &r->rows[r->row_count++];

        assert_true(r->row_count < ROWS_MAX && strchr(line, '\n') != NULL);
        assert_int_equal(line_cut(line, fields), n);
        row->minute = minute_of(fields[minute]);
        row->fence = place_find(r, (unsigned)strtoul(fields[id], NULL, 10));
        r->places[row->fence].lat = strtod(fields[lat], NULL);
        r->places[row->fence].lon = strtod(fields[lon], NULL);
        list_read(r, row, fields[list]);
        assert_int_equal(row->count, strtoul(fields[count], NULL, 10));
    }
    (void)fclose(f);
    assert_true(r->row_count > 100);
    qsort(r->rows, r->row_count, sizeof r->rows[0], row_compare);
    r->first = r->rows[0].minute;
    r->last = r->rows[r->row_count - 1].minute;
}

/* --- the city --- */

static FILE *scratch_file(char path[40])
{
    int fd;

    strcpy(path, "/tmp/bowei-giessen-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

static void part_read(struct draft *draft, FILE *f, const char *path, struct import_report *report)
{
    assert_int_equal(fclose(f), 0);
    assert_int_equal(draft_read(draft, path, CRS_WGS84, report), ERR_OK);
    assert_int_equal(unlink(path), 0);
}

static void fence_put(FILE *f, struct place *p, unsigned number)
{
    char body[18];
    char id[SPACE_ID_LEN + 1];

    (void)snprintf(body, sizeof body, "150402001F%03u0000", number + 1);
    assert_int_equal(space_id_parse_body(body, 17, &p->key), ID_OK);
    space_id_format(p->key, id);
    fprintf(f,
            "%s{\"type\":\"Feature\",\"properties\":{\"type\":\"fence\",\"id\":\"%s\","
            "\"capacity\":50},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],"
            "[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f]]]}}",
            number == 0 ? "" : ",", id, p->lon, p->lat, p->lon + SIDE_DEGREE, p->lat,
            p->lon + SIDE_DEGREE, p->lat + SIDE_DEGREE, p->lon, p->lat + SIDE_DEGREE, p->lon,
            p->lat);
}

static void city_build(struct replay *r)
{
    struct draft *draft = draft_create();
    struct import_report report = {0};
    char path[40];
    char id[SPACE_ID_LEN + 1];
    FILE *f = scratch_file(path);

    fputs("{\"type\":\"FeatureCollection\",\"features\":[", f);
    for (unsigned i = 0; i < r->place_count; i++) {
        fence_put(f, &r->places[i], i);
    }
    fputs("]}", f);
    part_read(draft, f, path, &report);
    f = scratch_file(path);
    fputs("operator,name_en,quota,mac_prefixes\nNXB,bikes of Giessen,1000," PREFIX "\n", f);
    part_read(draft, f, path, &report);
    f = scratch_file(path);
    fputs("listener,fence,source,scan_period_s\n", f);
    for (unsigned i = 0; i < r->place_count; i++) {
        space_id_format(r->places[i].key, id);
        fprintf(f, "ac233f%06x,%s,ble,10\n", i, id);
    }
    part_read(draft, f, path, &report);
    assert_int_equal(draft_complete(draft, NULL, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(draft, 1, NULL, NULL, &r->inv), ERR_OK);
    import_report_finish(&report);
    draft_destroy(draft);
    r->core = core_create(r->inv, &r->counters);
    assert_non_null(r->core);
    core_restored(r->core, (struct now){.at_ms = T0 + (int64_t)r->first * MINUTE_MS}, false);
    core_alerts_on(r->core);
}

static struct replay *sorting;

static int phase_compare(const void *a, const void *b)
{
    const unsigned x = sorting->places[*(const unsigned *)a].phase_ms;
    const unsigned y = sorting->places[*(const unsigned *)b].phase_ms;

    return (x > y) - (x < y);
}

static void phases_roll(struct replay *r)
{
    for (unsigned i = 0; i < r->place_count; i++) {
        r->places[i].phase_ms = roll(r, SCAN_MS);
        r->order[i] = i;
    }
    sorting = r;
    qsort(r->order, r->place_count, sizeof r->order[0], phase_compare);
}

/* --- what the file says --- */

static void row_take(struct replay *r, const struct row *row)
{
    struct place *p = &r->places[row->fence];
    unsigned since[BIKES_MAX] = {0};

    p->count = row->count;
    for (unsigned i = 0; i < row->count; i++) {
        const uint32_t bike = row->bikes[i];

        p->bikes[i] = bike;
        since[bike] = p->since[bike] != 0 ? p->since[bike] : row->minute + 1;
    }
    memcpy(p->since, since, sizeof since);
}

/* Where a bike stands: at the fence whose list it came into last; UINT32_MAX = nowhere. */
static uint32_t stands(const struct replay *r, uint32_t bike, bool *twice)
{
    uint32_t at = UINT32_MAX;

    for (unsigned i = 0; i < r->place_count; i++) {
        if (r->places[i].since[bike] != 0) {
            *twice = *twice || at != UINT32_MAX;
            if (at == UINT32_MAX || r->places[i].since[bike] > r->places[at].since[bike]) {
                at = i;
            }
        }
    }
    return at;
}

/* --- from the gateways to the core --- */

static void scan_write(struct replay *r, unsigned place, struct strbuf *b)
{
    const struct place *p = &r->places[place];
    const unsigned turn = p->count == 0 ? 0 : roll(r, p->count);

    strbuf_printf(b,
                  "[{\"timestamp\":\"2026-06-09T00:00:00Z\",\"type\":\"Gateway\",\"mac\":"
                  "\"AC233F%06X\",\"gatewayFree\":80,\"gatewayLoad\":0.5}",
                  place);
    for (unsigned i = 0; i < p->count; i++) {
        const uint32_t bike = p->bikes[(i + turn) % p->count];
        bool twice = false;
        const bool here = stands(r, bike, &twice) == place;

        strbuf_printf(b,
                      ",{\"type\":\"Unknown\",\"mac\":\"C9BA40%06X\",\"bleName\":\"\","
                      "\"rssi\":%d,\"rawData\":\"020106030312181009\"}",
                      (unsigned)r->numbers[bike],
                      (here ? STRONG_DBM : WEAK_DBM) + 2 - (int)roll(r, 5));
        r->sightings++;
    }
    strbuf_printf(b, ",{\"type\":\"Unknown\",\"mac\":\"5A%010X\",\"rssi\":-58,\"rawData\":\"\"}]",
                  roll(r, 1000000)); /* a phone */
}

static void scan_play(struct replay *r, unsigned place, int64_t at_ms)
{
    const struct envelope *envelope = envelope_find("minew");
    const struct now now = {.at_ms = at_ms};
    struct strbuf b = {0};
    struct json_doc doc;
    uint32_t count;

    scan_write(r, place, &b);
    assert_int_equal(json_parse(&doc, b.data, b.len, r->nodes, NODES), JSON_OK);
    bike_hearing_begin(&r->hearing);
    for (uint32_t item = 0; item == 0 || r->uplink.more; item++) {
        assert_int_equal(envelope_open(envelope, "", &doc, item, &r->uplink), DECODE_OK);
        (void)bike_hearing_sighting(&r->hearing, r->inv, &r->uplink, "ble");
    }
    count = bike_hearing_end(&r->hearing, r->inv, at_ms);
    assert_int_equal(count, r->places[place].count + 1);
    strbuf_finish(&b);
    while (core_due(r->core) <= at_ms) {
        (void)core_advance(r->core, now);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct input input = {
            .at = {1, ++r->seq},
            .now = now,
            .inventory_version = 1,
            .kind = INPUT_REPORT,
            .report = r->hearing.reports[i]
        };

        (void)core_step(r->core, &input);
    }
    r->scans++;
}

/* --- held against one another --- */

static void minute_compare(struct replay *r, unsigned minute)
{
    static uint32_t judged[BIKES_MAX];
    const struct now now = {.at_ms = T0 + (int64_t)(minute + 1) * MINUTE_MS - 1};
    unsigned counts[FENCES_MAX] = {0};
    bool doubled[FENCES_MAX] = {false};
    struct image image;

    while (core_due(r->core) <= now.at_ms) {
        (void)core_advance(r->core, now);
    }
    memset(judged, 0xff, sizeof judged);
    for (uint32_t i = 0; i < core_bike_slots(r->core); i++) {
        if (core_bike_image(r->core, i, &image) && image.bike.verdict == VERDICT_INSIDE) {
            const uint32_t bike =
                bike_find(r, (uint32_t)strtoul(image.bike.ref + strlen("NXB-" PREFIX), NULL, 16));

            for (unsigned k = 0; k < r->place_count; k++) {
                judged[bike] = r->places[k].key == image.bike.fence ? k : judged[bike];
            }
        }
    }
    for (uint32_t bike = 0; bike < r->bike_count; bike++) {
        bool twice = false;
        const uint32_t at = stands(r, bike, &twice);

        if (judged[bike] != at) {
            fail_msg("minute %02u:%02u: bike %u is at %d, judged at %d", minute / 60, minute % 60,
                     (unsigned)r->numbers[bike], at == UINT32_MAX ? -1 : (int)r->places[at].id,
                     judged[bike] == UINT32_MAX ? -1 : (int)r->places[judged[bike]].id);
        }
        for (unsigned k = 0; k < r->place_count; k++) {
            counts[k] += at == k;
            doubled[k] = doubled[k] || (at != k && r->places[k].since[bike] != 0);
        }
    }
    for (unsigned k = 0; k < r->place_count; k++) {
        struct fence_view view;

        core_fence_view(r->core, fences_find(r->inv, r->places[k].key), &view);
        assert_false(view.brief.silent);
        assert_int_equal(view.brief.count, counts[k]);
        assert_true(doubled[k] || counts[k] == r->places[k].count);
        r->compared++;
        r->doubled += doubled[k];
    }
}

static void fences_hold_what_the_file_says(void **state)
{
    const char *given = getenv("BOWEI_GIESSEN");
    struct replay *r = calloc(1, sizeof *r);
    unsigned row = 0;

    (void)state;
    assert_non_null(r);
    file_read(r, given != NULL ? given : TESTS_DIR "/vectors/giessen/fences.csv");
    city_build(r);
    phases_roll(r);
    for (unsigned minute = r->first; minute <= r->last; minute++) {
        for (; row < r->row_count && r->rows[row].minute == minute; row++) {
            row_take(r, &r->rows[row]);
        }
        for (unsigned scan = 0; scan < SCANS; scan++) {
            for (unsigned i = 0; i < r->place_count; i++) {
                scan_play(r, r->order[i],
                          T0 + (int64_t)minute * MINUTE_MS + (int64_t)scan * SCAN_MS +
                              r->places[r->order[i]].phase_ms);
            }
        }
        minute_compare(r, minute);
    }
    print_message("%u rows, %u fences, %u bikes, %llu scans, %llu sightings; %llu contents equal, "
                  "in %llu of them less bikes that the file lists at their next fence, too\n",
                  r->row_count, r->place_count, r->bike_count, (unsigned long long)r->scans,
                  (unsigned long long)r->sightings, (unsigned long long)r->compared,
                  (unsigned long long)r->doubled);
    core_destroy(r->core);
    inventory_destroy(r->inv);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fences_hold_what_the_file_says)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
