//! The contracts as Rust code, and as descriptors for everything that is derived from them. `unary` calls services without
//! a transport.

#![allow(clippy::all)]

/// The encoded `FileDescriptorSet` of all contracts and what they import, with custom options and comments.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

// A service of streams alone has nothing to call.
#[allow(unreachable_code, unused_variables)]
pub mod unary;

pub mod google {
    pub mod api {
        tonic::include_proto!("google.api");
    }
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

pub mod changke {
    pub mod access {
        pub mod v1 {
            tonic::include_proto!("changke.access.v1");
        }
    }
    pub mod options {
        pub mod v1 {
            tonic::include_proto!("changke.options.v1");
        }
    }
    pub mod identity {
        pub mod v1 {
            tonic::include_proto!("changke.identity.v1");
        }
    }
    pub mod customers {
        pub mod v1 {
            tonic::include_proto!("changke.customers.v1");
        }
    }
    pub mod operations {
        pub mod v1 {
            tonic::include_proto!("changke.operations.v1");
        }
    }
    pub mod privacy {
        pub mod v1 {
            tonic::include_proto!("changke.privacy.v1");
        }
    }
    pub mod reporting {
        pub mod v1 {
            tonic::include_proto!("changke.reporting.v1");
        }
    }
}

pub use changke::{
    access::v1 as access, customers::v1 as customers, identity::v1 as identity, operations::v1 as operations,
    options::v1 as options, privacy::v1 as privacy, reporting::v1 as reporting,
};

pub mod buf {
    pub mod validate {
        tonic::include_proto!("buf.validate");
    }
}
