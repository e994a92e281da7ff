#ifndef BOWEI_BROKER_ERROR_H
#define BOWEI_BROKER_ERROR_H

/** Why a turn of libmosquitto's loop ended the connection, for the log. code: a MOSQ_ERR_, error:
 * errno as it was then. Static text, or as long as that of strerror. */
const char *broker_error_text(int code, int error);

#endif
