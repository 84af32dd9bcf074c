//! Layer 1: how a mistake is told.
//!
//! A [`Diagnostic`] says what is wrong in a file, where, and how to mend it; [`render`] shows a list of them to a person.
//! Whoever reads a file collects all its mistakes and tells them at once. This module decides how they look, never what
//! is wrong: that belongs to the readers of files. It does no I/O.
//!
//! The laws that the tests hold: any file text, any offsets and any message render without a panic, within a bounded
//! number of bytes, and without one control character that the terminal would obey.

mod code;
mod diagnostic;
mod render;
mod source;
mod suggest;

pub use code::Code;
pub use diagnostic::{Diagnostic, Severity};
pub use render::{Colour, render};
pub use source::{Place, SourceFile, SourceSpan};
pub use suggest::{did_you_mean, nearest};
