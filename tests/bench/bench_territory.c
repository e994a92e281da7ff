/* Who is responsible: cases routed per second on one core, and what grids, units, wardens and the
 * count of gaps add to the building of a snapshot. Arguments: numbers of spaces of the simulated
 * city (default 10000 100000 1000000). By the thread's processor time. */
#include "bowei/coverage.h"
#include "bowei/inventory_file.h"
#include "bowei/territory.h"
#include "sensors/sim/territory_plan.h"
#include "tests/unit/scratch_folder.h"
#include <assert.h>
#include <time.h>

#define NS_PER_S 1e9

static const uint32_t default_counts[] = {10000, 100000, 1000000};

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

struct built {
    struct inventory *inv;
    double seconds;
};

/* The city, with or without its territory. */
static struct built city_build(const char *folder, bool territory)
{
    static const char *const names[] = {"lots.csv",     "spaces.csv",    "devices.csv",
                                        "bindings.csv", "grids.geojson", "units.csv",
                                        "wardens.csv"};
    struct import_report report = {0};
    struct draft *d = draft_create();
    struct built b = {0};
    enum err e;

    assert(d != NULL);
    for (size_t i = 0; i < (territory ? ARRAY_LEN(names) : 4); i++) {
        char path[256];

        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        e = draft_read(d, path, CRS_WGS84, &report);
        assert(e == ERR_OK);
    }
    e = draft_complete(d, NULL, true, true, &report);
    assert(e == ERR_OK && report.fault_count == 0);
    import_report_finish(&report);
    b.seconds = now_s();
    e = inventory_build(d, 1, NULL, NULL, &b.inv);
    assert(e == ERR_OK);
    b.seconds = now_s() - b.seconds;
    draft_destroy(d);
    return b;
}

static double route_ns(const struct inventory *inv)
{
    struct responsibility r;
    unsigned rules = 0;
    double start = now_s();

    for (uint32_t i = 0; i < inv->space_count; i++) {
        territory_route(inv, "facility", inv->spaces[i].key, inv->spaces[i].at, &r);
        rules |= 1u << r.rule;
    }
    start = now_s() - start;
    assert((rules >> ROUTE_NONE & 1) == 0);
    return start / inv->space_count * NS_PER_S;
}

static void bench(uint32_t spaces)
{
    const struct city_params params = {.spaces = spaces, .seed = 1, .heartbeat_s = 60};
    struct city *city = NULL;
    char folder[128];
    struct built plain;
    struct built whole;
    enum err e = city_create(&params, &city);

    assert(e == ERR_OK);
    scratch_folder_make(folder, sizeof folder);
    e = city_write(city, folder);
    assert(e == ERR_OK);
    e = territory_plan_write(city, NULL, folder);
    assert(e == ERR_OK);
    plain = city_build(folder, false);
    whole = city_build(folder, true);
    (void)printf("spaces %7u: route %4.0f ns; snapshot in %.2f s, without territory in %.2f s\n",
                 spaces, route_ns(whole.inv), whole.seconds, plain.seconds);
    inventory_destroy(plain.inv);
    inventory_destroy(whole.inv);
    city_destroy(city);
    scratch_folder_remove(folder);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc < 2 && i < ARRAY_LEN(default_counts); i++) {
        bench(default_counts[i]);
    }
    for (int i = 1; i < argc; i++) {
        bench((uint32_t)strtoul(argv[i], NULL, 10));
    }
    return 0;
}
