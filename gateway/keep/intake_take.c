/* Intake, the core's side: inputs out of the ring, and what the ring lost out of the journal. When
 * it was overrun (`lagging`), the core empties it, then reads what it missed out of the segments,
 * until it has the newest one; under the lock it then goes back to the ring. */
#include "bowei/base/log.h"
#include "gateway/keep/intake_queue.h"
#include <errno.h>
#include <string.h>

/* While inputs stream in, the core lets them gather so long between two takes, unless GATHER_ENOUGH
 * wait: each input would otherwise wake it, two system calls and two switches for 3 us of work. */
#define GATHER_NS     400000
#define GATHER_ENOUGH 64
/* A reading that is not in the journal any more (its file was removed) is looked for so long: the
 * journal makes a folder anew within its sync_ms. */
#define GONE_MS 5000
/* A segment that was trimmed while the cursor was on its way there is passed over at once. */
#define TRIMMED_MS 250
/* Between two tries to read what cannot be read. */
#define RETRY_NS 10000000

static void wait_locked(struct intake *in, int64_t until_boot_ms)
{
    int64_t left_ms = until_boot_ms - host_boot_ms();
    struct timespec until;

    if (left_ms <= 0) {
        return;
    }
    if (left_ms > 3600000) {
        left_ms = 3600000;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(left_ms / 1000);
    until.tv_nsec += (long)(left_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    in->waiting = true;
    while (!in->woken && in->head == in->tail && !in->lagging && in->side_count == 0) {
        if (pthread_cond_timedwait(&in->wake, &in->lock, &until) != 0) {
            break;
        }
    }
    in->waiting = false;
}

static size_t take_ring_locked(struct intake *in, struct input *inputs, size_t n)
{
    size_t got = 0;

    while (got < n && in->tail != in->head) {
        inputs[got++] = in->ring[in->tail++ & (INTAKE_RING - 1)];
    }
    if (got > 0) {
        in->read = inputs[got - 1].at;
    }
    if (in->tail == in->head) { /* from its front again: no more of it is touched than waits */
        in->head = 0;
        in->tail = 0;
    }
    return got;
}

/* Everything that was missed has been given out: the ring again. */
static void caught_up_locked(struct intake *in)
{
    if (in->lagging && in->head == in->tail && in->side_count == 0 && in->peeked == NULL &&
        position_compare(in->read, in->missed) >= 0) {
        in->lagging = false;
        in->lost += in->missed_count; /* counted out one by one, and these did not come */
        count_add(in->counters, COUNT_READINGS_LOST, in->missed_count);
        in->missed_count = 0;
        journal_cursor_close(in->cursor);
        in->cursor = NULL;
        if (atomic_exchange(&in->blocked, false)) {
            log_line(LOG_INFO, "intake", "the core is up to date again");
        }
    }
}

static void side_remove_locked(struct intake *in)
{
    in->side_count--;
    memmove(&in->side[0], &in->side[1], in->side_count * sizeof in->side[0]);
}

/* The next missed input: the older one of the journal's next reading and the first of the side
 * list. */
static bool take_missed(struct intake *in, struct position missed, struct input *out)
{
    bool from_side = false;

    if (in->cursor == NULL) {
        in->cursor = journal_cursor_open(in->journal, in->read);
    }
    if (in->cursor != NULL && in->peeked == NULL && position_compare(in->read, missed) < 0 &&
        journal_cursor_next(in->cursor, &in->peek)) {
        in->peeked = &in->peek;
        in->read = in->peek.at;
    }
    pthread_mutex_lock(&in->lock);
    if (in->side_count > 0 &&
        (in->peeked != NULL ? position_compare(in->side[0].at, in->peek.at) < 0
                            : position_compare(in->read, in->missed) >= 0)) {
        *out = in->side[0];
        side_remove_locked(in);
        from_side = true;
    } else if (in->peeked != NULL && in->missed_count > 0) {
        in->missed_count--;
    }
    pthread_mutex_unlock(&in->lock);
    if (from_side) {
        return true;
    }
    if (in->peeked == NULL) {
        return false;
    }
    *out = in->peek;
    in->peeked = NULL;
    return true;
}

/* Readings that the journal took do not come back. While it cannot be read (EMFILE, ENOMEM, EIO)
 * they are waited for as long as the process lives: nothing is taken past them, time stands still
 * for the core, and readers are told that it is behind. What the journal does not hold any more is
 * given up after a while, and counted. */
static void stuck(struct intake *in, struct position missed)
{
    static const struct timespec pause = {.tv_nsec = RETRY_NS};
    static int64_t gate;
    const int error = in->cursor == NULL ? ENOMEM : journal_cursor_error(in->cursor);
    const int64_t boot_ms = host_boot_ms();

    if (error != 0 || in->stuck_since_ms == 0) {
        in->stuck_since_ms = boot_ms;
    }
    if ((error != 0 || boot_ms - in->stuck_since_ms >= TRIMMED_MS) &&
        !atomic_exchange(&in->blocked, true)) {
        count_add(in->counters, COUNT_CORE_BLOCKED, 1);
    }
    if (error != 0) {
        log_rate(LOG_ERROR, &gate, 10000, "intake",
                 "readings up to %llu cannot be read back from the journal, the core waits: %s",
                 (unsigned long long)missed.seq, strerror(error));
    } else if (boot_ms - in->stuck_since_ms >= GONE_MS) {
        log_line(LOG_ERROR, "intake", "readings up to %llu are in the journal no more",
                 (unsigned long long)missed.seq);
        in->read = missed;
        in->stuck_since_ms = 0;
        return;
    }
    (void)nanosleep(&pause, NULL);
}

/* What the ring lost, behind the `got` inputs that it gave; returns how many there are now. */
static size_t take_behind(struct intake *in, struct position missed, struct input *inputs, size_t n,
                          size_t got)
{
    while (got < n && take_missed(in, missed, &inputs[got])) {
        got++;
    }
    if (got == 0 && position_compare(in->read, missed) < 0) {
        stuck(in, missed);
    } else {
        in->stuck_since_ms = 0;
    }
    return got;
}

size_t intake_take(struct intake *in, struct input *inputs, size_t n, int64_t until_boot_ms,
                   struct now *now)
{
    static const struct timespec gather = {.tv_nsec = GATHER_NS};
    size_t got;

    if (in->streaming && intake_lag(in) < GATHER_ENOUGH) {
        (void)nanosleep(&gather, NULL);
    }
    pthread_mutex_lock(&in->lock);
    wait_locked(in, until_boot_ms);
    in->woken = false;
    got = take_ring_locked(in, inputs, n);
    if (in->lagging || in->side_count > 0) {
        struct position missed = in->missed;

        pthread_mutex_unlock(&in->lock);
        got = take_behind(in, missed, inputs, n, got);
        pthread_mutex_lock(&in->lock);
    }
    caught_up_locked(in);
    intake_lag_locked(in);
    if (!atomic_load(&in->blocked)) {
        in->given = intake_now_locked(in);
    } else if (got > 0 && inputs[got - 1].now.at_ms > in->given.at_ms) {
        in->given = inputs[got - 1].now;
    }
    *now = in->given;
    if (got > 0) {
        in->newest = inputs[got - 1].at;
    }
    pthread_mutex_unlock(&in->lock);
    in->streaming = got > 0;
    return got;
}
