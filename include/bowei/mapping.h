#ifndef BOWEI_MAPPING_H
#define BOWEI_MAPPING_H

/* How any JSON message is read: where each field stands and what its words mean. Paths are member
 * names with dots
 * ("data.state"; "" or NULL = not there), a path of `device`, `occupied` or `type` that begins with
 * '=' is the constant behind it. Enumerations are "word=meaning,word=meaning"; a word that is not
 * listed refuses the message. */

struct mapping {
    char *name;     /**< as the configuration's `envelope` says it */
    char *items;    /**< path of the list of readings, or of the one; "" = the message is one
                             reading, or a list of them */
    char *device;   /**< device id: text or whole number */
    char *occupied; /**< any scalar; a null says nothing */
    char *states;   /**< its words: free, occupied, alive, fault, link_lost, start. NULL =
                             true=occupied,false=free */
    char *type;     /**< kind of message; NULL = status */
    char *types;    /**< its words: status, heartbeat, startup, parameters, fault, offline. Only
                             a status or heartbeat sets the place */
    char *time;     /**< RFC 3339, or a number: seconds below 10^11, else milliseconds */
    char *battery_v, *temperature_c, *rssi, *counter, *channel;
};

#define MAPPING_DEFAULT_STATES "true=occupied,false=free"

/** One of a mapping's keys that no message could ever fit. */
struct mapping_fault {
    const char *key; /**< as the configuration has it; NULL when all is well */
    const void *at;  /**< its field */
    const char *reason;
};

/** What is wrong with the paths and words of a mapping by themselves. */
struct mapping_fault mapping_fault(const struct mapping *mapping);

#endif
