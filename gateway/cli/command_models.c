/* `bowei models` and `bowei envelopes`: what the field side understands, from its tables; `bowei
 * decode`: one frame. */
#include "bowei/base/bytes.h"
#include "bowei/base/json_write.h"
#include "bowei/envelope_names.h"
#include "bowei/sensor_model.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known {
    const char *name, *doc;
};

static int print_known(int argc, char **argv, const struct known *rows, size_t count)
{
    bool json = false;
    const struct option options[] = {
        {"json", OPTION_FLAG, &json}
    };
    struct words words;
    struct strbuf out = {0};
    struct json_writer w;

    if (!options_read(argc, argv, options, ARRAY_LEN(options), &words)) {
        return CLI_USAGE;
    }
    json_writer_init(&w, &out);
    if (json) {
        json_array(&w);
    }
    for (size_t i = 0; i < count; i++) {
        if (!json) {
            strbuf_printf(&out, "%-16s %s\n", rows[i].name, rows[i].doc);
            continue;
        }
        json_object(&w);
        json_kv_str(&w, "name", rows[i].name);
        json_kv_str(&w, "doc", rows[i].doc);
        json_object_end(&w);
    }
    if (json) {
        json_array_end(&w);
        strbuf_putc(&out, '\n');
    }
    return commands_print(&out);
}

#define KNOWN_MAX 128

int command_models(int argc, char **argv)
{
    struct known rows[KNOWN_MAX];
    size_t count = 0;
    const struct sensor_model *const *models = sensor_models(&count);

    count = count < KNOWN_MAX ? count : KNOWN_MAX;
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct known){models[i]->name, models[i]->doc};
    }
    return print_known(argc, argv, rows, count);
}

int command_envelopes(int argc, char **argv)
{
    struct known rows[KNOWN_MAX];
    size_t count = 0;

    while (count < KNOWN_MAX && envelope_name(count, NULL) != NULL) {
        rows[count].name = envelope_name(count, &rows[count].doc);
        count++;
    }
    return print_known(argc, argv, rows, count);
}

static const char *const type_names[TYPE_COUNT_] = {
    [TYPE_STATUS] = "status",   [TYPE_HEARTBEAT] = "heartbeat",
    [TYPE_STARTUP] = "startup", [TYPE_PARAMETERS] = "parameters",
    [TYPE_FAULT] = "fault",     [TYPE_OFFLINE] = "offline",
    [TYPE_JOIN] = "join",       [TYPE_SAMPLE] = "sample",
};

static void write_extra(struct json_writer *w, const struct extra *extra)
{
    json_key(w, extra->name);
    switch (extra->kind) {
    case EXTRA_NUMBER: json_decimal(w, extra->number, extra->digits); break;
    case EXTRA_TEXT: json_str(w, extra->text); break;
    case EXTRA_BOOL: json_bool(w, extra->number != 0); break;
    }
}

static void write_decoded(const struct decoded *d, struct json_writer *w)
{
    const struct reading *r = &d->reading;

    json_kv_str(w, "type", r->type < TYPE_COUNT_ ? type_names[r->type] : "status");
    json_key(w, "occupied");
    if (d->occupied_bit < 0) {
        json_null(w);
    } else {
        json_bool(w, d->occupied_bit == 1);
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
    if ((r->has & HAS_COUNTER) != 0) {
        json_kv_u64(w, "frame_counter", r->counter);
    }
    for (size_t i = 0; i < d->extra_count && i < DECODED_EXTRAS; i++) {
        write_extra(w, &d->extras[i]);
    }
}

static int decode(const struct sensor_model *model, const struct frame *frame)
{
    struct decoded decoded;
    struct strbuf out = {0};
    struct json_writer w;
    enum decode_fault fault = DECODE_LENGTH;
    int status = CLI_OK;

    decoded_clear(&decoded);
    if (frame->len > 0) {
        fault = model->decode(frame, &decoded);
    }
    json_writer_init(&w, &out);
    json_object(&w);
    if (fault == DECODE_OK) {
        write_decoded(&decoded, &w);
    } else {
        json_kv_str(&w, "refused", decode_fault_name(fault));
    }
    json_object_end(&w);
    strbuf_putc(&out, '\n');
    status = commands_print(&out);
    return status != CLI_OK ? status : fault == DECODE_OK ? CLI_OK : CLI_FAILURE;
}

#define FRAME_BYTES_MAX 256 /* LoRaWAN: 242 at most */
#define FPORT_MAX       255

int command_decode(int argc, char **argv)
{
    const char *name = NULL;
    const char *port_text = "0";
    const struct option options[] = {
        {"fport", OPTION_TEXT, &port_text},
        {"model", OPTION_TEXT, &name     },
    };
    struct words words;
    uint8_t bytes[FRAME_BYTES_MAX];
    const struct sensor_model *model = NULL;
    char *end = NULL;
    unsigned long port = 0;
    int len = -1;

    if (!options_read(argc, argv, options, ARRAY_LEN(options), &words)) {
        return CLI_USAGE;
    }
    if (name == NULL || words.count != 1) {
        return commands_usage(argv[0], "needs --model NAME and the frame in hex");
    }
    model = sensor_model_find(name, strlen(name));
    port = strtoul(port_text, &end, 10);
    len = hex_decode(words.items[0], strlen(words.items[0]), bytes, sizeof bytes);
    if (model == NULL) {
        return commands_usage(argv[0], "there is no such model: bowei models lists them");
    }
    if (*port_text == '\0' || *end != '\0' || port > FPORT_MAX) {
        return commands_usage(argv[0], "--fport must be 0 to 255");
    }
    if (len < 0) {
        return commands_usage(argv[0], "the frame must be hex digits, up to 256 bytes");
    }
    return decode(model,
                  &(struct frame){.bytes = bytes, .len = (size_t)len, .fport = (uint8_t)port});
}
