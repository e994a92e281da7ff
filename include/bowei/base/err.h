#ifndef BOWEI_BASE_ERR_H
#define BOWEI_BASE_ERR_H

/** Why a call failed; ERR_OK is 0. One row each in err.def. */
/* clang-format off: a table is included */
enum err {

#define ERR(name, code, status, en, zh) ERR_##name,
#include "bowei/base/err.def"
#undef ERR
    ERR_COUNT
};
/* clang-format on */

/** The stable code ("not_found"); static. */
const char *err_code(enum err e);
/** The HTTP status that answers it. */
int err_http_status(enum err e);
/** One sentence in English (zh = false) or Chinese; static. */
const char *err_text(enum err e, int zh);

#if defined(__GNUC__)
#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
/* Stays out of the functions that call it, which are hot without it. */
#define APART __attribute__((noinline))
#else
#define MUST_CHECK
#define PRINTF_LIKE(fmt, args)
#define APART
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
