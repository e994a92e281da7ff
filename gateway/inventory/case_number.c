/* The number of a case: AAAAAA-YYYYMMDD-NNNNN-C, county, day of the report, serial of the day,
 * check character. */
#include "bowei/base/space_id.h"
#include "bowei/case.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 19 /* county 6, day 8, serial 5 */

case_id case_id_make(uint32_t adcode, uint32_t date, uint32_t serial)
{
    return (uint64_t)adcode * 10000000000000u + (uint64_t)date * 100000u + serial;
}

uint32_t case_id_adcode(case_id id)
{
    return (uint32_t)(id / 10000000000000u);
}

void case_id_format(case_id id, char out[CASE_NUMBER_LEN + 1])
{
    char digits[DIGITS + 2];

    (void)snprintf(digits, sizeof digits, "%0*" PRIu64, DIGITS, id);
    (void)snprintf(out, CASE_NUMBER_LEN + 1, "%.6s-%.8s-%.5s-%c", digits, digits + 6, digits + 14,
                   iso7064_mod37_36(digits, DIGITS));
}

/* County 1xxxxx to 8xxxxx, a month and a day that may be, a serial from 1 on. */
static bool plausible(case_id id)
{
    const uint32_t date = (uint32_t)(id / 100000u % 100000000u);
    const uint32_t month = date / 100 % 100;
    const uint32_t day = date % 100;

    return case_id_adcode(id) >= 100000 && case_id_adcode(id) <= 899999 && month >= 1 &&
           month <= 12 && day >= 1 && day <= 31 && id % 100000u != 0;
}

bool case_id_parse(const char *text, size_t len, case_id *out)
{
    char plain[DIGITS + 1];
    case_id id = 0;

    if (id_plain(text, len, plain, sizeof plain) != sizeof plain) {
        return false;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        if (plain[i] < '0' || plain[i] > '9') {
            return false;
        }
        id = id * 10 + (case_id)(plain[i] - '0');
    }
    if (!plausible(id) || iso7064_mod37_36(plain, DIGITS) != plain[DIGITS]) {
        return false;
    }
    *out = id;
    return true;
}
