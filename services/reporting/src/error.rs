//! Reasons that only this service gives.

use platform::error::Reason;

pub static TIME_ZONE_UNKNOWN: Reason =
    Reason { id: "TIME_ZONE_UNKNOWN", en: "There is no time zone {name}.", zh: "不存在时区 {name}。" };
pub static SAME_DIMENSION: Reason =
    Reason { id: "SAME_DIMENSION", en: "The two dimensions must differ.", zh: "两个维度不能相同。" };
pub static REBUILD_UNDER_WAY: Reason =
    Reason { id: "REBUILD_UNDER_WAY", en: "A rebuild is under way.", zh: "正在重建数据。" };
pub static EVENTS_LOST: Reason = Reason {
    id: "EVENTS_LOST",
    en: "The event stream no longer holds the first events; a rebuild would lose what the figures know from them.",
    zh: "事件流中已没有最早的事件，重建会丢失由这些事件得出的数据。",
};
