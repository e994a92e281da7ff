/* `bowei decode`: what a frame, or a message of a network server, says. The same models and
 * envelopes as the gateway's own, so that what is printed here is what the gateway makes of it. One
 * JSON object a reading and line, with the names of docs/DATA_FORMAT.md, "Decoded frames". */
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "bowei/config.h"
#include "bowei/envelope.h"
#include "bowei/sensor_model.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX (1u << 20)
#define FPORT_MAX   255

/* One call of the command. */
struct decoding {
    const struct sensor_model *model;
    const struct envelope *envelope;
    struct config *config;  /* of --config, NULL = none */
    struct envelope mapped; /* room for one of its mappings */
    const char *topic;
    uint8_t fport;
    bool refused; /* something was */
    struct strbuf out;
    struct uplink uplink;
};

static void write_extra(struct json_writer *w, const struct extra *extra)
{
    json_key(w, extra->name);
    switch (extra->kind) {
    case EXTRA_NUMBER: json_decimal(w, extra->number, extra->digits); break;
    case EXTRA_TEXT: json_str(w, extra->text); break;
    case EXTRA_BOOL: json_bool(w, extra->number != 0); break;
    case EXTRA_NULL: json_null(w); break;
    case EXTRA_LIST:
        json_array(w);
        for (int64_t i = 0; i < extra->number; i++) {
            json_i64(w, extra->list[i]);
        }
        json_array_end(w);
        break;
    }
}

/* With milliseconds where there are some. */
static void write_time(struct json_writer *w, int64_t epoch_ms)
{
    char text[RFC3339_LEN + 8];

    json_key(w, "time");
    if (epoch_ms < 0) {
        json_null(w);
        return;
    }
    rfc3339_format(epoch_ms, text);
    if (epoch_ms % 1000 != 0) {
        (void)snprintf(text + RFC3339_LEN - 1, sizeof text - RFC3339_LEN + 1, ".%03dZ",
                       (int)(epoch_ms % 1000));
    }
    json_str(w, text);
}

/* The network's fields. A name that the device's own frame has too is the frame's. */
static void write_network(struct json_writer *w, const struct decoded *d)
{
    const struct reading *r = &d->reading;

    if (r->device_len > 0) {
        json_key(w, "device_id");
        json_strn(w, r->device, r->device_len);
    }
    if ((r->has & HAS_NET_TIME) != 0 && decoded_extra(d, "time") == NULL) {
        write_time(w, r->net_time_ms);
    }
    if ((r->has & HAS_RSSI) != 0) {
        json_kv_i64(w, "rssi", r->rssi_dbm);
    }
    if ((r->has & HAS_COUNTER) != 0) {
        json_kv_u64(w, decoded_extra(d, "frame_counter") == NULL ? "frame_counter" : "fcnt",
                    r->counter);
    }
    if (r->channel != 0) {
        json_kv_i64(w, "channel", r->channel);
    }
}

static void write_decoded(struct json_writer *w, const struct decoded *d)
{
    const struct reading *r = &d->reading;

    json_kv_str(w, "type", decoded_type_name(d));
    json_key(w, "occupied");
    if (d->occupied_bit < 0) {
        json_null(w);
    } else {
        json_bool(w, d->occupied_bit == 1);
    }
    if (r->value == VALUE_GATE) {
        json_kv_u64(w, "gate_in", r->gate_in);
        json_kv_u64(w, "gate_out", r->gate_out);
    }
    if ((r->has & HAS_BATTERY) != 0) {
        json_key(w, "battery_v");
        json_decimal(w, r->battery_mv, 3);
    }
    if ((r->has & HAS_BATTERY_LOW) != 0) {
        json_kv_bool(w, "low_battery", r->battery_low);
    }
    if ((r->has & HAS_TEMPERATURE) != 0) {
        json_key(w, "temperature_c");
        json_decimal(w, r->temperature_dc, 1);
    }
    write_network(w, d);
    for (size_t i = 0; i < d->extra_count && i < DECODED_EXTRAS; i++) {
        write_extra(w, &d->extras[i]);
    }
}

static void write_sighting(struct json_writer *w, const struct uplink *up)
{
    const struct sighting *s = &up->sighting;
    const struct decoded *d = &up->decoded;

    json_kv_str(w, "type", "sighting");
    json_key(w, "gateway");
    if (s->gateway[0] != '\0') {
        json_str(w, s->gateway);
    } else {
        json_null(w);
    }
    json_kv_str(w, "mac", s->mac);
    json_key(w, "beacon");
    if (s->beacon[0] != '\0') {
        json_str(w, s->beacon);
    } else {
        json_null(w);
    }
    if (s->has_random) {
        json_kv_bool(w, "mac_random", s->random);
    }
    write_network(w, d);
    for (size_t i = 0; i < d->extra_count && i < DECODED_EXTRAS; i++) {
        write_extra(w, &d->extras[i]);
    }
}

/* A frame that no model was named for: its bytes. */
static void write_frame(struct json_writer *w, const struct uplink *up)
{
    static const char digits[] = "0123456789abcdef";
    struct strbuf hex = {0};

    if (up->bytes[0] == '{') { /* a platform's JSON for the device */
        json_key(w, "payload");
        json_raw(w, (const char *)up->bytes, up->len);
        return;
    }
    for (uint16_t i = 0; i < up->len; i++) {
        strbuf_putc(&hex, digits[up->bytes[i] >> 4]);
        strbuf_putc(&hex, digits[up->bytes[i] & 0x0f]);
    }
    if (up->fport != 0) {
        json_kv_i64(w, "fport", up->fport);
    }
    json_key(w, "hex");
    json_strn(w, hex.data != NULL ? hex.data : "", hex.len);
    strbuf_finish(&hex);
}

static void put_refused(struct decoding *d, const char *why)
{
    struct json_writer w;

    json_writer_init(&w, &d->out);
    json_object(&w);
    json_kv_str(&w, "refused", why);
    json_object_end(&w);
    strbuf_putc(&d->out, '\n');
    d->refused = true;
}

/* What stands in d->uplink, one line. */
static void put_uplink(struct decoding *d, bool bytes_too)
{
    struct json_writer w;

    json_writer_init(&w, &d->out);
    json_object(&w);
    if (d->uplink.kind == UPLINK_SIGHTING) {
        write_sighting(&w, &d->uplink);
    } else {
        write_decoded(&w, &d->uplink.decoded);
        if (d->uplink.kind == UPLINK_LOCK) {
            json_kv_str(&w, "lock", lock_state_name((enum lock_state)d->uplink.lock.lock));
        }
        if (bytes_too) {
            write_frame(&w, &d->uplink);
        }
    }
    json_object_end(&w);
    strbuf_putc(&d->out, '\n');
}

/* A device's own frame. */
static void decode_frame(struct decoding *d, const uint8_t *bytes, size_t len, uint8_t fport)
{
    const struct frame frame = {.bytes = bytes, .len = len, .fport = fport};
    enum decode_fault fault = DECODE_LENGTH;

    decoded_clear(&d->uplink.decoded);
    d->uplink.kind = UPLINK_READING;
    if (len > 0) {
        fault = d->model->decode(&frame, &d->uplink.decoded);
    }
    if (fault == DECODE_OK) {
        put_uplink(d, false);
    } else {
        put_refused(d, decode_fault_name(fault));
    }
}

/* One item of an opened message. */
static void decode_uplink(struct decoding *d)
{
    struct uplink *up = &d->uplink;
    const struct sensor_model *model = d->model;
    const struct frame frame = {.bytes = up->bytes, .len = up->len, .fport = up->fport};
    enum decode_fault fault;

    if (up->kind == UPLINK_NOTHING && up->decoded.type_name == NULL) {
        up->decoded.type_name = "ignored";
    }
    if (up->kind != UPLINK_FRAME) {
        put_uplink(d, false);
        return;
    }
    if (model == NULL && up->model != NULL) {
        model = sensor_model_find(up->model, strlen(up->model));
    }
    if (model == NULL) {
        up->decoded.type_name = up->decoded.type_name == NULL ? "uplink" : up->decoded.type_name;
        put_uplink(d, true);
        return;
    }
    fault = model->decode(&frame, &up->decoded);
    if (fault == DECODE_OK) {
        put_uplink(d, false);
    } else {
        put_refused(d, decode_fault_name(fault));
    }
}

/* A message of a network server. False: out of memory. */
static bool decode_message(struct decoding *d, const char *text, size_t len)
{
    struct json_doc doc;
    /* a value takes two bytes at least, its separator counted */
    size_t cap = len / 2 + 8;
    struct json_node *nodes = calloc(cap, sizeof *nodes);
    uint32_t item = 0;

    if (nodes == NULL) {
        return false;
    }
    if (json_parse(&doc, text, len, nodes, (uint32_t)cap) != JSON_OK) {
        put_refused(d, decode_fault_name(DECODE_JSON));
        free(nodes);
        return true;
    }
    do {
        enum decode_fault fault = envelope_open(d->envelope, d->topic, &doc, item++, &d->uplink);

        if (fault != DECODE_OK) {
            put_refused(d, decode_fault_name(fault));
        } else {
            decode_uplink(d);
        }
    } while (d->uplink.more);
    free(nodes);
    return true;
}

/* Hex digits, a JSON object or a lock's line, as the device sends it -> bytes; -1: none of them. */
static int frame_bytes(const char *text, size_t len, uint8_t *out, size_t cap)
{
    if (len > 0 && (text[0] == '{' || text[0] == '*')) {
        if (len > cap) {
            return -1;
        }
        memcpy(out, text, len);
        return (int)len;
    }
    return hex_decode(text, len, out, cap);
}

static bool fport_read(const char *text, size_t len, uint8_t *out)
{
    unsigned v = 0;

    if (len == 0 || len > 3) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (unsigned)(text[i] - '0');
    }
    *out = (uint8_t)v;
    return v <= FPORT_MAX;
}

/* "FPORT HEX", "HEX" (the command's --fport) or JSON. False: out of memory. */
static bool decode_line(struct decoding *d, const char *line, size_t len)
{
    uint8_t bytes[UPLINK_BYTES_MAX];
    uint8_t fport = d->fport;
    const char *space = memchr(line, ' ', len);
    int got;

    if (d->envelope != NULL) {
        return decode_message(d, line, len);
    }
    if (space != NULL && line[0] != '{' && line[0] != '*') {
        if (!fport_read(line, (size_t)(space - line), &fport)) {
            put_refused(d, decode_fault_name(DECODE_FIELD));
            return true;
        }
        len -= (size_t)(space + 1 - line);
        line = space + 1;
    }
    if (space == NULL && len % 2 == 1 && fport_read(line, len, &fport)) {
        len = 0; /* a port and an empty frame, its blank lost on the way */
    }
    got = frame_bytes(line, len, bytes, sizeof bytes);
    if (got < 0) {
        put_refused(d, decode_fault_name(DECODE_FIELD));
    } else {
        decode_frame(d, bytes, (size_t)got, fport);
    }
    return true;
}

/* All of a file, "-" = standard input. NULL with a message when it cannot be read. */
static char *read_all(const char *path, size_t *len)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *text = file == NULL ? NULL : malloc(MESSAGE_MAX + 1);

    *len = 0;
    if (text != NULL) {
        *len = fread(text, 1, MESSAGE_MAX + 1, file);
        if (ferror(file) != 0 || *len > MESSAGE_MAX) {
            free(text);
            text = NULL;
        }
    }
    if (file != NULL && file != stdin) {
        (void)fclose(file);
    }
    if (text == NULL) {
        (void)fprintf(stderr, "bowei decode: cannot read %s (1 MiB at most)\n", path);
    }
    return text;
}

/* --lines: one result a line, as they come. */
static int decode_lines(struct decoding *d)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t got;
    int status = CLI_OK;

    while (status == CLI_OK && (got = getline(&line, &cap, stdin)) >= 0) {
        size_t len = (size_t)got;

        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
            len--;
        }
        status = decode_line(d, line, len) ? commands_print(&d->out) : CLI_FAILURE;
    }
    free(line);
    return status == CLI_OK && d->refused ? CLI_FAILURE : status;
}

static int decode_file(struct decoding *d, const char *path)
{
    size_t len;
    char *text = read_all(path, &len);
    int status;

    if (text == NULL) {
        return CLI_FAILURE;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    status = decode_message(d, text, len) ? commands_print(&d->out) : CLI_FAILURE;
    free(text);
    return status == CLI_OK && d->refused ? CLI_FAILURE : status;
}

static int decode_word(struct decoding *d, const char *command, const char *word)
{
    uint8_t bytes[UPLINK_BYTES_MAX];
    int len = frame_bytes(word, strlen(word), bytes, sizeof bytes);
    int status;

    if (len >= 0) {
        decode_frame(d, bytes, (size_t)len, d->fport);
    } else if (strlen(word) > 2 * sizeof bytes) {
        put_refused(d, decode_fault_name(DECODE_LENGTH));
    } else {
        return commands_usage(command, "the frame must be hex digits, two a byte");
    }
    status = commands_print(&d->out);
    return status == CLI_OK && d->refused ? CLI_FAILURE : status;
}

/* The frames or the message, wherever they come from. */
static int decode_all(struct decoding *d, const char *command, const struct words *words,
                      bool lines)
{
    if (lines) {
        return words->count == 0 ? decode_lines(d)
                                 : commands_usage(command, "--lines reads standard input only");
    }
    if (d->envelope != NULL) {
        return words->count > 1 ? commands_usage(command, "takes one message file")
                                : decode_file(d, words->count == 1 ? words->items[0] : "-");
    }
    return words->count != 1 ? commands_usage(command, "takes one frame in hex")
                             : decode_word(d, command, words->items[0]);
}

/* What --model and --envelope name. 0, or an exit code with a message printed. */
static int names_find(struct decoding *d, const char *command, const char *model,
                      const char *envelope)
{
    if (model == NULL && envelope == NULL) {
        return commands_usage(command, "needs --model NAME and the frame in hex, or --envelope");
    }
    d->model = model == NULL ? NULL : sensor_model_find(model, strlen(model));
    if (model != NULL && d->model == NULL) {
        return commands_usage(command, "there is no such model: bowei models lists them");
    }
    if (envelope == NULL) {
        return CLI_OK;
    }
    d->envelope = d->config == NULL ? envelope_find(envelope)
                                    : envelope_choose(d->config, envelope, &d->mapped);
    return d->envelope != NULL
               ? CLI_OK
               : commands_usage(command, "there is no such envelope: bowei envelopes lists them");
}

int command_decode(int argc, char **argv)
{
    const char *model = NULL;
    const char *envelope = NULL;
    const char *topic = "";
    const char *port = "0";
    const char *file = NULL;
    bool lines = false;
    const struct option options[] = {
        {"config",   OPTION_TEXT, &file    },
        {"envelope", OPTION_TEXT, &envelope},
        {"fport",    OPTION_TEXT, &port    },
        {"lines",    OPTION_FLAG, &lines   },
        {"model",    OPTION_TEXT, &model   },
        {"topic",    OPTION_TEXT, &topic   },
    };
    struct words words;
    struct decoding d;
    int status = CLI_OK;

    memset(&d, 0, sizeof d);
    if (!options_read(argc, argv, options, ARRAY_LEN(options), &words)) {
        return CLI_USAGE;
    }
    d.topic = topic;
    if (!fport_read(port, strlen(port), &d.fport)) {
        return commands_usage(argv[0], "--fport must be 0 to 255");
    }
    if (file != NULL) {
        char option[] = "--config";
        char *load[] = {argv[0], option, (char *)(uintptr_t)file, NULL};

        status = cli_load_config(3, load, &d.config);
    }
    if (status == CLI_OK) {
        status = names_find(&d, argv[0], model, envelope);
    }
    if (status == CLI_OK) {
        status = decode_all(&d, argv[0], &words, lines);
    }
    config_destroy(d.config);
    return status;
}
