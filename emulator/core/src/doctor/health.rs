//! How a link that is there does.

use super::{Check, Subject, Title, Verdict};
use crate::fault::Installed;
use crate::link::{LinkStatus, Phase, linked_database, try_handshake};
use crate::time::Span;

/// How far behind a secondary may be before it is told (a guess; the documentation names no number).
const LAG: Span = Span::seconds(60);
/// How much log may wait before it is told (a guess).
const LOG_BYTES: u64 = 64 << 20;

const NO_LINK: &str = "there is no link yet";

pub(super) fn faults(subject: &Subject<'_>) -> Check {
    let title = Title("faults", "No fault on request is at work");
    let all = subject.world.faults().iter();
    let concerning = |rule: &&std::sync::Arc<Installed>| {
        let sides = [subject.server, subject.instance];
        let names = sides.into_iter().flatten().map(|side| side.name.as_str());
        rule.fault.matching.may_be_about(names, subject.link)
    };
    let mut concerning = all.filter(concerning).peekable();
    if concerning.peek().is_none() {
        return title.ok("none is installed that is about these servers");
    }
    let mut check = title.warn("installed faults:");
    check.evidence.clear();
    for rule in concerning {
        let point = rule.fault.point.get();
        let until = match (rule.is_spent(), rule.until) {
            (true, _) => ", which is all".to_owned(),
            (false, Some(until)) => format!(", until {until}"),
            (false, None) => String::new(),
        };
        check = check.and(format!(
            "fault {} since {}: {}: {} It has bitten {} times{until}",
            rule.id, rule.since, point.name, point.summary, rule.bitten
        ));
        if !rule.is_spent() {
            if rule.bitten > 0 {
                check.verdict = Verdict::Fail;
            }
            check = check.remedy(format!("milink fault remove {}", rule.id));
        }
        check = check.remedy(point.recovery);
    }
    check
}

pub(super) fn state(subject: &Subject<'_>) -> Check {
    let title = Title("link-state", "The link is made");
    let Some(link) = subject.link else {
        return title.not_applicable(NO_LINK);
    };
    let status = LinkStatus::of(subject.world, link);
    let evidence = format!(
        "replicaState '{}' since {}",
        status.replica_state, link.since
    );
    match &link.phase {
        Phase::Failed { error, .. } => title
            .fail(evidence)
            .and(error.to_string())
            .remedy("put right what failed above, and create the link again:")
            .remedy(format!(
                "az sql mi link delete {} -n {} -y",
                subject.az_instance(),
                link.id.name
            ))
            .remedy(subject.az_create_link()),
        Phase::Synchronizing { .. } => title.ok(evidence),
        Phase::Diverged => title
            .fail(evidence)
            .and("a forced failover has split the sides: both are primary")
            .remedy("back up the side whose data is to be lost")
            .remedy(format!(
                "there: ALTER AVAILABILITY GROUP [{}] SET (ROLE = SECONDARY);",
                link.id.name
            )),
        Phase::Yielded { .. } => title
            .warn(evidence)
            .and("the primary role was given up by hand: neither side writes")
            .remedy(format!(
                "on the other side: ALTER AVAILABILITY GROUP [{}] FORCE_FAILOVER_ALLOW_DATA_LOSS;",
                link.id.name
            )),
        Phase::Initiating
        | Phase::Connected
        | Phase::Seeding
        | Phase::Recovering { .. }
        | Phase::CatchUp { .. }
        | Phase::FailingOver { .. }
        | Phase::Reverting { .. } => {
            let check = title.warn(evidence).and("it is on its way");
            match status.seeding_percent {
                Some(percent) => check.and(format!("seeded {percent} %")),
                None => check,
            }
        }
    }
}

pub(super) fn connection(subject: &Subject<'_>) -> Check {
    let title = Title("link-connection", "The partners are connected");
    let Some(link) = subject.link else {
        return title.not_applicable(NO_LINK);
    };
    let last = link.connection.last_error.as_ref();
    let last = last.map(|(error, at)| format!("the last error was at {at}: {error}"));
    let check = match (
        link.connection.connected_since,
        link.connection.silent_since,
    ) {
        (Some(since), None) => return title.ok(format!("since {since}")),
        (Some(_), Some(since)) => title.fail(format!("nothing was heard since {since}")),
        (None, _) if link.phase == Phase::Initiating && last.is_none() => {
            return title.unknown("they have not tried yet");
        }
        (None, _) => title.fail("connected_state_desc = DISCONNECTED"),
    };
    let check = match last {
        Some(last) => check.and(last),
        None => check,
    };
    let check = match try_handshake(subject.world, link) {
        Some(now) => check.and(format!("a handshake now would fail: {now}")),
        None => check.and("a handshake now would succeed"),
    };
    check.remedy("put right what fails above: the partners connect by themselves")
}

pub(super) fn movement(subject: &Subject<'_>) -> Check {
    let title = Title("data-movement", "Data movement is not suspended");
    let Some(link) = subject.link else {
        return title.not_applicable(NO_LINK);
    };
    let suspended = [true, false].into_iter().find_map(|on_primary| {
        let database = linked_database(subject.world, link, on_primary)?;
        let reason = database.suspended?;
        let side = if on_primary { "primary" } else { "secondary" };
        Some(format!("suspended on the {side}: {reason:?}"))
    });
    match suspended {
        None => title.ok("is_suspended = 0"),
        Some(evidence) => title.fail(evidence).remedy(format!(
            "ALTER DATABASE [{}] SET HADR RESUME;",
            link.spec.database
        )),
    }
}

pub(super) fn lag(subject: &Subject<'_>) -> Check {
    let title = Title("lag", "The secondary is not far behind");
    let Some(link) = subject.link else {
        return title.not_applicable(NO_LINK);
    };
    let status = LinkStatus::of(subject.world, link);
    let Some(at) = status.positions else {
        return title.not_applicable("there is no copy yet");
    };
    let mut evidence = format!(
        "{} behind, {} bytes to send",
        status.send_lag, at.send_queue_bytes
    );
    if at.redo_queue_bytes > 0 {
        let (behind, bytes) = (status.redo_lag, at.redo_queue_bytes);
        evidence.push_str(&format!("; redo {behind} behind, {bytes} bytes"));
    }
    match status.send_lag.max(status.redo_lag) < LAG {
        true => title.ok(evidence),
        false => title
            .warn(evidence)
            .remedy("see that the partners are connected and data movement goes on"),
    }
}

pub(super) fn log(subject: &Subject<'_>) -> Check {
    let title = Title("log-held", "The link does not hold the primary's log");
    let Some(database) = subject.source_database() else {
        return title.unknown("there is no database");
    };
    let used = database.log.used_bytes();
    let evidence = format!("{used} bytes of log in use");
    let is_full = used > database.log.limit_bytes / 10 * 9;
    let held = (used > LOG_BYTES || is_full) && database.group.is_some();
    match held {
        false => title.ok(evidence),
        true => title
            .warn(evidence)
            .and("log_reuse_wait_desc = AVAILABILITY_REPLICA")
            .remedy(format!(
                "BACKUP LOG [{}] TO DISK = N'…'; once the partner has caught up",
                database.name
            ))
            .remedy("drop the groups of a link that is over"),
    }
}
