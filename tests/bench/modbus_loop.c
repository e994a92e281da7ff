/* Bench: the bare libmodbus loop that the poller is compared with: reads 125 registers again and
 * again over one connection. modbus_loop PORT SECONDS        prints reads per second */

#include <modbus.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: modbus_loop PORT SECONDS\n");
        return 2;
    }
    modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    if (context == NULL || modbus_connect(context) != 0) {
        return 1;
    }
    uint16_t registers[125];
    long reads = 0;
    double begin = seconds(), end = begin + atof(argv[2]);
    while (seconds() < end) {
        if (modbus_read_registers(context, 0, 125, registers) != 125) {
            return 1;
        }
        reads++;
    }
    printf("%.1f\n", (double)reads / (seconds() - begin));
    modbus_close(context);
    modbus_free(context);
    return 0;
}
