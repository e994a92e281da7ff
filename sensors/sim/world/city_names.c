/* Names of the simulated streets (those of Hongshan district in Chifeng, which the coordinates lie
 * in). */
#include "sensors/sim/world/city.h"

static const struct {
    const char *zh, *en;
} streets[] = {
    {"红山路",    "Hongshan Road"   },
    {"钢铁街",    "Gangtie Street"  },
    {"昭乌达路", "Zhaowuda Road"   },
    {"哈达街",    "Hada Street"     },
    {"清河路",    "Qinghe Road"     },
    {"火花路",    "Huohua Road"     },
    {"园林路",    "Yuanlin Road"    },
    {"长青街",    "Changqing Street"},
    {"桥北大街", "Qiaobei Avenue"  },
    {"站前街",    "Zhanqian Street" },
    {"宁澜路",    "Ninglan Road"    },
    {"解放街",    "Jiefang Street"  },
    {"三道街",    "Sandao Street"   },
    {"西屯街",    "Xitun Street"    },
    {"步行街",    "Buxing Street"   },
    {"英金路",    "Yingjin Road"    },
    {"临潢大街", "Linhuang Avenue" },
    {"玉龙大街", "Yulong Avenue"   },
    {"友谊大街", "Youyi Avenue"    },
    {"松州路",    "Songzhou Road"   },
};

const char *city_street_zh(uint32_t name)
{
    return streets[name % ARRAY_LEN(streets)].zh;
}

const char *city_street_en(uint32_t name)
{
    return streets[name % ARRAY_LEN(streets)].en;
}

uint32_t city_street_count(void)
{
    return ARRAY_LEN(streets);
}
