#ifndef API_SERVER_H
#define API_SERVER_H

#include "api/answer_cache.h"
#include "api/auth.h"
#include "api/connections.h"
#include "api/event_memory.h"
#include "api/loop.h"
#include "api/pending.h"
#include "api/place_order.h"
#include "api/request.h"
#include "api/scene.h"
#include "api/stage.h"
#include "api/stream.h"
#include "api/tls.h"
#include "api/watch.h"
#include "bowei/api.h"
#include <pthread.h>

#define PAGE_HEAD_MAX 160u /* the longest has about 90 bytes */

/** How the answers of lists begin. */
struct page_head {
    int64_t as_of_s;
    unsigned form; /**< crs, GeoJSON, near, coverage */
    size_t len;    /**< 0: none yet */
    char text[PAGE_HEAD_MAX];
};

/* What the parts of the API share. Everything is the MHD thread's unless it says otherwise. */
struct api {
    struct api_params p;
    struct MHD_Daemon *daemon;
    int listen_fd, wake_fd, ring_fd; /**< wake_fd: stops the acceptor */
    uint16_t port;
    pthread_t acceptor;
    uint32_t reader; /**< hazard slot of the MHD thread */
    _Atomic bool stopping;
    _Atomic uint32_t requests;      /**< under way */
    struct loop loop;               /**< the HTTP thread */
    struct connections connections; /**< own lock, rank 20 */
    struct pending_board *pending;  /**< own lock, rank 21 */
    struct streams streams;
    struct watches watches;      /**< own lock, rank 23 */
    struct event_memory *events; /**< of telemetry */
    struct event_desk *desk;     /**< own lock and thread; NULL = there is no feed */
    struct tls tls;              /**< own lock, rank 24 */
    struct auth auth;
    struct rates rates;
    struct answer_cache cache;
    struct bodies bodies;
    struct place_order order;
    struct spatial_hit hits[1001]; /**< scratch of near: limit + 1 */
    struct space_view views[1001]; /**< of the hits */
    struct scene_memo memo;
    struct stage stage;
    struct page_head page_head;
};

/** The acceptor thread: accepts, wakes streams, cuts what is over its deadline. arg: struct api. */
void *acceptor_run(void *arg);
/** Binds and listens. ERR_IO with *detail. */
enum err acceptor_listen(struct api *api, char detail[160]) MUST_CHECK;
/** From a checked head to the reply (or a suspended request). */
void dispatch(struct request *rq);
/** The same once the core has answered a suspended request, or not. */
void dispatch_resumed(struct request *rq);

#endif
