//! The very template, deployed to an emulator with the built functions: from a ticket's POST to its report.
//!
//! # Layout
//! - `stack`: an emulator of its own with the deployed template; functions invoked, roles assumed
//! - `flow`: an outage becomes a report; poison, redelivery, retraining
//! - `roles`: what each function's role may not do
//! - `load`: 100,000 tickets, some sent twice, while storage calls fail

mod flow;
mod load;
mod roles;
mod stack;
