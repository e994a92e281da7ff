#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

/** Sends one sd_notify datagram ("READY=1", "WATCHDOG=1", "STATUS=...") to $NOTIFY_SOCKET; does
 * nothing without one. The protocol is one datagram, so no library is needed for it. */
void notify_send(const char *text);

#endif
