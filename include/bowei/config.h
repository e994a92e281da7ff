#ifndef BOWEI_CONFIG_H
#define BOWEI_CONFIG_H

#include "bowei/alert.h"
#include "bowei/base/err.h"
#include "bowei/base/geo.h"
#include "bowei/base/strbuf.h"
#include "bowei/case.h"
#include "bowei/mapping.h"
#include <stdbool.h>
#include <stdint.h>

/* The configuration: behaviour, not data. YAML read through libyaml against one schema table
 * (settings.def: key, type, range, default, unit, help), which is also the template, docs/CONFIG.md
 * and `config show`. The structs below are what the rows fill; all of it is immutable after
 * config_load. Texts are owned by the config. */

#define CONFIG_LINES_MAX         200
#define CONFIG_LINKS_MAX         16
#define CONFIG_UNITS_MAX         248 /* 1 to 247, and a bridge's own 255 */
#define CONFIG_MAPS_MAX          64
#define CONFIG_SUBSCRIPTIONS_MAX 32
#define CONFIG_MAPPINGS_MAX      32
#define CONFIG_PUSHES_MAX        16
#define CONFIG_TEMPLATES_MAX     16

/** What the registers of a value hold. */
enum register_type {
    REGISTER_U16,
    REGISTER_S16,
    REGISTER_U32,
    REGISTER_S32,
    REGISTER_F32,
    REGISTER_TYPE_COUNT
};

/** Bytes of a value in the order in which they come; A is the most significant. One register has
 * only the two orders of its bytes: AB (abcd, cdab) and BA (badc, dcba). */
enum register_order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA, REGISTER_ORDER_COUNT };

/** How a Modbus unit's registers are to be read; named maps ship built in (dx80_state, dx80_raw,
 * bit_concentrator, magnetometer) and may be added or overridden. */
struct register_map {
    char *name;
    uint32_t function; /**< 1..4 */
    uint32_t base;     /**< 0 or 1: what the first address is called in the maker's papers */
    uint32_t first;    /**< address of channel 1's value, in that base */
    uint32_t stride;   /**< addresses from one channel to the next */
    uint32_t channels; /**< how many */
    uint32_t
        first_channel; /**< number of the first channel (1 unless a node number says otherwise) */
    uint32_t type;     /**< enum register_type */
    uint32_t order;    /**< enum register_order */
    uint32_t mask;     /**< bits of an unsigned value that count (registers) */
    int32_t occupied_value; /**< masked value that means occupied; -1 = any but zero */
    uint32_t threshold; /**< > 0: raw mode, occupied at or above threshold + hysteresis / 2 ... see
                           docs/CONFIG.md */
    uint32_t hysteresis;
    bool invert;
    int32_t empty_value;   /**< masked value that means "no sensor" (0xFFFF), -1 = none */
    int32_t status_offset; /**< address of the status register minus that of the value; -1 = none */
    uint32_t status_fault_mask; /**< bits that mean a fault */
    uint32_t status_link_code;  /**< high byte that means the node's link is lost; 0 = none */
    uint32_t gap;               /**< unused addresses worth reading over to merge two requests */
    uint32_t max_read;          /**< registers or bits a request, 1..125 / 1..2000 */

    /** A register that says which device answers; read before its values are believed. */
    struct {
        uint32_t function; /**< 1..4; 0 = the map has none */
        uint32_t address;  /**< counted from base */
        uint32_t mask, value;
    } identity;

    /** The write by which the device learns that its space is empty; never a poll. */
    struct {
        uint32_t function; /**< 5, 6 or 16; 0 = the map has none */
        uint32_t address;  /**< of channel 1, counted from base */
        uint32_t stride; /**< addresses from one channel to the next; 0 = one for all of the unit */
        uint32_t value;  /**< 5: 0 or 1 */
    } recalibrate;
};

struct unit_config {
    char *name;    /**< the device id in the inventory is "<line>/<name>" */
    uint32_t unit; /**< 1..247, 255 */
    char *map;
    uint32_t period_ms;
    uint32_t limit_ms; /**< 0 = by rule */
    uint32_t max_read; /**< 0 = the map's */
    uint32_t identity; /**< what its identity register holds; 0 = as the map says */
};

struct line_config {
    char *name;
    char *host; /**< Modbus TCP: IP literal; NULL = serial */
    uint32_t port;
    char *device; /**< Modbus RTU: tty path */
    uint32_t baud, data_bits, stop_bits;
    char *parity; /**< none, even, odd */
    uint32_t response_timeout_ms;
    uint32_t latency_ms;    /**< from request to reply, as `bowei plan` reckons */
    uint32_t turnaround_ms; /**< pause between two requests on top of 3.5 characters (RTU) */
    struct unit_config *units;
    uint32_t unit_count;
    const char *path; /**< "lines[0]", for messages */
};

struct subscription_config {
    char *topic;
    char *envelope; /**< a row of envelopes.def */
    uint32_t qos;
};

struct link_config {
    char *name;
    char *host;
    uint32_t port;
    char *client_id;           /**< fixed and unique: the broker keeps our session by it */
    char *username, *password; /**< password from password_file or ${ENV} only */
    uint32_t keepalive_s;
    uint32_t max_inflight;
    bool tls;
    char *ca_file, *cert_file, *key_file;
    struct subscription_config *subscriptions;
    uint32_t subscription_count;
    const char *path;
    bool client_id_derived; /**< made of instance and name */
};

/** What a webhook's receiver is posted in place of a CloudEvent. */
struct webhook_template {
    char *name;
    char *content_type;
    char *body;   /**< with placeholders, "{kind.zh}" */
    char *expect; /**< its answer must hold this text; NULL = its status says it all */
};

/** Where MQTT out goes, and what. */
struct mqtt_out_config {
    char *area; /**< second level of its topics */
    char *host; /**< NULL = there is none */
    uint32_t port;
    char *client_id;           /**< NULL = <instance>-out */
    char *username, *password; /**< password from password_file or ${ENV} only */
    uint32_t keepalive_s;
    uint32_t max_inflight;
    bool tls;
    char *ca_file, *cert_file, *key_file;
    bool spaces, operators;
};

/** A platform that pushes over HTTP: POST /v1/push/<name>. */
struct push_config {
    char *name;
    char *envelope;
    char *auth;                   /**< header, query, onenet */
    char *secret, *former_secret; /**< from a file or ${ENV} only; former_secret NULL = none */
};

struct config {
    char *instance;     /**< name of this gateway */
    char *state_folder; /**< journal, inventory, lock */
    char *keys_file;
    uint32_t log_level;

    struct {
        char *host;
        uint32_t port;
        uint32_t connections, connections_reserved, connections_per_ip, streams, streams_per_ip,
            header_deadline_s, body_deadline_s, idle_s, stream_life_s, heartbeat_s;
        bool rate_limit_loopback;
        bool plain_beyond_loopback;

        struct {
            char *certificate_file, *key_file; /**< both or neither */
        } tls;

        uint32_t requests_per_s;     /**< per address, 0 = off */
        uint32_t key_requests_per_s; /**< per key, 0 = off */
        uint32_t reports_per_minute; /**< residents', per address; 0 = none */
        uint32_t reports_reach_m;    /**< farther from all places is another city; 0 = off */
        char *public_url;            /**< NULL = not set */
    } http;

    struct {
        char *socket, *host;
        uint32_t port;
        char *username, *password;
        uint32_t timeout_ms;
    } redis;

    struct {
        uint32_t limit_mib, reserve_mib, sync_ms, keep_minutes;
    } journal;

    struct {
        uint32_t frames_kib, check_s, stuck_days, neighbours, inverted_rounds, out_of_step_rounds;
        bool suspect_rule;
    } devices;

    /** Bikes and verdicts (fleet.h has what each means). */
    struct {
        uint32_t max, alerts_max, buffer_m, hold_m, dwell_s, coarse_m, position_age_s, moved_m;
        uint32_t coverage_m, forget_days, leave_s, listener_silent_s;
        int32_t enter_dbm, leave_dbm;
    } bikes;

    struct {
        uint32_t pile_up_pct, pile_up_s, filling_pct, filling_s, reopen_s, storm;
        uint32_t feed_window, feed_pct, keep_days;

        struct {
            uint32_t ack, onsite, clear;
        } due_s[ALERT_KIND_COUNT];
    } alerts;

    /** Webhooks. */
    struct {
        char *allow;      /**< networks, as guard_parse reads them */
        char *ca_file;    /**< NULL = the system's */
        char *schedule_s; /**< pauses, as schedule_parse reads them */
        uint32_t timeout_s, connect_timeout_s;
    } delivery;

    struct mqtt_out_config mqtt_out;

    struct {
        char *file; /**< NULL = weekends only */
        char *hours, *night;
        int32_t utc_offset_min;
    } calendar;

    /** Cases and the zombie watch (case_rules.h has what each means). */
    struct {
        uint32_t max, keep_days, recur_days, check_in_min;
        bool auto_dispatch, from_expired_alerts;

        struct {
            uint32_t hours, clock; /**< clock: enum case_clock */
            int32_t score;
        } handle[CASE_KIND_COUNT];
    } cases;

    struct {
        struct {
            uint32_t suspect_days, notice_hours, claim_days, announce_days;
        } kinds[CASE_KIND_COUNT];

        uint32_t gap_pct_hundredths, release_s, gone_s, silent_days, flat_days, flat_pct;
        uint32_t dragged_days, expired_days, listen_hours, sweep_s;
    } zombies;

    struct line_config *lines;
    uint32_t line_count;
    struct link_config *links;
    uint32_t link_count;
    struct push_config *pushes;
    uint32_t push_count;
    struct register_map *maps; /**< the shipped ones and the file's */
    uint32_t map_count;
    struct mapping *mappings; /**< message formats of the file's own */
    uint32_t mapping_count;
    struct webhook_template *templates;
    uint32_t template_count;
};

struct config_fault {
    uint32_t line, column;
    char text[240];   /**< "http.port: \"eighty\" is not a number (1-65535)" */
    char source[160]; /**< the line of the file, or its part round the caret; secrets as '*' */
    uint32_t caret;   /**< characters in front of the caret */
};

#define CONFIG_FAULTS_MAX 50

/** A configuration while it is being checked. */
struct config_source;
/** Checks what the settings table cannot know, such as the names of envelopes; says what is wrong
 * by config_fault. */
typedef void config_checker(struct config_source *source, const struct config *config);
/** A fault at the place of a field's value in the file, or at that of its item. */
void config_fault(struct config_source *source, const void *field, const void *item,
                  const char *fmt, ...) PRINTF_LIKE(4, 5);

struct config_report {
    char file[256];
    uint32_t count;
    struct config_fault faults[CONFIG_FAULTS_MAX];
};

/** Where a configuration comes from; all borrowed. */
struct config_origin {
    const char *path;
    const char *const *overrides; /**< "key=value" */
    uint32_t override_count;
    bool
        masked; /**< printed by config_show: passwords and secrets that must be set are not there */
};

/** Reads and checks the whole file; on ERR_CONFIG the report has every fault. overrides:
 * "key=value" texts of the command line, applied last. */
enum err config_load(const char *path, const char *const *overrides, uint32_t override_count,
                     struct config_report *report, struct config **out) MUST_CHECK;
/** The same with a check of the caller's own behind those of the table. */
enum err config_load_checked(const struct config_origin *origin, config_checker *check,
                             struct config_report *report, struct config **out) MUST_CHECK;
void config_destroy(struct config *config);
/** file:line:column: text, the line and a caret, for each fault. */
void config_report_print(const struct config_report *report, struct strbuf *out);
/** The commented template with all defaults. */
void config_template(struct strbuf *out);
/** The effective configuration, secrets masked. */
void config_show(const struct config *config, struct strbuf *out);
/** The settings reference as Markdown (docs/CONFIG.md is compared with it). */
void config_reference(struct strbuf *out);

/** What became of a line, link or push of a new configuration. */
enum config_change { CONFIG_KEPT, CONFIG_EDITED, CONFIG_ADDED, CONFIG_CHANGE_COUNT };

#define CONFIG_WAITING_MAX 64

/** How a new configuration differs from the one in force. Lines, links and pushes are the same by
 * name. */
struct config_difference {
    uint8_t lines[CONFIG_LINES_MAX]; /**< enum config_change, as the new one numbers them */
    uint8_t links[CONFIG_LINKS_MAX];
    uint8_t pushes[CONFIG_PUSHES_MAX];
    uint32_t lines_removed, links_removed, pushes_removed;
    uint32_t waiting_count;
    const char *waiting[CONFIG_WAITING_MAX]; /**< keys that need a restart; static texts */
    bool live;                               /**< something differs that can be taken over */
    bool timing; /**< of a Modbus unit: the inventory must be built anew */
};

/** Pure. */
void config_compare(const struct config *running, const struct config *next,
                    struct config_difference *out);
/** Calls for each line, link and push that differs; change: "edited", "added" or "removed". */
void config_changes(const struct config *running, const struct config *next,
                    const struct config_difference *difference,
                    void (*each)(void *ctx, const char *kind, const char *name, const char *change),
                    void *ctx);
/** Gives `next` the running values of all settings that need a restart, so that it says what is in
 * force. False on no memory: `next` is of no use then. */
bool config_keep(const struct config *running, struct config *next) MUST_CHECK;
/** Is the map of that name the same in both, or in neither? */
bool config_map_same(const struct config *a, const struct config *b, const char *name);
/** Empties all passwords: a file that was printed by config_show has none, either. */
void config_forget_secrets(struct config *config);
/** Is a line read as it was: by its own settings and those of its units' maps? */
bool config_line_same(const struct config *a, const struct line_config *line_a,
                      const struct config *b, const struct line_config *line_b);
const struct line_config *config_line(const struct config *config, const char *name);
const struct link_config *config_link(const struct config *config, const char *name);
const struct push_config *config_push(const struct config *config, const char *name);
const struct register_map *config_map(const struct config *config, const char *name);
const struct unit_config *config_unit(const struct config *config, const char *line,
                                      const char *device);

#endif
