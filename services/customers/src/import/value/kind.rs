//! Person or organisation, where a row doesn't say.

use contracts::customers::{Customer, CustomerKind};

use crate::customer::checksum;

/// What a name without a kind is likely to be.
pub fn likely_kind(customer: &Customer) -> CustomerKind {
    const ENDS: [&str; 30] = [
        "公司",
        "集团",
        "厂",
        "店",
        "医院",
        "诊所",
        "学校",
        "大学",
        "中学",
        "小学",
        "幼儿园",
        "银行",
        "酒店",
        "宾馆",
        "中心",
        "研究院",
        "研究所",
        "事务所",
        "协会",
        "学会",
        "合作社",
        "商行",
        "超市",
        "药房",
        "委员会",
        "管理局",
        "政府",
        "工作室",
        "经营部",
        "基金会",
    ];
    const LATIN: [&str; 12] =
        ["ltd", "ltd.", "limited", "inc", "inc.", "llc", "corp", "corp.", "corporation", "company", "co.", "gmbh"];
    let name = customer.name.to_lowercase();
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ')' | '）'));
    let organization = !customer.legal_representative.is_empty()
        || ENDS.iter().any(|end| name.ends_with(end) && name.chars().count() >= 4)
        || name.contains("公司")
        || name.split_whitespace().last().is_some_and(|word| name.contains(' ') && LATIN.contains(&word))
        || (checksum::unified_social_credit(&customer.id_number) && !checksum::resident_identity(&customer.id_number));
    if organization { CustomerKind::Organization } else { CustomerKind::Person }
}
