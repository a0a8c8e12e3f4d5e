//! Compiles the contracts: Rust code for the services, and the descriptor set with all options for everything that is
//! derived at start.

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

    let mut config = prost_build::Config::new();
    config.enable_type_names().bytes(["."]);
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
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
