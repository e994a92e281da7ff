/* Newcomers and their first heads, between accept(2) and libmicrohttpd. */
#include "api/porch.h"
#include "api/first_head.h"
#include "api/last_word.h"
#include "api/server.h"
#include <errno.h>
#include <unistd.h>

static void let_in(struct api *api, const struct guest *guest)
{
    if (!loop_hand_over(&api->loop, guest->fd, &guest->from, guest->from_len)) {
        connections_release(&api->connections, guest->fd);
        count_add(api->p.counters, COUNT_HTTP_CUT_CAP, 1);
        last_word_send(api, guest->fd, ERR_OVERLOADED, "Retry-After: 1\r\n",
                       "too many connections");
    }
}

static void refuse(struct api *api, const struct guest *guest, enum err why, const char *detail)
{
    count_add(api->p.counters, COUNT_HTTP_REQUESTS, 1);
    count_add(api->p.counters, err_http_status(why) >= 500 ? COUNT_HTTP_5XX : COUNT_HTTP_4XX, 1);
    connections_release(&api->connections, guest->fd);
    last_word_send(api, guest->fd, why, "", detail);
}

/* False: nothing has come yet. */
static bool looked_at(struct api *api, const struct guest *guest)
{
    char head[FIRST_HEAD_MAX];
    const ssize_t len = recv(guest->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    const char *detail = NULL;
    enum err why = ERR_OK;

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (len > 0) {
        why = first_head_judge(head, (size_t)len, &detail);
    }
    if (why == ERR_OK) {
        let_in(api, guest);
    } else {
        refuse(api, guest, why, detail);
    }
    return true;
}

void porch_welcome(struct porch *porch, struct api *api, const struct guest *newcomer)
{
    if (api->tls.certificate_file != NULL) {
        let_in(api, newcomer);
    } else if (!looked_at(api, newcomer)) {
        if (porch->count < PORCH_GUESTS) {
            porch->guests[porch->count++] = *newcomer;
        } else {
            count_add(api->p.counters, COUNT_HTTP_UNSEEN_CROWD, 1);
            let_in(api, newcomer);
        }
    }
}

uint32_t porch_watch(const struct porch *porch, struct pollfd *fds)
{
    for (uint32_t i = 0; i < porch->count; i++) {
        fds[i] = (struct pollfd){.fd = porch->guests[i].fd, .events = POLLIN};
    }
    return porch->count;
}

void porch_round(struct porch *porch, struct api *api, const struct pollfd *fds, int64_t boot_ms)
{
    for (uint32_t i = porch->count; i-- > 0;) {
        const struct guest *guest = &porch->guests[i];
        bool gone = fds[i].revents != 0 && looked_at(api, guest);

        if (!gone && boot_ms >= guest->until_ms) {
            count_add(api->p.counters, COUNT_HTTP_UNSEEN_LATE, 1);
            let_in(api, guest);
            gone = true;
        }
        if (gone) {
            porch->guests[i] = porch->guests[--porch->count]; /* the last was looked at before */
        }
    }
}

void porch_finish(struct porch *porch, struct api *api)
{
    while (porch->count > 0) {
        const int fd = porch->guests[--porch->count].fd;

        connections_release(&api->connections, fd);
        close(fd);
    }
}
