//! Backup media: what backups have written, by device, to be restored in the same world.
//!
//! A disk is an instance's own; a URL or a share is the same place for every instance.

use std::sync::Arc;

use imbl::{OrdMap, Vector};

use crate::backup::{BackupDevice, BackupSet};
use crate::database::Database;
use crate::ids::InstanceId;
use crate::lsn::Lsn;
use crate::store::LogEntry;
use crate::version::Build;

/// What one backup has written. It shares its content with the database it was taken of, so it costs little.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The backup.
    pub set: Arc<BackupSet>,
    /// The server that took it.
    pub server: String,
    /// Its build.
    pub build: Build,
    /// The version that can restore it: a managed instance's follows its update policy.
    pub major: u8,
    /// The database as it was, with the log that the backup holds.
    pub database: Arc<Database>,
}

impl Image {
    /// The entries that a log backup holds.
    pub fn log(&self) -> impl Iterator<Item = &Arc<LogEntry>> + '_ {
        let end: Lsn = self.set.last_lsn;
        let entries = self.database.log.from(self.set.first_lsn);
        entries.take_while(move |entry| entry.end <= end)
    }
}

/// Where backups are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    devices: OrdMap<Place, Vector<Arc<Image>>>,
    /// The devices in the order they were written to.
    order: Vector<Place>,
}

/// A device: the instance whose it is, none if it is everybody's, and its path.
type Place = (Option<InstanceId>, String);

/// How many backups a world keeps; the oldest are forgotten.
const MOST_IMAGES: usize = 500;

impl Media {
    /// The backups on a device, oldest first. None if there is no such device.
    pub fn read(&self, instance: InstanceId, device: &BackupDevice) -> Option<&Vector<Arc<Image>>> {
        self.devices.get(&place(instance, device)?)
    }

    /// Writes a backup behind the others on each of its devices.
    pub(crate) fn write(&mut self, instance: InstanceId, image: &Arc<Image>) {
        for device in &image.set.devices {
            let Some(place) = place(instance, device) else {
                continue;
            };
            if self.order.len() >= MOST_IMAGES {
                self.forget_oldest();
            }
            self.order.push_back(place.clone());
            self.devices
                .entry(place)
                .or_default()
                .push_back(Arc::clone(image));
        }
    }

    /// Empties a device (INIT, FORMAT).
    pub(crate) fn erase(&mut self, instance: InstanceId, device: &BackupDevice) {
        if let Some(place) = place(instance, device)
            && self.devices.remove(&place).is_some()
        {
            self.order.retain(|other| *other != place);
        }
    }

    fn forget_oldest(&mut self) {
        let Some(place) = self.order.pop_front() else {
            return;
        };
        if let Some(images) = self.devices.get_mut(&place) {
            images.pop_front();
            if images.is_empty() {
                self.devices.remove(&place);
            }
        }
    }
}

/// Nothing that is written to `NUL` is anywhere.
fn place(instance: InstanceId, device: &BackupDevice) -> Option<Place> {
    let path = device.path().to_owned();
    match device {
        BackupDevice::Disk(_) if path.eq_ignore_ascii_case("nul") => None,
        BackupDevice::Disk(_) if path.starts_with("\\\\") => Some((None, path)),
        BackupDevice::Url(_) => Some((None, path)),
        BackupDevice::Disk(_) | BackupDevice::Logical(_) => Some((Some(instance), path)),
    }
}
