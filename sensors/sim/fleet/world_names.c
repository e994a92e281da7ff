/* Who is who in the simulated bike world: operators, bikes, studs and Bluetooth gateways by the
 * names that others know them by; see world_plan.h. The three ways of the inventory to know a bike
 * are all there: a beacon (every third operator), a MAC and an IMEI (the next), and the operator's
 * MAC prefix without a row (the third). */
#include "sensors/sim/fleet/world_plan.h"
#include <stdio.h>

#define BIKE_UUID  "7a1c3e5d90b24f688ad02c4e6f81b357"
#define CITY_UUID  "b0e1a26c4d7f4e0b9c15150402000001"
#define NAMESPACE  "b0e1150402fe00000001" /* Eddystone, 10 bytes */
#define STUD_OUI   "c3a5d2"
#define MINEW_OUI  "ac233f"   /* Minew Technologies */
#define IMEI_HEAD  "86512304" /* type allocation code of no real lock */
#define LOCK_EVERY 4          /* bikes of an operator with locks of each kind */

static const struct {
    const char *code, *zh, *en, *prefix;
} operators[WORLD_OPERATORS_MAX] = {
    {"HLO", "海路单车", "Hailu Bikes",    "d8a0c1"},
    {"MTN", "木藤出行", "Muteng Rides",   "d8a0c2"},
    {"QJU", "清居骑行", "Qingju Cycling", "d8a0c3"},
    {"YLN", "玉龙单车", "Yulong Bikes",   "d8a0c4"},
    {"XLM", "西拉单车", "Xila Bikes",     "d8a0c5"},
    {"BTG", "白塔骑行", "Baita Cycling",  "d8a0c6"},
    {"HSN", "红山出行", "Hongshan Rides", "d8a0c7"},
    {"ZWD", "昭乌单车", "Zhaowu Bikes",   "d8a0c8"},
};

uint32_t world_operator(const struct world_plan *plan, uint32_t bike)
{
    return bike % plan->params.operators;
}

const char *world_operator_code(uint32_t op)
{
    return operators[op].code;
}

const char *world_operator_name(uint32_t op, bool chinese)
{
    return chinese ? operators[op].zh : operators[op].en;
}

const char *world_operator_prefix(uint32_t op)
{
    return operators[op].prefix;
}

bool world_operator_listed(uint32_t op)
{
    return op % 3 != 2;
}

bool world_operator_beacons(uint32_t op)
{
    return op % 3 == 0;
}

enum bike_voice world_bike_voice(const struct world_plan *plan, uint32_t bike)
{
    const uint32_t turn = bike / plan->params.operators % LOCK_EVERY;

    if (world_operator(plan, bike) % 3 != 1 || turn > 1) {
        return VOICE_APP;
    }
    return turn == 0 ? VOICE_OMNI : VOICE_BL10;
}

void world_bike_mac(const struct world_plan *plan, uint32_t bike, char out[13])
{
    /* an odd factor visits all 24-bit numbers once */
    const uint32_t serial = (bike * 0x9e3779u + plan->params.seed) & 0xffffffu;

    (void)snprintf(out, 13, "%s%06x", world_operator_prefix(world_operator(plan, bike)),
                   (unsigned)serial);
}

void world_bike_ref(const struct world_plan *plan, uint32_t bike, char out[WORLD_ID_CAP])
{
    const uint32_t op = world_operator(plan, bike);
    char mac[13];

    if (world_operator_listed(op)) {
        (void)snprintf(out, WORLD_ID_CAP, "%s-%u%07u", world_operator_code(op), (unsigned)op + 1,
                       (unsigned)bike + 1);
        return;
    }
    world_bike_mac(plan, bike, mac);
    for (char *p = mac; *p != '\0'; p++) {
        *p = (char)(*p >= 'a' && *p <= 'f' ? *p - 'a' + 'A' : *p);
    }
    (void)snprintf(out, WORLD_ID_CAP, "%s-%s", world_operator_code(op), mac);
}

void world_bike_triple(uint32_t bike, uint32_t out[2])
{
    out[0] = 1000 + (bike >> 16);
    out[1] = bike & 0xffffu;
}

void world_bike_beacon(uint32_t bike, char out[WORLD_ID_CAP])
{
    uint32_t triple[2];

    world_bike_triple(bike, triple);
    (void)snprintf(out, WORLD_ID_CAP, "ibeacon:" BIKE_UUID ":%u:%u", (unsigned)triple[0],
                   (unsigned)triple[1]);
}

const char *world_bike_uuid(void)
{
    return BIKE_UUID;
}

/* 14 digits and their Luhn digit (3GPP TS 23.003, annex B). */
void world_bike_imei(uint32_t bike, char out[16])
{
    unsigned sum = 0;

    (void)snprintf(out, 16, IMEI_HEAD "%06u", (unsigned)(bike % 1000000u));
    for (size_t i = 0; i < 14; i++) {
        const unsigned digit = (unsigned)(out[i] - '0') * (i % 2 == 1 ? 2u : 1u);

        sum += digit / 10 + digit % 10;
    }
    out[14] = (char)('0' + (10 - sum % 10) % 10);
    out[15] = '\0';
}

void world_stud_id(const struct world_plan *plan, uint32_t stud, char out[WORLD_ID_CAP])
{
    const struct plan_stud *s = &plan->studs[stud];

    switch ((enum stud_kind)s->kind) {
    case STUD_EDDYSTONE:
        (void)snprintf(out, WORLD_ID_CAP, "eddystone_uid:" NAMESPACE ":%08x%04x",
                       (unsigned)s->fence + 1, (unsigned)s->number);
        break;
    case STUD_MAC: (void)snprintf(out, WORLD_ID_CAP, "mac:" STUD_OUI "%06x", (unsigned)stud); break;
    case STUD_IBEACON:
    case STUD_KIND_COUNT:
        (void)snprintf(out, WORLD_ID_CAP, "ibeacon:" CITY_UUID ":%u:%u", (unsigned)s->fence + 1,
                       (unsigned)s->number);
        break;
    }
}

void world_listener_id(const struct world_plan *plan, uint32_t listener, char out[WORLD_ID_CAP])
{
    if (plan->listeners[listener].open_mqtt) {
        (void)snprintf(out, WORLD_ID_CAP, "omg-%04u", (unsigned)listener + 1);
    } else {
        (void)snprintf(out, WORLD_ID_CAP, MINEW_OUI "%06x", 0xc00000u + (unsigned)listener);
    }
}
