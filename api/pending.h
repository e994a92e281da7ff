#ifndef API_PENDING_H
#define API_PENDING_H

#include "bowei/command.h"
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Requests that wait for the core. The command outlives the request: whoever is last (the core's
 * answer or the request, which gives up after 2 s) frees it. */

#define PENDING_WAIT_MS 2000 /**< then 503 (API.md, "Writes") */

struct pending_board; /**< counted: the API and every pending hold it; own lock, rank 21 */

struct pending {
    struct command command;
    void *own;                     /**< freed with it: what a handler keeps until the answer */
    void (*own_finish)(void *own); /**< how; NULL = free() */
    struct pending_board *board;
    struct MHD_Connection *connection;
    int64_t deadline_ms; /**< boottime */
    bool settled;        /**< guarded by the board's lock: answered or given up */
    bool answered;       /**< guarded: the core answered in time */
    _Atomic uint32_t refs;
    struct pending *next, *previous; /**< guarded */
};

struct loop;
/** loop: whom a resumed request wakes; borrowed until the last wait is over. */
struct pending_board *pending_board_create(struct loop *loop);
/** No wait may be under way any more: the last holder frees it. */
void pending_board_release(struct pending_board *board);
/** A command to be filled; NULL: no memory. devices: rows to make room for. */
struct pending *pending_create(struct pending_board *board, uint32_t devices);
/** Makes room for the reasoning of a space; false: no memory. */
bool pending_explain(struct pending *pending);
/** Suspends the connection and hands the command over by `submit`. Refused: the command's result
 * says so and the connection goes on at once. */
void pending_submit(struct pending *pending, struct MHD_Connection *connection, int64_t deadline_ms,
                    enum err (*submit)(void *ctx, struct command *command), void *ctx);
/** Asked without a connection (submit's is NULL): is there an answer, or none any more? */
bool pending_settled(struct pending *pending);
/** Resumed: did the core answer? */
bool pending_answered(struct pending *pending);
/** The request is done with it. */
void pending_release(struct pending *pending);
/** Gives up what is over its deadline (all of them when boot_ms is INT64_MAX). Any thread. */
void pending_expire(struct pending_board *board, int64_t boot_ms);

#endif
