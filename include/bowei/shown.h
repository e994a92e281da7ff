#ifndef BOWEI_SHOWN_H
#define BOWEI_SHOWN_H

#include <stdbool.h>
#include <stddef.h>

/* What is shown of a place: the words that the core, the view, Redis and the API share. */

enum space_state {
    SPACE_UNKNOWN,
    SPACE_FREE,
    SPACE_OCCUPIED,
    SPACE_OUT_OF_SERVICE,
    SPACE_STATE_COUNT
};

const char *space_state_name(enum space_state state);
bool space_state_find(const char *name, size_t len, enum space_state *out);

/** One row each in reasons.def (code, English, Chinese), in order of precedence (STATES 9). */
/* clang-format off: a table is included */
enum reason {

#define REASON(name, code, en, zh) REASON_##name,
#include "bowei/reasons.def"
#undef REASON
    REASON_COUNT
};
/* clang-format on */
const char *reason_code(enum reason reason);

#endif
