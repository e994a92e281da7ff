/* Addresses are not looked up, and not named in TLS. */
#include "gateway/broker/host_address.h"
#include <arpa/inet.h>

bool host_is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}
