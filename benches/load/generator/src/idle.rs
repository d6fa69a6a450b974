//! Many sessions that do nothing.

use std::time::Instant;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::control::{Control, Manner};
use crate::{PATIENCE, Target, say, source};

/// How many log in at once: fewer than any server's backlog.
const AT_ONCE: usize = 64;

pub async fn run(target: &Target) -> Result<()> {
    let mut sessions = Vec::new();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let begun = Instant::now();
        let count = match line.split_once(' ') {
            Some(("to", count)) => {
                open(target, &mut sessions, count.parse()?).await?;
                sessions.len()
            }
            _ => living(&mut sessions).await,
        };
        say(&format!(r#"{{"sessions":{count},"seconds":{}}}"#, begun.elapsed().as_secs_f64()))?;
    }
    Ok(())
}

async fn open(target: &Target, sessions: &mut Vec<Control>, count: usize) -> Result<()> {
    let mut logins = JoinSet::new();
    let mut number = sessions.len();
    while sessions.len() < count {
        while number < count && logins.len() < AT_ONCE {
            let target = target.clone();
            let manner = Manner { source: source(0, number as u64), resets: false, bytewise: false };
            logins.spawn(async move { timeout(PATIENCE, Control::login(&target, manner)).await? });
            number += 1;
        }
        let login = logins.join_next().await.context("no login is under way")?;
        sessions.push(login?.with_context(|| format!("after {} sessions", sessions.len()))?);
    }
    Ok(())
}

/// How many answer a NOOP.
async fn living(sessions: &mut [Control]) -> usize {
    let mut count = 0;
    for session in sessions {
        count += usize::from(matches!(timeout(PATIENCE, session.succeed("NOOP", 200)).await, Ok(Ok(_))));
    }
    count
}
