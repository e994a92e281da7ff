/* What may go from the journal: segments that are in Redis for good, and, when Redis is away for
 * long, readings whose roots have newer images. Asked for by the core thread, done by the sync
 * thread. */
#include "bowei/base/bytes.h"
#include "bowei/base/log.h"
#include "gateway/keep/journal/journal_state.h"
#include "gateway/keep/journal/record.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void journal_trim(struct journal *j, struct position confirmed, int64_t at_ms)
{
    pthread_mutex_lock(&j->lock);
    if (position_compare(confirmed, j->confirmed) > 0) {
        j->confirmed = confirmed;
    }
    j->trim_ms = at_ms;
    if (j->segment_count > 1 && position_compare(j->segments[0].last, j->confirmed) <= 0 &&
        j->segments[0].newest_ms + (int64_t)j->keep_ms <= at_ms) {
        j->trim_due = true;
        pthread_cond_signal(&j->wake);
    }
    pthread_mutex_unlock(&j->lock);
}

void journal_supersede(struct journal *j, struct position since)
{
    struct segment *current;

    pthread_mutex_lock(&j->lock);
    current = journal_current_locked(j);
    if (current != NULL) {
        current->closed = true;
    }
    if (position_compare(since, j->superseded) > 0) {
        j->superseded = since;
    }
    if (j->round_open) {
        j->superseded_round = j->round;
        j->round_open = false;
    }
    j->supersede_due = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

/* Lock held; the file is gone already. */
static void forget_locked(struct journal *j, size_t i)
{
    atomic_fetch_sub(&j->bytes, j->segments[i].bytes);
    if (j->segments[i].fd >= 0) {
        close(j->segments[i].fd);
    }
    memmove(&j->segments[i], &j->segments[i + 1],
            (j->segment_count - i - 1) * sizeof j->segments[0]);
    j->segment_count--;
}

static void trim_locked(struct journal *j)
{
    char name[SEGMENT_NAME_LEN + 1];

    while (j->segment_count > 1 && position_compare(j->segments[0].last, j->confirmed) <= 0 &&
           j->segments[0].newest_ms + (int64_t)j->keep_ms <= j->trim_ms) {
        segment_name(j->segments[0].name, name);
        if (unlinkat(j->folder_fd, name, 0) != 0 && errno != ENOENT) {
            log_line(LOG_WARNING, "journal", "cannot remove %s", name);
            return;
        }
        forget_locked(j, 0);
    }
}

/* What a superseded segment keeps. */
struct keeping {
    const uint8_t *from; /**< the segment as it is */
    uint8_t *data;
    size_t len;
    struct position segment;
    uint64_t offset; /**< of the record that is looked at */
    struct position confirmed;
    struct mark round;
    struct batch_sum sum;
    uint64_t dropped;
};

static bool image_is_of_round(const struct keeping *k)
{
    int order = position_compare(k->segment, k->round.segment);

    return order > 0 || (order == 0 && k->offset >= k->round.offset);
}

static bool keep_record(void *ctx, const struct record *record)
{
    struct keeping *k = ctx;
    const size_t len = le32_get(k->from + k->offset);
    bool keep = false;

    switch (record->type) {
    case RECORD_REPORT:
    case RECORD_READING: k->dropped++; break;
    case RECORD_EFFECT: keep = position_compare(record->at, k->confirmed) > 0; break;
    case RECORD_IMAGE: keep = image_is_of_round(k); break;
    case RECORD_INVENTORY: break;
    }
    if (keep) {
        /* as it was written: encoded anew, one of an older schema would be longer */
        memcpy(k->data + k->len, k->from + k->offset, len);
        record_set_more(k->data + k->len, 0);
        k->len += len;
        batch_sum_add(&k->sum, record->type, record->at, record->now.at_ms);
    }
    k->offset += len;
    return true;
}

/* What the file of a closed segment becomes: nothing (unlinked), fewer bytes, or what it was. Only
 * this thread touches such files, so no lock is held over the I/O. */
enum compacted { COMPACT_NONE, COMPACT_GONE, COMPACT_SMALLER };

static enum compacted compact(struct journal *j, const struct segment *segment, struct keeping *k)
{
    struct segment_bytes bytes;
    char name[SEGMENT_NAME_LEN + 1];
    enum compacted result = COMPACT_NONE;
    bool stopped;
    int fd;

    segment_name(segment->name, name);
    if (segment_read(j->folder_fd, name, &bytes) != ERR_OK) {
        return COMPACT_NONE;
    }
    if (bytes.schema == 0) {
        goto undo_bytes; /* no head: nothing in it is good */
    }
    k->data = malloc(bytes.len);
    if (k->data == NULL) {
        goto undo_bytes;
    }
    k->from = bytes.data;
    memcpy(k->data, bytes.data, SEGMENT_HEAD);
    k->len = k->offset = SEGMENT_HEAD;
    k->segment = segment->name;
    (void)segment_visit(&bytes, keep_record, k, &stopped);
    if (k->len == SEGMENT_HEAD) {
        result =
            unlinkat(j->folder_fd, name, 0) == 0 || errno == ENOENT ? COMPACT_GONE : COMPACT_NONE;
    } else if (k->len < segment->bytes) {
        fd = journal_replace(j, name, k->data, k->len);
        if (fd >= 0) {
            close(fd);
            result = COMPACT_SMALLER;
        }
    }
    free(k->data);
undo_bytes:
    segment_bytes_finish(&bytes);
    return result;
}

static void compacted_locked(struct journal *j, struct position name, enum compacted how,
                             const struct keeping *k)
{
    struct segment *segment = journal_segment_locked(j, name);

    if (segment == NULL || how == COMPACT_NONE) {
        return;
    }
    count_add(j->counters, COUNT_JOURNAL_SUPERSEDED, k->dropped);
    if (how == COMPACT_GONE) {
        forget_locked(j, (size_t)(segment - j->segments));
        return;
    }
    atomic_fetch_sub(&j->bytes, segment->bytes - k->len);
    segment->bytes = k->len;
    segment->last = k->sum.last;
    segment->last_reading = (struct position){0, 0};
    segment->readings = 0;
}

/* The next segment at or behind `from` that supersede may touch. */
static bool next_superseded_locked(const struct journal *j, struct position from,
                                   struct segment *out)
{
    for (size_t i = 0; i < j->segment_count; i++) {
        const struct segment *s = &j->segments[i];

        if (position_compare(s->name, from) >= 0 && s->closed && !s->dirty && s->fd < 0 &&
            position_compare(s->last_reading, j->superseded) <= 0) {
            *out = *s;
            return true;
        }
    }
    return false;
}

static void supersede_run(struct journal *j)
{
    struct position from = {0, 0};
    struct segment segment;
    struct keeping k;

    for (;;) {
        enum compacted how;

        pthread_mutex_lock(&j->lock);
        if (!next_superseded_locked(j, from, &segment)) {
            pthread_mutex_unlock(&j->lock);
            return;
        }
        k = (struct keeping){.confirmed = j->confirmed, .round = j->superseded_round};
        pthread_mutex_unlock(&j->lock);
        how = compact(j, &segment, &k);
        pthread_mutex_lock(&j->lock);
        compacted_locked(j, segment.name, how, &k);
        pthread_mutex_unlock(&j->lock);
        from = segment.name;
        from.seq++;
    }
}

void journal_trim_run(struct journal *j, bool synced)
{
    bool supersede;

    pthread_mutex_lock(&j->lock);
    supersede = synced && j->supersede_ready;
    if (synced && j->trim_due) {
        trim_locked(j);
    }
    j->trim_due = false;
    if (j->supersede_ready) {
        j->supersede_ready = j->supersede_due = false;
    }
    pthread_mutex_unlock(&j->lock);
    if (supersede) {
        supersede_run(j);
    }
}
