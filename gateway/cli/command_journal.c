/* `bowei journal dump`: every good record of the journal, oldest first, one line each. Reads only,
 * so it works while the gateway writes. */
#include "bowei/audit_log.h"
#include "bowei/base/json_write.h"
#include "bowei/journal.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/journal_case.h"
#include "gateway/cli/journal_fleet.h"
#include "gateway/cli/options.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PRINT_BYTES (64u << 10) /* lines are gathered up to this before they are written */

static const char *const value_names[VALUE_COUNT_] = {
    [VALUE_FREE] = "free",   [VALUE_OCCUPIED] = "occupied",   [VALUE_ALIVE] = "alive",
    [VALUE_FAULT] = "fault", [VALUE_LINK_LOST] = "link_lost", [VALUE_START] = "start",
    [VALUE_JOIN] = "join",   [VALUE_GATE] = "gate",
};

static const char *const kind_names[IMAGE_KIND_COUNT] = {
    [IMAGE_SPACE] = "space",     [IMAGE_LOT] = "lot",           [IMAGE_OVERRIDE] = "override",
    [IMAGE_SUSPECT] = "suspect", [IMAGE_AUDIT] = "audit",       [IMAGE_FENCE] = "fence",
    [IMAGE_BIKE] = "bike",       [IMAGE_ALERT] = "alert",       [IMAGE_MUTE] = "mute",
    [IMAGE_CASE] = "case",       [IMAGE_CASE_ROW] = "case_row", [IMAGE_STAY] = "stay",
};

static const char *const state_names[] = {"unknown", "free", "occupied", "out_of_service"};

struct dump {
    struct strbuf lines;
    bool json;
    bool failed;
};

static const char *value_name(uint8_t value)
{
    return value < VALUE_COUNT_ ? value_names[value] : "none";
}

static const char *state_name(uint8_t state)
{
    return state < ARRAY_LEN(state_names) ? state_names[state] : "none";
}

static void write_device(struct json_writer *w, const char *device, size_t len)
{
    json_key(w, "device");
    json_strn(w, device, len < DEVICE_ID_MAX ? len : DEVICE_ID_MAX);
}

static void write_optional(struct json_writer *w, const struct reading *r)
{
    if ((r->has & HAS_COUNTER) != 0) {
        json_kv_u64(w, "counter", r->counter);
    }
    if ((r->has & HAS_NET_TIME) != 0) {
        json_kv_time(w, "net_time", r->net_time_ms);
        json_kv_i64(w, "net_time_ms", r->net_time_ms);
    }
    if ((r->has & HAS_BATTERY) != 0) {
        json_kv_u64(w, "battery_mv", r->battery_mv);
    }
    if ((r->has & HAS_TEMPERATURE) != 0) {
        json_key(w, "temperature_c");
        json_decimal(w, r->temperature_dc, 1);
    }
    if ((r->has & HAS_RSSI) != 0) {
        json_kv_i64(w, "rssi", r->rssi_dbm);
    }
    if (r->value == VALUE_GATE) {
        json_kv_u64(w, "gate_in", r->gate_in);
        json_kv_u64(w, "gate_out", r->gate_out);
    }
}

static void write_reading(struct json_writer *w, const struct record *record)
{
    const struct reading *r = &record->reading;

    json_kv_place(w, "root", record->root);
    write_device(w, r->device, r->device_len);
    json_kv_u64(w, "channel", r->channel);
    json_kv_str(w, "value", value_name(r->value));
    write_optional(w, r);
}

static void write_space(struct json_writer *w, const struct space_image *s)
{
    json_kv_place(w, "id", s->key);
    json_kv_str(w, "state", state_name(s->state));
    json_kv_time(w, "since", s->since_ms);
    json_kv_time(w, "seen", s->seen_ms > 0 ? s->seen_ms : -1);
}

static void write_lot(struct json_writer *w, const struct lot_image *lot)
{
    json_kv_place(w, "id", lot->key);
    json_kv_bool(w, "closed", lot->closed);
    json_kv_i64(w, "count", lot->count_raw);
}

static void write_override(struct json_writer *w, const struct override_image *o)
{
    json_kv_place(w, "id", o->key);
    json_kv_bool(w, "set", o->set);
    if (o->set) {
        json_kv_str(w, "reason", override_reason_word(o->reason));
    }
    json_kv_time(w, "since", o->since_ms);
    json_kv_time(w, "until", o->until_ms > 0 ? o->until_ms : -1);
    json_kv_str(w, "actor", o->actor);
    json_kv_str(w, "note", o->note);
}

static void write_audit(struct json_writer *w, const struct audit_image *a)
{
    json_kv_str(w, "command", audit_command_word(a->command));
    json_kv_place(w, "id", a->key);
    if (a->device_len > 0) {
        write_device(w, a->device, a->device_len);
    }
    json_kv_time(w, "time", a->at_ms);
    json_kv_str(w, "actor", a->actor);
    json_kv_str(w, "note", a->note);
    if (a->case_id != 0) {
        journal_case_number(w, "case", a->case_id);
    }
}

static void write_image(struct json_writer *w, const struct image *image)
{
    json_kv_str(w, "kind", image->kind < IMAGE_KIND_COUNT ? kind_names[image->kind] : "none");
    json_kv_u64(w, "image_epoch", image->at.epoch);
    json_kv_u64(w, "image_seq", image->at.seq);
    switch (image->kind) {
    case IMAGE_SPACE: write_space(w, &image->space); break;
    case IMAGE_LOT: write_lot(w, &image->lot); break;
    case IMAGE_OVERRIDE: write_override(w, &image->override); break;
    case IMAGE_SUSPECT:
        write_device(w, image->suspect.device, image->suspect.device_len);
        json_kv_bool(w, "set", image->suspect.set);
        json_kv_time(w, "since", image->suspect.since_ms);
        if (image->suspect.test_until_ms != 0) {
            json_kv_time(w, "test_until", image->suspect.test_until_ms);
        }
        json_kv_str(w, "actor", image->suspect.actor);
        break;
    case IMAGE_AUDIT: write_audit(w, &image->audit); break;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE: journal_fleet_image(w, image); break;
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY: journal_case_image(w, image); break;
    case IMAGE_KIND_COUNT: break;
    }
}

static void write_record(const struct record *record, struct strbuf *out)
{
    const char type[2] = {(char)record->type, '\0'};
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "type", type);
    json_kv_u64(&w, "epoch", record->at.epoch);
    json_kv_u64(&w, "seq", record->at.seq);
    json_kv_time(&w, "at", record->now.at_ms);
    json_kv_i64(&w, "at_ms", record->now.at_ms);
    json_kv_u64(&w, "inventory", record->inventory_version);
    switch (record->type) {
    case RECORD_READING: write_reading(&w, record); break;
    case RECORD_REPORT: journal_fleet_report(&w, &record->report); break;
    case RECORD_EFFECT:
    case RECORD_IMAGE: write_image(&w, &record->image); break;
    case RECORD_INVENTORY: break;
    }
    json_object_end(&w);
    strbuf_putc(out, '\n');
}

/* For people: position, time and what the record is about. */
static void write_line(const struct record *record, struct strbuf *out)
{
    const struct reading *r = &record->reading;
    char at[RFC3339_LEN + 1];
    char id[SPACE_ID_LEN + 1] = "-";

    rfc3339_format(record->now.at_ms, at);
    strbuf_printf(out, "%" PRIu64 ":%-10" PRIu64 " %s %c ", record->at.epoch, record->at.seq, at,
                  (char)record->type);
    if (record->type == RECORD_READING) {
        if (record->root != 0) {
            space_id_format(record->root, id);
        }
        strbuf_printf(out, "%s %.*s/%u %s", id, (int)r->device_len, r->device, r->channel,
                      value_name(r->value));
    } else if (record->type == RECORD_REPORT) {
        strbuf_puts(out, record->report.vehicle[0] != '\0' ? record->report.vehicle : "listener");
    } else if (record->type != RECORD_INVENTORY && record->image.kind < IMAGE_KIND_COUNT) {
        strbuf_puts(out, kind_names[record->image.kind]);
    } else {
        strbuf_printf(out, "version %" PRIu64, record->inventory_version);
    }
    strbuf_putc(out, '\n');
}

static void dump_write(struct dump *dump)
{
    dump->failed |= dump->lines.failed ||
                    fwrite(dump->lines.data, 1, dump->lines.len, stdout) != dump->lines.len;
    strbuf_clear(&dump->lines);
}

static bool dump_record(void *ctx, const struct record *record)
{
    struct dump *dump = ctx;

    if (dump->json) {
        write_record(record, &dump->lines);
    } else {
        write_line(record, &dump->lines);
    }
    if (dump->lines.len >= PRINT_BYTES || dump->lines.failed) {
        dump_write(dump);
    }
    return !dump->failed;
}

static int dump_all(const struct place *place, bool json)
{
    struct dump dump = {.json = json};
    char folder[600];
    uint32_t schema = 0;
    enum err e = ERR_OK;

    snprintf(folder, sizeof folder, "%s/journal", place->state);
    e = journal_read(folder, dump_record, &dump, &schema);
    if (dump.lines.len > 0) {
        dump_write(&dump);
    }
    strbuf_finish(&dump.lines);
    if (e == ERR_NEWER_SCHEMA) {
        fprintf(stderr, "bowei journal: %s has schema %u, this program reads up to %d\n", folder,
                schema, JOURNAL_SCHEMA);
        return CLI_FAILURE;
    }
    if (e != ERR_OK) {
        fprintf(stderr, "bowei journal: %s: %s\n", folder, err_text(e, 0));
        return e == ERR_NOT_FOUND ? CLI_NOT_FOUND : CLI_FAILURE;
    }
    return dump.failed || fflush(stdout) != 0 ? CLI_FAILURE : CLI_OK;
}

int command_journal(int argc, char **argv)
{
    struct place place = {.state_option = NULL};
    bool json = false;
    const struct option rows[] = {
        {"config", OPTION_TEXT, &place.config_option},
        {"json",   OPTION_FLAG, &json               },
        {"state",  OPTION_TEXT, &place.state_option },
    };
    struct words words;
    int status = CLI_OK;

    if (!options_read(argc, argv, rows, ARRAY_LEN(rows), &words)) {
        return CLI_USAGE;
    }
    if (words.count != 1 || strcmp(words.items[0], "dump") != 0) {
        return commands_usage(argv[0], "only `dump`, and its options");
    }
    status = command_place_find(&place, argv[0]);
    return status == CLI_OK ? dump_all(&place, json) : status;
}
