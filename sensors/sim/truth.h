#ifndef SENSORS_SIM_TRUTH_H
#define SENSORS_SIM_TRUTH_H

#include "bowei/base/err.h"
#include "bowei/base/space_id.h"
#include "bowei/base/strbuf.h"
#include <stdbool.h>
#include <stdint.h>

/* The ground truth: one line of JSON per change, {"t":<epoch
 * ms>,"space":"<id>","occupied":true|false, "heard":true|false}. t is when the line was written:
 * when the change was out, or given up. */

struct truth {
    int fd; /**< -1 = nobody wants it */
    struct strbuf lines;
    uint64_t count;
};

/** Opens for appending, or from the start when `fresh`. path NULL: lines are only counted. */
enum err truth_open(struct truth *truth, const char *path, bool fresh) MUST_CHECK;
void truth_close(struct truth *truth);
void truth_add(struct truth *truth, int64_t at_ms, space_key space, bool occupied, bool heard);
/** Writes what was added; called once a turn, so a line is never older than that. */
enum err truth_flush(struct truth *truth) MUST_CHECK;

#endif
