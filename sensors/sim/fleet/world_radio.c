/* What is heard over Bluetooth in the simulated bike world: studs by bikes, bikes by the fixed
 * gateways; see world_state.h. Path loss by the free-space law with transmit powers as the makers
 * print them; what counts is that a level swings by 10 dB either way, as it does on a street. */
#include "sensors/sim/fleet/world_state.h"
#include "sensors/sim/world/rng.h"
#include <math.h>

#define STUD_DBM        (-59.0) /* at 1 m, as iBeacons are calibrated */
#define STUD_REACH_M    15.0    /* close to the ground */
#define LISTENER_DBM    (-45.0) /* a bike at 1 m, with the gateway's aerial */
#define LISTENER_FREE_M 20.0    /* behind that walls and bodies count: fourth power */
#define LISTENER_REACH  60.0
#define SWING_DB        10
#define MISS_PERCENT    5 /* advertisers that a scan misses */
#define PHONES_MAX      4
#define PHONE_MS        300000 /* a phone stays so long */
#define MAC_MS          900000 /* a changing MAC, as phones and many beacons do it */
#define MAC_BITS        UINT64_C(0xffffffffffff)
#define MAC_RANDOM      UINT64_C(0xc00000000000) /* the two top bits of a random static address */

static int8_t swing(double mean_dbm, uint64_t *rng)
{
    const uint64_t r = rng_next(rng);
    const int32_t db =
        (int32_t)(r % (SWING_DB + 1)) + (int32_t)((r >> 32) % (SWING_DB + 1)) - SWING_DB;
    const double v = mean_dbm + db;

    return (int8_t)(v < -110 ? -110 : v > -20 ? -20 : lround(v));
}

static double away_m(struct position_e7 a, struct position_e7 b)
{
    const struct shape_point p = shape_project(a, b);

    return hypot(p.x_m, p.y_m);
}

/* The strongest studs of its fence, best first. */
static void studs_find(const struct world *f, struct world_bike *b)
{
    const struct plan_fence *fence = &f->plan->fences[b->place.fence];

    for (uint32_t i = fence->beacon; i < fence->beacon + fence->beacons; i++) {
        const double m = away_m(b->at, f->plan->studs[i].at);
        const double dbm = STUD_DBM - 20 * log10(m < 1 ? 1 : m);
        uint32_t at = b->stud_count;

        if (m > STUD_REACH_M) {
            continue;
        }
        b->stud_count = (uint8_t)(at < WORLD_STUDS_HEARD ? at + 1 : at);
        while (at > 0 && b->stud_dbm[at - 1] < (int8_t)dbm) {
            if (at < WORLD_STUDS_HEARD) {
                b->stud[at] = b->stud[at - 1];
                b->stud_dbm[at] = b->stud_dbm[at - 1];
            }
            at--;
        }
        if (at < WORLD_STUDS_HEARD) {
            b->stud[at] = i;
            b->stud_dbm[at] = (int8_t)dbm;
        }
    }
}

void world_radio_park(struct world *f, uint32_t bike)
{
    struct world_bike *b = &f->bikes[bike];
    const uint32_t fence = b->place.fence;
    const bool tells = !f->params.locks || world_bike_voice(f->plan, bike) != VOICE_OMNI;
    uint32_t listener;

    b->listener = WORLD_NONE;
    b->stud_count = 0;
    b->radio = false;
    if (fence == WORLD_NONE) {
        return;
    }
    if (f->params.studs && tells) {
        studs_find(f, b);
    }
    listener = f->plan->fences[fence].listener;
    if (f->params.listeners && listener != WORLD_NONE &&
        away_m(f->plan->fences[fence].centre, b->at) < LISTENER_REACH) {
        b->listener = listener;
        b->previous = WORLD_NONE;
        b->next = f->listeners[listener].first;
        if (b->next != WORLD_NONE) {
            f->bikes[b->next].previous = bike;
        }
        f->listeners[listener].first = bike;
    }
    b->radio = b->place.park_mm < 0 && (b->stud_count > 0 || b->listener != WORLD_NONE);
}

void world_radio_leave(struct world *f, uint32_t bike)
{
    struct world_bike *b = &f->bikes[bike];

    if (b->listener == WORLD_NONE) {
        return;
    }
    if (b->previous == WORLD_NONE) {
        f->listeners[b->listener].first = b->next;
    } else {
        f->bikes[b->previous].next = b->next;
    }
    if (b->next != WORLD_NONE) {
        f->bikes[b->next].previous = b->previous;
    }
    b->listener = WORLD_NONE;
}

void world_radio_studs(struct world_bike *b, struct world_report *out)
{
    for (uint32_t i = 0; i < b->stud_count; i++) {
        if (rng_below(&b->noise, 100) >= MISS_PERCENT) {
            out->heard[out->heard_count++] = (struct world_heard){
                .stud = b->stud[i], .rssi_dbm = swing(b->stud_dbm[i], &b->noise)};
        }
    }
}

static double listener_dbm(double m)
{
    const double near = m < 1 ? 1 : m < LISTENER_FREE_M ? m : LISTENER_FREE_M;

    return LISTENER_DBM - 20 * log10(near) -
           (m > LISTENER_FREE_M ? 40 * log10(m / LISTENER_FREE_M) : 0);
}

static uint64_t changing_mac(uint64_t who, int64_t now_ms, int64_t stays_ms)
{
    return (rng_stream(who, (uint64_t)(now_ms / stays_ms)) & MAC_BITS) | MAC_RANDOM;
}

static void emit_scan(struct world *f, uint32_t listener, uint32_t count, int64_t now_ms)
{
    struct world_event event = {
        .kind = WORLD_SCAN,
        .at_ms = now_ms,
        .scan = {.listener = listener, .count = count, .adverts = f->adverts},
    };

    if (!f->plan->listeners[listener].open_mqtt) {
        world_emit(f, &event);
        return;
    }
    event.kind = WORLD_SIGHTING;
    event.scan.count = 1;
    for (uint32_t i = 0; i < count; i++) {
        event.scan.adverts = f->adverts + i;
        world_emit(f, &event);
    }
}

void world_radio_scan(struct world *f, uint32_t listener, int64_t now_ms)
{
    struct listener_state *l = &f->listeners[listener];
    const struct plan_fence *fence = &f->plan->fences[f->plan->listeners[listener].fence];
    const uint32_t phones = rng_below(&l->rng, PHONES_MAX + 1);
    uint32_t n = 0;

    if (l->silent) {
        return;
    }
    for (uint32_t i = 0; i < phones; i++) {
        f->adverts[n++] = (struct world_advert){
            .bike = WORLD_NONE,
            .mac = changing_mac(((uint64_t)listener << 8 | i) ^ 0x9e37, now_ms, PHONE_MS),
            .rssi_dbm = swing(-70, &l->rng)};
    }
    for (uint32_t i = l->first; i != WORLD_NONE && n < WORLD_SCAN_MAX; i = f->bikes[i].next) {
        const struct world_bike *b = &f->bikes[i];

        if (!world_has(b, FAULT_SILENCE) && rng_below(&l->rng, 100) >= MISS_PERCENT) {
            f->adverts[n++] = (struct world_advert){
                .bike = i,
                .mac = changing_mac(UINT64_C(1) << 40 | i, now_ms, MAC_MS),
                .rssi_dbm = swing(listener_dbm(away_m(fence->centre, b->at)), &l->rng)};
        }
    }
    emit_scan(f, listener, n, now_ms);
}
