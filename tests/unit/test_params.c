/* Query parameters as one text: what is decoded stays inside the scratch that it was given, however
 * the pairs are cut. tests/unit/test_api_input.c says what each parameter may be. */
#include "api/params.h"
#include "api/request.h"
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GUARD 2048

static struct query query;
static struct faults faults;

/* Parses `raw` with a guarded scratch of `cap` bytes. */
static bool parse_guarded(const char *raw, const param_entry *known, size_t cap)
{
    static char scratch[SCRATCH_MAX + GUARD];
    bool fine;

    assert_true(cap <= SCRATCH_MAX);
    memset(scratch, 0x5a, sizeof scratch);
    fine = params_parse(raw, strlen(raw), known, scratch, cap, &query, &faults);
    for (size_t i = cap; i < sizeof scratch; i++) {
        assert_int_equal(scratch[i], 0x5a);
    }
    return fine;
}

/* A name without '=' takes one byte more decoded than raw: enough of them fill the scratch to its
 * last byte, and a pair that begins there has no room at all. */
static void full_scratch_takes_nothing_more(void **state)
{
    static const param_entry none[] = {PARAM_END};
    char raw[TARGET_MAX + 1];
    size_t n = 0;

    (void)state;
    while (n / 2 * 3 + 2 < SCRATCH_MAX) {
        n += (size_t)snprintf(raw + n, sizeof raw - n, "a&");
    }
    assert_int_equal(n / 2 * 3 + 2, SCRATCH_MAX);
    n += (size_t)snprintf(raw + n, sizeof raw - n, "=&=");
    memset(raw + n, 'A', TARGET_MAX - n);
    raw[TARGET_MAX] = '\0';
    assert_false(parse_guarded(raw, none, SCRATCH_MAX));
}

/* The same for every size of scratch that a query can meet on its way. */
static void any_scratch_is_kept_to(void **state)
{
    static const char *const raws[] = {
        "=", "=x", "&=&=x", "lat", "lat=1", "lat=1&lon=2", "%41=%42&=", "a&a&a&a&=&=AAAAAAAAAAAA",
    };

    static const param_entry known[] = {PARAM_LAT, PARAM_LON, PARAM_END};

    (void)state;
    for (size_t i = 0; i < sizeof raws / sizeof raws[0]; i++) {
        for (size_t cap = 0; cap <= 40; cap++) {
            (void)parse_guarded(raws[i], known, cap);
        }
    }
}

/* A refusal repeats what was sent, but no secret. */
static void secrets_are_not_repeated(void **state)
{
    static const param_entry known[] = {PARAM_KEY, PARAM_LIMIT, PARAM_END};
    char raw[320] = "limit=0&key=";
    char scratch[400];

    (void)state;
    memset(raw + strlen(raw), 's', 290);
    assert_false(params_parse(raw, strlen(raw), known, scratch, sizeof scratch, &query, &faults));
    assert_int_equal(faults.count, 2);
    assert_non_null(strstr(faults.rows[0].detail, "(was \"0\")"));
    assert_null(strstr(faults.rows[1].detail, "sss"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_scratch_takes_nothing_more),
        cmocka_unit_test(any_scratch_is_kept_to),
        cmocka_unit_test(secrets_are_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
