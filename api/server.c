/* The API's start, its stop and libmicrohttpd's callbacks. libmicrohttpd is run by the HTTP thread
 * (loop.c), without a listen socket of its own: the acceptor hands it sockets. A reply is queued on
 * the second handler call: on the first one libmicrohttpd 0.9.75 closes the connection every time
 * (which is what a refused head deserves). */
#include "api/server.h"
#include "api/event_desk.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY 8192u  /* -6 % CPU against 32 KB, measured: docs/PERFORMANCE.md */
#define ANSWER_MS         300000 /* an answer must be taken by then */
#define STOP_MS           2000

/* How many are under way changes here only, and one thread at a time is here. */
static void under_way_note(struct api *api, struct request *rq, bool counted)
{
    const uint32_t n = atomic_load_explicit(&api->requests, memory_order_relaxed);

    if (rq->counted != counted) {
        rq->counted = counted;
        atomic_store_explicit(&api->requests, counted ? n + 1 : n - 1, memory_order_release);
    }
}

/* libmicrohttpd would split the query into arguments next, that nobody asks it for, each of them
 * out of the connection's memory, and answer itself when that is used up. A query that begins with
 * its end has none. The text is libmicrohttpd's, and to be changed: it zeroes the '?' itself. */
static void query_hide(const char *uri)
{
    char *mark = strchr((char *)(uintptr_t)uri, '?');

    if (mark != NULL) {
        mark[1] = '\0';
    }
}

/* Called with the whole raw target, before anything else of the request. The return value is the
 * request's context. */
static void *line_come(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct api *api = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *slot = info == NULL ? NULL : info->socket_context;
    struct request *rq;

    if (slot == NULL) {
        return NULL;
    }
    rq = &slot->request;
    rq->api = api;
    rq->slot = slot;
    rq->mhd = mhd;
    rq->body.limit = BODY_MAX;
    request_reset(rq);
    rq->uri = uri;
    rq->target_len = strlen(uri);
    rq->target_too_long = rq->target_len > TARGET_MAX;
    if (rq->target_too_long) {
        rq->target_len = 0;
    }
    memcpy(rq->target, uri, rq->target_len);
    rq->target[rq->target_len] = '\0';
    query_hide(uri);
    under_way_note(api, rq, true);
    return rq;
}

static void answer_count(const struct request *rq)
{
    static const enum counter classes[6] = {
        COUNT_HTTP_2XX, COUNT_HTTP_2XX, COUNT_HTTP_2XX,
        COUNT_HTTP_3XX, COUNT_HTTP_4XX, COUNT_HTTP_5XX,
    };

    count_add(rq->api->p.counters, COUNT_HTTP_REQUESTS, 1);
    count_add(rq->api->p.counters, classes[rq->status / 100 % 6], 1);
}

static enum MHD_Result reply_queue(struct request *rq)
{
    enum MHD_Result result;

    if (rq->reply == NULL) {
        respond_empty(rq, 503);
    }
    if (rq->reply == NULL || !connection_answer(rq->slot)) {
        return MHD_NO; /* the reaper was quicker: it has answered */
    }
    answer_count(rq);
    rate_headers(rq);
    if (rq->heads.transfer_encodings != 0 && !rq->refused) {
        /* libmicrohttpd 0.9.75 lets lines of chunks end in a bare line feed, so a proxy in front
         * may see another end of the body: what stands behind it is no request of anybody's */
        respond_header(rq, "Connection", "close");
    }
    if (rq->match.route != NULL && (rq->match.route->flags & ROUTE_STREAM) != 0) {
        loop_uncork(&rq->api->loop, rq->slot);
    } else {
        loop_hold(&rq->api->loop, rq->slot);
    }
    result = MHD_queue_response(rq->mhd, rq->status, rq->reply);
    if (!rq->reply_kept) {
        MHD_destroy_response(rq->reply);
    }
    rq->reply = NULL;
    return result;
}

/* All that follows reads the target as a path. */
static void target_take(struct request *rq)
{
    const bool secure = rq->api->tls.certificate_file != NULL;
    enum target_fault fault = target_origin(rq->target, &rq->target_len, secure);

    if (fault != TARGET_OK && rq->heads.fault == NULL) {
        rq->heads.fault = target_fault_text(fault);
    }
}

/* First call: the head is there. Answering now closes the connection, which suits what is refused
 * here. */
static enum MHD_Result head_come(struct request *rq, const char *method, const char *version)
{
    const struct config *config = rq->api->p.config;
    const char *length;

    rq->boot_ms = host_boot_ms();
    atomic_store_explicit(&rq->slot->idle_ms, INT64_MAX, memory_order_relaxed);
    rq->method = method_find(method);
    rq->phase = PHASE_HEAD;
    request_heads_read(rq, method, version);
    target_take(rq);
    length = rq->heads.content_length;
    /* a key is shown before a batch may come; whether it is valid is seen when it is there */
    rq->body.limit =
        rq->heads.authorization != NULL && route_takes_bulk(rq->target) ? BULK_MAX : BODY_MAX;
    if (rq->target_too_long) {
        respond_problem(rq, ERR_URI_TOO_LONG, "a request target may have 1024 bytes");
    } else if (rq->heads.fault != NULL) {
        respond_problem(rq, rq->heads.fault[0] == '\0' ? ERR_HEADERS_TOO_LARGE : ERR_BAD_REQUEST,
                        rq->heads.fault[0] == '\0' ? NULL : rq->heads.fault);
    } else if (length != NULL && strtoull(length, NULL, 10) > rq->body.limit) {
        respond_problem(rq, ERR_TOO_LARGE, "a body may have 65536 bytes, a batch 524288");
    }
    if (rq->slot->reserved && rq->reply == NULL) {
        rate_identify(rq);
        (void)rate_reserve_allows(rq);
    }
    if (rq->reply != NULL) {
        rq->refused = true;
        respond_header(rq, "Connection", "close");
        return reply_queue(rq);
    }
    if (length != NULL || rq->heads.transfer_encoding != NULL) {
        loop_uncork(&rq->api->loop, rq->slot); /* libmicrohttpd may say "100 Continue" */
        atomic_store_explicit(&rq->slot->deadline_ms,
                              rq->boot_ms + (int64_t)config->http.body_deadline_s * 1000,
                              memory_order_relaxed);
    } else {
        atomic_store_explicit(&rq->slot->deadline_ms, rq->boot_ms + ANSWER_MS,
                              memory_order_relaxed);
    }
    return MHD_YES;
}

static enum MHD_Result request_come(void *cls, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *data_len, void **con_cls)
{
    struct request *rq = *con_cls;

    (void)cls;
    (void)mhd;
    (void)url;
    if (rq == NULL) {
        return MHD_NO;
    }
    if (rq->phase == PHASE_LINE) {
        return head_come(rq, method, version);
    }
    if (*data_len > 0) {
        if (!rq->refused) {
            strbuf_add(&rq->body, data, *data_len);
        }
        *data_len = 0;
        return MHD_YES;
    }
    if (rq->refused) {
        return MHD_YES;
    }
    if (rq->phase == PHASE_WAITING) {
        rq->suspended = false;
        dispatch_resumed(rq);
    } else {
        dispatch(rq);
    }
    if (rq->suspended) {
        return MHD_YES;
    }
    return reply_queue(rq);
}

/* The request has left the house, however it ended. */
static void request_gone(void *cls, struct MHD_Connection *mhd, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    struct api *api = cls;
    struct request *rq = *con_cls;
    const struct config *config = api->p.config;
    const int64_t idle_ms = api->loop.round_ms + (int64_t)config->http.idle_s * 1000;

    (void)mhd;
    (void)why;
    if (rq == NULL) {
        return;
    }
    pending_release(rq->pending);
    rq->pending = NULL;
    if (rq->reply != NULL && !rq->reply_kept) {
        MHD_destroy_response(rq->reply);
    }
    rq->reply = NULL;
    if (rq->slot->corked) {
        loop_hold(&api->loop, rq->slot); /* a large answer's last piece */
    }
    stage_release(&api->stage, rq);
    if (rq->body.cap > 0) {
        strbuf_finish(&rq->body);
    }
    if (rq->joined.cap > 0) {
        strbuf_finish(&rq->joined);
    }
    under_way_note(api, rq, false);
    /* the next one of this connection */
    atomic_store_explicit(&rq->slot->unanswered, true, memory_order_release);
    atomic_store_explicit(&rq->slot->idle_ms, idle_ms, memory_order_relaxed);
    atomic_store_explicit(&rq->slot->deadline_ms,
                          idle_ms + (int64_t)config->http.header_deadline_s * 1000,
                          memory_order_relaxed);
    *con_cls = NULL;
}

static void connection_note(void *cls, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct api *api = cls;
    const union MHD_ConnectionInfo *info;
    struct connection *slot = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info == NULL ? NULL : connections_find(&api->connections, info->connect_fd);
        if (*context != NULL && api->tls.certificate_file != NULL) {
            slot = *context;
            info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
            slot->tls = tls_take(&api->tls, info == NULL ? NULL : info->tls_session);
        }
        return;
    }
    if (slot != NULL) {
        loop_forget(&api->loop, slot);
        stage_release(&api->stage, &slot->request);
        under_way_note(api, &slot->request, false);
        tls_release(&api->tls, slot->tls);
        slot->tls = NULL;
        connections_release(&api->connections, slot->fd);
        *context = NULL;
    }
}

/* Nothing is decoded by libmicrohttpd: target.c does it, strictly. */
static size_t unescape_nothing(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

/* libmicrohttpd's own complaints are a client's doing; they are counted as answers or cuts, not
 * logged. */
static void log_nothing(void *cls, const char *fmt, va_list args)
{
    (void)cls;
    (void)fmt;
    (void)args;
}

static enum err daemon_start(struct api *api)
{
    const struct config *config = api->p.config;
    const char *certificate;
    const char *key;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT,   0, NULL                             },
        {MHD_OPTION_HTTPS_MEM_KEY,    0, NULL                             },
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END,              0, NULL                             },
    };

    tls_texts(&api->tls, &certificate, &key);
    tls[0].ptr_value = (void *)(uintptr_t)certificate;
    tls[1].ptr_value = (void *)(uintptr_t)key;
    if (certificate == NULL) {
        tls[0].option = MHD_OPTION_END;
    }
    api->daemon = MHD_start_daemon(
        (certificate == NULL ? 0 : (unsigned)MHD_USE_TLS) | MHD_USE_EPOLL | MHD_USE_ITC |
            MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
        0, NULL, NULL, request_come, api, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)config->http.connections + 8,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        line_come, api, MHD_OPTION_NOTIFY_COMPLETED, request_gone, api,
        MHD_OPTION_NOTIFY_CONNECTION, connection_note, api, MHD_OPTION_UNESCAPE_CALLBACK,
        unescape_nothing, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return api->daemon == NULL ? ERR_IO : ERR_OK;
}

static enum err parts_start(struct api *api, char detail[160])
{
    const struct config *config = api->p.config;
    const struct inventory *inv;
    enum err e = connections_init(
        &api->connections,
        &(struct connection_caps){.cap = config->http.connections,
                                  .per_ip = config->http.connections_per_ip,
                                  .reserved = config->http.connections_reserved,
                                  .idle_ms = config->http.idle_s * 1000,
                                  .limit_loopback = config->http.rate_limit_loopback});

    if (e == ERR_OK) {
        e = loop_init(&api->loop);
    }
    streams_init(&api->streams, api);
    api->events = event_memory_create();
    if (e == ERR_OK && api->events == NULL) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_OK && watches_init(&api->watches, api) != 0) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_OK && api->p.events.read != NULL) {
        api->desk = event_desk_start(&api->p.events, api->p.counters);
        e = api->desk == NULL ? ERR_NO_MEMORY : ERR_OK;
        if (api->desk != NULL) {
            event_desk_audit(api->desk, &api->p.audit);
        }
    }
    api->pending = e == ERR_OK ? pending_board_create(&api->loop) : NULL;
    if (e == ERR_OK && api->pending == NULL) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_OK) {
        char why[TLS_FAULT_MAX] = "";

        e = tls_init(&api->tls, config->http.tls.certificate_file, config->http.tls.key_file, why);
        if (e != ERR_OK) {
            (void)snprintf(detail, 160, "http.tls: %.140s", why);
        }
    }
    if (e == ERR_OK) {
        e = auth_init(&api->auth, config->keys_file);
        if (e != ERR_OK) {
            char why[80];

            key_set_explain(config->keys_file, e, why, sizeof why);
            (void)snprintf(detail, 160, "%s, the key file: %s", why, config->keys_file);
        }
    }
    if (e != ERR_OK) {
        return e;
    }
    api->reader = inventory_reader(api->p.board);
    inv = inventory_get(api->p.board, api->reader);
    if (inv != NULL) {
        e = place_order_refresh(&api->order, inv);
    }
    inventory_put(api->p.board, api->reader);
    return e;
}

static void parts_stop(struct api *api)
{
    event_desk_stop(api->desk);
    loop_finish(&api->loop);
    answer_cache_finish(&api->cache);
    stage_finish(&api->stage);
    place_order_finish(&api->order);
    event_memory_destroy(api->events);
    auth_finish(&api->auth);
    tls_finish(&api->tls);
    pending_board_release(api->pending);
    streams_finish(&api->streams);
    watches_finish(&api->watches);
    connections_finish(&api->connections);
    bodies_finish(&api->bodies);
    rates_finish(&api->rates);
}

enum err api_start(const struct api_params *params, struct api **out, char detail[160])
{
    struct api *api = calloc(1, sizeof *api);
    enum err e;

    *out = NULL;
    detail[0] = '\0';
    if (api == NULL || sodium_init() < 0) {
        free(api);
        return ERR_NO_MEMORY;
    }
    api->p = *params;
    api->loop.door_in = api->loop.door_out = -1;
    api->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    api->ring_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e = api->wake_fd < 0 || api->ring_fd < 0 ? ERR_IO : parts_start(api, detail);
    if (e != ERR_OK) {
        goto undo_parts;
    }
    e = acceptor_listen(api, detail);
    if (e != ERR_OK) {
        goto undo_parts;
    }
    e = daemon_start(api);
    if (e != ERR_OK) {
        (void)snprintf(detail, 160, "libmicrohttpd did not start: %s", strerror(errno));
        goto undo_listen;
    }
    e = loop_start(api);
    if (e != ERR_OK) {
        (void)snprintf(detail, 160, "the HTTP thread did not start: %s", strerror(errno));
        goto undo_daemon;
    }
    change_ring_notify(params->changes, api->ring_fd);
    if (pthread_create(&api->acceptor, NULL, acceptor_run, api) != 0) {
        e = ERR_NO_MEMORY;
        goto undo_loop;
    }
    *out = api;
    return ERR_OK;
undo_loop:
    change_ring_notify(params->changes, -1);
    loop_stop(api);
undo_daemon:
    MHD_stop_daemon(api->daemon);
undo_listen:
    close(api->listen_fd);
undo_parts:
    parts_stop(api);
    close(api->wake_fd);
    close(api->ring_fd);
    free(api);
    return e;
}

static void pause_ms(long ms)
{
    struct timespec wait = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&wait, NULL);
}

void api_stop(struct api *api)
{
    uint64_t one = 1;
    int64_t until = host_boot_ms() + STOP_MS;

    if (api == NULL) {
        return;
    }
    atomic_store(&api->stopping, true);
    if (write(api->wake_fd, &one, sizeof one) < 0) {
        log_line(LOG_ERROR, "api", "the acceptor cannot be woken: %s", strerror(errno));
    }
    pthread_join(api->acceptor, NULL);
    change_ring_notify(api->p.changes, -1);
    close(api->listen_fd);
    streams_end(&api->streams);
    watches_end(&api->watches);
    /* requests that wait for the core get their two seconds; nothing may be suspended when the
     * daemon stops */
    while (atomic_load(&api->requests) > 0 && host_boot_ms() < until) {
        pending_expire(api->pending, host_boot_ms());
        pause_ms(5);
    }
    pending_expire(api->pending, INT64_MAX);
    loop_stop(api);
    MHD_stop_daemon(api->daemon);
    close(api->wake_fd);
    close(api->ring_fd);
    parts_stop(api);
    free(api);
}

void api_reload(struct api *api)
{
    char why[TLS_FAULT_MAX] = "";
    bool changed;

    if (!tls_reload(&api->tls, why, &changed)) {
        log_line(LOG_ERROR, "api", "http.tls: %s; the former certificate stays in force", why);
    } else if (changed) {
        log_line(LOG_INFO, "api", "http.tls: the new certificate is in force");
    }
}

uint16_t api_port(const struct api *api)
{
    return api->port;
}
