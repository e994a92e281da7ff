#ifndef API_HANDLERS_STAFF_H
#define API_HANDLERS_STAFF_H

#include "api/request.h"
#include "bowei/command.h"

/** Reads the route's JSON body into the pending command; answers itself and returns false when it
 * is not as the route says. */
bool staff_body_read(struct request *rq);
struct json_doc;
/** Notes a fault for each member of a body that the route does not take. For handlers that read
 * their body themselves. */
void staff_body_known(struct request *rq, const struct json_doc *doc);
struct json_writer;
/** The member "recalibration" of a device's channel: null when none was asked for. */
void recalibration_member(struct request *rq, struct json_writer *w, const char *device,
                          uint16_t channel);

/** Fields a staff body may have. */
enum body_field {
    BODY_REASON,
    BODY_UNTIL,
    BODY_NOTE,
    BODY_OCCUPIED,
    BODY_FREE,
    BODY_CHANNEL,
    BODY_FORCE,
    BODY_WHY,
    BODY_VERSION,
    BODY_EVENT,
    BODY_IDS,
    BODY_CRS,
    BODY_ITEMS,
    BODY_NAME,
    BODY_ROLE,
    BODY_OPERATOR,
    BODY_DISTRICTS,
    BODY_EXPIRES,
    BODY_CASE_NOTE,
    BODY_TEXT,
    BODY_CASE_KIND,
    BODY_CASE_SOURCE,
    BODY_PLACE,
    BODY_VEHICLE,
    BODY_LOCATION,
    BODY_EVIDENCE,
    BODY_UNIT,
    BODY_PERSON,
    BODY_DUTY,
    BODY_SCORE,
    BODY_DOCUMENT,
    BODY_MEANS,
    BODY_FEATURES,
    BODY_EMERGENCY,
    BODY_INTO,
    BODY_RATING,
    BODY_FIELD_COUNT
};

struct body_field_row {
    const char *name;
    const char *type; /**< JSON type */
    const char *doc;
};

extern const struct body_field_row body_field_rows[BODY_FIELD_COUNT];
/** Bit per field that the handler of that name takes; *required: those that must be there. */
uint64_t body_fields_of(const char *handler, uint64_t *required);
const char *out_reason_name(enum out_reason reason);

#endif
