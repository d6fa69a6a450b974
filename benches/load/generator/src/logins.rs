//! Logins in a loop.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::control::{Control, Manner};
use crate::{PATIENCE, Target, processor_time, say, source};

pub async fn run(target: &Target, clients: u16, time: Duration) -> Result<()> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let target = target.clone();
        tasks.spawn(async move {
            let mut count: u64 = 0;
            // Each run begins with other addresses than the one before, whose ports are still taken.
            let first = fastrand::u64(..1000);
            while begun.elapsed() < time {
                let manner = Manner { source: source(client + 1, first + count), resets: false, bytewise: false };
                timeout(PATIENCE, login(&target, manner)).await?.with_context(|| format!("after {count} logins"))?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(result) = tasks.join_next().await {
        count += result??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    say(&format!(r#"{{"logins":{count},"seconds":{seconds},"cpu":{}}}"#, processor_time()?))
}

async fn login(target: &Target, manner: Manner) -> Result<()> {
    let mut control = Control::login(target, manner).await?;
    control.succeed("QUIT", 221).await?;
    Ok(())
}
