#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* What every target shares: the entry libFuzzer and replay.c call, and the claim that must hold for
 * any input. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void claim(bool truth)
{
    if (!truth) {
        abort();
    }
}

#endif
