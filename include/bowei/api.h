#ifndef BOWEI_API_H
#define BOWEI_API_H

#include "bowei/alert_ring.h"
#include "bowei/audit_log.h"
#include "bowei/base/counters.h"
#include "bowei/config.h"
#include "bowei/delivery.h"
#include "bowei/event_feed.h"
#include "bowei/field.h"
#include "bowei/input.h"
#include "bowei/push.h"
#include "bowei/recalibration.h"
#include "bowei/status.h"

/* The REST API's front door: an acceptor thread moves sockets to 1024 and above, one HTTP
 * thread runs libmicrohttpd. It reads the view and the inventory, and hands staff requests to the
 * intake port. */

/** What the API may ask of the field side: implemented by sensors, handed over by main, so that api
 * links neither. */
struct unknown_port {
    void *ctx;
    uint32_t (*list)(void *ctx, struct unknown_device *out, uint32_t n);
};

struct api_params {
    const struct config *config;
    struct inventory_board *board;
    const struct view *view;
    struct change_ring *changes;
    struct alert_ring *alerts;
    struct audit_port audit;         /**< read by the same thread as events; zeroed: no audit */
    struct event_port events;        /**< of a reader of its own; zeroed: there is no feed */
    const struct fleet_rules *rules; /**< borrowed; what verdicts are explained with */
    struct intake_port intake;
    struct counters *counters;
    struct status *status;
    struct unknown_port unknown;
    struct push_port push; /**< zeroed: no source may push */
    struct recalibration_port recalibration;
    struct ledger_port ledger;     /**< ledger NULL: no figures, no frames */
    struct delivery_port delivery; /**< zeroed: no webhooks */
};

struct api;

/** Can the port be bound? Asked before a start takes the districts over: one that fails at its port
 * afterwards would leave the city without a gateway. ERR_IO with *detail as api_start has it. */
enum err api_port_probe(const struct config *config, char detail[160]) MUST_CHECK;
/** Binds and starts. ERR_IO with *detail ("127.0.0.1:8080: address already in use") when it cannot.
 */
enum err api_start(const struct api_params *params, struct api **out, char detail[160]) MUST_CHECK;
/** Stops accepting, ends streams, finishes requests under way (at most 2 s). */
void api_stop(struct api *api);
/** Reads certificate and key again; what is wrong with them is logged and leaves the former ones in
 * force. Connections go on with what they began with. Main thread. */
void api_reload(struct api *api);
/** The port that was bound (config 0 = any free one). */
uint16_t api_port(const struct api *api);
/** openapi.json, and the Markdown reference that docs/API.md is compared with: both from the route
 * table. */
struct strbuf;
void api_openapi(struct strbuf *out);
void api_reference(struct strbuf *out);

#endif
