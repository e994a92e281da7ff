#ifndef BOWEI_DEVICE_LEDGER_H
#define BOWEI_DEVICE_LEDGER_H

#include "bowei/inventory.h"
#include "bowei/sensor_model.h"

/* What the field side notes of each device besides its readings: how many frames, what was lost or
 * refused, how its clock stands, its newest raw frames, and the figures by which a liar is
 * suspected. Links and lines note, the examiner weighs, an HTTP thread reads. One lock, rank 3,
 * held for copies only.
 *
 * Memory: 12 bytes a device and 6 a sensor, in arrays that the kernel backs when they are first
 * written, and one ring of raw frames of a configured size for all devices together. Only devices
 * that somebody watches have their newest frames kept apart, so that a busy city does not push them
 * out; at most LEDGER_WATCHED_MAX of them. */

#define LEDGER_FRAMES      20  /**< raw frames shown of one device */
#define LEDGER_WATCHED_MAX 16  /**< devices whose frames are kept apart */
#define FRAME_BYTES_MAX    240 /**< of one raw frame; a longer one is kept from its front */

/** What became of a frame. */
enum frame_fate {
    FRAME_TAKEN,    /**< gave a reading */
    FRAME_REFUSED,  /**< the decoder refused it: `fault` */
    FRAME_RETAINED, /**< the broker's old copy, no longer fresh */
    FRAME_UNBOUND,  /**< none of its channels is bound */
    FRAME_LOST,     /**< the journal refused it: the broker will send it again */
    FRAME_FATE_COUNT
};

enum frame_form { FRAME_HEX, FRAME_TEXT, FRAME_REGISTERS, FRAME_FORM_COUNT };

/** One raw frame with what was made of it. */
struct frame_record {
    uint64_t number; /**< +1 with every frame of the gateway */
    uint64_t device; /**< frame_device of its id */
    int64_t wall_ms; /**< when it came in */
    int64_t net_time_ms;
    uint32_t counter;
    uint16_t channel;
    uint16_t len;  /**< of the frame; FRAME_BYTES_MAX of them at most are here */
    uint8_t form;  /**< enum frame_form */
    uint8_t fate;  /**< enum frame_fate */
    uint8_t fault; /**< enum decode_fault */
    uint8_t fport;
    uint8_t has;   /**< enum reading_has bits */
    uint8_t value; /**< enum reading_value */
    uint8_t type;  /**< enum reading_type */
    bool battery_low;
    int16_t rssi_dbm, temperature_dc;
    uint16_t battery_mv;
    uint8_t bytes[FRAME_BYTES_MAX];
};

#define FIGURE_FRAMES_MAX     4194303u /**< 22 bits: one a minute for 8 years */
#define FIGURE_LOST_MAX       65535u
#define FIGURE_DUPLICATES_MAX 16383u /**< 14 bits */
#define FIGURE_REFUSALS_MAX   1023u  /**< 10 bits: what it sends is not understood */

/** Counts of one device since the gateway started; they stop at their highest value. */
struct device_figures {
    uint32_t frames; /**< that reached the decoder */
    uint16_t lost;   /**< by gaps of the frame counter */
    uint16_t duplicates;
    bool offset_known;
    int16_t offset_s;  /**< network's time of the newest frame minus its arrival */
    uint16_t refusals; /**< frames that the decoder refused, all reasons */
};

#define LEDGER_REFUSERS 512 /**< devices whose refusals are told apart by reason */

/** Why a sensor may be lying. */
enum suspicion {
    SUSPICION_STUCK,       /**< no change while its neighbours change */
    SUSPICION_FLAPPING,    /**< changes more often than cars do */
    SUSPICION_INVERTED,    /**< says the opposite of its twin, or of its lot's rhythm */
    SUSPICION_OUT_OF_STEP, /**< disagrees with its twin, or its gate's lot does not add up */
    SUSPICION_COUNT
};

/** What the examiner keeps of a sensor; counts of its rounds, all halved when one is full. */
struct rhythm {
    uint8_t against_full;  /**< free while its lot was mostly occupied */
    uint8_t against_empty; /**< occupied while its lot was mostly free */
    uint8_t with;          /**< as most of its lot, when that was clear */
    uint8_t differ;     /**< rounds in a row that it differed from its twin, or its lot was off */
    uint8_t suspicions; /**< bit per enum suspicion */
    uint8_t acted;      /**< the rule has taken it out of the vote for these suspicions */
};

struct device_ledger;

/** frame_kib: size of the ring of raw frames. NULL: no memory. */
struct device_ledger *device_ledger_create(uint32_t frame_kib);
void device_ledger_destroy(struct device_ledger *ledger);
/** A new inventory is about to be published: figures go along by device id. former NULL = the
 * first. On no memory the figures begin anew. Core thread (first: before threads start). */
void device_ledger_carry(struct device_ledger *ledger, const struct inventory *former,
                         const struct inventory *next);

/** One frame of inv's device; rec->number and rec->device are the ledger's. */
void device_ledger_note(struct device_ledger *ledger, const struct inventory *inv, uint32_t device,
                        const struct frame_record *rec);
/** A frame that is worth keeping only while somebody watches (a poll that read as before). */
void device_ledger_glance(struct device_ledger *ledger, const struct inventory *inv,
                          uint32_t device, const struct frame_record *rec);

/** False when the inventory has changed meanwhile. */
bool device_ledger_figures(struct device_ledger *ledger, uint64_t version, uint32_t device,
                           struct device_figures *out);
/** Refusals by reason; zeros when it is not among the LEDGER_REFUSERS devices refused last. */
void device_ledger_refusals(struct device_ledger *ledger, const char *id, size_t len,
                            uint16_t out[DECODE_FAULT_COUNT]);
bool device_ledger_rhythm(struct device_ledger *ledger, uint64_t version, uint32_t sensor,
                          struct rhythm *out);
bool device_ledger_rhythm_put(struct device_ledger *ledger, uint64_t version, uint32_t sensor,
                              const struct rhythm *rhythm);
/** The up to n newest frames of a device with numbers above `after`, newest first. */
uint32_t device_ledger_frames(struct device_ledger *ledger, const char *id, size_t len,
                              uint64_t after, struct frame_record *out, uint32_t n);
/** Keeps the device's frames apart from now on; the one watched longest ago gives way. */
void device_ledger_watch(struct device_ledger *ledger, const char *id, size_t len);
/** Number of the newest frame of all. */
uint64_t device_ledger_newest(struct device_ledger *ledger);
/** Bytes of heap it may come to hold, for the memory bench. */
size_t device_ledger_memory(const struct device_ledger *ledger);

const char *frame_fate_name(enum frame_fate fate);

/** The ledger as rooms beside sensors see it; implemented by sensors, handed over by main. */
struct ledger_port {
    struct device_ledger *ledger;
    bool (*figures)(struct device_ledger *ledger, uint64_t version, uint32_t device,
                    struct device_figures *out);
    void (*refusals)(struct device_ledger *ledger, const char *id, size_t len,
                     uint16_t out[DECODE_FAULT_COUNT]);
    bool (*rhythm)(struct device_ledger *ledger, uint64_t version, uint32_t sensor,
                   struct rhythm *out);
    uint32_t (*frames)(struct device_ledger *ledger, const char *id, size_t len, uint64_t after,
                       struct frame_record *out, uint32_t n);
    void (*watch)(struct device_ledger *ledger, const char *id, size_t len);
    uint64_t (*newest)(struct device_ledger *ledger);
    const char *(*fault_name)(enum decode_fault fault);
    const char *(*fate_name)(enum frame_fate fate);
};

struct ledger_port device_ledger_port(struct device_ledger *ledger);

#endif
