/* Any bytes as a Modbus TCP reply to any request (the first six bytes): only the whole and exact
 * reply is taken, bits are 0 or 1, and what a register says has a name. */
#include "sensors/modbus/register_read.h"
#include "sensors/modbus/reply.h"
#include "tests/fuzz/fuzz.h"

#define HEAD 6

static const struct register_map maps[] = {
    {.function = 3,        .channels = 1, .mask = 0xffff, .occupied_value = 1, .empty_value = 0xffff},
    { .function = 3,
     .channels = 1,
     .mask = 0x00ff,
     .occupied_value = -1,
     .empty_value = -1,
     .status_offset = 1,
     .status_fault_mask = 0x0c,
     .status_link_code = 0x80},
    {                                                                        .function = 4,
     .channels = 1,
     .mask = 0xffff,
     .occupied_value = -1,
     .empty_value = -1,
     .threshold = 500,
     .hysteresis = 100,
     .invert = true},
};

static void read_all(uint16_t value, uint16_t status)
{
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        struct register_memory memory = {0};

        claim(register_read(&maps[i], value, status, &memory) < VALUE_COUNT_);
        claim(register_read(&maps[i], status, value, &memory) < VALUE_COUNT_);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct read_reply reply;
    struct read_request request;
    uint16_t transaction;
    enum reply_kind kind;

    if (size < HEAD + 2) {
        return 0;
    }
    request = (struct read_request){.unit = data[0], .function = (uint8_t)(1 + data[1] % 4)};
    request.address = (uint16_t)(data[2] << 8 | data[3]);
    request.count = (uint16_t)((data[4] << 8 | data[5]) % (REPLY_VALUES_MAX + 1));
    transaction = (uint16_t)(data[HEAD] << 8 | data[HEAD + 1]);
    kind = read_reply_decode(&request, transaction, data + HEAD, size - HEAD, &reply);
    /* an answer to this request is none to an earlier one, which is passed over whole */
    claim(reply_stray_len(data + HEAD, size - HEAD, transaction, UINT16_MAX / 2) == 0);
    claim(reply_stray_len(data + HEAD, size - HEAD, (uint16_t)(transaction + 1), 1) <= size - HEAD);
    if (kind == REPLY_EXCEPTION) {
        claim(size - HEAD == 9 && reply.exception != 0);
    }
    for (uint32_t i = 0; kind == REPLY_OK && i < request.count; i++) {
        claim(request.function > 2 || reply.values[i] <= 1);
        read_all(reply.values[i], reply.values[request.count - 1 - i]);
    }
    return 0;
}
