#ifndef GATEWAY_VIEW_FENCE_RECORDS_H
#define GATEWAY_VIEW_FENCE_RECORDS_H

#include "bowei/view.h"
#include <stdatomic.h>

/* What is shown of fences, a record each under its own sequence counter; part of struct view. */

#define FENCE_CHUNK  256u
#define FENCE_CHUNKS 512u /* 131 072 fences */
#define FENCE_WORDS  ((sizeof(struct fence_view) + 7) / 8)

struct fence_record {
    _Atomic uint32_t seq;
    _Atomic uint32_t version;
    _Atomic uint64_t words[FENCE_WORDS];
};

struct fence_records {
    _Atomic(struct fence_record *) chunks[FENCE_CHUNKS];
};

/** The records of a view. */
struct fence_records *view_fence_records(const struct view *view);
void fence_records_finish(struct fence_records *records);

#endif
