#ifndef SENSORS_MODBUS_PORT_H
#define SENSORS_MODBUS_PORT_H

#include "bowei/config.h"
#include "sensors/halt.h"
#include "sensors/modbus/reply.h"
#include <modbus.h>

/* One Modbus connection, TCP or serial, over libmodbus. Owned by one line's thread. */

enum port_result {
    PORT_OK,
    PORT_EXCEPTION,
    PORT_TIMEOUT,
    PORT_GARBAGE,
    PORT_STRAY, /**< TCP: bytes waited that answer no request; nothing was sent */
    PORT_IO,
    PORT_RESULT_COUNT
};

struct port {
    const struct line_config *config;
    struct halt *halt;
    modbus_t *context; /**< NULL = closed */
    uint16_t transaction;
    int64_t quiet_us; /**< serial: pause the bus needs between two frames */
    int64_t spoke_us; /**< serial: monotonic time of the last frame */
    int64_t
        late_ms; /**< serial: boottime until which late_unit may still answer the request before */
    uint8_t late_unit;
    uint16_t asked;     /**< TCP: requests sent on this connection, as far as 16 bits go */
    uint8_t asked_unit; /**< serial: by the last request */
    bool answered;      /**< serial: it was */
    uint32_t listens;   /**< serial: requests that yet begin with listening for a second copy */
    uint32_t strays;    /**< answers read away that came twice or too late; the owner takes them */
};

void port_init(struct port *port, const struct line_config *config, struct halt *halt);
/** Connects within the line's response timeout. False: errno says why. */
bool port_open(struct port *port);
bool port_is_open(const struct port *port);
/** What waits on an open TCP connection before a question, once second copies and late answers are
 * read away: PORT_OK nothing, PORT_STRAY bytes that nobody asked for, PORT_IO the other side has
 * closed it. Of a serial one always PORT_OK. */
enum port_result port_look(struct port *port);
void port_close(struct port *port);
/** One request and its reply, within timeout_ms. After PORT_TIMEOUT, PORT_GARBAGE, PORT_STRAY and
 * PORT_IO port_recover or port_close must follow: a late reply would be taken for the next one. A
 * unit on a serial line that did not answer is asked again only after another response timeout: its
 * late reply to one request would pass for that to another, of the same function and length. */
enum port_result port_read(struct port *port, const struct read_request *request,
                           uint32_t timeout_ms, struct read_reply *reply);
/** How many answers were read away since it was last asked: second copies, as some radio bridges
 * send, and late ones. On TCP they are told by their transaction; a serial line is listened to
 * until it is silent before each request, once a copy was there. */
uint32_t port_strays_take(struct port *port);

/** The same for one write; exception is set of PORT_EXCEPTION. */
enum port_result port_write(struct port *port, const struct write_request *request,
                            uint32_t timeout_ms, uint8_t *exception);
/** After such a result: TCP and lost ports are closed; a serial port, which has no connection to
 * give up, is listened to until it is silent. */
void port_recover(struct port *port, enum port_result result);
/** Boottime before which the unit should not be asked: until then port_read would wait for it. */
int64_t port_free_ms(const struct port *port, uint32_t unit);
/** How long a read and its reply take on the wire, and the unit to think, by the configuration. */
uint32_t port_wire_ms(const struct port *port, const struct read_request *request);

#endif
