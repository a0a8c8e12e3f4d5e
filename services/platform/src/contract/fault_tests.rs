//! Contracts that must keep a process from serving.

use std::path::Path;

use super::compile::compile;

const HEAD: &str = r#"
    syntax = "proto3";
    package changke.faulty.v1;
    import "buf/validate/validate.proto";
    import "changke/options/v1/options.proto";
    import "google/api/annotations.proto";
"#;

/// The faults of a contract of one file.
fn faults(body: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("faulty.proto"), format!("{HEAD}{body}")).unwrap();
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let includes = [folder.path().to_owned(), contracts.clone(), contracts.join("third_party")];
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler.include_imports(true).include_source_info(true).open_files(["faulty.proto"]).unwrap();
    compile(&compiler.encode_file_descriptor_set()).err().unwrap_or_default()
}

fn with_options(options: &str) -> Vec<String> {
    faults(&format!(
        "service S {{ rpc Get(Request) returns (Request) {{ {options} }} }} message Request {{ string id = 1; }}"
    ))
}

fn with_field(field: &str) -> Vec<String> {
    faults(&format!("message Request {{ {field} }}"))
}

const ROUTE: &str = "option (google.api.http) = {get: \"/v1/things/{id}\"};";
const OPEN: &str = "option (changke.options.v1.access) = {signed_in: true};";

#[test]
fn a_whole_contract_has_none() {
    assert_eq!(with_options(&format!("{ROUTE} {OPEN}")), [""; 0]);
}

#[test]
fn a_method_needs_a_route_and_exactly_one_access_rule() {
    assert_eq!(with_options(ROUTE), ["changke.faulty.v1.S.Get: no access rule"]);
    assert_eq!(with_options(OPEN), ["changke.faulty.v1.S.Get: no HTTP rule"]);
    for rule in ["{}", "{public: false}", "{signed_in: false}", "{before_password_change: true}"] {
        let options = format!("{ROUTE} option (changke.options.v1.access) = {rule};");
        assert_eq!(with_options(&options), ["changke.faulty.v1.S.Get: not exactly one access rule"], "{rule}");
    }
    let options = format!("{ROUTE} option (changke.options.v1.access) = {{permission: PERMISSION_UNSPECIFIED}};");
    assert_eq!(with_options(&options), ["changke.faulty.v1.S.Get: an unknown permission"]);
}

#[test]
fn a_route_must_lead_somewhere() {
    for (route, fault) in [
        ("{get: \"/v1/things/{name}\"}", "no field `name` for the path"),
        ("{get: \"/v1/{id=things/*}\"}", "`/v1/{id=things/*}` has an open brace"),
        ("{get: \"/v1/things/**\"}", "segment 2 of `/v1/things/**` is not supported"),
        ("{get: \"/v1/things/{id}x\"}", "segment 2 of `/v1/things/{id}x` is not supported"),
        ("{get: \"/v1/{id}:go/things\"}", "`/v1/{id}:go/things` goes on behind its verb"),
        ("{get: \"/v1/{id.x}\"}", "`id.x` leads through a field that is no message"),
        ("{post: \"/v1/things\" body: \"thing\"}", "no field `thing` for the body"),
        ("{post: \"/v1/things\" body: \"id\"}", "the body field `id` is no single message"),
        ("{get: \"/v1/things\" body: \"*\"}", "GET /v1/things has a body"),
    ] {
        let options = format!("{OPEN} option (google.api.http) = {route};");
        assert_eq!(with_options(&options), [format!("changke.faulty.v1.S.Get: {fault}")]);
    }
}

#[test]
fn a_rule_that_nobody_would_enforce_is_refused() {
    for (field, fault) in [
        (
            "string a = 1 [(buf.validate.field).string.hostname = true];",
            "the validation rule `string.hostname` is not supported",
        ),
        (
            "string a = 1 [(buf.validate.field).cel = {id: \"x\", expression: \"true\"}];",
            "the validation rule `cel` is not supported",
        ),
        ("string a = 1 [(buf.validate.field).int32.gte = 1];", "validation rules for another type than the field's"),
        (
            "repeated string a = 1 [(buf.validate.field).string.min_len = 1];",
            "validation rules for another type than the field's",
        ),
        ("bool a = 1 [(changke.options.v1.personal_data) = PERSONAL_DATA_PHONE];", "only strings can be masked"),
    ] {
        assert_eq!(with_field(field), [format!("changke.faulty.v1.Request.a: {fault}")]);
    }
    let broken = with_field("string a = 1 [(buf.validate.field).string.pattern = \"[\"];");
    assert!(broken[0].starts_with("changke.faulty.v1.Request.a: broken pattern"), "{broken:?}");
}

#[test]
fn all_faults_are_reported_at_once() {
    let faults = faults(
        "service S { rpc A(Request) returns (Request); rpc B(Request) returns (Request); }
         message Request { string id = 1 [(buf.validate.field).string.ip = true]; }",
    );
    assert_eq!(faults.len(), 3, "{faults:?}");
}
