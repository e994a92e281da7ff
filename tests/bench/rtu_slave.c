/* Bench: a Modbus RTU slave on a pty that takes the time a real wire would: a pty has no baud rate,
 * so the slave waits for the characters of request and answer itself; its own turn-around is zero.
 *     rtu_slave LINK BAUD        makes the symlink LINK to its pty and serves FC03 until killed */

#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "bowei/base/bytes.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 8, BITS_PER_CHARACTER = 11 };

static uint16_t crc16_modbus(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}

/* Waits until `ns` behind *from; keeps exact time over many calls, unlike sleeps that add up. */
static void wait_from(const struct timespec *from, int64_t ns)
{
    struct timespec until = *from;
    until.tv_nsec += (long)(ns % 1000000000);
    until.tv_sec += (time_t)(ns / 1000000000) + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
}

static size_t answer(const uint8_t *request, uint8_t *out)
{
    size_t bytes = (size_t)be16_get(request + 4) * 2;
    out[0] = request[0];
    out[1] = request[1];
    out[2] = (uint8_t)bytes;
    memset(out + 3, 0, bytes);
    uint16_t crc = crc16_modbus(out, bytes + 3);
    out[bytes + 3] = (uint8_t)crc;
    out[bytes + 4] = (uint8_t)(crc >> 8);
    return bytes + 5;
}

static void serve(int pty, int64_t character_ns)
{
    uint8_t request[REQUEST_BYTES], reply[260];
    /* 3.5 characters, above 19200 baud 1.75 ms (Modbus over serial line 2.5.1.1) */
    int64_t gap_ns = character_ns * 7 / 2;
    if (character_ns < (int64_t)1000000000 * BITS_PER_CHARACTER / 19200) {
        gap_ns = 1750000;
    }
    size_t got = 0;
    struct timespec began = {0};
    for (;;) {
        struct pollfd ready = {.fd = pty, .events = POLLIN};
        if (poll(&ready, 1, -1) < 0) {
            return;
        }
        ssize_t n = read(pty, request + got, sizeof request - got);
        if (n <= 0) {
            const struct timespec pause = {.tv_nsec = 10000000};
            nanosleep(&pause, NULL); /* nobody has the other side open */
            got = 0;
            continue;
        }
        if (got == 0) {
            clock_gettime(CLOCK_MONOTONIC, &began);
        }
        got += (size_t)n;
        if (got < sizeof request) {
            continue;
        }
        got = 0;
        size_t len = answer(request, reply);
        /* request on the wire, the 3.5 characters that end it, the answer on the wire */
        wait_from(&began, character_ns * (REQUEST_BYTES + (int64_t)len) + gap_ns);
        if (write(pty, reply, len) < 0) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: rtu_slave LINK BAUD\n");
        return 2;
    }
    int pty = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty < 0 || grantpt(pty) != 0 || unlockpt(pty) != 0) {
        return 1;
    }
    struct termios raw;
    if (tcgetattr(pty, &raw) != 0) {
        return 1;
    }
    cfmakeraw(&raw);
    tcsetattr(pty, TCSANOW, &raw);
    unlink(argv[1]);
    if (symlink(ptsname(pty), argv[1]) != 0) {
        return 1;
    }
    puts("ready");
    fflush(stdout);
    serve(pty, (int64_t)1000000000 * BITS_PER_CHARACTER / atol(argv[2]));
    return 0;
}
