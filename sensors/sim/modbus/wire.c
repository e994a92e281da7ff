/* Byte streams of the simulated slaves; see wire.h. All on the simulator's one thread. */
#include "sensors/sim/modbus/wire.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

bool wire_read(struct wire *w, int64_t now_ms)
{
    ssize_t n;

    if (w->in_len == sizeof w->in) {
        w->in_len = 0; /* no request is that long: noise */
    }
    n = read(w->fd, w->in + w->in_len, sizeof w->in - w->in_len);
    if (n > 0) {
        w->in_len += (size_t)n;
        w->heard_ms = now_ms;
        return true;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

void wire_consume(struct wire *w, size_t len)
{
    memmove(w->in, w->in + len, w->in_len - len);
    w->in_len -= len;
}

void wire_reply(struct wire *w, const uint8_t *data, size_t len, int64_t due_ms, int32_t drip_ms)
{
    memcpy(w->out, data, len);
    w->out_len = len;
    w->out_at = 0;
    w->due_ms = due_ms;
    w->drip_ms = drip_ms;
}

bool wire_flush(struct wire *w, int64_t now_ms)
{
    while (w->out_at < w->out_len && w->due_ms <= now_ms) {
        const ssize_t n =
            write(w->fd, w->out + w->out_at, w->drip_ms > 0 ? 1 : w->out_len - w->out_at);

        if (n <= 0) {
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        }
        w->out_at += (size_t)n;
        w->due_ms += w->drip_ms;
    }
    return true;
}

bool wire_waits(const struct wire *w)
{
    return w->out_at < w->out_len;
}
