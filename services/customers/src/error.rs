//! Why calls to this service are refused, in both languages. What any service may answer is in `platform::error`.

pub mod reason {
    use platform::error::Reason;

    macro_rules! reasons {
        ($($id:ident: $en:literal, $zh:literal;)*) => {
            $(pub static $id: Reason = Reason { id: stringify!($id), en: $en, zh: $zh };)*
        };
    }

    // Customers.
    reasons! {
        NUMBER_TAKEN: "Another customer has this number.", "该客户编号已被使用。";
        NAME_BLANK: "The name must not be blank.", "名称不能为空白。";
        PHONE_INVALID: "A phone has digits.", "电话号码中没有数字。";
        ID_NUMBER_INVALID: "The number's check digit does not fit.", "证件号码的校验位不符。";
        DATE_INVALID: "There is no such date.", "该日期不存在。";
        DATE_IN_FUTURE: "The date lies in the future.", "该日期晚于今天。";
        MASKED_VALUE: "The value is masked; leave it out or give the whole value.", "该值已脱敏，请留空不改或填写完整的值。";
        CODE_UNKNOWN: "The dictionary {dictionary} has no code {code}.", "字典 {dictionary} 中没有编码 {code}。";
        CODE_RETIRED: "The code {code} of the dictionary {dictionary} is retired.", "字典 {dictionary} 的编码 {code} 已停用。";
        OWNER_INVALID: "There is no such active employee within your scope.", "您的权限范围内没有该在职员工。";
        CUSTOMER_ERASED: "The customer was erased at the person's request.", "该客户的个人信息已应本人要求删除。";
        CUSTOMER_INVALID: "The customer is out of use. Restore it first.", "该客户已作废，请先恢复。";
        CUSTOMER_NOT_INVALID: "The customer is in use.", "该客户未作废。";
        WATCHES_EXHAUSTED: "You follow changes in as many places as you may ({limit}). Close one of them.", "您同时关注客户变化的连接数已达上限（{limit}），请先关闭其中一个。";
        SEARCH_EMPTY: "Give at least one character to look for.", "请输入至少一个要查找的字符。";
    }

    // The public pool.
    reasons! {
        ALREADY_CLAIMED: "Somebody else has claimed the customer.", "该客户已被他人领取。";
        CLAIM_QUOTA_EXCEEDED: "You may claim {limit} customers a day at most.", "每天最多领取 {limit} 个客户。";
        OWNED_QUOTA_EXCEEDED: "You own {limit} customers already, as many as you may.", "您名下已有 {limit} 个客户，达到上限。";
        CLAIM_TOO_SOON: "You had this customer until lately. You may claim it again from {date} on.", "该客户此前在您名下，{date} 起才能再次领取。";
        POOL_NAME_TAKEN: "Another pool has this name.", "已有同名公海。";
        POOL_SOURCES_TAKEN: "The pool {pool} takes the same groups in the same regions.", "公海“{pool}”已包含相同的员工组和地区。";
        POOL_SOURCES_MISSING: "Name groups or regions; another pool takes what is left.", "请指定员工组或地区；其余客户已归入默认公海。";
        POOL_TAKES_REST: "This pool takes what no other pool takes: it names no groups and regions, and stays.", "该公海容纳其余全部客户，不能限定员工组或地区，也不能删除。";
        POOLS_TOO_MANY: "There can be {max} pools at most.", "最多可建立 {max} 个公海。";
        GROUP_UNKNOWN: "There is no such group.", "该员工组不存在。";
        RECYCLING_RULE_EMPTY: "Say after how many days, or for which customers.", "请填写天数或客户条件。";
    }

    // Handovers.
    reasons! {
        HANDOVER_GIVER_UNKNOWN: "There is no such employee within your scope.", "您的权限范围内没有该员工。";
        HANDOVER_TO_ITSELF: "Customers can't be handed over to whoever has them.", "不能移交给原负责人本人。";
        HANDOVER_RECEIVER_TWICE: "The receiver is named twice.", "该接收人重复。";
        HANDOVER_REST_LEFT: "One receiver must take what fits no region: leave its regions empty.", "须有一名不限地区的接收人，接收其余客户。";
        HANDOVER_RUNNING: "A handover from this employee is under way.", "该员工的客户正在移交中。";
        HANDOVER_NOT_DONE: "The handover is under way, or was undone.", "移交正在进行或已撤销。";
        HANDOVER_TOO_OLD: "A handover can be undone for {days} days.", "移交超过 {days} 天，不能撤销。";
        HANDOVER_GIVER_GONE: "Whoever had the customers is not active any more.", "原负责人已不在职。";
        HANDOVER_FORBIDDEN: "Whoever asked for it may not assign customers any more.", "发起人已无分配客户的权限。";
        HANDOVER_RECEIVER_GONE: "A receiver is not active any more, or no longer within the scope of who asked for it.", "有接收人已离职或不在发起人的权限范围内。";
        HANDOVER_BROKE_OFF: "The handover broke off. What was moved can be undone; another one moves the rest.", "移交意外中断；已移交的可以撤销，其余可重新移交。";
    }

    // Duplicates and merges.
    reasons! {
        DUPLICATE_SEARCH_RUNNING: "You are looking for duplicates already.", "您的查重任务正在进行中。";
        DUPLICATES_FORBIDDEN: "Whoever asked for it may not update customers any more.", "发起人已无修改客户的权限。";
        DUPLICATE_SEARCH_BROKE_OFF: "The search broke off. Start another one.", "查重意外中断，请重新开始。";
        DUPLICATE_PAIR_NOT_OPEN: "The pair has been decided on.", "该组重复客户已处理。";
        DUPLICATE_PAIR_NOT_DISMISSED: "The pair has not been dismissed.", "该组重复客户未被标记为不重复。";
        CUSTOMER_MERGED: "Another customer has taken this one over. Undo the merge instead.", "该客户已并入其他客户，请改为撤销合并。";
        MERGE_CUSTOMER_TWICE: "The customer is named twice.", "该客户重复。";
        MERGE_KINDS_DIFFER: "A person and an organisation can't be merged.", "个人客户与企业客户不能合并。";
        MERGE_CHOICE_UNKNOWN: "The field takes the value of one of the customers that are merged.", "字段的取值须来自参与合并的客户。";
        MERGE_FIELD_FIXED: "This field can't be chosen: it stays as the survivor has it, or is filled where the survivor has none.", "该字段不能选择取值：保留主客户的值，主客户为空时自动补充。";
        MERGE_FIELD_TWICE: "The field is chosen twice.", "该字段重复选择。";
        MERGE_UNDONE: "The merge was undone before.", "该合并已撤销。";
        MERGE_TOO_OLD: "A merge can be undone for {days} days.", "合并超过 {days} 天，不能撤销。";
        MERGE_SURVIVOR_MERGED: "The survivor has been merged itself. Undo that merge first.", "主客户已并入其他客户，请先撤销后一次合并。";
        MERGE_CUSTOMER_GONE: "One of the merged customers is gone, or no longer within your scope.", "有被合并的客户已不存在或不在您的权限范围内。";
        MERGE_VALUE_TAKEN: "A value that must be unique has been given to another customer since.", "有唯一字段的值此后已被其他客户使用，不能撤销。";
    }

    // Tags and grades.
    reasons! {
        TAG_UNKNOWN: "There is no tag {tag}.", "没有标签 {tag}。";
        TAG_RETIRED: "The tag {tag} is retired.", "标签 {tag} 已停用。";
        TAG_IS_GROUP: "{tag} is a group of tags; name one of its tags.", "{tag} 是标签分组，请选择其中的标签。";
        TAG_BY_RULE: "A rule gives the tag {tag}.", "标签 {tag} 由规则自动维护。";
        TAG_TWICE: "The tag {tag} can't be put on and taken off at once.", "标签 {tag} 不能同时添加和移除。";
        TAG_RULE_TAKEN: "The tag has a rule.", "该标签已有规则。";
        TAG_RULES_TOO_MANY: "At most {max} tags can have rules.", "最多可为 {max} 个标签设置规则。";
        RULE_FIELD_REFUSED: "A rule can't ask about {field}, which rules change.", "规则不能使用 {field}：该字段由规则维护，结果将无法稳定。";
        GRADE_SCHEME_UNKNOWN: "There is no such scheme of grades.", "该分级方案不存在。";
        GRADE_SCHEMES_TOO_MANY: "There can be {max} schemes at most.", "最多可建立 {max} 个分级方案。";
        GRADE_RULES_EMPTY: "The draft has no rules.", "草稿中没有规则。";
        GRADE_RULES_CROSSED: "The rules ask about a grade that rules give, or other rules ask about this one.", "规则使用了由其他规则维护的分级，或其他规则使用了本分级。";
        GRADE_RULES_MISSING: "The scheme has no rules that could decide afterwards.", "该方案没有已发布的规则，不能设置期限。";
        GRADE_NOT_SET: "The grade was not set by hand.", "该分级并非人工设定。";
    }

    // Life cycle.
    reasons! {
        STAGE_REFUSED: "The customer can't go to this stage from where it is.", "该客户当前所处阶段不能转入此阶段。";
        CHURN_CASE_OPEN: "The customer has an open case.", "该客户已有处理中的流失预警。";
        CHURN_CASE_ENDED: "The case has ended.", "该流失预警已结束。";
        CHURN_RULE_LABEL_TAKEN: "Another rule has this label.", "已有同名预警规则。";
        CHURN_RULES_TOO_MANY: "There can be {max} rules at most.", "最多可建立 {max} 条预警规则。";
        DATE_IN_PAST: "The date lies in the past.", "该日期早于今天。";
    }

    // Points.
    reasons! {
        POINTS_SHORT: "The customer has too few points.", "该客户积分不足。";
        POINT_SOURCE_USED: "The source has given or taken another number of points.", "该来源已记过不同数量的积分。";
        POINT_ENTRY_REVERSED: "The entry was reversed.", "该笔积分已冲正。";
        POINT_ENTRY_IRREVERSIBLE: "What makes up for an entry can't be reversed.", "冲正记录不能再冲正。";
    }

    // Bulk changes.
    reasons! {
        BULK_NOBODY: "Name customers, give a filter, or say that all are meant.", "请选择客户、给出筛选条件，或明确表示修改全部客户。";
        BULK_TWO_WAYS: "Name customers or give a filter, not both.", "选定客户与筛选条件只能二选一。";
        BULK_FIELD_OWN: "The field {field} is each customer's own and can't be set for many.", "字段 {field} 因客户而异，不能批量修改。";
        BULK_RUNNING: "Another bulk change of yours is under way.", "您有另一项批量修改正在进行。";
        BULK_UNDONE: "The bulk change is undone already.", "该批量修改已撤销。";
        BULK_TOO_OLD: "A bulk change can be undone for a day.", "批量修改超过一天，不能撤销。";
        BULK_FORBIDDEN: "Whoever asked for it may not change customers any more.", "发起人已无修改客户的权限。";
        BULK_BROKE_OFF: "The bulk change broke off. What was changed can be undone; another one changes the rest.", "批量修改意外中断；已修改的可以撤销，其余可重新修改。";
        BULK_OUT_OF_SCOPE: "You may read this customer, and not change it.", "您可以查看该客户，但无权修改。";
        BULK_VALUE_REFUSED: "The value does not fit this customer.", "该值不适用于此客户。";
        BULK_CHANGED_SINCE: "Somebody has changed the value since.", "该值此后已被他人修改。";
    }

    // Shares and views.
    reasons! {
        SHARE_SUBJECT: "Name either an employee or a group.", "请指定员工或员工组之一。";
        SHARE_SUBJECT_UNKNOWN: "There is no such employee or group.", "该员工或员工组不存在。";
        SHARE_TAKEN: "The customer is already shared with them.", "该客户已共享给对方。";
        SHARE_EXPIRED: "The time lies in the past.", "该时间早于现在。";
        VIEW_LAYOUT_FIELD: "This layout can't go by the field {field}.", "该布局不能使用字段“{field}”。";
        VIEW_NAME_TAKEN: "You have a view of this name.", "您已有同名视图。";
    }

    // Dictionaries and custom fields.
    reasons! {
        FIELD_UNKNOWN: "There is no field {field}.", "没有字段 {field}。";
        FIELD_READ_ONLY: "You may not set this field.", "您无权填写该字段。";
        FIELD_PATTERN_MISMATCH: "The value does not have the form that is asked for. {hint}", "格式不符合要求。{hint}";
        TOO_MANY_DECIMALS: "At most {max} digits can stand behind the point.", "最多 {max} 位小数。";
        URL_INVALID: "Write an address that begins with https:// or http://.", "请填写以 https:// 或 http:// 开头的网址。";
        FIELD_RULE_REFUSED: "Fields of this type have no such rule.", "该类型的字段不支持此规则。";
        FIELD_PATTERN_INVALID: "This is no regular expression, or it is too large.", "正则表达式无效或过于复杂。";
        FIELD_RULES_CROSSED: "The upper limit lies below the lower one.", "上限低于下限。";
        FIELD_INDEX_REFUSED: "Fields of this type can't be indexed; a text must be limited to 500 characters first.", "该类型的字段不支持索引；文本字段须先限制为不超过 500 个字符。";
        FIELD_INDEXES_TOO_MANY: "At most {max} fields of a kind of record can be indexed.", "每类记录最多索引 {max} 个字段。";
        ROLE_UNKNOWN: "There is no such role.", "该角色不存在。";
        FIELD_TYPE_MISMATCH: "The field takes a value of type {type}.", "该字段的值应为 {type} 类型。";
        CUSTOM_VALUE_TAKEN: "Another record has this value of {field}.", "已有记录的 {field} 为该值。";
        FIELD_KEY_TAKEN: "There is a field of this key.", "该字段标识已被使用。";
        FIELD_KEY_RESERVED: "The records have a built-in field of this key.", "该标识与内置字段重名。";
        FIELD_UNIQUE_REFUSED: "Fields of this type can't be unique.", "该类型的字段不支持唯一约束。";
        FIELD_PERSONAL_DATA_REFUSED: "Only texts, e-mail addresses and phones hold personal data.", "只有文本、邮箱和电话字段可以标记为个人信息。";
        FIELD_PERSONAL_UNIQUE: "A unique field holds no personal data: that a value is taken would tell whose it is.",
            "唯一字段不能标记为个人信息：提示“已被使用”会泄露他人信息。";
        FIELD_DEFAULT_REFUSED: "A unique field has no default.", "唯一字段不能有默认值。";
        FIELDS_TOO_MANY: "At most {max} fields can be in use.", "最多可使用 {max} 个字段。";
        DICTIONARY_UNKNOWN: "There is no such dictionary.", "该字典不存在。";
        DICTIONARY_NOT_WANTED: "Only OPTION and OPTIONS fields have a dictionary.", "只有选项字段可以指定字典。";
        DICTIONARY_CODE_TAKEN: "There is a dictionary of this code.", "该字典编码已被使用。";
        DICTIONARY_NOT_A_TREE: "The dictionary is no tree.", "该字典不分层级。";
        ENTRY_CODE_TAKEN: "The dictionary has this code.", "该编码已被使用。";
        ENTRY_IN_USE: "Records hold this code. Retire it instead.", "已有记录使用该编码，请改为停用。";
        ENTRY_CODE_TWICE: "The sheet has this code twice.", "表中该编码重复。";
        ENTRY_CYCLE: "The entry would stand below itself, or too deep.", "该条目会成为自身的下级，或层级过深。";
        SHEET_COLUMN_MISSING: "The sheet lacks the column {column}.", "表中缺少 {column} 列。";
        SHEET_TOO_LONG: "The sheet has too many rows.", "表的行数过多。";
        ENTRY_HAS_CHILDREN: "There are entries below it.", "该条目下还有下级条目。";
        PARENT_UNKNOWN: "The dictionary has no such parent.", "该上级编码不存在。";
    }

    // Contacts, relations and interactions.
    reasons! {
        CONTACT_INVALID: "The contact is out of use.", "该联系人已作废。";
        RELATION_EXISTS: "The two customers stand in this relation already.", "两个客户之间已有该关系。";
        PERIOD_REVERSED: "The last day is before the first.", "结束日期早于开始日期。";
        RELATION_TO_ITSELF: "A customer has no relation to itself.", "客户不能与自身建立关系。";
        RELATED_CUSTOMER_UNKNOWN: "There is no such customer.", "该客户不存在。";
        INTERACTION_IN_FUTURE: "What is done can't lie in the future.", "已完成的交往时间不能晚于现在。";
        INTERACTION_STATE_REFUSED: "A planned interaction can be done; to call it off, cancel it.", "计划中的交往只能改为已完成；取消请使用取消操作。";
        INTERACTION_CANCELLED: "The interaction was called off.", "该交往已取消。";
        INTERACTION_NOT_PLANNED: "Only a planned interaction can be called off.", "只有计划中的交往可以取消。";
        INTERACTION_CONTACT_UNKNOWN: "The customer has no such contact in use.", "该客户没有此联系人或联系人已作废。";
        INTERACTION_PLACE_INCOMPLETE: "Latitude and longitude come together.", "经度和纬度须同时提供。";
        EMPLOYEE_UNKNOWN: "There is no such active employee within your scope.", "您的权限范围内没有该在职员工。";
    }

    // Attachments.
    reasons! {
        ATTACHMENT_ONE_RECORD: "A file hangs on one record.", "附件只能属于一条记录。";
        ATTACHMENT_EMPTY: "The file is empty.", "文件为空。";
        ATTACHMENT_TOO_LARGE: "The file is larger than {max} MB.", "文件超过 {max} MB。";
        ATTACHMENT_TYPE_REFUSED: "Files of this type ({type}) are not taken.", "不支持该类型的文件（{type}）。";
        ATTACHMENT_NAME_REQUIRED: "The file needs a name.", "文件名不能为空。";
        ATTACHMENT_NAME_TOO_LONG: "A name has at most {max} characters.", "文件名最多 {max} 个字符。";
        ATTACHMENTS_TOO_MANY: "A record holds at most {max} files.", "每条记录最多 {max} 个附件。";
        ATTACHMENT_SCANNING: "The file is still being scanned. Try again soon.", "文件正在扫描，请稍后再试。";
        ATTACHMENT_REFUSED: "The scanner has refused the file.", "文件未通过安全扫描。";
        RECORDING_WITHOUT_INTERACTION: "Recordings belong to interactions.", "录音只能添加到交往记录。";
        RECORDING_WITHOUT_SOUND: "A recording is sound, and this is {type}.", "录音须为音频文件，该文件为 {type}。";
    }

    // Consent, and what people ask for.
    reasons! {
        CONSENT_IN_FUTURE: "What was said can't lie in the future.", "表示同意或撤回的时间不能晚于现在。";
        CONSENT_EXPIRED: "The consent would be over already.", "有效期须晚于现在。";
        CONSENT_WITHDRAWAL_EXPIRES: "A withdrawal has no end.", "撤回没有有效期。";
        CONSENT_ATTACHMENT_UNKNOWN: "The customer has no such file.", "该客户没有此附件。";
        CONSENT_CONTACT_UNKNOWN: "The customer has no such contact in use.", "该客户没有此联系人或联系人已作废。";
        CONTACT_BAN_EXPIRED: "The time lies in the past.", "截止时间须晚于现在。";
        CONTACT_BAN_OVER: "It does not hold any more.", "该禁止联系已结束。";
        PRIVACY_REQUEST_OPEN: "A request of this kind is under way for the person.", "该对象已有同类申请正在处理。";
        PRIVACY_REQUEST_NOT_PENDING: "The request does not wait for a decision.", "该申请不在待审批状态。";
        ERASURE_NEEDS_ANOTHER: "Somebody else must approve what you asked for.", "删除申请须由其他人批准。";
        ERASURE_HELD: "The data must be kept: {reason} (until {until}).", "资料须保留：{reason}（至 {until}）。";
        ERASURE_HOLD_OVER: "It does not hold any more.", "该保留已结束。";
        ARCHIVE_NOT_READY: "The archive is not ready, or no longer kept.", "档案尚未就绪或已过期。";
        PRIVACY_CONTACT_UNKNOWN: "The customer has no such contact, or it is erased already.", "该客户没有此联系人，或其信息已删除。";
        PRIVACY_BROKE_OFF: "It broke off. Ask again.", "处理意外中断，请重新申请。";
    }

    // Import files.
    reasons! {}

    // Import runs.
    reasons! {
        IMPORT_RUNNING: "A run is under way.", "导入正在进行。";
        IMPORT_COMPLETE: "The import is complete. Upload the file again to import it once more.", "导入已完成，如需再次导入请重新上传文件。";
        IMPORT_NOT_RUNNING: "No run is under way.", "当前没有进行中的导入。";
        IMPORT_COLUMN_COUNT: "Name all {count} columns of the file, or none.", "请给出文件的全部 {count} 列，或留空。";
        IMPORT_FIELD_UNKNOWN: "Customers have no field {field} that can be imported.", "没有可导入的字段 {field}。";
        IMPORT_FIELD_TWICE: "Two columns fill the field {field}.", "有两列对应同一字段 {field}。";
        IMPORT_NAME_MISSING: "One column must hold the name.", "必须有一列对应客户名称。";
        IMPORT_KEY_MISSING: "No column holds the key.", "没有与去重字段对应的列。";
        IMPORT_FORBIDDEN: "Whoever started the run may not import customers any more.", "发起导入的员工已无导入权限。";
        IMPORT_BROKE_OFF: "The run broke off. Start it again: it goes on where it stopped.", "导入意外中断，请重新开始，将从中断处继续。";
        IMPORT_UNDONE: "The import was taken back. Upload the file again to import it once more.", "导入已撤销，如需再次导入请重新上传文件。";
        IMPORT_NOTHING_TO_UNDO: "The import has changed nothing that could be taken back.", "该导入没有可撤销的更改。";
        IMPORT_UNDO_BROKE_OFF: "Taking the import back broke off. Start it again: it goes on where it stopped.", "撤销意外中断，请重新撤销，将从中断处继续。";
        IMPORT_FILE_GONE: "The file is no longer kept. Upload it again.", "文件已被清理，请重新上传。";
        EXPORT_COLUMNS_OF_CARDS: "Cards have columns of their own.", "名片的内容不可选择列。";
        EXPORT_COLUMN_UNKNOWN: "Customers have no column {field}.", "没有可导出的列 {field}。";
    }
}
