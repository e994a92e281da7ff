/* What routes answer with, and the fields of each schema (schemas.def). */
#include "api/schema.h"
#include <string.h>

static const struct field_row fields[] = {
#define FIELD(schema, name, type, doc) {#schema, name, type, doc},
#include "api/schemas.def"
#undef FIELD
};

static const struct {
    const char *schema; /* NULL: the media type says it all */
    const char *type;
} answers[ANSWER_COUNT] = {
    [ANSWER_SPACE] = {"Space",              "application/json"            },
    [ANSWER_SPACE_LIST] = {"SpaceList",          "application/json"            },
    [ANSWER_LOT] = {"Lot",                "application/json"            },
    [ANSWER_LOT_LIST] = {"LotList",            "application/json"            },
    [ANSWER_CITY] = {"City",               "application/json"            },
    [ANSWER_PLACE] = {"Place",              "application/json"            },
    [ANSWER_EVENTS] = {NULL,                 "text/event-stream"           },
    [ANSWER_DEVICE] = {"Device",             "application/json"            },
    [ANSWER_DEVICE_LIST] = {"DeviceList",         "application/json"            },
    [ANSWER_RECALIBRATION] = {"RecalibrationAsked", "application/json"            },
    [ANSWER_UNKNOWN_LIST] = {"UnknownList",        "application/json"            },
    [ANSWER_PUSH] = {"Push",               "application/json"            },
    [ANSWER_GREETING] = {NULL,                 "text/plain"                  },
    [ANSWER_FENCE] = {"Fence",              "application/json"            },
    [ANSWER_FENCE_LIST] = {"FenceList",          "application/json"            },
    [ANSWER_ALERT] = {"Alert",              "application/json"            },
    [ANSWER_ALERT_LIST] = {"AlertList",          "application/json"            },
    [ANSWER_EVENT_LIST] = {"EventList",          "application/json"            },
    [ANSWER_MOVES] = {"Moves",              "application/json"            },
    [ANSWER_MUTE] = {"Mute",               "application/json"            },
    [ANSWER_VEHICLE] = {"Vehicle",            "application/json"            },
    [ANSWER_VEHICLE_LIST] = {"VehicleList",        "application/json"            },
    [ANSWER_VERDICT] = {"Verdict",            "application/json"            },
    [ANSWER_TELEMETRY] = {"TelemetryResult",    "application/json"            },
    [ANSWER_CASE] = {"Case",               "application/json"            },
    [ANSWER_CASE_LIST] = {"CaseList",           "application/json"            },
    [ANSWER_ZOMBIE_LIST] = {"ZombieList",         "application/json"            },
    [ANSWER_CASE_FIGURES] = {"CaseFigures",        "application/json"            },
    [ANSWER_HANDOVER] = {"Handover",           "application/json"            },
    [ANSWER_PAGE] = {NULL,                 "text/html"                   },
    [ANSWER_REPORT] = {"Report",             "application/json"            },
    [ANSWER_AUDIT_LIST] = {"AuditList",          "application/json"            },
    [ANSWER_WORDS] = {"Words",              "application/json"            },
    [ANSWER_COVERAGE] = {"Coverage",           "application/json"            },
    [ANSWER_COVERAGE_PLACE] = {"CoveragePlace",      "application/json"            },
    [ANSWER_GAP_LIST] = {"GapList",            "application/json"            },
    [ANSWER_KEY] = {"Key",                "application/json"            },
    [ANSWER_KEY_LIST] = {"KeyList",            "application/json"            },
    [ANSWER_WEBHOOK] = {"Webhook",            "application/json"            },
    [ANSWER_WEBHOOK_LIST] = {"WebhookList",        "application/json"            },
    [ANSWER_WEBHOOK_ASKED] = {"WebhookAsked",       "application/json"            },
    [ANSWER_DELIVERIES] = {"Deliveries",         "application/json"            },
    [ANSWER_HEALTH] = {"Health",             "application/json"            },
    [ANSWER_METRICS] = {NULL,                 "application/openmetrics-text"},
    [ANSWER_OPENAPI] = {NULL,                 "application/json"            },
    [ANSWER_INDEX] = {"Index",              "application/json"            },
    [ANSWER_DEVICE_DETAIL] = {"DeviceDetail",       "application/json"            },
    [ANSWER_DEVICE_INSTALLED] = {"DeviceInstalled",    "application/json"            },
    [ANSWER_DEVICE_TEST] = {"DeviceTest",         "application/json"            },
    [ANSWER_WHY] = {"Why",                "application/json"            },
};

const char *answer_schema(enum answer answer)
{
    return answers[answer].schema;
}

const char *answer_type(enum answer answer)
{
    return answers[answer].type;
}

const struct field_row *schema_rows(size_t *count)
{
    *count = ARRAY_LEN(fields);
    return fields;
}

const struct field_row *schema_fields(const char *schema, size_t len, size_t *count)
{
    size_t first = 0;
    size_t end;

    while (first < ARRAY_LEN(fields) && (strlen(fields[first].schema) != len ||
                                         memcmp(fields[first].schema, schema, len) != 0)) {
        first++;
    }
    for (end = first;
         end < ARRAY_LEN(fields) && strcmp(fields[end].schema, fields[first].schema) == 0; end++) {
    }
    *count = end - first;
    return *count == 0 ? NULL : &fields[first];
}
