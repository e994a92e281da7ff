#ifndef GATEWAY_KEEP_JOURNAL_SEGMENT_H
#define GATEWAY_KEEP_JOURNAL_SEGMENT_H

#include "bowei/journal.h"

/* Segment files: <first position: epoch 16 hex>-<seq 16 hex>.bwj, so that their names sort as they
 * were written. A file is "BOWEIJNL" | schema u32 | 0 u32, then records. */

#define SEGMENT_HEAD     16
#define SEGMENT_NAME_LEN (16 + 1 + 16 + 4)

/** A whole segment in memory, or as much as could be read. */
struct segment_bytes {
    uint8_t *data; /**< freed by segment_bytes_finish */
    size_t len;
    uint32_t schema; /**< 0: it has no good head */
};

void segment_name(struct position first, char out[SEGMENT_NAME_LEN + 1]);
/** Positions that name the segments of a folder, sorted; *out is freed by the caller. */
enum err segment_list(int folder_fd, struct position **out, size_t *count) MUST_CHECK;
/** Removes half-written copies of segments, left by a process that was killed meanwhile. */
void segment_copies_remove(int folder_fd);
/** The head of a new file. */
void segment_head(uint8_t out[SEGMENT_HEAD]);
/** ERR_NOT_FOUND when it is gone, ERR_NEWER_SCHEMA with out->schema set. */
enum err segment_read(int folder_fd, const char *name, struct segment_bytes *out) MUST_CHECK;
/** The same of a file that is open, whatever became of its name. */
enum err segment_read_open(int fd, struct segment_bytes *out) MUST_CHECK;
void segment_bytes_finish(struct segment_bytes *bytes);
/** Visits the good records; returns the length of the good prefix (0 without a good head). */
size_t segment_visit(const struct segment_bytes *bytes,
                     bool (*visit)(void *ctx, const struct record *record), void *ctx,
                     bool *stopped);

#endif
