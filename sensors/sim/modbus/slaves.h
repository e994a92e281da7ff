#ifndef SENSORS_SIM_MODBUS_SLAVES_H
#define SENSORS_SIM_MODBUS_SLAVES_H

#include "bowei/base/err.h"
#include "sensors/sim/modbus/slave.h"
#include <stdbool.h>
#include <stdint.h>

/* The simulated Modbus side: TCP listeners and one serial port on a pseudo terminal, all on one
 * epoll. Replies misbehave as told per request. Framed here and not by libmodbus, which cannot send
 * anything but a correct reply. */

/** How to answer a request. */
struct slave_conduct {
    bool silent;
    bool cut; /**< reset the connection */
    bool garbage;
    bool wrong_unit;
    uint8_t exception; /**< 0 = none */
    int32_t late_ms, drip_ms;
};

/** Finds a line's unit. False: there is none. */
typedef bool slave_find(void *ctx, uint32_t line, uint8_t unit, struct slave *slave,
                        struct slave_conduct *conduct);

struct slaves;

struct slaves *slaves_create(slave_find *find, void *ctx);
void slaves_destroy(struct slaves *slaves);
/** Listens on 127.0.0.1:port for line `line`. */
enum err slaves_listen(struct slaves *slaves, uint32_t line, uint16_t port) MUST_CHECK;
/** Opens a pseudo terminal as line `line` and makes `path` a symbolic link to the master's end. */
enum err slaves_open_serial(struct slaves *slaves, uint32_t line, const char *path) MUST_CHECK;
/** Readable when slaves_turn has something to do. */
int slaves_fd(const struct slaves *slaves);
/** Does what is to be done; returns ms until it must be called again at the latest (-1 = only when
 * readable). */
int slaves_turn(struct slaves *slaves, int64_t now_ms);
uint64_t slaves_answered(const struct slaves *slaves);

#endif
