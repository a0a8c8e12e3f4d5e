//! Names as they are borne in China, polyphones among them.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Family names, the frequent ones first; the last ones are read in more than one way or have two characters.
const FAMILY: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗",
    "高", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田", "董", "袁", "潘", "蒋",
    "蔡", "余", "杜", "叶", "程", "苏", "魏", "吕", "丁", "任", "沈", "姚", "卢", "姜", "崔", "钟", "谭", "陆", "汪",
    "范", "金", "石", "单", "解", "仇", "查", "盖", "翟", "乐", "朴", "覃", "曲", "欧阳", "上官", "司马", "诸葛",
    "尉迟", "令狐",
];
const GIVEN_MALE: &[&str] = &[
    "伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "超", "明", "刚", "平", "辉", "鹏", "华", "飞", "鑫", "波", "斌",
    "宇", "浩", "凯", "健", "俊", "帆", "帅", "旭", "宁", "龙", "林", "欢", "阳", "建华", "志强", "建国", "文博",
    "子轩", "浩然", "俊杰", "天佑", "思远", "家豪", "博文", "宇航", "长乐", "重阳",
];
const GIVEN_FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀英", "燕", "玲", "桂英", "丹", "萍", "红", "玉兰", "婷", "雪",
    "慧", "莹", "倩", "琳", "璐", "颖", "洁", "梅", "欣怡", "梓涵", "诗涵", "雨桐", "可馨", "佳怡", "思琪", "梦瑶",
    "晓燕", "淑华", "秀兰", "丽娟", "雅琴", "乐瑶",
];
const BRAND: &[&str] = &[
    "华泰", "恒信", "金辉", "瑞丰", "天成", "中瑞", "宏达", "东方", "盛世", "长江", "新城", "远航", "万通", "嘉禾",
    "明德", "博雅", "康健", "永兴", "同创", "启明", "安泰", "凯旋", "海纳", "四方", "正源", "隆兴", "百川", "卓越",
    "汇通", "银河",
];
/// Trades with their code in the dictionary of industries.
pub const TRADES: &[(&str, &str)] = &[
    ("机械制造", "manufacturing"),
    ("电子科技", "it"),
    ("信息技术", "it"),
    ("生物医药", "health"),
    ("医疗器械", "health"),
    ("建筑工程", "construction"),
    ("房地产开发", "real_estate"),
    ("国际贸易", "wholesale_retail"),
    ("商贸", "wholesale_retail"),
    ("物流", "transport"),
    ("供应链管理", "transport"),
    ("餐饮管理", "hospitality"),
    ("文化传媒", "culture"),
    ("教育咨询", "education"),
    ("环保设备", "environment"),
    ("农业发展", "agriculture"),
    ("电力设备", "utilities"),
    ("投资管理", "finance"),
    ("汽车配件", "manufacturing"),
    ("纺织", "manufacturing"),
];
pub const POSTS: &[&str] = &[
    "总经理",
    "采购经理",
    "财务总监",
    "技术总监",
    "行政主管",
    "项目经理",
    "副总经理",
    "仓储主管",
    "办公室主任",
    "业务员",
];
pub const SUBJECTS: &[(&str, &str)] = &[
    ("初次拜访", "介绍了公司与产品，对方对交付周期比较关心。"),
    ("电话回访", "确认上次方案已收到，约定下周给出反馈。"),
    ("报价沟通", "对方希望在现有价格上再优惠三个点，需要请示。"),
    ("合同条款讨论", "付款方式改为三七分期，其余条款无异议。"),
    ("技术交流", "与技术负责人就接口方案达成一致，待书面确认。"),
    ("售后回访", "设备运行正常，客户满意，建议增加备件。"),
    ("节日问候", "致以节日问候，顺带了解了明年的预算安排。"),
    ("投诉跟进", "已说明处理进度，客户表示认可，三日后再次回访。"),
    ("新品推荐", "介绍了新款产品，客户索要样品与检测报告。"),
    ("续约洽谈", "合同下月到期，客户有意续约，要求提升服务等级。"),
];

pub struct Person {
    pub name: String,
    pub female: bool,
}

pub fn person(random: &mut StdRng) -> Person {
    let position = random.random_range(0.0_f64..1.0).powi(2) * FAMILY.len() as f64;
    let family = FAMILY[(position as usize).min(FAMILY.len() - 1)];
    let female = random.random_bool(0.5);
    let given = if female { GIVEN_FEMALE } else { GIVEN_MALE }.choose(random).copied().unwrap_or("明");
    Person { name: format!("{family}{given}"), female }
}

/// A company's name with the code of its industry.
pub fn organization(random: &mut StdRng, city: &str) -> (String, &'static str) {
    let (trade, industry) = TRADES.choose(random).copied().unwrap_or(TRADES[0]);
    let brand = BRAND.choose(random).copied().unwrap_or(BRAND[0]);
    let form = ["有限公司", "有限公司", "有限责任公司", "股份有限公司", "集团有限公司"].choose(random).copied();
    let city = city.trim_end_matches("市").trim_end_matches("地区");
    (format!("{city}{brand}{trade}{}", form.unwrap_or("有限公司")), industry)
}

pub fn mobile(random: &mut StdRng) -> String {
    let prefix = ["138", "139", "135", "136", "186", "187", "150", "151", "133", "189", "177"].choose(random);
    format!("{}{:08}", prefix.copied().unwrap_or("138"), random.random_range(0..100_000_000))
}
