#ifndef GATEWAY_CLI_CASE_VERBS_H
#define GATEWAY_CLI_CASE_VERBS_H

#include "bowei/case.h"
#include "gateway/cli/rest.h"

/* The verbs of `bowei cases` that change something. argv[0] is the command's name, argv[1] what
 * stands behind the verb; each returns an exit code. */

int case_verb_open(int argc, char **argv);
int case_verb_move(int argc, char **argv, enum case_event event);

/** Columns of a table of one case. */
extern const char *const case_columns[REST_COLUMNS_MAX];

#endif
