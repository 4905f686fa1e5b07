//! Writing rows, and ending transactions.

use std::sync::Arc;

use super::Request;
use crate::database::{Database, RecoveryModel};
use crate::distributed::IN_DOUBT;
use crate::fault;
use crate::ids::{DatabaseId, InstanceId, ObjectId, RowId, SessionId, TransactionId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{DatabaseRefusal, DuplicateKind, Refusal, WriteRefusal};
use crate::store::{Content, LockKey, Log, LogKind, Op, OpenTransaction};
use crate::time::Timestamp;
use crate::world::World;

/// Writes to one database: as a transaction of its own, or as part of an open one.
#[derive(Clone, Debug)]
pub struct Write {
    /// The instance.
    pub instance: InstanceId,
    /// The database.
    pub database: DatabaseId,
    /// The session that writes.
    pub session: SessionId,
    /// The open transaction; none commits at once.
    pub transaction: Option<TransactionId>,
    /// The changes, in order; none of them happens unless all can.
    pub ops: Vec<Op>,
}

/// Draws the id of a new transaction.
#[derive(Clone, Copy, Debug)]
pub struct BeginTransaction {
    /// The instance.
    pub instance: InstanceId,
}

/// Commits a transaction in every database it wrote in.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// The instance.
    pub instance: InstanceId,
    /// The transaction.
    pub transaction: TransactionId,
}

/// Undoes a transaction, or what it did since a savepoint.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The instance.
    pub instance: InstanceId,
    /// The transaction.
    pub transaction: TransactionId,
    /// The savepoint to go back to; the transaction then stays open.
    pub savepoint: Option<Name>,
}

/// Sets a savepoint.
#[derive(Clone, Debug)]
pub struct Savepoint {
    /// The instance.
    pub instance: InstanceId,
    /// The transaction.
    pub transaction: TransactionId,
    /// The savepoint's name.
    pub name: Name,
}

/// Notes that a transaction waits for another one's locks; refused if that one waits for this one.
#[derive(Clone, Copy, Debug)]
pub struct WaitForLock {
    /// The instance.
    pub instance: InstanceId,
    /// Who waits.
    pub waiter: TransactionId,
    /// Who holds what is waited for.
    pub holder: TransactionId,
}

/// Notes that a transaction waits no more.
#[derive(Clone, Copy, Debug)]
pub struct EndLockWait {
    /// The instance.
    pub instance: InstanceId,
    /// Who waited.
    pub waiter: TransactionId,
}

/// Who uses up identity values: no transaction that can be rolled back.
const NOBODY: TransactionId = TransactionId(0);

/// What a commit says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// With a synchronous secondary: when that will have hardened the commit. The client is answered then.
    pub hardened: Option<Timestamp>,
}

impl Request for BeginTransaction {
    type Reply = TransactionId;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<TransactionId, Refusal> {
        let instance = world.instance_mut(self.instance);
        instance.next_transaction += 1;
        Ok(TransactionId(instance.next_transaction))
    }
}

impl Request for Write {
    type Reply = Committed;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Committed, Refusal> {
        let now = world.now();
        let owner = match self.transaction {
            Some(transaction) => transaction,
            None => BeginTransaction {
                instance: self.instance,
            }
            .apply(world)?,
        };
        let full = world
            .fault_at(&fault::log::FULL, |world| {
                fault::log::about(world, self.instance, self.database)
            })
            .is_some();
        let instance = world.instance_mut(self.instance);
        check_alive(instance, owner)?;
        let not_found = || DatabaseRefusal::NotFound {
            name: self.database.to_string(),
        };
        let database = instance.databases.get(&self.database);
        instance.check_writable(database.ok_or_else(not_found)?)?;
        world.check_required_secondaries(self.instance, self.database)?;
        let instance = world.instance_mut(self.instance);
        let database = instance
            .database_mut(self.database)
            .expect("found a moment ago");
        check_log_room(database, &self.ops)?;
        if full {
            return Err(log_full(database));
        }
        let locks = locks_for(database, self.transaction, &self.ops);
        if let Some(holder) = in_the_way(database, owner, &locks) {
            return Err(WriteRefusal::Locked { holder }.into());
        }
        let mut view = database.view(self.transaction);
        for op in &self.ops {
            check_op(&view, op)?;
            view.apply(op);
        }
        if self.transaction.is_none() {
            database.content = view;
            database.version += 1;
            let kind = match self.ops.iter().all(is_identity) {
                true => LogKind::Identity(self.ops.into()),
                false => LogKind::Commit(self.ops.into()),
            };
            append(database, now, owner, kind);
            return Ok(world.committed(self.instance, self.database, now));
        }
        for lock in &locks {
            database.locks.insert(lock.clone(), owner);
        }
        let (used_up, ops) = used_up(database, owner, self.ops);
        let hands_out = !used_up.is_empty();
        if hands_out {
            for op in &used_up {
                database.content.apply(op);
            }
            database.version += 1;
            append(database, now, NOBODY, LogKind::Identity(used_up.into()));
        }
        let base = database.version;
        let open = database.transactions.entry(owner).or_insert_with(|| {
            Arc::new(OpenTransaction {
                id: owner,
                session: self.session,
                began: now,
                ops: Vec::new(),
                view: Content::default(),
                base,
                locks: Vec::new(),
                savepoints: Vec::new(),
            })
        });
        let open = Arc::make_mut(open);
        open.ops.extend(ops);
        open.locks.extend(locks);
        open.view = view;
        open.base = base;
        if hands_out {
            // Replicas get it as everything in the log; nobody waits for that.
            world.committed(self.instance, self.database, now);
        }
        Ok(Committed::default())
    }
}

impl Request for Commit {
    type Reply = Committed;
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<Committed, Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        instance.waits.remove(&self.transaction);
        check_alive(instance, self.transaction)?;
        forget_part(instance, self.transaction);
        let written = databases_of(instance, self.transaction);
        for id in &written {
            world.check_required_secondaries(self.instance, *id)?;
        }
        let instance = world.instance_mut(self.instance);
        for id in &written {
            instance.check_writable(&instance.databases[id])?;
            let database = instance.database_mut(*id).expect("listed a moment ago");
            let view = database.view(Some(self.transaction));
            let open = database
                .transactions
                .remove(&self.transaction)
                .expect("listed by it");
            database.content = view;
            database.version += 1;
            release(database, &open);
            let ops = Arc::unwrap_or_clone(open).ops;
            append(database, now, self.transaction, LogKind::Commit(ops.into()));
        }
        let mut reply = Committed::default();
        for id in written {
            reply.hardened = reply
                .hardened
                .max(world.committed(self.instance, id, now).hardened);
        }
        Ok(reply)
    }
}

impl Request for Rollback {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        instance.waits.remove(&self.transaction);
        if self.savepoint.is_none() {
            instance.killed.remove(&self.transaction);
            forget_part(instance, self.transaction);
        } else {
            check_alive(instance, self.transaction)?;
        }
        let databases = databases_of(instance, self.transaction);
        for id in &databases {
            let database = instance.database_mut(*id).expect("listed a moment ago");
            match &self.savepoint {
                None => undo(database, self.transaction, now),
                Some(name) => {
                    let open = database
                        .transactions
                        .get_mut(&self.transaction)
                        .expect("listed by it");
                    let open = Arc::make_mut(open);
                    let keep = open.savepoints.iter().rposition(|(n, _)| n == name);
                    let kept_ops = keep.map_or(0, |at| open.savepoints[at].1);
                    open.ops.truncate(kept_ops);
                    open.savepoints.truncate(keep.map_or(0, |at| at + 1));
                    // Not the current version: the view has to be made again from what is left.
                    open.base = u64::MAX;
                }
            }
        }
        if self.savepoint.is_none() {
            // The log says so, and replicas get all of it.
            for id in databases {
                world.committed(self.instance, id, now);
            }
        }
        Ok(())
    }
}

impl Request for Savepoint {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        check_alive(instance, self.transaction)?;
        for id in databases_of(instance, self.transaction) {
            let database = instance.database_mut(id).expect("listed a moment ago");
            let open = database
                .transactions
                .get_mut(&self.transaction)
                .expect("listed by it");
            let open = Arc::make_mut(open);
            let written = open.ops.len();
            open.savepoints.push((self.name.clone(), written));
        }
        Ok(())
    }
}

impl Request for WaitForLock {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let mut next = Some(self.holder);
        // A transaction waits for one other at most, so the chain has no branches; and no circle, since none is let in.
        while let Some(holder) = next {
            if holder == self.waiter {
                return Err(WriteRefusal::Deadlock {
                    holder: self.holder,
                }
                .into());
            }
            next = instance.waits.get(&holder).copied();
        }
        instance.waits.insert(self.waiter, self.holder);
        Ok(())
    }
}

impl Request for EndLockWait {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        world.instance_mut(self.instance).waits.remove(&self.waiter);
        Ok(())
    }
}

/// Undoes every transaction that has written in a database, wherever else it has, but for what is prepared and in doubt:
/// that outlives the service.
pub(crate) fn kill_undecided(instance: &mut Instance, database: DatabaseId, now: Timestamp) {
    kill_transactions_where(instance, database, now, |open| open.session != IN_DOUBT);
}

/// Parts of distributed transactions that outlive the service.
pub(crate) fn keep_doubtful(instance: &mut Instance) {
    if !instance.distributed.is_empty() {
        let all = std::mem::take(&mut instance.distributed).into_iter();
        instance.distributed = all.filter(|(_, part)| part.in_doubt.is_some()).collect();
    }
}

/// The transactions that have written in a database.
pub(super) fn open_in(
    instance: &Instance,
    database: DatabaseId,
) -> impl Iterator<Item = &Arc<OpenTransaction>> {
    let found = instance.databases.get(&database).into_iter();
    found.flat_map(|database| database.transactions.values())
}

/// Undoes those of the transactions that have written in a database; who goes on with one of them is refused.
pub(super) fn kill_transactions_where(
    instance: &mut Instance,
    database: DatabaseId,
    now: Timestamp,
    which: impl Fn(&OpenTransaction) -> bool,
) {
    let open = open_in(instance, database).filter(|open| which(open));
    let open: Vec<(TransactionId, SessionId)> = open.map(|open| (open.id, open.session)).collect();
    for (transaction, session) in open {
        for id in databases_of(instance, transaction) {
            let database = instance.database_mut(id).expect("listed a moment ago");
            undo(database, transaction, now);
        }
        instance.waits.remove(&transaction);
        instance.killed.insert(transaction, session);
    }
}

fn undo(database: &mut Database, transaction: TransactionId, now: Timestamp) {
    let open = database.transactions.remove(&transaction);
    let open = open.expect("the caller has found it in the database");
    release(database, &open);
    database.log.append(now, transaction, LogKind::Abort);
}

/// A transaction that is over is no part of a distributed one.
fn forget_part(instance: &mut Instance, transaction: TransactionId) {
    if !instance.distributed.is_empty() {
        instance.distributed.remove(&transaction);
    }
}

fn check_alive(instance: &Instance, transaction: TransactionId) -> Result<(), Refusal> {
    if instance.killed.contains_key(&transaction) {
        return Err(WriteRefusal::Killed { transaction }.into());
    }
    Ok(())
}

fn check_log_room(database: &Database, ops: &[Op]) -> Result<(), Refusal> {
    if database.log.has_room(u64::from(Log::bytes_for(ops))) {
        return Ok(());
    }
    Err(log_full(database))
}

fn log_full(database: &Database) -> Refusal {
    let reason = database.log_reuse_wait_desc();
    WriteRefusal::LogFull {
        database: database.name.to_string(),
        reason,
    }
    .into()
}

/// Whether an operation can be done on `view`, with everything before it done.
fn check_op(view: &Content, op: &Op) -> Result<(), Refusal> {
    let table_of = |id| {
        view.tables.get(id).ok_or_else(|| {
            Refusal::from(WriteRefusal::NoSuchTable {
                name: format!("{id}"),
            })
        })
    };
    let (table, row, replacing) = match op {
        Op::Insert { table, row, .. } => (table_of(table)?, row, None),
        Op::Update {
            table, id, after, ..
        } => (table_of(table)?, after, Some(*id)),
        Op::CreateTable(definition) => {
            return match view.table(&definition.schema, &definition.name) {
                Some(_) => Err(WriteRefusal::ObjectExists {
                    name: definition.name.to_string(),
                }
                .into()),
                None => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    let Some(violated) = table.violated_key(row, replacing) else {
        return Ok(());
    };
    let key = &table.definition.keys[violated.key];
    Err(WriteRefusal::DuplicateKey {
        constraint: key.name.to_string(),
        table: format!("{}.{}", table.definition.schema, table.definition.name),
        kind: match (key.primary, key.constraint) {
            (true, _) => DuplicateKind::PrimaryKey,
            (false, true) => DuplicateKind::UniqueConstraint,
            (false, false) => DuplicateKind::UniqueIndex,
        },
        values: violated.values,
    }
    .into())
}

/// What the operations have to hold exclusively.
fn locks_for(database: &Database, transaction: Option<TransactionId>, ops: &[Op]) -> Vec<LockKey> {
    let open = transaction.and_then(|id| database.transactions.get(&id));
    let content = open.map_or(&database.content, |open| &open.view);
    let mut locks = Vec::with_capacity(ops.len() * 2);
    for op in ops {
        match op {
            Op::Insert { table, id, row } => {
                locks.push(LockKey::Row(*table, *id));
                if let Some(t) = content.tables.get(table) {
                    let keys = 0..t.definition.keys.len();
                    locks.extend(keys.map(|key| LockKey::Key(*table, key, t.key_of(key, row))));
                }
            }
            Op::Update {
                table,
                id,
                before,
                after,
            } => {
                locks.push(LockKey::Row(*table, *id));
                if let Some(t) = content.tables.get(table) {
                    for key in 0..t.definition.keys.len() {
                        locks.push(LockKey::Key(*table, key, t.key_of(key, before)));
                        locks.push(LockKey::Key(*table, key, t.key_of(key, after)));
                    }
                }
            }
            Op::Delete { table, id, before } => {
                locks.push(LockKey::Row(*table, *id));
                if let Some(t) = content.tables.get(table) {
                    let keys = 0..t.definition.keys.len();
                    locks.extend(keys.map(|key| LockKey::Key(*table, key, t.key_of(key, before))));
                }
            }
            Op::Truncate { table } | Op::DropTable { table } | Op::Reseed { table, .. } => {
                locks.push(LockKey::Object(*table));
            }
            Op::AlterTable { definition, .. } => locks.push(LockKey::Object(definition.object)),
            _ => {}
        }
    }
    locks
}

/// Who holds something that keeps `owner` from having these locks.
fn in_the_way(
    database: &Database,
    owner: TransactionId,
    locks: &[LockKey],
) -> Option<TransactionId> {
    if database.locks.is_empty() {
        return None;
    }
    let others = |holder: &TransactionId| *holder != owner;
    let mut last_table = None;
    locks.iter().find_map(|lock| {
        if let Some(holder) = database.locks.get(lock).copied().filter(others) {
            return Some(holder);
        }
        match lock {
            // Who changes a table as a whole waits for those who have changed rows of it,
            LockKey::Object(table) => {
                let rows = LockKey::Row(*table, RowId(0))..=LockKey::Row(*table, RowId(u64::MAX));
                let mut holders = database.locks.range(rows).map(|(_, holder)| *holder);
                holders.find(others)
            }
            // and they for it.
            LockKey::Row(table, _) if last_table.replace(*table) != Some(*table) => {
                let whole = database.locks.get(&LockKey::Object(*table)).copied();
                whole.filter(others)
            }
            LockKey::Row(..) | LockKey::Key(..) => None,
        }
    })
}

fn databases_of(instance: &Instance, transaction: TransactionId) -> Vec<DatabaseId> {
    instance
        .databases
        .values()
        .filter(|database| database.transactions.contains_key(&transaction))
        .map(|database| database.id)
        .collect()
}

fn release(database: &mut Database, open: &OpenTransaction) {
    for lock in &open.locks {
        database.locks.remove(lock);
    }
}

fn is_identity(op: &Op) -> bool {
    matches!(op, Op::SetIdentity { .. })
}

/// Takes out of a transaction's operations the identity values that they use up at once, as they do where others insert
/// beside it. A table that it has to itself, because it made or emptied it, is its own in this, too.
fn used_up(database: &Database, owner: TransactionId, ops: Vec<Op>) -> (Vec<Op>, Vec<Op>) {
    let is_shared = |table: &ObjectId| {
        database.content.tables.contains_key(table)
            && database.locks.get(&LockKey::Object(*table)) != Some(&owner)
    };
    ops.into_iter()
        .partition(|op| matches!(op, Op::SetIdentity { table, .. } if is_shared(table)))
}

fn append(database: &mut Database, now: Timestamp, transaction: TransactionId, kind: LogKind) {
    database.log.append(now, transaction, kind);
    if database.recovery_model == RecoveryModel::Simple || !database.chain.is_started() {
        let end = database.log.end();
        database.log.truncate(end);
    }
}
