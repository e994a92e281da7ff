#ifndef API_RECEIPT_H
#define API_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The receipt of a resident's report: 64 random bits as 16 hex digits and a check character
 * (ISO/IEC 7064 MOD 37,36), in groups: "7F3A-09BC-55D0-E821-K". Who has it may look the report up;
 * it says nothing of who reported what. */

#define RECEIPT_LEN 21

uint64_t receipt_make(void); /**< random, never 0 */
void receipt_format(uint64_t receipt, char out[RECEIPT_LEN + 1]);
/** With or without hyphens, any case; the check character must fit. */
bool receipt_parse(const char *text, size_t len, uint64_t *out);

#endif
