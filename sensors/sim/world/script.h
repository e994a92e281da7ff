#ifndef SENSORS_SIM_WORLD_SCRIPT_H
#define SENSORS_SIM_WORLD_SCRIPT_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Scripted faults: lines `at SECONDS for SECONDS KIND TARGET [ARGUMENT]`, # begins a comment. The
 * target is a device id
 * ("tcp01/loops1", a dev EUI, "native-000123"), a device and channel ("tcp01/dx80-1#5"), a line
 * ("tcp01") or * for all. docs/SIMULATOR.md says what each kind does. */

enum fault_kind {

#define FAULT(name, text, deaf, argument, doc) FAULT_##name,
#include "sensors/sim/world/faults.def"
#undef FAULT
    FAULT_COUNT
};

#define SCRIPT_FAULTS_MAX 1000
#define SCRIPT_TARGET_CAP 48

struct script_fault {
    int64_t from_ms, until_ms; /**< since the start of the simulator */
    enum fault_kind kind;
    uint16_t channel; /**< 0 = the whole device */
    int32_t argument;
    char target[SCRIPT_TARGET_CAP];
};

struct script {
    struct script_fault *faults;
    uint32_t count;
};

/** Does the truth stay unheard under this fault? */
bool fault_deaf(enum fault_kind kind);
/** ERR_BAD_PARAMETER: why[] has "line 3: ...". Free with script_finish. */
enum err script_parse(struct script *script, const char *text, size_t len,
                      char why[120]) MUST_CHECK;
void script_finish(struct script *script);
/** Is the device meant? line: its line's name or NULL. */
bool script_hits(const struct script_fault *fault, const char *device, const char *line);
/** Does any fault begin or end in (before, now]? */
bool script_turns(const struct script *script, int64_t before_ms, int64_t now_ms);

#endif
