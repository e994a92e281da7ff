/* The codes of libmosquitto in words. Links and MQTT out log them when a connection ends. */
#include "bowei/broker_error.h"
#include <mosquitto.h>
#include <string.h>

const char *broker_error_text(int code, int error)
{
    switch (code) {
    case MOSQ_ERR_ERRNO: return strerror(error);
    case MOSQ_ERR_KEEPALIVE: return "the broker does not answer"; /* 2.0.11: "Unknown error." */
    case MOSQ_ERR_EAI: return "its name cannot be resolved";      /* "Lookup error." */
    default: return mosquitto_strerror(code);
    }
}
