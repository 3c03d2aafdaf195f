//! Workers that wait for a request, by the lock that they share. Part of what the queue's lock protects.
//!
//! Of a group one is called at a time: the others could not run before it anyway. While it is on its way it takes
//! nothing with it, so whoever holds the lock first takes the oldest request. The one that was called answers for what
//! waits: when it gets to the queue, or leaves, it has the next one called if something is left. So as long as
//! something waits, each group has nobody idle, or somebody on the way.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::shard::Shard;

#[derive(Debug)]
pub(crate) struct IdleList<T> {
    groups: Vec<Group<T>>,
    /// Counts those that went idle.
    last: u64,
}

#[derive(Debug)]
struct Group<T> {
    lock: Arc<LockGroup>,
    /// Those that idle, each with its count; the last went idle last.
    lanes: Vec<(u64, Arc<Lane<T>>)>,
}

impl<T> Default for IdleList<T> {
    fn default() -> Self {
        Self { groups: Vec::new(), last: 0 }
    }
}

impl<T> IdleList<T> {
    fn group(&mut self, lane: &Lane<T>) -> &mut Group<T> {
        let lock = &lane.slot.lock;
        let at = self.groups.iter().position(|group| Arc::ptr_eq(&group.lock, lock)).unwrap_or_else(|| {
            self.groups.push(Group { lock: Arc::clone(lock), lanes: Vec::new() });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    pub(crate) fn add(&mut self, lane: &Arc<Lane<T>>) {
        self.last += 1;
        let stamp = self.last;
        self.group(lane).lanes.push((stamp, Arc::clone(lane)));
        lane.set_idle(true);
    }

    /// Takes that worker off the list, if it is there.
    pub(crate) fn remove(&mut self, lane: &Lane<T>) {
        if lane.is_idle() {
            self.group(lane).lanes.retain(|(_, it)| !std::ptr::eq(&raw const **it, lane));
            lane.set_idle(false);
        }
    }

    /// Nobody of the group of `lane` will come any more.
    pub(crate) fn forget(&mut self, lane: &Lane<T>) {
        self.groups.retain(|group| !Arc::ptr_eq(&group.lock, &lane.slot.lock));
    }

    /// Takes the worker off the list that is to be woken: the one that drives `shard`, because that is this thread; else
    /// one whose lock is not needed by others, and of those the one that went idle last.
    pub(crate) fn call(&mut self, shard: Option<&Arc<Shard>>) -> Option<Arc<Lane<T>>> {
        let own = shard.and_then(|shard| self.driver(shard));
        let (group, at) = own.or_else(|| self.preferred())?;
        let (_, lane) = self.groups[group].lanes.remove(at);
        // In this order: a worker that sees that it is not listed any more has to see why.
        lane.set_called(true);
        lane.set_idle(false);
        Some(lane)
    }

    fn callable(&self) -> impl Iterator<Item = (usize, &Group<T>)> {
        self.groups.iter().enumerate().filter(|(_, group)| !group.lock.is_called())
    }

    fn driver(&self, shard: &Arc<Shard>) -> Option<(usize, usize)> {
        self.callable().find_map(|(number, group)| {
            let at = group.lanes.iter().rposition(|(_, lane)| shard.is_driven_by(&lane.slot.signal))?;
            Some((number, at))
        })
    }

    fn preferred(&self) -> Option<(usize, usize)> {
        let idle = self.callable().filter_map(|(number, group)| Some((number, group, group.lanes.last()?.0)));
        let (number, group, _) = idle.max_by_key(|(_, group, stamp)| (Reverse(group.lock.busy()), *stamp))?;
        Some((number, group.lanes.len() - 1))
    }

    /// An idle worker of `shard`. It stays on the list.
    pub(crate) fn of_shard(&self, shard: &Arc<Shard>) -> Option<Arc<Lane<T>>> {
        let mut lanes = self.groups.iter().flat_map(|group| &group.lanes);
        lanes.rfind(|(_, lane)| lane.slot.is_at(shard)).map(|(_, lane)| Arc::clone(lane))
    }

    /// Takes all of them off the list. They are not called: each looks by itself what there is for it.
    pub(crate) fn clear(&mut self) -> Vec<Arc<Lane<T>>> {
        let lanes = self.groups.iter_mut().flat_map(|group| group.lanes.drain(..));
        lanes.map(|(_, lane)| lane).inspect(|lane| lane.set_idle(false)).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.lanes.is_empty())
    }
}

#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
