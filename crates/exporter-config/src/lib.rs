//! What an operator wrote: a YAML file as a tree whose every node knows where it stands, with flags laid over it, read
//! against JSON Schemas.
//!
//! The order of the calls is that of this page: [`Node::read`] the file, [`Node::lay`] the flags over it, then for each
//! part of it [`rename_keys`], [`restore_text`], [`check_keys`], [`resolve_secrets`] and [`read_as`]. A mistake is a
//! [`Problem`] of one line that says where it stands. What is shown to anyone goes through [`mask_secrets`] and
//! [`to_yaml`].
//!
//! The crate knows nothing of collectors and HTTP: what the parts are, and which schema each has, is the caller's.

#![forbid(unsafe_code)]

mod compose;
mod deserializer;
mod document;
mod file;
mod former;
mod keys;
mod mask;
mod merge;
mod node;
mod origin;
mod problem;
mod read;
mod redact;
mod scalar;
mod schema;
mod secrets;
mod spelling;
mod text;
mod variables;
mod yaml;

pub use crate::document::{KeyDoc, Shape, document_keys};
pub use crate::former::{Renamed, rename_keys};
pub use crate::keys::check_keys;
pub use crate::mask::mask_secrets;
pub use crate::node::{Key, Node, NodeValue};
pub use crate::origin::Origin;
pub use crate::problem::Problem;
pub use crate::read::{read_as, read_with};
pub use crate::redact::redact;
pub use crate::secrets::{SecretFile, resolve_secrets};
pub use crate::spelling::unknown_name;
pub use crate::text::restore_text;
pub use crate::yaml::to_yaml;
