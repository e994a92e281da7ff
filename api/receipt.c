/* Receipts of residents' reports: made, written, read. */
#include "api/receipt.h"
#include "bowei/base/space_id.h"
#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define DIGITS 16

uint64_t receipt_make(void)
{
    uint64_t receipt = 0;

    while (receipt == 0) {
        randombytes_buf(&receipt, sizeof receipt);
    }
    return receipt;
}

void receipt_format(uint64_t receipt, char out[RECEIPT_LEN + 1])
{
    char digits[DIGITS + 1];

    (void)snprintf(digits, sizeof digits, "%016" PRIX64, receipt);
    (void)snprintf(out, RECEIPT_LEN + 1, "%.4s-%.4s-%.4s-%.4s-%c", digits, digits + 4, digits + 8,
                   digits + 12, iso7064_mod37_36(digits, DIGITS));
}

bool receipt_parse(const char *text, size_t len, uint64_t *out)
{
    char plain[DIGITS + 1];
    uint64_t receipt = 0;

    if (id_plain(text, len, plain, sizeof plain) != sizeof plain) {
        return false;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        if (!isxdigit((unsigned char)plain[i])) {
            return false;
        }
        receipt = receipt << 4 | (uint64_t)(plain[i] <= '9' ? plain[i] - '0' : plain[i] - 'A' + 10);
    }
    *out = receipt;
    return receipt != 0 && iso7064_mod37_36(plain, DIGITS) == plain[DIGITS];
}
