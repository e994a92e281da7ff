#ifndef GATEWAY_CLI_DEVICE_NAMES_H
#define GATEWAY_CLI_DEVICE_NAMES_H

/* The model and the source that the command line gives a device: mistyped, it is never heard. */

/** A model that never speaks of a place is refused; one that nothing decodes is warned of, since
 * native JSON and mappings need none. CLI_OK or an exit code, with a message. NULL = not given. */
int device_model_check(const char *model);
/** Refuses a source that is no line, link or push of the configuration file. CLI_OK or an exit
 * code, with a message. Either NULL: nothing is checked. */
int device_source_check(const char *source, const char *config_path);

#endif
