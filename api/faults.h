#ifndef API_FAULTS_H
#define API_FAULTS_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define FAULTS_MAX 8

/** What was wrong with a request, field by field. */
struct faults {
    uint32_t count;

    struct fault_row {
        char where[40]; /**< parameter name or JSON pointer */
        char detail[240];
    } rows[FAULTS_MAX];

    bool pointer; /**< `where` is a JSON pointer */
};

/** What a detail begins with: a member that is not there, or one that says something else. */
#define FAULT_MUST_BE(node) ((node) == NULL ? "is required:" : "must be")

void faults_add(struct faults *faults, const char *where, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
