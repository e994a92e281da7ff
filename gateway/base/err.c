/* The table of errors behind err.h: codes, HTTP statuses and texts, all out of err.def. */
#include "bowei/base/err.h"

struct err_row {
    const char *code;
    int http_status;
    const char *text[2]; /* English, Chinese */
};

/* clang-format off */
static const struct err_row rows[ERR_COUNT] = {
#define ERR(name, code, status, en, zh) {code, status, {en, zh}},
#include "bowei/base/err.def"
#undef ERR
};

/* clang-format on */

/* A number outside the enum is a bug of the caller; it is answered as such, not read past the
 * table. */
static const struct err_row *row_of(enum err e)
{
    return (unsigned)e < ERR_COUNT ? &rows[e] : &rows[ERR_INTERNAL];
}

const char *err_code(enum err e)
{
    return row_of(e)->code;
}

int err_http_status(enum err e)
{
    return row_of(e)->http_status;
}

const char *err_text(enum err e, int zh)
{
    return row_of(e)->text[zh != 0];
}
