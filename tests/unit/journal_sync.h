#ifndef TESTS_UNIT_JOURNAL_SYNC_H
#define TESTS_UNIT_JOURNAL_SYNC_H

/* Waiting for the journal's word that all so far is on the disk. */
#include "bowei/journal.h"
#include <semaphore.h>

struct sync_wait {
    sem_t done;
    enum err result;
};

/* A callback of journal_sync_then; ctx is a struct sync_wait. */
static inline void synced(void *ctx, enum err result)
{
    struct sync_wait *wait = ctx;

    wait->result = result;
    sem_post(&wait->done);
}

static inline enum err sync_now(struct journal *journal)
{
    struct sync_wait wait;

    sem_init(&wait.done, 0, 0);
    journal_sync_then(journal, synced, &wait);
    while (sem_wait(&wait.done) != 0) {
    }
    sem_destroy(&wait.done);
    return wait.result;
}

#endif
