//! A request to a resource, once it is known who asks what of which world.

use axum::http::{Method, StatusCode};
use milink_core::World;
use milink_core::command::Request;
use milink_core::ids::InstanceId;
use milink_core::time::{Span, Timestamp};
use uuid::Uuid;

use super::body::{Body, Object};
use super::error::ArmError;
use super::path::ResourcePath;
use super::token::Claims;
use super::version::ApiVersion;
use super::{Arm, Incoming, location};

/// A request to a resource.
pub(super) struct Call<'a> {
    pub(super) arm: &'a Arm,
    pub(super) incoming: &'a Incoming,
    pub(super) base: String,
    pub(super) caller: &'a Claims,
    pub(super) method: Method,
    pub(super) path: ResourcePath,
    pub(super) raw_path: String,
    pub(super) queries: &'a [(String, String)],
    pub(super) version: ApiVersion,
    pub(super) subscription: Uuid,
    /// How old the world is that it reads, if a fault says so.
    pub(super) stale: Option<Span>,
}

impl Call<'_> {
    /// The same client's request for something else, at the same api-version.
    pub(super) fn to(&self, method: Method, path: ResourcePath, raw_path: String) -> Call<'_> {
        Call {
            arm: self.arm,
            incoming: self.incoming,
            base: self.base.clone(),
            caller: self.caller,
            method,
            path,
            raw_path,
            queries: self.queries,
            version: self.version.clone(),
            subscription: self.subscription,
            stale: self.stale,
        }
    }

    /// A query parameter, by its name in any case. An empty one says nothing (az sends an empty `$filter`).
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        query(self.queries, name).filter(|value| !value.is_empty())
    }

    /// Reads the world. One that has been deleted since the request came is as good as empty.
    pub(super) fn read<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let mut read = Some(read);
        let mut result = None;
        self.arm.worlds.read(self.subscription, &mut |world| {
            let world = self.stale.map_or(world, |by| world.earlier(by));
            result = read.take().map(|read| read(world));
        });
        match (result, read) {
            (Some(result), _) => result,
            (None, Some(read)) => read(&World::new(0, self.subscription, Timestamp::default())),
            (None, None) => unreachable!("a read that was taken has a result"),
        }
    }

    /// Asks the world for something.
    pub(super) fn submit<R: Request>(&self, request: R) -> Result<R::Reply, ArmError> {
        self.submit_if(|_| Ok(()), request)
    }

    /// The same, about an instance that is still there when it comes to it.
    pub(super) fn submit_to<R: Request>(
        &self,
        instance: InstanceId,
        request: R,
    ) -> Result<R::Reply, ArmError> {
        let is_there = |world: &World| match world.instance(instance) {
            Some(_) => Ok(()),
            None => Err(ArmError::resource_not_found(
                "Microsoft.Sql/managedInstances",
                self.path.name(0),
                self.path.group_name(),
            )),
        };
        self.submit_if(is_there, request)
    }

    fn submit_if<R: Request>(
        &self,
        check: impl Fn(&World) -> Result<(), ArmError>,
        request: R,
    ) -> Result<R::Reply, ArmError> {
        let mut result = None;
        let what = std::any::type_name::<R>();
        let what = what.rsplit("::").next().unwrap_or(what);
        self.arm
            .worlds
            .change(self.subscription, what, &mut |world, now| {
                // Something may be due before the request is: what it is about could be gone.
                world.advance_to(now);
                let checked = check(world);
                let reply = checked
                    .and_then(|()| world.apply(now, request.clone()).map_err(ArmError::from));
                result = Some(reply);
            });
        result.unwrap_or_else(|| Err(ArmError::subscription_not_found(self.subscription)))
    }

    /// The body, which must be JSON. Members that nobody asks for go to the journal.
    pub(super) fn body<T>(
        &self,
        read: impl FnOnce(&Object<'_>) -> Result<T, ArmError>,
    ) -> Result<T, ArmError> {
        let media_type = self
            .incoming
            .header("content-type")
            .unwrap_or("application/json");
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !self.incoming.body.is_empty()
            && !essence.eq_ignore_ascii_case("application/json")
            && !essence.eq_ignore_ascii_case("text/json")
        {
            return Err(ArmError::gateway(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                format!(
                    "The content media type '{media_type}' is not supported. Only 'application/json' is supported."
                ),
            ));
        }
        let body = Body::parse(&self.incoming.body)?;
        let result = {
            let object = body.object()?;
            object.ignore(&["id", "name", "type", "etag", "systemData"]);
            read(&object)?
        };
        let unknown = body.unknown();
        if !unknown.is_empty() {
            let (method, path) = (&self.method, &self.raw_path);
            let text = format!("{method} {path}: ignored {}", unknown.join(", "));
            self.arm.worlds.note(self.subscription, text);
        }
        Ok(result)
    }

    /// The region of a tracked resource: what the body says, normalised.
    pub(super) fn region(&self, kind: &str, body: &Object<'_>) -> Result<Option<String>, ArmError> {
        let location = body.string("location")?;
        location
            .filter(|location| !location.trim().is_empty())
            .map(|location| location::region_for(kind, &location))
            .transpose()
    }

    /// The same where it must be said.
    pub(super) fn required_region(
        &self,
        kind: &str,
        body: &Object<'_>,
    ) -> Result<String, ArmError> {
        self.region(kind, body)?.ok_or_else(|| {
            ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "LocationRequired",
                "The location property is required for this definition.",
            )
        })
    }

    /// The id of a resource group, or of something in it.
    pub(super) fn id_in_group(&self, group: &str, tail: &str) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{group}/providers/{tail}",
            self.subscription
        )
    }
}

/// A parameter among the pairs of a query, by its name in any case.
pub(super) fn query<'a>(queries: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = queries
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
