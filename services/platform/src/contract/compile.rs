//! Descriptor set → tables, once at start. Everything that a process relies on later is checked here, so a contract that
//! lacks an access rule, or holds a rule that nobody would enforce, keeps the process from serving.

use std::collections::HashMap;

use contracts::{
    google::api::HttpRule as HttpRuleSource,
    options::{Access as AccessSource, Dialect, PersonalData, SessionEffect, access::Rule},
};
pub use prost_reflect::DescriptorPool;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind as Reflected, MessageDescriptor,
    MethodDescriptor, Value,
};

use super::{
    Contract, http_rule,
    rules::{self, Rules, ValueRules},
    table::{
        Access, Enum, EnumId, EnumValue, Field, Kind, Label, Message, MessageId, Method, Oneof, Service, Update,
        WellKnown,
    },
    validate,
};

/// Packages whose services are ours to serve.
const OURS: &str = "changke.";

pub fn compile(descriptor_set: &[u8]) -> Result<Contract, Vec<String>> {
    let pool = DescriptorPool::decode(descriptor_set).map_err(|error| vec![format!("descriptor set: {error}")])?;
    let options = Options::find(&pool).map_err(|fault| vec![fault])?;
    let mut compiler = Compiler { comments: Comments::collect(&pool), options, faults: Vec::new(), pool: &pool };
    let contract = compiler.run();
    if compiler.faults.is_empty() { Ok(contract) } else { Err(compiler.faults) }
}

struct Options {
    access: ExtensionDescriptor,
    session_effect: ExtensionDescriptor,
    reveals: ExtensionDescriptor,
    not_replayed: ExtensionDescriptor,
    dialect: ExtensionDescriptor,
    personal_data: ExtensionDescriptor,
    http: ExtensionDescriptor,
    field_rules: ExtensionDescriptor,
    /// Rules on messages and oneofs, which we don't use and therefore refuse.
    unsupported: Vec<ExtensionDescriptor>,
}

impl Options {
    fn find(pool: &DescriptorPool) -> Result<Options, String> {
        let find = |name: &str| pool.get_extension_by_name(name).ok_or_else(|| format!("no option `{name}`"));
        Ok(Options {
            access: find("changke.options.v1.access")?,
            session_effect: find("changke.options.v1.session_effect")?,
            reveals: find("changke.options.v1.reveals")?,
            not_replayed: find("changke.options.v1.not_replayed")?,
            dialect: find("changke.options.v1.dialect")?,
            personal_data: find("changke.options.v1.personal_data")?,
            http: find("google.api.http")?,
            field_rules: find("buf.validate.field")?,
            unsupported: vec![find("buf.validate.message")?, find("buf.validate.oneof")?],
        })
    }
}

/// Leading comments by file and descriptor path.
struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    fn collect(pool: &DescriptorPool) -> Comments {
        let mut comments = HashMap::new();
        for file in pool.file_descriptor_protos() {
            for location in file.source_code_info.iter().flat_map(|info| &info.location) {
                let text = location.leading_comments().lines().map(str::trim).collect::<Vec<_>>().join("\n");
                if !text.trim().is_empty() {
                    comments.insert((file.name().to_owned(), location.path.clone()), text.trim().to_owned());
                }
            }
        }
        Comments(comments)
    }

    fn of(&self, file: &str, path: &[i32]) -> String {
        self.0.get(&(file.to_owned(), path.to_vec())).cloned().unwrap_or_default()
    }
}

struct Compiler<'p> {
    pool: &'p DescriptorPool,
    comments: Comments,
    options: Options,
    faults: Vec<String>,
}

impl Compiler<'_> {
    fn run(&mut self) -> Contract {
        let enum_ids =
            self.pool.all_enums().zip(0..).map(|(found, id)| (found.full_name().to_owned(), EnumId(id))).collect();
        let by_name: HashMap<String, MessageId> = self
            .pool
            .all_messages()
            .zip(0..)
            .map(|(found, id)| (found.full_name().to_owned(), MessageId(id)))
            .collect();
        let enums = self.pool.all_enums().map(|descriptor| self.enumeration(&descriptor)).collect();
        let mut messages: Vec<Message> =
            self.pool.all_messages().map(|descriptor| self.message(&descriptor, &by_name, &enum_ids)).collect();
        mark_personal_data(&mut messages);
        for index in 0..messages.len() {
            messages[index].update = update_of(&messages[index], &messages);
            messages[index].needed = validate::needed_fields(&messages[index]);
        }

        let mut contract =
            Contract { services: vec![], methods: vec![], messages, enums, by_path: HashMap::new(), by_name };
        for service in self.pool.services().filter(|service| service.full_name().starts_with(OURS)) {
            let domain = service.package_name().split('.').nth(1).unwrap_or_default().to_owned();
            for descriptor in service.methods() {
                let fault = match self.method(&descriptor, &domain, &contract) {
                    Ok(method) => {
                        contract.by_path.insert(method.path.clone(), contract.methods.len());
                        contract.methods.push(method);
                        continue;
                    }
                    Err(fault) => fault,
                };
                self.faults.push(format!("{}: {fault}", descriptor.full_name()));
            }
            contract.services.push(Service {
                full_name: service.full_name().to_owned(),
                name: service.name().to_owned(),
                domain,
                comment: self.comments.of(service.parent_file().name(), service.path()),
            });
        }
        contract
    }

    fn enumeration(&self, descriptor: &EnumDescriptor) -> Enum {
        let file = descriptor.parent_file();
        let values: Vec<EnumValue> = descriptor
            .values()
            .map(|value| EnumValue {
                number: value.number(),
                name: value.name().to_owned(),
                comment: self.comments.of(file.name(), value.path()),
            })
            .collect();
        Enum {
            full_name: descriptor.full_name().to_owned(),
            name: descriptor.name().to_owned(),
            by_name: values.iter().map(|value| (value.name.clone(), value.number)).collect(),
            values,
            comment: self.comments.of(file.name(), descriptor.path()),
        }
    }

    fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        message_ids: &HashMap<String, MessageId>,
        enum_ids: &HashMap<String, EnumId>,
    ) -> Message {
        let ours = descriptor.full_name().starts_with(OURS);
        if ours
            && self.options.unsupported.iter().any(|option| {
                descriptor.options().has_extension(option)
                    || descriptor.oneofs().any(|oneof| oneof.options().has_extension(option))
            })
        {
            self.faults.push(format!("{}: rules on messages and oneofs are not supported", descriptor.full_name()));
        }
        let oneof_descriptors: Vec<_> = descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        let mut descriptors: Vec<FieldDescriptor> = descriptor.fields().collect();
        descriptors.sort_by_key(FieldDescriptor::number);
        let mut fields = Vec::with_capacity(descriptors.len());
        for field in &descriptors {
            let kind = kind(field, message_ids, enum_ids);
            let oneof = field.containing_oneof().and_then(|oneof| {
                oneof_descriptors.iter().position(|candidate| candidate.full_name() == oneof.full_name())
            });
            fields.push(self.field(field, kind, oneof, ours));
        }
        let oneofs = oneof_descriptors
            .iter()
            .enumerate()
            .map(|(index, oneof)| Oneof {
                name: oneof.name().to_owned(),
                fields: (0..fields.len()).filter(|&field| fields[field].oneof == Some(index)).collect(),
            })
            .collect();
        let mut message = Message {
            id: message_ids[descriptor.full_name()],
            full_name: descriptor.full_name().to_owned(),
            name: descriptor.name().to_owned(),
            fields,
            oneofs,
            well_known: match descriptor.full_name() {
                "google.protobuf.Timestamp" => WellKnown::Timestamp,
                "google.protobuf.FieldMask" => WellKnown::FieldMask,
                "google.api.HttpBody" => WellKnown::HttpBody,
                "google.protobuf.Struct" => WellKnown::Struct,
                "google.protobuf.Value" => WellKnown::Value,
                "google.protobuf.ListValue" => WellKnown::List,
                _ => WellKnown::No,
            },
            map_entry: descriptor.is_map_entry(),
            holds_personal_data: false,
            update: None,
            comment: self.comments.of(descriptor.parent_file().name(), descriptor.path()),
            by_number: Vec::new(),
            by_name: HashMap::new(),
            needed: Vec::new(),
        };
        if let Err(fault) = message.index()
            && ours
        {
            self.faults.push(fault);
        }
        message
    }

    fn field(&mut self, descriptor: &FieldDescriptor, kind: Kind, oneof: Option<usize>, ours: bool) -> Field {
        let options = descriptor.options();
        let label = match () {
            () if descriptor.is_map() => Label::Map,
            () if descriptor.is_list() => Label::Repeated,
            () => Label::Single,
        };
        let rules = if ours { self.rules(descriptor, &options, kind, label) } else { Rules::default() };
        let personal_data = options
            .has_extension(&self.options.personal_data)
            .then(|| options.get_extension(&self.options.personal_data).as_enum_number())
            .flatten()
            .and_then(|number| PersonalData::try_from(number).ok())
            .unwrap_or_default();
        if personal_data != PersonalData::Unspecified && kind != Kind::String {
            self.faults.push(format!("{}: only strings can be masked", descriptor.full_name()));
        }
        let parent = descriptor.parent_message();
        let comment = self.comments.of(parent.parent_file().name(), descriptor.path());
        Field {
            number: descriptor.number(),
            name: descriptor.name().to_owned(),
            json_name: descriptor.json_name().to_owned(),
            json_key: format!("\"{}\":", descriptor.json_name()),
            kind,
            label,
            presence: descriptor.supports_presence(),
            oneof,
            personal_data,
            rules,
            output_only: output_only(descriptor.name(), parent.name(), &comment),
            debug_redact: options.get_field_by_name("debug_redact").and_then(|value| value.as_bool()).unwrap_or(false),
            comment,
        }
    }

    fn rules(&mut self, field: &FieldDescriptor, options: &DynamicMessage, kind: Kind, label: Label) -> Rules {
        if !options.has_extension(&self.options.field_rules) {
            return Rules::default();
        }
        let read = match &*options.get_extension(&self.options.field_rules) {
            Value::Message(message) => rules::read(message).and_then(|rules| fits(rules, kind, label)),
            _ => Err("the validation rules are no message".into()),
        };
        read.unwrap_or_else(|fault| {
            self.faults.push(format!("{}: {fault}", field.full_name()));
            Rules::default()
        })
    }

    fn method(&self, descriptor: &MethodDescriptor, domain: &str, contract: &Contract) -> Result<Method, String> {
        let options = descriptor.options();
        let access: AccessSource = extension(&options, &self.options.access).ok_or("no access rule")??;
        let http: HttpRuleSource = extension(&options, &self.options.http).ok_or("no HTTP rule")??;
        let rule = match access.rule {
            Some(Rule::Public(true)) => Access::Public,
            Some(Rule::SignedIn(true)) => Access::SignedIn,
            Some(Rule::Permission(number)) => match contracts::options::Permission::try_from(number) {
                Ok(contracts::options::Permission::Unspecified) | Err(_) => return Err("an unknown permission".into()),
                Ok(permission) => Access::Permission(permission),
            },
            _ => return Err("not exactly one access rule".into()),
        };
        let session_effect = match options.get_extension(&self.options.session_effect).as_enum_number() {
            None => SessionEffect::Unspecified,
            Some(number) => SessionEffect::try_from(number).map_err(|_| "an unknown session effect")?,
        };
        let dialect = match options.get_extension(&self.options.dialect).as_enum_number() {
            None => Dialect::Unspecified,
            Some(number) => Dialect::try_from(number).map_err(|_| "an unknown dialect")?,
        };
        let named = |name: &str| contract.message_named(name).ok_or_else(|| format!("no message `{name}`"));
        let input = named(descriptor.input().full_name())?;
        let service = descriptor.parent_service();
        let flag = |option| options.get_extension(option).as_bool().unwrap_or_default();
        let reveals = flag(&self.options.reveals);
        Ok(Method {
            path: format!("/{}/{}", service.full_name(), descriptor.name()),
            name: descriptor.name().to_owned(),
            service_name: service.name().to_owned(),
            service: domain.to_owned(),
            input,
            output: named(descriptor.output().full_name())?,
            access: rule,
            before_password_change: access.before_password_change,
            step_up: access.step_up,
            reveals,
            replayed: !reveals && !flag(&self.options.not_replayed),
            dialect,
            session_effect,
            http: http_rule::read(&http, input, &contract.messages)?,
            client_streaming: descriptor.is_client_streaming(),
            server_streaming: descriptor.is_server_streaming(),
            comment: self.comments.of(descriptor.parent_service().parent_file().name(), descriptor.path()),
        })
    }
}

fn extension<T: prost::Message + Default>(
    options: &DynamicMessage,
    extension: &ExtensionDescriptor,
) -> Option<Result<T, String>> {
    if !options.has_extension(extension) {
        return None;
    }
    let value = options.get_extension(extension);
    let message = value.as_message()?;
    Some(message.transcode_to().map_err(|error| format!("option `{}`: {error}", extension.name())))
}

fn kind(field: &FieldDescriptor, messages: &HashMap<String, MessageId>, enums: &HashMap<String, EnumId>) -> Kind {
    match field.kind() {
        Reflected::Double => Kind::Double,
        Reflected::Float => Kind::Float,
        Reflected::Int32 => Kind::Int32,
        Reflected::Int64 => Kind::Int64,
        Reflected::Uint32 => Kind::Uint32,
        Reflected::Uint64 => Kind::Uint64,
        Reflected::Sint32 => Kind::Sint32,
        Reflected::Sint64 => Kind::Sint64,
        Reflected::Fixed32 => Kind::Fixed32,
        Reflected::Fixed64 => Kind::Fixed64,
        Reflected::Sfixed32 => Kind::Sfixed32,
        Reflected::Sfixed64 => Kind::Sfixed64,
        Reflected::Bool => Kind::Bool,
        Reflected::String => Kind::String,
        Reflected::Bytes => Kind::Bytes,
        Reflected::Enum(found) => Kind::Enum(enums[found.full_name()]),
        Reflected::Message(found) => Kind::Message(messages[found.full_name()]),
    }
}

/// Set by the service: the comment says so, or it is one that every record has.
fn output_only(name: &str, message: &str, comment: &str) -> bool {
    comment.starts_with("Output only")
        || (!message.ends_with("Request")
            && matches!(name, "id" | "create_time" | "update_time" | "create_user_id" | "update_user_id"))
}

/// Refuses rules for another type than the field's: they would never be looked at.
fn fits(rules: Rules, kind: Kind, label: Label) -> Result<Rules, String> {
    let good = match (&rules.value, label) {
        (ValueRules::None, _) => true,
        (ValueRules::Repeated(repeated), Label::Repeated) => {
            fits((*repeated.items).clone(), kind, Label::Single)?;
            true
        }
        (ValueRules::Map(_), Label::Map) => true,
        (_, Label::Repeated | Label::Map) => false,
        (ValueRules::Text(_), _) => kind == Kind::String,
        (ValueRules::Bytes(_), _) => kind == Kind::Bytes,
        (ValueRules::Enum(_), _) => matches!(kind, Kind::Enum(_)),
        (ValueRules::Double(_), _) => matches!(kind, Kind::Double | Kind::Float),
        (ValueRules::Integer(_), _) => {
            use Kind::{Fixed32, Fixed64, Int32, Int64, Sfixed32, Sfixed64, Sint32, Sint64, Uint32, Uint64};
            matches!(kind, Int32 | Int64 | Uint32 | Uint64 | Sint32 | Sint64 | Fixed32 | Fixed64 | Sfixed32 | Sfixed64)
        }
        (ValueRules::Repeated(_) | ValueRules::Map(_), Label::Single) => false,
    };
    if good { Ok(rules) } else { Err("validation rules for another type than the field's".into()) }
}

/// Spreads "holds personal data" from fields to the messages above them until nothing changes.
fn mark_personal_data(messages: &mut [Message]) {
    loop {
        let mut changed = false;
        for index in 0..messages.len() {
            let holds = messages[index].fields.iter().any(|field| {
                field.personal_data != PersonalData::Unspecified
                    || field.message().is_some_and(|id| messages[id.0 as usize].holds_personal_data)
            });
            if holds && !messages[index].holds_personal_data {
                messages[index].holds_personal_data = true;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// An update request: a field mask called `update_mask` beside exactly one resource.
fn update_of(message: &Message, messages: &[Message]) -> Option<Update> {
    let well_known = |index: usize| message.fields[index].message().map(|id| messages[id.0 as usize].well_known);
    let mask = message.field_named("update_mask").filter(|&index| well_known(index) == Some(WellKnown::FieldMask))?;
    let mut resources = (0..message.fields.len())
        .filter(|&index| well_known(index) == Some(WellKnown::No) && message.fields[index].label == Label::Single);
    match (resources.next(), resources.next()) {
        (Some(resource), None) => Some(Update { mask, resource }),
        _ => None,
    }
}
