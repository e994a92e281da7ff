/* The simulated field's MQTT devices: who wants to speak, what they say, and what became of it; see
 * simulation.h. A sensor stands in the ring at most once and says the state of the moment it is
 * sent, so the ring never overflows. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/sim/mqtt/telegram.h"
#include "sensors/sim/simulation.h"
#include "sensors/sim/world/rng.h"
#include <inttypes.h>

#define START_SPREAD_MS 2000 /* all first words within this */
/* A first heartbeat soon after the start, for a gateway that subscribed later than the first words
 * were said. */
#define SECOND_MS        4000
#define SECOND_SPREAD_MS 12000u
#define GIVE_UP_MS       1000 /* not acknowledged by then: the truth says heard false until it is */
#define MIDS             65536
#define BEAT_SCAN_MS     1000

static bool is_heard(const struct simulation *sim, uint32_t sensor)
{
    return !city_polled(&sim->city->devices[sim->city->sensors[sensor].device]);
}

static bool is_gate(const struct simulation *sim, uint32_t sensor)
{
    return sim->city->devices[sim->city->sensors[sensor].device].tech == TECH_GATE;
}

static void enqueue(struct simulation *sim, uint32_t sensor, bool beat)
{
    struct sensor_state *s = &sim->sensors[sensor];

    s->beat = s->queued ? s->beat && beat : beat;
    if (!s->queued) {
        s->queued = true;
        sim->ring[(sim->ring_head + sim->ring_count) % sim->city->sensor_count] = sensor;
        sim->ring_count++;
    }
}

void heard_say(struct simulation *sim, uint32_t sensor, bool owed, int64_t now_ms)
{
    struct sensor_state *s = &sim->sensors[sensor];
    const uint32_t target = sim->city->sensors[sensor].target;

    if (owed) {
        if (s->owed && !s->told) {
            /* overtaken before it was out */
            simulation_tell(sim, target, !sim->traffic.spaces[target].occupied, false, now_ms);
        }
        sim->owed_count += !s->owed;
        s->owed = true;
        s->told = false;
        s->owed_ms = now_ms;
    }
    enqueue(sim, sensor, false);
}

/* The broker has it: the change was heard. */
static void on_acknowledged(void *ctx, uint16_t mid)
{
    struct simulation *sim = ctx;
    struct flight *f = &sim->flights[mid];
    struct sensor_state *s;
    uint32_t target;

    if (f->sensor == CITY_NONE) {
        return;
    }
    s = &sim->sensors[f->sensor];
    target = sim->city->sensors[f->sensor].target;
    if (s->owed && f->occupied == sim->traffic.spaces[target].occupied &&
        !simulation_deaf(sim, f->sensor)) {
        s->owed = false;
        sim->owed_count--;
        simulation_tell(sim, target, f->occupied, true, host_wall_ms());
    }
    f->sensor = CITY_NONE;
}

/* What was in flight is said again over the next connection. */
static void on_lost(void *ctx)
{
    struct simulation *sim = ctx;

    for (uint32_t mid = 0; mid < MIDS; mid++) {
        if (sim->flights[mid].sensor != CITY_NONE) {
            enqueue(sim, sim->flights[mid].sensor, false);
            sim->flights[mid].sensor = CITY_NONE;
        }
    }
    log_line(LOG_INFO, "sim", "the broker is gone; %u messages wait", (unsigned)sim->ring_count);
}

void heard_init(struct simulation *sim)
{
    for (uint32_t mid = 0; mid < MIDS; mid++) {
        sim->flights[mid].sensor = CITY_NONE;
    }
    for (uint32_t i = 0; i < sim->city->sensor_count; i++) {
        sim->sensors[i].beat_ms =
            sim->start_ms + SECOND_MS +
            (int64_t)(rng_stream(sim->city->params.seed, UINT64_C(1) << 41 | i) % SECOND_SPREAD_MS);
    }
    sim->broker.acknowledged = on_acknowledged;
    sim->broker.lost = on_lost;
    sim->broker.ctx = sim;
}

static enum err send_body(struct simulation *sim, uint32_t sensor, const char *topic,
                          const struct strbuf *body, bool seen)
{
    struct broker_message message = {
        .topic = topic, .body = body->data, .len = body->len, .qos = 1};
    uint16_t mid;
    enum err e;

    if (body->failed) {
        return ERR_NO_MEMORY;
    }
    if (simulation_fault(sim, sim->city->sensors[sensor].device, FAULT_GARBAGE)) {
        message.len /= 2;
    }
    e = broker_publish(&sim->broker, &message, &mid);
    if (e == ERR_OK) {
        sim->flights[mid] = (struct flight){.sensor = sensor, .occupied = seen};
    }
    return e;
}

/* A device says hello once in its life; its counter starts at 0 then. */
static enum err join(struct simulation *sim, struct telegram *t, uint32_t device)
{
    char topic[TELEGRAM_TOPIC_CAP];
    struct strbuf body = {0};
    struct telegram hello = *t;
    struct broker_message message = {.topic = topic, .qos = 1};
    uint16_t mid;
    enum err e;

    if (sim->memory.frames[device] != 0) {
        return ERR_OK;
    }
    hello.kind = TELEGRAM_JOIN;
    telegram_write(&hello, topic, &body);
    message.body = body.data;
    message.len = body.len;
    e = body.failed ? ERR_NO_MEMORY : broker_publish(&sim->broker, &message, &mid);
    strbuf_finish(&body);
    if (e == ERR_OK) {
        sim->memory.frames[device] = 1;
    }
    return e;
}

static struct telegram telegram_of(struct simulation *sim, uint32_t sensor, int64_t now_ms)
{
    const struct city_sensor *s = &sim->city->sensors[sensor];
    const struct city_device *d = &sim->city->devices[s->device];
    struct telegram t = {.kind = sim->sensors[sensor].beat ? TELEGRAM_HEARTBEAT : TELEGRAM_STATUS,
                         .device = d,
                         .time_ms = now_ms,
                         .rssi_dbm = -70 - (int32_t)(sensor % 45)};

    if (is_gate(sim, sensor)) {
        const uint32_t gate = sensor - (sim->city->sensor_count - CITY_GATE_LOTS * CITY_GATES);
        const struct entrance_counts *c = &sim->memory.gates[gate / CITY_GATES];

        t.in = c->in[gate % CITY_GATES];
        t.out = c->out[gate % CITY_GATES];
    } else {
        t.occupied = simulation_seen(sim, sensor);
    }
    if (simulation_fault(sim, s->device, FAULT_LINK_LOST) &&
        (d->tech == TECH_NATIVE || d->tech == TECH_GATE)) {
        t.kind = TELEGRAM_LINK_LOST;
    }
    if (simulation_fault(sim, s->device, FAULT_CLOCK_SKEW)) {
        t.time_ms += (int64_t)sim->devices[s->device].argument * 1000;
    }
    return t;
}

/* One sensor's word, with the tricks its faults play. */
static enum err speak(struct simulation *sim, uint32_t sensor, int64_t now_ms)
{
    const uint32_t device = sim->city->sensors[sensor].device;
    struct telegram t = telegram_of(sim, sensor, now_ms);
    char topic[TELEGRAM_TOPIC_CAP];
    struct strbuf body = {0};
    enum err e = join(sim, &t, device);

    if (e != ERR_OK) {
        return e;
    }
    t.counter = sim->memory.frames[device] - 1;
    sim->memory.frames[device]++;
    telegram_write(&t, topic, &body);
    e = send_body(sim, sensor, topic, &body, t.occupied);
    if (e == ERR_OK && simulation_fault(sim, device, FAULT_DUPLICATE)) {
        e = send_body(sim, sensor, topic, &body, t.occupied);
    }
    if (e == ERR_OK && simulation_fault(sim, device, FAULT_REORDER) && t.counter > 0) {
        /* the frame before, which said the opposite, comes behind this one */
        strbuf_clear(&body);
        t.counter--;
        t.occupied = !t.occupied;
        telegram_write(&t, topic, &body);
        e = send_body(sim, sensor, topic, &body, !t.occupied);
    }
    strbuf_finish(&body);
    return e;
}

static bool may_speak(const struct simulation *sim, uint32_t sensor)
{
    const uint32_t device = sim->city->sensors[sensor].device;

    return !simulation_fault(sim, device, FAULT_SILENCE) &&
           !simulation_fault(sim, device, FAULT_LATE);
}

static void send_queued(struct simulation *sim, int64_t now_ms)
{
    while (sim->ring_count > 0 && broker_ready(&sim->broker)) {
        const uint32_t sensor = sim->ring[sim->ring_head];
        struct sensor_state *s = &sim->sensors[sensor];

        if (may_speak(sim, sensor) && speak(sim, sensor, now_ms) != ERR_OK) {
            return; /* the connection broke: it stays first in the ring */
        }
        s->queued = false;
        sim->ring_head = (sim->ring_head + 1) % sim->city->sensor_count;
        sim->ring_count--;
    }
}

/* First words, spread over the sensors in order. */
static void start_some(struct simulation *sim, int64_t now_ms)
{
    const int64_t part = now_ms - sim->start_ms;
    const uint32_t all = sim->city->sensor_count;
    const uint32_t until =
        part >= START_SPREAD_MS ? all : (uint32_t)((int64_t)all * part / START_SPREAD_MS);

    for (; sim->started < until; sim->started++) {
        const uint32_t i = sim->started;
        const bool counts = is_heard(sim, i) && !is_gate(sim, i) && sim->city->sensors[i].rank == 0;

        if (!is_heard(sim, i)) {
            continue;
        }
        if (simulation_deaf(sim, i)) {
            if (counts) {
                const uint32_t target = sim->city->sensors[i].target;

                simulation_tell(sim, target, sim->traffic.spaces[target].occupied, false, now_ms);
            }
        } else if (!counts || !sim->sensors[i].owed) {
            heard_say(sim, i, counts, now_ms);
        }
    }
}

/* Each sensor has its own moment in the heartbeat period. */
static int64_t next_beat(const struct simulation *sim, uint32_t sensor, int64_t now_ms)
{
    const int64_t period_ms = (int64_t)sim->city->params.heartbeat_s * 1000;
    const uint64_t stream = rng_stream(sim->city->params.seed, UINT64_C(1) << 42 | sensor);
    const int64_t phase_ms = (int64_t)(stream % (uint64_t)period_ms);

    return now_ms + period_ms - (now_ms - phase_ms) % period_ms;
}

/* Heartbeats, a slice of all sensors a turn so that the whole round takes about a second. */
static void beat_some(struct simulation *sim, int64_t now_ms)
{
    const uint32_t all = sim->city->sensor_count;
    const uint32_t slice = all / (BEAT_SCAN_MS / 100) + 1;

    for (uint32_t n = 0; n < slice; n++) {
        const uint32_t i = sim->beat_next++ % all;
        struct sensor_state *s = &sim->sensors[i];

        if (is_heard(sim, i) && now_ms >= s->beat_ms) {
            s->beat_ms = next_beat(sim, i, now_ms);
            enqueue(sim, i, true);
        }
    }
}

/* What is owed for too long is told as not heard; the line saying it was follows when it was. */
static void tell_unheard(struct simulation *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < sim->city->sensor_count && sim->owed_count > 0; i++) {
        struct sensor_state *s = &sim->sensors[i];

        if (s->owed && !s->told && now_ms - s->owed_ms > GIVE_UP_MS) {
            const uint32_t target = sim->city->sensors[i].target;

            s->told = true;
            simulation_tell(sim, target, sim->traffic.spaces[target].occupied, false, now_ms);
        }
    }
}

void heard_turn(struct simulation *sim, int64_t now_ms)
{
    start_some(sim, now_ms);
    beat_some(sim, now_ms);
    tell_unheard(sim, now_ms);
    broker_turn(&sim->broker, now_ms);
    send_queued(sim, now_ms);
}
