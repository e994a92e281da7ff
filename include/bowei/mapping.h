#ifndef BOWEI_MAPPING_H
#define BOWEI_MAPPING_H

/* How any JSON message is read: where each field stands and what its words mean. Paths are member
 * names with dots
 * ("data.state"; "" or NULL = not there), a path that begins with '=' is the constant behind it.
 * Enumerations are "word=meaning,word=meaning"; a word that is not listed refuses the message. */

struct mapping {
    const char *name;  /**< as the configuration's `envelope` says it */
    const char *items; /**< path of the list of readings; "" = the message is one reading, or a list
                          of them */
    const char *device;   /**< device id: text or whole number */
    const char *occupied; /**< any scalar; a null says nothing */
    const char *states;   /**< its words: free, occupied, alive, fault, link_lost, start. NULL =
                             true=occupied,false=free */
    const char *type;     /**< kind of message; NULL = status */
    const char *types; /**< its words: status, heartbeat, startup, parameters, fault, offline. Only
                          a status or heartbeat sets the place */
    const char *time;  /**< RFC 3339, or a number: seconds below 10^11, else milliseconds */
    const char *battery_v, *temperature_c, *rssi, *counter, *channel;
};

#endif
