/* Requests that wait for the core: suspended in libmicrohttpd, resumed by the command's `done`
 * (core or journal thread) or by the acceptor when the time is over. The lock orders the two
 * against each other and against api_stop, so that nothing touches a connection that is gone. */
#include "api/pending.h"
#include "api/loop.h"
#include "bowei/explain.h"
#include <pthread.h>
#include <stdlib.h>

struct pending_board {
    pthread_mutex_t lock;
    _Atomic uint32_t refs;
    struct pending *first; /**< guarded by lock */
    struct loop *loop;
};

struct pending_board *pending_board_create(struct loop *loop)
{
    struct pending_board *board = calloc(1, sizeof *board);

    if (board == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&board->lock, NULL) != 0) {
        free(board);
        return NULL;
    }
    board->loop = loop;
    atomic_store(&board->refs, 1);
    return board;
}

void pending_board_release(struct pending_board *board)
{
    if (board != NULL && atomic_fetch_sub(&board->refs, 1) == 1) {
        pthread_mutex_destroy(&board->lock);
        free(board);
    }
}

struct pending *pending_create(struct pending_board *board, uint32_t devices)
{
    struct pending *pending = calloc(1, sizeof *pending);

    if (pending == NULL) {
        return NULL;
    }
    if (devices > 0) {
        pending->command.devices = calloc(devices, sizeof(struct device_health));
        if (pending->command.devices == NULL) {
            free(pending);
            return NULL;
        }
        pending->command.limit = devices;
    }
    atomic_fetch_add(&board->refs, 1);
    pending->board = board;
    pending->command.ctx = pending;
    atomic_store(&pending->refs, 1);
    return pending;
}

bool pending_explain(struct pending *pending)
{
    pending->command.explain = calloc(1, sizeof *pending->command.explain);
    return pending->command.explain != NULL;
}

void pending_release(struct pending *pending)
{
    struct pending_board *board;

    if (pending == NULL || atomic_fetch_sub(&pending->refs, 1) != 1) {
        return;
    }
    board = pending->board;
    free(pending->command.devices);
    free(pending->command.explain);
    if (pending->own_finish != NULL) {
        pending->own_finish(pending->own);
    } else {
        free(pending->own);
    }
    free(pending);
    pending_board_release(board);
}

static void settle_locked(struct pending *pending, bool answered)
{
    struct pending_board *board = pending->board;

    if (pending->settled) {
        return;
    }
    pending->settled = true;
    pending->answered = answered;
    if (pending->previous != NULL) {
        pending->previous->next = pending->next;
    } else {
        board->first = pending->next;
    }
    if (pending->next != NULL) {
        pending->next->previous = pending->previous;
    }
    if (pending->connection != NULL) {
        MHD_resume_connection(pending->connection);
        loop_wake(board->loop);
    }
}

static void command_done(struct command *command)
{
    struct pending *pending = command->ctx;
    struct pending_board *board = pending->board;

    pthread_mutex_lock(&board->lock);
    settle_locked(pending, true);
    pthread_mutex_unlock(&board->lock);
    pending_release(pending);
}

void pending_submit(struct pending *pending, struct MHD_Connection *connection, int64_t deadline_ms,
                    enum err (*submit)(void *ctx, struct command *command), void *ctx)
{
    struct pending_board *board = pending->board;
    enum err e;

    pending->connection = connection;
    pending->deadline_ms = deadline_ms;
    pending->command.done = command_done;
    atomic_fetch_add(&pending->refs, 1); /* the core's */
    if (connection != NULL) {
        MHD_suspend_connection(connection);
    }
    pthread_mutex_lock(&board->lock);
    pending->next = board->first;
    if (board->first != NULL) {
        board->first->previous = pending;
    }
    board->first = pending;
    pthread_mutex_unlock(&board->lock);
    e = submit(ctx, &pending->command);
    if (e != ERR_OK) {
        pending->command.result = e;
        command_done(&pending->command);
    }
}

bool pending_answered(struct pending *pending)
{
    bool answered;

    pthread_mutex_lock(&pending->board->lock);
    answered = pending->answered;
    pthread_mutex_unlock(&pending->board->lock);
    return answered;
}

bool pending_settled(struct pending *pending)
{
    bool settled;

    pthread_mutex_lock(&pending->board->lock);
    settled = pending->settled;
    pthread_mutex_unlock(&pending->board->lock);
    return settled;
}

void pending_expire(struct pending_board *board, int64_t boot_ms)
{
    struct pending *pending;

    pthread_mutex_lock(&board->lock);
    pending = board->first;
    while (pending != NULL) {
        struct pending *next = pending->next;

        if (pending->deadline_ms <= boot_ms) {
            settle_locked(pending, false);
        }
        pending = next;
    }
    pthread_mutex_unlock(&board->lock);
}
