#ifndef GATEWAY_CLI_DEVICE_NAMES_H
#define GATEWAY_CLI_DEVICE_NAMES_H

#include "bowei/inventory_file.h"

/* The model and the source that the command line gives a device: mistyped, it is never heard. */

/** A model that never speaks of a place is refused; one that nothing decodes is warned of, since
 * native JSON and mappings need none. CLI_OK or an exit code, with a message. NULL = not given. */
int device_model_check(const char *model);
/** Refuses a source that is no line, link or push of the configuration file. CLI_OK or an exit
 * code, with a message. Either NULL: nothing is checked. */
int device_source_check(const char *source, const char *config_path);
/** Tells the report what of the draft's devices is strange to this program, or to the configuration
 * file (NULL: not asked): warnings, since native JSON needs no model, and a configuration may
 * follow. */
void device_names_check(const struct draft *draft, const char *config_path,
                        struct import_report *report);

#endif
