/* Bench: a Modbus TCP server of 4000 zeroed holding registers, one connection at a time, for
 * whatever unit is asked. modbus_server          prints its port, serves until killed */

#include <modbus.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTERS = 4000 };

int main(void)
{
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, REGISTERS, 0);
    if (context == NULL || mapping == NULL) {
        return 1;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 4) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        return 1;
    }
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        if (modbus_tcp_accept(context, &listener) < 0) {
            return 1;
        }
        for (;;) {
            int got = modbus_receive(context, query);
            if (got < 0 || (got > 0 && modbus_reply(context, query, got, mapping) < 0)) {
                break;
            }
        }
        modbus_close(context);
    }
}
