//! The simulator's tests: networks computed by hand, laws on random ones, and what a real routing stack did.

mod by_hand;
mod laws;
mod measured;
mod measured_table;
mod support;
