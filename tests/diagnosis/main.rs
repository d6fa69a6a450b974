//! From evidence to findings: each row of the table of causes, each cause, each pair that is easily confused, each cure.

mod build;
mod causes;
mod confused;
mod cures;
mod nothing;
mod table;
mod truth;
