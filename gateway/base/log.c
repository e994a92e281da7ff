/* One line a record to standard error. A log must never stall the program: a line that the reader
 * of stderr leaves no room for is dropped and counted. */
#include "bowei/base/log.h"
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A line stays below PIPE_BUF (4096), so that a pipe that polls writable takes it whole. */
#define TEXT_CAP 1024
#define LINE_CAP 3072

static const char *const level_names[LOG_LEVEL_COUNT] = {"error", "warning", "info", "debug"};

/* The log sink: the one mutable state of the process outside main. */
static _Atomic int level_max = LOG_INFO;
static _Atomic unsigned long dropped;
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(enum log_level level)
{
    atomic_store(&level_max, (int)level);
}

unsigned long log_dropped(void)
{
    return atomic_load(&dropped);
}

/* Copies text so that no byte of it can end the line, move the cursor or break the encoding. */
static size_t escape(const char *text, size_t len, char *out, size_t cap)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    size_t i = 0;

    while (i < len && n + 4 <= cap) {
        unsigned char c = (unsigned char)text[i];
        size_t whole = c >= 0x20 && c != 0x7f ? utf8_sequence(text + i, len - i) : 0;

        if (whole == 2 && c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
            whole = 0; /* C1 controls, CSI among them */
        }
        if (whole > 0) {
            memcpy(out + n, text + i, whole);
            n += whole;
            i += whole;
            continue;
        }
        out[n++] = '\\';
        out[n++] = 'x';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
        i++;
    }
    return n;
}

/* Called under sink_lock, so nobody else of this process uses up the room that poll promised. */
static void sink_write(const char *line, size_t len)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 ||
        write(STDERR_FILENO, line, len) != (ssize_t)len) {
        atomic_fetch_add(&dropped, 1);
    }
}

static void line_write(enum log_level level, const char *area, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

static void line_write(enum log_level level, const char *area, const char *fmt, va_list args)
{
    char text[TEXT_CAP];
    char line[LINE_CAP];
    char when[RFC3339_LEN + 1];
    int text_len = vsnprintf(text, sizeof text, fmt, args);
    int head;
    size_t len;

    rfc3339_format(host_wall_ms(), when);
    head = snprintf(line, 128, "%s %s %.32s: ", when, level_names[level], area);
    if (text_len < 0 || head < 0) {
        atomic_fetch_add(&dropped, 1);
        return;
    }
    if ((size_t)text_len >= sizeof text) {
        text_len = (int)sizeof text - 1;
    }
    len = (size_t)head;
    len += escape(text, (size_t)text_len, line + len, sizeof line - 1 - len);
    line[len++] = '\n';
    pthread_mutex_lock(&sink_lock);
    sink_write(line, len);
    pthread_mutex_unlock(&sink_lock);
}

static bool level_off(enum log_level level)
{
    return (unsigned)level >= LOG_LEVEL_COUNT || (int)level > atomic_load(&level_max);
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
    va_list args;

    if (level_off(level)) {
        return;
    }
    va_start(args, fmt);
    line_write(level, area, fmt, args);
    va_end(args);
}

void log_rate(enum log_level level, int64_t *gate, int every_ms, const char *area, const char *fmt,
              ...)
{
    int64_t boot_ms = host_boot_ms();
    va_list args;
    bool open;

    if (level_off(level)) {
        return;
    }
    pthread_mutex_lock(&sink_lock);
    open = *gate == 0 || boot_ms >= *gate;
    if (open) {
        *gate = boot_ms + every_ms;
    }
    pthread_mutex_unlock(&sink_lock);
    if (!open) {
        return;
    }
    va_start(args, fmt);
    line_write(level, area, fmt, args);
    va_end(args);
}
