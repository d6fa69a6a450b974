//! A model network: client and server with their real bytes over NATs, firewalls, ALGs and the like, in memory and in virtual time.
//!
//! | file | what it holds |
//! |---|---|
//! | `boxes/` | each kind of middlebox, with its rule |
//! | `world` | hosts, networks, gateways, and how a first packet finds its way |
//! | `wire` | what runs over a connection that stands |
//! | `ends/`, `session` | the two machines with their adapters, and the clock |
//! | `software` | what other servers say and do |
//! | `topology` | a network as data |
//! | `rows` | the rows of the truth table as such data |
//! | `symptom`, `table` | what is to be seen by each way, held against `testdata/network/truth_table.tsv` |
//! | `auto` | the client's own plan finds a way wherever there is one |
//! | `doctor` | what each way by itself leads `diagnosis` to: the row's cause, and only what looks the same |
//! | `random` | the same for any network |

mod auto;
mod boxes;
mod doctor;
mod ends;
mod random;
mod rows;
mod session;
mod software;
mod symptom;
mod table;
mod topology;
mod truth;
mod wire;
mod world;
