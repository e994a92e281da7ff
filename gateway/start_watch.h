#ifndef GATEWAY_START_WATCH_H
#define GATEWAY_START_WATCH_H

#include <pthread.h>
#include <stdbool.h>

/* SIGTERM and SIGINT while the gateway starts. A start may wait for a Redis that drips, read a
 * million spaces or a full journal; it has no turn in which main could look. Nothing has to be
 * drained yet: whatever a start has accepted by then is in the journal, as it must be for kill -9,
 * so the process just ends, with status 0, whatever main does meanwhile. */

struct start_watch {
    pthread_t thread;
    bool watching;
    int signal_fd, end_fd;
};

/** From here to start_watch_end a signal ends the process. Both signals must be blocked. Without
 * the descriptors or the thread it watches nothing: a stop is honoured once the start is over. */
void start_watch_begin(struct start_watch *watch);
/** Main looks itself from now on; a signal that came too late for this stays pending for it. */
void start_watch_end(struct start_watch *watch);

#endif
