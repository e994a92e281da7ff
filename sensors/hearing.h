#ifndef SENSORS_HEARING_H
#define SENSORS_HEARING_H

#include "bowei/envelope.h"
#include "bowei/field.h"
#include "sensors/bike_hearing.h"

/* From one message of the field to readings in the intake: envelope, device, model, bindings. One
 * hearing per link, used by the link's thread only; no allocation per message: a hearing has room
 * for the largest message, about 80 KB. */

/* Bytes of a message; more is refused before parsing. A network server lists every radio gateway
 * that heard an uplink: The Things Stack writes up to 1 KB for each (antenna, location, Packet
 * Broker's names, a token), so that 20 gateways and as much besides fit. A Minew scan has about 120
 * bytes an advertiser. */
#define PAYLOAD_MAX 32768
#define TOPIC_MAX   256
/* JSON values of one message, member names counted: that text has one in 10 bytes or more. */
#define HEARING_NODES    4096
#define HEARING_READINGS 64 /**< channels of one device */

/** How messages come in: refusals are counted apart. */
enum hearing_door { DOOR_MQTT, DOOR_PUSH, DOOR_COUNT };

/** What became of the items of the last message. */
struct heard {
    uint32_t kept, refused, unknown, ignored;
    enum decode_fault fault; /**< of the one refused last, DECODE_OK = none */
};

struct hearing {
    const struct field_params *ports;
    const char *link; /**< the `source` of the devices that may speak here */
    enum hearing_door door;
    struct heard heard;
    uint32_t reader; /**< of the inventory board */
    struct json_node nodes[HEARING_NODES];
    struct uplink uplink;
    enum decode_fault fault; /**< of the frame at hand */
    struct reading readings[HEARING_READINGS];
    struct bike_hearing bikes;
};

struct heard_message {
    const char *topic; /**< "" or "?event=..." of a push, which has none */
    const char *payload;
    size_t len;
    bool retained;
    int64_t wall_ms; /**< when it came in */
};

/** Opens the MQTT door; the caller may set another. */
void hearing_init(struct hearing *h, const struct field_params *ports, const char *link);
/** Gives its place among the readers of the inventory back. */
void hearing_finish(struct hearing *h);
/** Takes one message. ERR_OK: kept or refused (counted), it may be acknowledged. Anything else: the
 * intake did not keep it, it must not be acknowledged. */
enum err hearing_take(struct hearing *h, const struct envelope *envelope,
                      const struct heard_message *message) MUST_CHECK;
/** The same in two steps, for those who must look at a message first: checks size and topic and
 * parses into *doc (in the hearing's own room, until the next message). Counts nothing. */
enum decode_fault hearing_parse(struct hearing *h, const struct heard_message *message,
                                struct json_doc *doc);
enum err hearing_take_parsed(struct hearing *h, const struct envelope *envelope,
                             const struct heard_message *message,
                             const struct json_doc *doc) MUST_CHECK;
/** Counts a refusal. */
void hearing_refuse(struct hearing *h, enum decode_fault fault);

#endif
