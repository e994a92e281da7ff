#ifndef BOWEI_STATE_FOLDER_H
#define BOWEI_STATE_FOLDER_H

#include "bowei/base/err.h"
#include <stdint.h>
#include <sys/types.h>

/* The state folder: who owns it and the small files in it (lock, epoch, inventory/applied).
 * Everything that is written here is on the disk when the call returns. One owner thread. */

struct state_folder;

/** Opens it (made with 0700 when it is not there, with journal/ and inventory/ in it) and locks it
 * for this process: writes the pid into <folder>/lock. ERR_CONFLICT: another process has it, its
 * pid is in *owner (0 = not known). */
enum err state_folder_open(const char *folder, struct state_folder **out, pid_t *owner) MUST_CHECK;
void state_folder_close(struct state_folder *state);
/** The folder itself, and what is in it; borrowed until close. */
const char *state_folder_path(const struct state_folder *state);
const char *state_folder_journal(const struct state_folder *state);
const char *state_folder_inventory(const struct state_folder *state);

/** Files that the gateway keeps in its folder for the command line. */
#define STATE_RUNNING_CONFIG "running.yaml" /**< what is in force, without passwords */
#define STATE_RELOAD         "reload.json"  /**< what became of the last reload */

/** Replaces a file of the folder: it is the old one or the new one. */
enum err state_folder_put(struct state_folder *state, const char *name, const char *text,
                          size_t len) MUST_CHECK;

/** The pid that holds the lock of a folder now, 0 when none does. For the CLI; opens nothing else.
 */
pid_t state_folder_owner(const char *folder);

/** The epoch that was last in force; 0 when the file is not there. ERR_IO when it cannot be read or
 * is none. */
enum err state_folder_epoch(const struct state_folder *state, uint64_t *epoch) MUST_CHECK;
enum err state_folder_set_epoch(struct state_folder *state, uint64_t epoch) MUST_CHECK;

/** <folder>/inventory/applied: the version in force, which `bowei import` waits for. */
enum err state_folder_set_applied(struct state_folder *state, uint64_t version) MUST_CHECK;
enum err state_folder_applied(const char *folder, uint64_t *version) MUST_CHECK;

#endif
