#ifndef BOWEI_ENVELOPE_NAMES_H
#define BOWEI_ENVELOPE_NAMES_H

#include <stddef.h>

/** Name of the i-th message format that links understand, sorted; NULL behind the last. *doc (may
 * be NULL): one line on it. For the command line, which checks a configuration's `envelope` before
 * a server meets it. Static texts. */
const char *envelope_name(size_t i, const char **doc);

#endif
