#ifndef SENSORS_SIM_SIMULATION_H
#define SENSORS_SIM_SIMULATION_H

#include "sensors/sim/memory.h"
#include "sensors/sim/modbus/slaves.h"
#include "sensors/sim/mqtt/broker.h"
#include "sensors/sim/truth.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/entrances.h"
#include "sensors/sim/world/script.h"
#include "sensors/sim/world/traffic.h"

/* The running simulated field: the world, what its devices say of it, and the truth. Everything on
 * one thread. simulation.c moves the world and applies faults, polled.c is the Modbus side, heard.c
 * the MQTT side. */

struct device_state {
    uint16_t faults;  /**< bit per enum fault_kind */
    uint16_t channel; /**< of a link_lost; 0 = all */
    int32_t argument; /**< of the fault applied last */
    uint32_t in, out; /**< gates: as of the last message */
};

/** Per sensor of an MQTT device. */
struct sensor_state {
    int64_t owed_ms; /**< since when a truth line is owed */
    int64_t beat_ms; /**< next heartbeat */
    bool queued;
    bool owed; /**< the present state was not acknowledged yet */
    bool told; /**< ... and the truth says so already */
    bool beat; /**< what is queued is a heartbeat */
};

struct flight {
    uint32_t sensor; /**< CITY_NONE = no message has this number */
    bool occupied;
};

struct simulation {
    const struct city *city;
    struct traffic traffic;
    struct entrance entrances[CITY_GATE_LOTS];
    struct script script;
    struct truth truth;
    struct memory memory;
    struct broker broker;
    struct slaves *slaves;
    struct device_state *devices;
    struct sensor_state *sensors;
    bool *unheard;  /**< per space: its last truth line says heard false */
    uint32_t *ring; /**< sensors that want to speak, each at most once: room for all */
    uint32_t ring_head, ring_count;
    uint32_t owed_count;
    uint32_t started;       /**< sensors that have been queued since the start */
    uint32_t beat_next;     /**< round of the heartbeat scan */
    struct flight *flights; /**< by message number */
    int64_t start_ms, last_ms;
    double speed;
    uint32_t asked; /**< Modbus: device of the request that is being answered */
    uint16_t units[CITY_LINES_MAX + 1][256]; /**< device + 1 of a line's unit; 0 = none */
};

struct simulation_params {
    const struct city *city; /**< borrowed */
    const char *truth_path;  /**< or NULL */
    const char *memory_path;
    uint16_t broker_port;
    double speed;
    struct script script; /**< taken */
};

enum err simulation_create(const struct simulation_params *params, int64_t now_ms,
                           struct simulation **out) MUST_CHECK;
void simulation_destroy(struct simulation *sim);
/** Lets the world and its devices go on to now; every 100 ms or sooner. */
void simulation_tick(struct simulation *sim, int64_t now_ms);

/* polled.c */
enum err polled_init(struct simulation *sim) MUST_CHECK;

/* heard.c */
void heard_init(struct simulation *sim);
/** The sensor wants to say its state; owed: the truth waits for it. */
void heard_say(struct simulation *sim, uint32_t sensor, bool owed, int64_t now_ms);
/** Queues heartbeats and first words, sends what the window lets through, tells what was not heard
 * in time. */
void heard_turn(struct simulation *sim, int64_t now_ms);

/* shared */
bool simulation_fault(const struct simulation *sim, uint32_t device, enum fault_kind kind);
bool simulation_deaf(const struct simulation *sim, uint32_t sensor);
/** What the sensor sees now, flapping included. */
bool simulation_seen(const struct simulation *sim, uint32_t sensor);
/** Writes a truth line of the space. */
void simulation_tell(struct simulation *sim, uint32_t space, bool occupied, bool heard,
                     int64_t now_ms);

#endif
