#ifndef GATEWAY_CLI_REST_TABLE_H
#define GATEWAY_CLI_REST_TABLE_H

#include "gateway/cli/rest.h"

/** Prints the items of the answer's member `list` (NULL: "items"), or the answer itself when there
 * is none, a row each. A column is a member, or `member.member` of one below. An exit code. */
int rest_table_print(const struct http_answer *answer, const char *list,
                     const char *const *columns);

#endif
