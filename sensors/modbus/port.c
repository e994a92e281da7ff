/* One Modbus connection over libmodbus. TCP sockets are connected here, without a name look-up and
 * without the library's select() on an unchecked descriptor, then handed to it; the byte timeout is
 * 0 so that the response timeout bounds the whole reply even when a device drips bytes. Serial
 * lines keep 3.5 characters of silence, which the library does not. */
#include "sensors/modbus/port.h"
#include "bowei/base/city_clock.h"
#include "sensors/modbus/round_time.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define USER_TIMEOUT_MS   5000 /* a pulled cable is noticed after 5 s of unacknowledged data */
#define KEEPALIVE_IDLE_S  30
#define KEEPALIVE_EVERY_S 5
#define KEEPALIVE_PROBES  3
#define POLL_SLICE_MS     50
#define DRAIN_SILENCE_MS  20  /* a reply that is this late has missed its timeout by little */
#define DRAIN_MOST_MS     200 /* and a longest frame: then somebody talks without end */
#define FRAME_GAPS        74  /* gaps of 3.5 characters in the longest serial frame of 256 */
#define RTU_ANSWER_MIN    5   /* bytes of an exception */
#define LISTEN_MS         100 /* what comes once more through a radio is there by then */
#define LISTEN_REQUESTS   20  /* so many without a copy, and the line is as any other */

static int64_t mono_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void port_init(struct port *port, const struct line_config *config, struct halt *halt)
{
    *port = (struct port){.config = config, .halt = halt};
    if (config->device != NULL && config->baud > 0) {
        port->quiet_us = round_gap_us(config) + (int64_t)config->turnaround_ms * 1000;
    }
}

bool port_is_open(const struct port *port)
{
    return port->context != NULL;
}

void port_close(struct port *port)
{
    if (port->context != NULL) {
        modbus_close(port->context);
        modbus_free(port->context);
        port->context = NULL;
    }
}

/* Waits for a connect in progress; 0 or an errno. */
static int connect_wait(const struct port *port, int fd)
{
    int64_t until_us = mono_us() + (int64_t)port->config->response_timeout_ms * 1000;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;

    while (poll(&ready, 1, POLL_SLICE_MS) == 0) {
        if (mono_us() >= until_us) {
            return ETIMEDOUT;
        }
        if (halt_wait(port->halt, 0)) {
            return ECANCELED;
        }
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static void socket_tune(int fd)
{
    const int on = 1;
    const int idle_s = KEEPALIVE_IDLE_S;
    const int every_s = KEEPALIVE_EVERY_S;
    const int probes = KEEPALIVE_PROBES;
    const unsigned user_timeout_ms = USER_TIMEOUT_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
}

/* A connected, non-blocking socket below FD_SETSIZE, or -1 and errno. */
static int socket_connect(const struct port *port)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char service[8];
    int error;
    int fd;

    (void)snprintf(service, sizeof service, "%u", port->config->port & 0xffff);
    if (getaddrinfo(port->config->host, service, &hints, &address) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error = errno;
        goto undo_address;
    }
    if (fd >= FD_SETSIZE) {
        error = EMFILE; /* the library's select() would write behind its set */
        goto undo_socket;
    }
    socket_tune(fd);
    error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        error = connect_wait(port, fd);
    }
    if (error != 0) {
        goto undo_socket;
    }
    freeaddrinfo(address);
    return fd;

undo_socket:
    (void)close(fd);
undo_address:
    freeaddrinfo(address);
    errno = error;
    return -1;
}

static bool open_tcp(struct port *port)
{
    int fd = socket_connect(port);
    modbus_t *context;

    if (fd < 0) {
        return false;
    }
    port->asked = 0;
    context = modbus_new_tcp("127.0.0.1", 502); /* never used: the socket is given */
    if (context == NULL) {
        (void)close(fd);
        return false;
    }
    (void)modbus_set_socket(context, fd);
    port->context = context;
    return true;
}

static bool open_serial(struct port *port)
{
    const struct line_config *c = port->config;
    char parity = c->parity == NULL     ? 'N'
                  : c->parity[0] == 'e' ? 'E'
                  : c->parity[0] == 'o' ? 'O'
                                        : 'N';
    modbus_t *context =
        modbus_new_rtu(c->device, (int)c->baud, parity, (int)c->data_bits, (int)c->stop_bits);

    if (context == NULL) {
        return false;
    }
    if (modbus_connect(context) != 0) {
        goto undo_context;
    }
    if (modbus_get_socket(context) >= FD_SETSIZE) {
        errno = EMFILE;
        goto undo_connect;
    }
    (void)ioctl(modbus_get_socket(context), TIOCEXCL);
    (void)modbus_flush(context);
    port->context = context;
    return true;

undo_connect:
    modbus_close(context);
undo_context:
    modbus_free(context);
    return false;
}

bool port_open(struct port *port)
{
    bool open = port->config->host != NULL ? open_tcp(port) : open_serial(port);

    if (open) {
        (void)modbus_set_byte_timeout(port->context, 0, 0);
        (void)modbus_set_error_recovery(port->context, MODBUS_ERROR_RECOVERY_NONE);
    }
    return open;
}

/* errno of libmodbus -> what it means for the connection. */
static enum port_result result_of(int error, uint8_t *exception)
{
    if (error > MODBUS_ENOBASE && error <= MODBUS_ENOBASE + 11) {
        *exception = (uint8_t)(error - MODBUS_ENOBASE);
        return PORT_EXCEPTION;
    }
    if (error == ETIMEDOUT || error == EINPROGRESS) {
        return PORT_TIMEOUT;
    }
    return error > MODBUS_ENOBASE ? PORT_GARBAGE : PORT_IO;
}

static void timeout_set(const struct port *port, int64_t timeout_us)
{
    (void)modbus_set_response_timeout(port->context, (uint32_t)(timeout_us / 1000000),
                                      (uint32_t)(timeout_us % 1000000));
}

/* Reads away what is there before the request of that transaction: answers to earlier ones of this
 * connection. What is none of these stays. */
static enum port_result tcp_drain(struct port *port, uint16_t transaction)
{
    const int fd = modbus_get_socket(port->context);
    uint8_t in[MODBUS_TCP_MAX_ADU_LENGTH];
    ssize_t n = recv(fd, in, sizeof in, MSG_PEEK | MSG_DONTWAIT);

    while (n > 0) {
        const size_t len = reply_stray_len(in, (size_t)n, transaction, port->asked);

        if (len == 0 || recv(fd, in, len, MSG_DONTWAIT) != (ssize_t)len) {
            return PORT_STRAY;
        }
        port->strays++;
        n = recv(fd, in, sizeof in, MSG_PEEK | MSG_DONTWAIT);
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? PORT_OK : PORT_IO;
}

enum port_result port_look(struct port *port)
{
    return port->config->host == NULL ? PORT_OK
                                      : tcp_drain(port, (uint16_t)(port->transaction + 1));
}

/* The first frame that answers no earlier request. */
static int tcp_receive(struct port *port, uint8_t *in, uint32_t timeout_ms)
{
    const int64_t until_us = mono_us() + (int64_t)timeout_ms * 1000;
    int len = modbus_receive_confirmation(port->context, in);

    while (len > 0 && reply_stray_len(in, (size_t)len, port->transaction, port->asked) > 0) {
        const int64_t left_us = until_us - mono_us();

        port->strays++;
        if (left_us <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        timeout_set(port, left_us);
        len = modbus_receive_confirmation(port->context, in);
    }
    return len;
}

/* Sends a frame and gives what came back; *result is set when that is no frame. */
static int exchange_tcp(struct port *port, const uint8_t *out, size_t out_len, uint8_t *in,
                        uint32_t timeout_ms, enum port_result *result)
{
    uint8_t exception;
    int fd = modbus_get_socket(port->context);
    int len;

    *result = tcp_drain(port, port->transaction);
    if (*result != PORT_OK) {
        return -1;
    }
    if (send(fd, out, out_len, MSG_NOSIGNAL) != (ssize_t)out_len) {
        *result = PORT_IO;
        return -1;
    }
    len = tcp_receive(port, in, timeout_ms);
    port->asked = port->asked < UINT16_MAX / 2 ? port->asked + 1u : port->asked;
    if (len < 0) {
        *result = result_of(errno, &exception);
        *result = *result == PORT_EXCEPTION ? PORT_GARBAGE : *result;
    }
    return len;
}

static enum port_result result_of_reply(enum reply_kind kind)
{
    switch (kind) {
    case REPLY_OK: return PORT_OK;
    case REPLY_EXCEPTION: return PORT_EXCEPTION;
    case REPLY_GARBAGE: break;
    }
    return PORT_GARBAGE;
}

static enum port_result read_tcp(struct port *port, const struct read_request *request,
                                 uint32_t timeout_ms, struct read_reply *reply)
{
    uint8_t out[TCP_REQUEST_BYTES];
    uint8_t in[MODBUS_TCP_MAX_ADU_LENGTH];
    enum port_result result = PORT_GARBAGE;
    int len;

    read_request_encode(request, ++port->transaction, out);
    len = exchange_tcp(port, out, sizeof out, in, timeout_ms, &result);
    return len < 0 ? result
                   : result_of_reply(
                         read_reply_decode(request, port->transaction, in, (size_t)len, reply));
}

static enum port_result write_tcp(struct port *port, const struct write_request *request,
                                  uint32_t timeout_ms, uint8_t *exception)
{
    uint8_t out[TCP_WRITE_BYTES];
    uint8_t in[MODBUS_TCP_MAX_ADU_LENGTH];
    enum port_result result = PORT_GARBAGE;
    size_t out_len = write_request_encode(request, ++port->transaction, out);
    int len = exchange_tcp(port, out, out_len, in, timeout_ms, &result);

    return len < 0 ? result
                   : result_of_reply(write_reply_decode(request, port->transaction, in, (size_t)len,
                                                        exception));
}

int64_t port_free_ms(const struct port *port, uint32_t unit)
{
    return unit == port->late_unit ? port->late_ms : 0;
}

/* Reads away what comes until nothing comes, for first_ms at least. True: it was long enough for an
 * answer, and began as one of the unit that was asked last. */
static bool serial_drain(const struct port *port, int first_ms)
{
    struct pollfd ready = {.fd = modbus_get_socket(port->context), .events = POLLIN};
    const int64_t most_us = DRAIN_MOST_MS * 1000 + port->quiet_us * FRAME_GAPS;
    const int64_t quiet_ms = port->quiet_us / 1000 + 1;
    const int silence_ms = quiet_ms > DRAIN_SILENCE_MS ? (int)quiet_ms : DRAIN_SILENCE_MS;
    const int64_t until_us = mono_us() + most_us;
    bool is_answer = false;
    size_t len = 0;

    while (mono_us() < until_us && poll(&ready, 1, len > 0 ? silence_ms : first_ms) > 0 &&
           (ready.revents & (POLLERR | POLLHUP)) == 0) {
        uint8_t in[MODBUS_RTU_MAX_ADU_LENGTH];
        const ssize_t n = read(ready.fd, in, sizeof in);

        if (n <= 0) {
            break;
        }
        is_answer = len == 0 ? in[0] == port->asked_unit : is_answer;
        len += (size_t)n;
    }
    return is_answer && len >= RTU_ANSWER_MIN;
}

/* Reads away second copies and late answers. Where an answer had come and another follows it, the
 * line says things twice: from then on each request begins with listening. */
static void serial_listen(struct port *port)
{
    if (serial_drain(port, port->listens > 0 ? LISTEN_MS : 0)) {
        port->strays++;
        port->listens = port->answered ? LISTEN_REQUESTS : port->listens;
    } else if (port->listens > 0) {
        port->listens--;
    }
}

/* Leaves the bus its silence, and a unit that missed its time another one to be late in; then drops
 * what came unasked. */
static void serial_quiet(struct port *port, uint8_t unit)
{
    int64_t wait_us = port->spoke_us + port->quiet_us - mono_us();
    const int64_t late_us = (port_free_ms(port, unit) - host_boot_ms()) * 1000;

    wait_us = late_us > wait_us ? late_us : wait_us;
    if (wait_us > 0) {
        struct timespec pause = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};

        (void)nanosleep(&pause, NULL);
    }
    serial_listen(port);
    (void)modbus_flush(port->context);
}

/* What became of a request to the unit, and when. */
static enum port_result serial_end(struct port *port, uint8_t unit, enum port_result result)
{
    port->spoke_us = mono_us();
    port->asked_unit = unit;
    port->answered = result == PORT_OK || result == PORT_EXCEPTION;
    if (result == PORT_TIMEOUT || result == PORT_GARBAGE) {
        port->late_unit = unit;
        port->late_ms = host_boot_ms() + port->config->response_timeout_ms;
    }
    return result;
}

static enum port_result read_serial(struct port *port, const struct read_request *request,
                                    struct read_reply *reply)
{
    uint8_t bits[REPLY_VALUES_MAX] = {0};
    int address = request->address;
    int n = request->count;
    int got;
    int error;

    serial_quiet(port, request->unit);
    if (modbus_set_slave(port->context, request->unit) != 0) {
        return PORT_IO; /* it would ask the unit before, or end the program */
    }
    switch (request->function) {
    case 1: got = modbus_read_bits(port->context, address, n, bits); break;
    case 2: got = modbus_read_input_bits(port->context, address, n, bits); break;
    case 3: got = modbus_read_registers(port->context, address, n, reply->values); break;
    default: got = modbus_read_input_registers(port->context, address, n, reply->values); break;
    }
    error = errno;
    if (got == n && request->function <= 2) {
        for (int i = 0; i < n; i++) {
            reply->values[i] = bits[i];
        }
    }
    return serial_end(port, request->unit,
                      got == n ? PORT_OK
                               : result_of(got < 0 ? error : EMBBADDATA, &reply->exception));
}

static enum port_result write_serial(struct port *port, const struct write_request *request,
                                     uint8_t *exception)
{
    int address = request->address;
    int got;
    int error;

    serial_quiet(port, request->unit);
    if (modbus_set_slave(port->context, request->unit) != 0) {
        return PORT_IO;
    }
    switch (request->function) {
    case 5: got = modbus_write_bit(port->context, address, request->value != 0); break;
    case 6: got = modbus_write_register(port->context, address, request->value); break;
    default: got = modbus_write_registers(port->context, address, 1, &request->value); break;
    }
    error = errno;
    return serial_end(port, request->unit,
                      got == 1 ? PORT_OK : result_of(got < 0 ? error : EMBBADDATA, exception));
}

void port_recover(struct port *port, enum port_result result)
{
    if (port->config->host == NULL && result != PORT_IO) {
        (void)serial_drain(port, DRAIN_SILENCE_MS);
    } else {
        port_close(port);
    }
}

uint32_t port_wire_ms(const struct port *port, const struct read_request *request)
{
    return (uint32_t)(round_request_us(port->config, request->function, request->count) / 1000);
}

uint32_t port_strays_take(struct port *port)
{
    const uint32_t strays = port->strays;

    port->strays = 0;
    return strays;
}

enum port_result port_write(struct port *port, const struct write_request *request,
                            uint32_t timeout_ms, uint8_t *exception)
{
    *exception = 0;
    timeout_set(port, (int64_t)timeout_ms * 1000);
    return port->config->host != NULL ? write_tcp(port, request, timeout_ms, exception)
                                      : write_serial(port, request, exception);
}

enum port_result port_read(struct port *port, const struct read_request *request,
                           uint32_t timeout_ms, struct read_reply *reply)
{
    timeout_set(port, (int64_t)timeout_ms * 1000);
    return port->config->host != NULL ? read_tcp(port, request, timeout_ms, reply)
                                      : read_serial(port, request, reply);
}
