#ifndef GATEWAY_KEEP_CASE_PACK_H
#define GATEWAY_KEEP_CASE_PACK_H

#include "bowei/image.h"
#include "gateway/keep/coder.h"

/* Layouts of cases, the rows of their histories and interrupted stays (journal E records, private
 * fields in Redis). docs/DATA_FORMAT.md; a change is a new JOURNAL_SCHEMA. */

void case_code_case(struct coder *c, struct case_image *image);
void case_code_row(struct coder *c, struct case_row_image *row);
void case_code_stay(struct coder *c, struct stay_image *stay);

#endif
