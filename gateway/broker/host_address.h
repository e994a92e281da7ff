#ifndef GATEWAY_BROKER_HOST_ADDRESS_H
#define GATEWAY_BROKER_HOST_ADDRESS_H

#include <stdbool.h>

/** Is the host an IPv4 or IPv6 address in digits, and no name? */
bool host_is_address(const char *host);

#endif
