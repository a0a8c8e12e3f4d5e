//! What a person may do, and which roles say so. All of it stands in the policy that this process decides by.

mod rpc;
mod rules;
