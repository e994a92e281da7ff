/* libcurl's side of delivery's thread; see wire.h. */
#include "gateway/delivery/wire.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define IDLE_MAX 64L /* connections kept for receivers that will hear again */

enum err wire_init(struct wire *wire)
{
    wire->multi = NULL;
    wire->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wire->wake_fd < 0 ? ERR_IO : ERR_OK;
}

void wire_finish(struct wire *wire)
{
    if (wire->multi != NULL) {
        (void)wire->curl.multi_cleanup(wire->multi);
        wire->curl.global_cleanup();
    }
    if (wire->wake_fd >= 0) {
        close(wire->wake_fd);
    }
}

bool wire_open(struct wire *wire, char why[LIBCURL_WHY_MAX])
{
    const struct libcurl *curl = &wire->curl;

    if (wire->multi != NULL) {
        return true;
    }
    if (!libcurl_load(&wire->curl, why)) {
        return false;
    }
    if (curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        wire->multi = curl->multi_init();
        if (wire->multi != NULL) {
            (void)curl->multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, IDLE_MAX);
            return true;
        }
        curl->global_cleanup();
    }
    (void)snprintf(why, LIBCURL_WHY_MAX, "no memory for it");
    return false;
}

void wire_wake(const struct wire *wire)
{
    const uint64_t one = 1;
    const ssize_t written = write(wire->wake_fd, &one, sizeof one); /* full is awake, too */

    (void)written;
}

bool wire_turn(const struct wire *wire, void (*over)(void *ctx, CURL *easy, CURLcode code),
               void *ctx)
{
    CURLMsg *message;
    bool any = false;
    int number;

    if (wire->multi == NULL) {
        return false;
    }
    (void)wire->curl.multi_perform(wire->multi, &number);
    while ((message = wire->curl.multi_info_read(wire->multi, &number)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            over(ctx, message->easy_handle, message->data.result);
            any = true;
        }
    }
    return any;
}

void wire_sleep(const struct wire *wire, int64_t ms)
{
    const int most = ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
    uint64_t count;
    ssize_t got;

    if (wire->multi == NULL) {
        (void)poll(&(struct pollfd){.fd = wire->wake_fd, .events = POLLIN}, 1, most);
    } else {
        struct curl_waitfd fd = {.fd = wire->wake_fd, .events = CURL_WAIT_POLLIN};

        (void)wire->curl.multi_poll(wire->multi, &fd, 1, most, NULL);
    }
    got = read(wire->wake_fd, &count, sizeof count);
    (void)got;
}
