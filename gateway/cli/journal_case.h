#ifndef GATEWAY_CLI_JOURNAL_CASE_H
#define GATEWAY_CLI_JOURNAL_CASE_H

#include "bowei/base/json_write.h"
#include "bowei/image.h"

/* Cases, rows of their histories and interrupted stays in the journal's dump. */

void journal_case_image(struct json_writer *w, const struct image *image);
void journal_case_number(struct json_writer *w, const char *name, uint64_t id);

#endif
