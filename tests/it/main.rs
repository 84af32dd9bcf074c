//! End to end: the built binary against real servers and clients.
//!
//! One test binary, linked once; a module for each thing that is proved. `support` has the sandbox, the servers and the
//! programs that the tests share. Ports are chosen by the kernel, files live in temporary folders, and every wait has
//! an end, so tests may run side by side.

mod audit;
mod bench;
mod dataplane;
mod determinism;
mod doctor;
mod faults;
mod incidents;
mod kernel;
mod nginx;
mod profiles;
mod proxy;
mod rules;
mod run;
mod scenarios;
mod support;
mod wan;
mod wan_view;
