//! Prints the OpenAPI document of the contracts.

use platform::contract::Contract;

fn main() -> Result<(), String> {
    let contract = Contract::load().map_err(|faults| faults.join("\n"))?;
    println!("{:#}", gateway::openapi(&contract));
    Ok(())
}
