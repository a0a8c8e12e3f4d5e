//! Compiles the contracts: Rust code for the services, the same without a transport for calls within a process, and the
//! descriptor set with all options for everything that is derived at start.

use std::fmt::Write;

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    collect(&root.join("changke"), &mut files)?;
    // What errors carry, used by name in no contract.
    files.push(root.join("third_party/google/rpc/status.proto"));
    files.push(root.join("third_party/google/rpc/error_details.proto"));
    files.sort();
    for folder in ["changke", "third_party"] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }

    let mut compiler = protox::Compiler::new([root.clone(), root.join("third_party")])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // The encoded set keeps the custom options, which the parsed one drops.
    std::fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    std::fs::write(out.join("unary.rs"), unary(&compiler.file_descriptor_set())?)?;

    let mut config = prost_build::Config::new();
    config.enable_type_names().bytes(["."]);
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
}

/// For each service of ours, what calls its methods of one message in and one out.
fn unary(files: &prost_types::FileDescriptorSet) -> Result<String, std::fmt::Error> {
    let mut code = String::new();
    for file in files.file.iter().filter(|file| file.package().starts_with("changke.")) {
        for service in &file.service {
            let (name, package) = (service.name(), file.package());
            let path = format!("crate::{}::{}_server::{name}", package.replace('.', "::"), snake(name));
            writeln!(code, "pub struct {name}Unary<T>(pub Arc<T>);\n")?;
            writeln!(code, "impl<T: {path}> Unary for {name}Unary<T> {{")?;
            writeln!(code, "    fn service(&self) -> &'static str {{ \"{package}.{name}\" }}\n")?;
            writeln!(code, "    fn call(&self, method: &str, request: Request<Bytes>) -> Option<Reply> {{")?;
            writeln!(code, "        let service = self.0.clone();\n        Some(match method {{")?;
            for method in
                service.method.iter().filter(|method| !method.client_streaming() && !method.server_streaming())
            {
                let function = snake(method.name());
                writeln!(code, "            \"{}\" => Box::pin(async move {{", method.name())?;
                writeln!(code, "                encode(service.{function}(decode(request)?).await)\n            }}),")?;
            }
            writeln!(code, "            _ => return None,\n        }})\n    }}\n}}\n")?;
        }
    }
    Ok(code)
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (index, character) in name.char_indices() {
        if character.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
