//! Workers that wait for a request, by lock group. Protected by the queue's lock.
//!
//! One worker of a group is called at a time, because the others could not run before it. It takes no request with it
//! on its way, so whichever worker holds the lock first takes the oldest request. The called worker is responsible for
//! what waits: when it gets to the queue, or leaves, it has the next worker called if something is left. So as long as
//! requests wait, each group has no idle worker, or has a called one.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::shard::Shard;

#[derive(Debug)]
pub(crate) struct IdleList<T> {
    groups: Vec<Group<T>>,
    /// Counts the workers that went idle.
    last: u64,
}

#[derive(Debug)]
struct Group<T> {
    lock_group: Arc<LockGroup>,
    /// The idle workers, each with its count, in the order in which they went idle.
    lanes: Vec<(u64, Arc<Lane<T>>)>,
}

impl<T> Default for IdleList<T> {
    fn default() -> Self {
        Self { groups: Vec::new(), last: 0 }
    }
}

impl<T> IdleList<T> {
    fn group(&mut self, lane: &Lane<T>) -> &mut Group<T> {
        let lock_group = &lane.slot.lock_group;
        let at = self.groups.iter().position(|group| Arc::ptr_eq(&group.lock_group, lock_group)).unwrap_or_else(|| {
            self.groups.push(Group { lock_group: Arc::clone(lock_group), lanes: Vec::new() });
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

    /// Removes a worker, if it is listed.
    pub(crate) fn remove(&mut self, lane: &Lane<T>) {
        if lane.is_idle() {
            self.group(lane).lanes.retain(|(_, it)| !std::ptr::eq(&raw const **it, lane));
            lane.set_idle(false);
        }
    }

    /// Removes the lock group of `lane`, whose last worker has left.
    pub(crate) fn remove_group(&mut self, lane: &Lane<T>) {
        self.groups.retain(|group| !Arc::ptr_eq(&group.lock_group, &lane.slot.lock_group));
    }

    /// Removes and returns the worker to wake: the one that drives `shard`, because it is this thread; else, from the
    /// groups with the fewest busy workers, the one that went idle last, whose cache is warm.
    pub(crate) fn call(&mut self, shard: Option<&Arc<Shard>>) -> Option<Arc<Lane<T>>> {
        let own = shard.and_then(|shard| self.driver_of(shard));
        let (group, at) = own.or_else(|| self.preferred())?;
        let (_, lane) = self.groups[group].lanes.remove(at);
        // In this order: a worker that sees that it is no longer listed must also see that it was called.
        lane.set_called(true);
        lane.set_idle(false);
        Some(lane)
    }

    fn callable(&self) -> impl Iterator<Item = (usize, &Group<T>)> {
        self.groups.iter().enumerate().filter(|(_, group)| !group.lock_group.is_called())
    }

    fn driver_of(&self, shard: &Arc<Shard>) -> Option<(usize, usize)> {
        self.callable().find_map(|(number, group)| {
            let at = group.lanes.iter().rposition(|(_, lane)| shard.is_driven_by(&lane.slot.parker))?;
            Some((number, at))
        })
    }

    fn preferred(&self) -> Option<(usize, usize)> {
        let idle = self.callable().filter_map(|(number, group)| Some((number, group, group.lanes.last()?.0)));
        let (number, group, _) = idle.max_by_key(|(_, group, stamp)| (Reverse(group.lock_group.busy()), *stamp))?;
        Some((number, group.lanes.len() - 1))
    }

    /// An idle worker of `shard`. It stays listed.
    pub(crate) fn of_shard(&self, shard: &Arc<Shard>) -> Option<Arc<Lane<T>>> {
        let mut lanes = self.groups.iter().flat_map(|group| &group.lanes);
        lanes.rfind(|(_, lane)| lane.slot.is_at(shard)).map(|(_, lane)| Arc::clone(lane))
    }

    /// Removes and returns all workers. They are not called: each looks by itself what there is for it.
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
