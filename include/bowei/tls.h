#ifndef BOWEI_TLS_H
#define BOWEI_TLS_H

#include <stdbool.h>

/* Certificate and key of the API's own TLS, as PEM files. The API serves them; check-config and a
 * reload look at them first. */

#define TLS_FAULT_MAX 200

/** Does this pair serve? False with a sentence in why ("the key does not belong to the
 * certificate"); key_at_fault says which of the files it is about. Any thread. */
bool tls_files_check(const char *certificate_file, const char *key_file, char why[TLS_FAULT_MAX],
                     bool *key_at_fault);

#endif
