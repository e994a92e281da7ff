#ifndef GATEWAY_GATEWAY_STATE_H
#define GATEWAY_GATEWAY_STATE_H

#include "bowei/api.h"
#include "bowei/audit_log.h"
#include "bowei/field.h"
#include "bowei/mqtt_out.h"
#include "bowei/recover.h"
#include "gateway/case_settings.h"
#include "gateway/configuration.h"
#include "gateway/event_feed.h"
#include "gateway/examiner.h"
#include "gateway/fleet_settings.h"
#include "gateway/gateway.h"
#include "gateway/late_redis.h"
#include "gateway/outgoing.h"
#include "gateway/reload.h"
#include "gateway/runner.h"

/* The parts of a running gateway, for the files that start it (gateway_start.c) and keep it going
 * (gateway.c). Main thread only, but where a part says otherwise. */

struct gateway {
    struct configuration *configuration;
    const struct config *config; /* what the process was started with */
    struct state_folder *state;
    struct counters counters;
    struct status status;
    struct inventory_board board;
    struct redis_params redis;
    struct journal *journal;
    struct core *core;                 /* until the runner takes it */
    const struct inventory *inventory; /* the same */
    struct recovery recovery;
    struct intake *intake;
    struct redis_writer *writer;
    struct view *view;
    struct change_ring *changes;
    struct alert_ring *alerts;
    struct event_feed *feed;
    struct outgoing outgoing;
    struct audit_reader *audit_log; /* the API's */
    struct fleet_rules rules;
    struct work_calendar *calendar; /* of the rules of cases */
    struct runner *runner;
    struct unknown_devices *unknown;
    struct recalibration_desk *desk;
    struct device_ledger *ledger;
    struct examiner *examiner;
    struct field *field;
    struct push *push;
    struct api *api;
    struct mqtt_out *mqtt_out;
    const struct inventory *pending; /* loaded on SIGHUP, waiting for a confirmed flush */
    struct position pending_after;
    int64_t pending_since_ms;
    bool pending_told; /* the log has it that it waits */
    uint64_t applied;
    uint64_t handed; /* version of the newest inventory given to the core */
    uint32_t builds; /* inventories built anew for their timings */
    uint32_t reader; /* of the board, for reload */
    int64_t started_ms, links_open_ms;
    int64_t inventory_ms, restored_ms, publish_ms; /* how long the start took in each */
    struct late_redis late;
    _Atomic bool stepped_down;
};

/** What a recovery, or a late one, goes by now. */
struct recover_params gateway_recovery(struct gateway *g);

#endif
