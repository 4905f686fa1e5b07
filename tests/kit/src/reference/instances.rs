//! Managed instances as a whole, and the partner certificates that they have: stopped, started, deleted.
//!
//! `Stop and start an instance`, `Delete a managed instance`: neither while the instance has a link, and a stopped one takes no
//! change.

use super::expect::Expected::{self, Accepted, Either, Refused};
use super::{Reference, Upload};
use crate::action::{Action, Pair, Place};
use crate::observation::{Observation, Power, ResourceGroup};

/// How long partners wait for each other that hear nothing: `SESSION_TIMEOUT` of the documented script.
const SESSION_TIMEOUT: u64 = 20;

impl Reference {
    /// What the instance that an action is about has to say to it; [`Accepted`] is nothing.
    pub(super) fn expect_of_instance(&self, action: &Action) -> Expected {
        let (n, logs_in) = match *action {
            Action::CreateDatabase(Place::Instance(n), _)
            | Action::DropDatabase(Place::Instance(n), _)
            | Action::Insert(Place::Instance(n), _) => (n, true),
            Action::ImportCertificate(pair)
            | Action::UploadCertificate(pair, _)
            | Action::RevokeCertificate(pair, _)
            | Action::CreateLink(pair, _)
            | Action::UpdateLink(pair, _)
            | Action::LinkDatabases(pair, _)
            | Action::DeleteLink(pair)
            | Action::LinkFailover(pair, _)
            | Action::SetRole(pair, ..) => (pair.instance, false),
            _ => return Accepted,
        };
        match self.instances[usize::from(n)] {
            None => Refused("there is no such instance"),
            Some(Power::Stopped) if logs_in => Refused("its service is stopped"),
            Some(Power::Ready) if self.group == ResourceGroup::There => Accepted,
            Some(_) => Either,
        }
    }

    pub(super) fn expect_stop(&self, n: u8) -> Expected {
        match self.instances[usize::from(n)] {
            None => Refused("there is no such instance"),
            Some(Power::Ready) => self.expect_without_link(n),
            Some(_) => Refused("it does not run, or not for long"),
        }
    }

    pub(super) fn expect_start(&self, n: u8) -> Expected {
        match self.instances[usize::from(n)] {
            None => Refused("there is no such instance"),
            Some(Power::Stopped) => self.while_group_stays(),
            Some(_) => Refused("it is not stopped"),
        }
    }

    pub(super) fn expect_delete(&self, n: u8) -> Expected {
        match self.instances[usize::from(n)] {
            None => Refused("there is no such instance"),
            Some(Power::Ready | Power::Stopped) => self.expect_without_link(n),
            Some(Power::Stopping | Power::Starting | Power::Deleting) => Either,
        }
    }

    fn expect_without_link(&self, n: u8) -> Expected {
        let mut wholes = self.last.wholes.iter();
        let seen = self.plan.is_loose().then(|| self.last.links.keys());
        let mut links = self.links.keys().chain(seen.into_iter().flatten());
        let linked =
            wholes.any(|(_, instance)| *instance == n) || links.any(|pair| pair.instance == n);
        match linked {
            true => Refused("it has a link"),
            false => self.while_group_stays(),
        }
    }

    fn while_group_stays(&self) -> Expected {
        match self.group {
            ResourceGroup::There => Accepted,
            ResourceGroup::Deleting | ResourceGroup::Gone => Either,
        }
    }

    /// Instances stop, start and go as they were told to, and only then.
    pub(super) fn look_at_instances(&mut self, seen: &Observation) -> Result<(), String> {
        for n in (0u8..).take(self.instances.len()) {
            let was = self.instances[usize::from(n)];
            let is = seen.instances.get(&n).copied();
            let with_group = self.group != ResourceGroup::There;
            match (was, is) {
                (was, is) if was == is => continue,
                (Some(Power::Stopping), Some(Power::Stopped))
                | (Some(Power::Starting), Some(Power::Ready)) => {}
                (Some(was), None) if was == Power::Deleting || with_group => self.forget(n)?,
                _ => {
                    let place = Place::Instance(n);
                    return Err(format!("{place} is {is:?} and should be {was:?}"));
                }
            }
            self.instances[usize::from(n)] = is;
        }
        match (self.group, seen.group) {
            (was, is) if was == is => {}
            (ResourceGroup::Deleting, ResourceGroup::Gone) => {}
            // It stays if something in it is in use.
            (ResourceGroup::Deleting, ResourceGroup::There) if self.had_links() => {}
            (was, is) => return Err(format!("the group is {is:?} and should be {was:?}")),
        }
        self.group = seen.group;
        match seen.group == ResourceGroup::Gone && !seen.instances.is_empty() {
            true => Err("there are instances in no group".to_owned()),
            false => Ok(()),
        }
    }

    /// Whether there were links a moment ago.
    fn had_links(&self) -> bool {
        let last = &self.last;
        !(last.links.is_empty() && last.wholes.is_empty() && self.links.is_empty())
    }

    /// An instance is gone with all that it had.
    fn forget(&mut self, n: u8) -> Result<(), String> {
        if let Some(pair) = self.links.keys().find(|pair| pair.instance == n) {
            return Err(format!("an instance is gone, and {} is there", pair.link()));
        }
        let place = Place::Instance(n);
        let gone: Vec<_> = self.databases.keys().copied().collect();
        for key in gone.into_iter().filter(|(at, _)| *at == place) {
            if let Some(database) = self.databases.remove(&key) {
                self.dropped.insert(database.lineage, database.history);
            }
        }
        self.uploads.retain(|((_, on), _), _| *on != n);
        Ok(())
    }

    /// Partner certificates come when they were uploaded, and go when their deletion was asked for.
    pub(super) fn look_at_uploads(&mut self, seen: &Observation) -> Result<(), String> {
        for ((server, instance), number) in &seen.uploads {
            let key = ((*server, *instance), *number);
            let known = self.uploads.get_mut(&key);
            let known = known.filter(|upload| upload.there || upload.coming);
            let Some(upload) = known else {
                return Err(format!(
                    "{} knows a certificate of {} that nobody has uploaded",
                    Place::Instance(*instance),
                    Place::Server(*server)
                ));
            };
            *upload = Upload {
                there: true,
                // It may have been asked for again while it was about to go.
                coming: upload.coming && upload.going,
                ..*upload
            };
        }
        for (key, upload) in &mut self.uploads {
            let ((server, instance), _) = *key;
            if upload.there && !seen.uploads.contains(key) {
                if !upload.going {
                    return Err(format!(
                        "{} has forgotten a certificate of {}",
                        Place::Instance(instance),
                        Place::Server(server)
                    ));
                }
                *upload = Upload {
                    coming: upload.coming,
                    ..Upload::default()
                };
            }
        }
        Ok(())
    }

    /// Partners that have given each other up shake hands again: they must know each other's certificates.
    pub(super) fn look_at_handshakes(&mut self, seen: &Observation) -> Result<(), String> {
        let pairs: Vec<Pair> = self.links.keys().copied().collect();
        self.apart.retain(|pair, _| pairs.contains(pair));
        for pair in &pairs {
            let connected = seen.links.get(pair).is_some_and(|link| link.connected);
            let can_meet = self.can_meet(*pair);
            if !connected {
                self.apart.entry(*pair).or_insert(self.clock);
            } else if let Some(since) = self.apart.remove(pair) {
                let given_up = self.clock.saturating_sub(since) > SESSION_TIMEOUT;
                if given_up && !can_meet && !self.may_meet.contains(pair) {
                    return Err(format!(
                        "{} is connected again, and something it needs is not there any more",
                        pair.link()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Remembers whose partners can shake hands from now on.
    pub(super) fn note_who_may_meet(&mut self) {
        let meet = self.links.keys().filter(|pair| self.can_meet(**pair));
        self.may_meet = meet.copied().collect();
    }
}
