//! Clients that log in, list and fetch in a loop, and break off in every way they can.

use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::faults::{self, Visit};
use crate::site::{Site, Tally};
use crate::{PATIENCE, Target, say};

/// So many different errors are told.
const ERRORS_TOLD: usize = 5;

pub struct Plan {
    pub clients: u16,
    pub time: Duration,
    pub vanish: bool,
    pub seed: u64,
}

pub async fn run(target: &Target, folder: &Path, plan: &Plan) -> Result<()> {
    let site = Rc::new(Site { target: target.clone(), files: files(folder)? });
    let begun = Instant::now();
    let set = LocalSet::new();
    let mut tasks = Vec::new();
    for client in 0..plan.clients {
        let (site, until, vanish) = (site.clone(), begun + plan.time, plan.vanish);
        let rng = Rng::with_seed(plan.seed.wrapping_add(u64::from(client)));
        tasks.push(set.spawn_local(async move { visits(&site, client, until, vanish, rng).await }));
    }
    let mut total = Tally::default();
    set.run_until(async {
        for task in tasks {
            total.add(task.await?);
        }
        anyhow::Ok(())
    })
    .await?;
    say(&total.json(begun.elapsed()))
}

fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
        let entry = entry?;
        files.push((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?));
    }
    Ok(files)
}

/// One client's visits, one after another.
async fn visits(site: &Site, client: u16, until: Instant, vanish: bool, mut rng: Rng) -> Tally {
    let mut tally = Tally::default();
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        let visit = Visit::random(&mut rng, vanish);
        let manner = visit.manner(crate::source(client + 1, turn));
        let result = timeout(PATIENCE, faults::visit(site, visit, manner, &mut rng, &mut tally)).await;
        let result = result.unwrap_or_else(|_| Err(anyhow::anyhow!("not done after {PATIENCE:?}")));
        tally.count(visit.name(), result);
    }
    tally
}

impl Tally {
    fn count(&mut self, visit: &'static str, result: Result<()>) {
        *self.visits.entry(visit).or_default() += 1;
        if let Err(error) = result {
            self.failed += 1;
            if self.errors.len() < ERRORS_TOLD {
                self.errors.insert(format!("{visit}: {error:#}"));
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.listings += other.listings;
        self.files += other.files;
        self.bytes += other.bytes;
        self.failed += other.failed;
        for (name, count) in other.visits {
            *self.visits.entry(name).or_default() += count;
        }
        for error in other.errors {
            if self.errors.len() < ERRORS_TOLD {
                self.errors.insert(error);
            }
        }
    }

    fn json(&self, time: Duration) -> String {
        let Self { listings, files, bytes, visits, failed, errors } = self;
        let mut text = format!(r#"{{"listings":{listings},"files":{files},"bytes":{bytes},"failed":{failed},"#);
        let visits: Vec<_> = visits.iter().map(|(name, count)| format!(r#""{name}":{count}"#)).collect();
        // Debug's escapes are JSON's for what replies have in them.
        let errors: Vec<_> = errors.iter().map(|error| format!("{error:?}")).collect();
        let _ = write!(text, r#""visits":{{{}}},"errors":[{}],"#, visits.join(","), errors.join(","));
        let _ = write!(text, r#""seconds":{}}}"#, time.as_secs_f64());
        text
    }
}
